//! `POST /Bulk`: each operation as if it were a request of its own (RFC 7644 section 3.7).

use axum::{extract::Request, http::StatusCode, response::Response};
use shared::{
    http::{
        ScimClient,
        scim::{self, Action, Change, Outcome, Received},
    },
    scim::{
        Json, Projection, ResourceKind, ScimError,
        bulk::{BulkOperation, BulkOutcome, BulkRequest, BulkResponse, Created, Method},
    },
};

/// Seconds after which to send what was not begun.
const SEND_AGAIN: u32 = 1;

pub(crate) async fn bulk(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let received = Received::json(request).await?;
    let body = received.body()?;
    let request = BulkRequest::parse(&body)?;
    let base_url = client.base_url();
    let mut created = Created::new();
    let mut outcomes: Vec<_> = request.operations.iter().map(|_| None).collect();
    let (mut errors, allowed) = (0, request.fail_on_errors.unwrap_or(u64::MAX));
    // What refers to itself in a circle is tried last, and refused for what it refers to.
    let order = request.order();
    let circles = (0..request.operations.len()).filter(|index| !order.contains(index));
    for index in order.iter().copied().chain(circles) {
        if errors == allowed {
            break;
        }
        let operation = &request.operations[index];
        outcomes[index] = Some(match perform(&client, operation, &created).await {
            Ok(done) => {
                if let Some(name) = operation.bulk_id {
                    created.insert(name, done.id().to_owned());
                }
                BulkOutcome::done(operation, done.status.as_u16(), done.location, done.version)
            }
            Err(error) => {
                errors += 1;
                BulkOutcome::failed(operation, &base_url, &error)
            }
        });
    }
    let outcomes = outcomes.into_iter().flatten().collect();
    Ok(scim::answer(StatusCode::OK, &BulkResponse::new(outcomes)))
}

async fn perform(
    client: &ScimClient,
    operation: &BulkOperation<'_>,
    created: &Created<'_>,
) -> Result<Outcome, ScimError> {
    if client.is_late() {
        return Err(ScimError::unavailable(SEND_AGAIN));
    }
    let (id, data) = operation.resolved(created)?;
    let change = Change {
        action: action(operation.method, id.as_deref().unwrap_or_default(), data),
        if_match: operation.if_match.clone(),
        projection: Projection::all(operation.kind),
    };
    match operation.kind {
        ResourceKind::User => scim_users::apply(client, &change).await,
        ResourceKind::Group => scim_groups::apply(client, &change).await,
    }
}

fn action<'a>(method: Method, id: &'a str, data: Json<'a>) -> Action<'a> {
    match method {
        Method::Post => Action::Create(data),
        Method::Put => Action::Replace(id, data),
        Method::Patch => Action::Patch(id, data),
        Method::Delete => Action::Delete(id),
    }
}
