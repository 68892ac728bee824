//! Approvals: what was asked of the workspace, what a person would say yes to, and the ledger that proves it.
//!
//! One rule: nobody approves what was not shown. The decision carries the hash of the text that the person read.

mod ask;
mod ledger;
mod page;
mod problem;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use futures::try_join;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    delivery::{
        Approval, ApprovalId,
        approval::{ApprovalError, Approver, AuthContext, Kind, State as Stands, text_sha256},
    },
    http::{Answer, Input, Person, Problem},
    store::approvals::DecisionError,
    tenant::{Digest, Permission, WorkspaceKind, session::IdpSession},
};

use self::{ask::Ask, page::Names, problem::problem};
use crate::{Console, ask::Ids, notify};

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/approvals", get(inbox).post(request))
        .route("/approvals/{id}", get(show))
        .route("/approvals/{id}/approve", post(approve))
        .route("/approvals/{id}/refuse", post(refuse))
        .route("/approvals/{id}/revoke", post(revoke))
        .route("/ledger", get(ledger::show))
}

/// What a person who approves sends back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Yes {
    /// Of the text that was shown, as it was shown.
    text_sha256: String,
}

async fn inbox(person: Person) -> Result<Answer, Problem> {
    may_see(&person)?;
    let store = person.store();
    let (approvals, orgs) = try_join!(store.approvals(), store.connections())?;
    let names = Names::of(&person, &approvals).await?;
    let json = json!({
        "approvals": approvals.iter().map(|approval| page::json(&person, approval)).collect::<Vec<_>>(),
    });
    Ok(Answer::page(page::inbox(&person, &approvals, &names, &orgs), json))
}

async fn request(
    State(console): State<Console>,
    person: Person,
    Input(ask): Input<Ask>,
) -> Result<Answer, Problem> {
    may_see(&person)?;
    person.require(Permission::ApprovalsDecide)?;
    let asked = ask.read(&console, &person).await?;
    let approval = person.store().request_approval(asked, &person.acting()).await.map_err(problem)?;
    Ok(done(&person, &approval).with_status(StatusCode::CREATED))
}

async fn show(person: Person, Ids([id]): Ids<1>) -> Result<Answer, Problem> {
    may_see(&person)?;
    let id = ApprovalId::new(id);
    let approval = person.store().approval(&id).await?.ok_or_else(Problem::not_found)?;
    let approval = match approval.state {
        // Somebody waits for this page to say "revoked": it says so as soon as that is true.
        Stands::Revoking => settled(&person, approval).await?.0,
        Stands::Requested | Stands::Live | Stands::Revoked | Stands::Expired | Stands::Refused => approval,
    };
    let names = Names::of(&person, std::slice::from_ref(&approval)).await?;
    Ok(Answer::page(page::one(&person, &approval, &names), page::json(&person, &approval)))
}

async fn approve(person: Person, Ids([id]): Ids<1>, Input(yes): Input<Yes>) -> Result<Answer, Problem> {
    may_see(&person)?;
    let saw = Digest::from_hex(&yes.text_sha256).ok_or_else(|| problem(ApprovalError::TextChanged.into()))?;
    let method = person.principal.method().ok_or_else(Problem::signed_out)?;
    let context = match person.session.idp().cloned() {
        Some(IdpSession { entity_id, authn_instant, acr, .. }) => {
            AuthContext { method, idp: Some(entity_id), authn_instant: Some(authn_instant), acr }
        }
        None => AuthContext { method, idp: None, authn_instant: None, acr: None },
    };
    let approver = Approver { principal: &person.principal, saw, context };
    let approval = person.store().approve(&ApprovalId::new(id), &approver, &person.acting()).await;
    Ok(done(&person, &approval.map_err(problem)?))
}

async fn refuse(person: Person, Ids([id]): Ids<1>) -> Result<Answer, Problem> {
    may_see(&person)?;
    let store = person.store();
    let approval = store.refuse(&ApprovalId::new(id), &person.principal, &person.acting()).await;
    Ok(done(&person, &approval.map_err(problem)?))
}

/// 202 while something may be under way, 200 with `revoked` once nothing is. Asking again does no harm.
async fn revoke(
    State(console): State<Console>,
    person: Person,
    Ids([id]): Ids<1>,
) -> Result<Answer, Problem> {
    may_see(&person)?;
    let store = person.store();
    let id = ApprovalId::new(id);
    let begun = match store.revoke(&id, &person.principal, &person.acting()).await {
        Err(DecisionError::Rule(ApprovalError::WrongState {
            got: Stands::Revoking | Stands::Revoked,
            ..
        })) => {
            person.require(Permission::ApprovalsDecide)?;
            store.approval(&id).await?.ok_or_else(Problem::not_found)?
        }
        begun => {
            let begun = begun.map_err(problem)?;
            if begun.terms.kind() == Kind::Scim {
                let what = "The approval of provisioning was revoked: no SCIM token works any more.";
                notify::front_door(&console, &person, "Provisioning by SCIM was revoked", what).await;
            }
            begun
        }
    };
    let (approval, ends) = match begun.state {
        Stands::Revoking => settled(&person, begun).await?,
        Stands::Requested | Stands::Live | Stands::Revoked | Stands::Expired | Stands::Refused => {
            (begun, None)
        }
    };
    if approval.state != Stands::Revoking {
        return Ok(done(&person, &approval));
    }
    let mut json = page::json(&person, &approval);
    json["revokedAfter"] = ends.map_or(Value::Null, |ends| ends.to_string().into());
    Ok(Answer::done(format!("/approvals/{id}"), json).with_status(StatusCode::ACCEPTED))
}

/// The approval, revoked if every lease has died; else when the last one will have.
async fn settled(
    person: &Person,
    revoking: Approval,
) -> Result<(Approval, Option<jiff::Timestamp>), Problem> {
    let store = person.store();
    match store.settle(&revoking.id, &person.visit.acting("job:leases")).await {
        Ok(revoked) => Ok((revoked, None)),
        Err(DecisionError::Rule(ApprovalError::LeasesOpen { until })) => Ok((revoking, Some(until))),
        Err(DecisionError::Changed | DecisionError::Rule(ApprovalError::WrongState { .. })) => {
            Ok((store.approval(&revoking.id).await?.ok_or_else(Problem::not_found)?, None))
        }
        Err(error) => Err(problem(error)),
    }
}

fn done(person: &Person, approval: &Approval) -> Answer {
    Answer::done(format!("/approvals/{}", approval.id), page::json(person, approval))
}

/// Approvals are a customer's; a person without any view permission sees none.
fn may_see(person: &Person) -> Result<(), Problem> {
    match person.visit.workspace.kind {
        WorkspaceKind::Customer => person.require(Permission::FindingsView),
        WorkspaceKind::Operator | WorkspaceKind::Partner => Err(Problem::not_found()),
    }
}

fn shown_hash(approval: &Approval) -> String {
    text_sha256(approval).to_hex()
}
