//! One object, to one reader, at this moment.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use shared::{
    http::{Person, Problem},
    store::deliveries::ReadError,
};

use crate::{
    Deliveries,
    asked::{Asked, Pairs},
    content,
    side::{Side, refused},
};

/// `GET /deliveries/{object}`
pub(crate) async fn read(
    State(deliveries): State<Deliveries>,
    person: Person,
    Path(id): Path<String>,
    Query(query): Query<Pairs>,
) -> Result<Response, Problem> {
    let asked = Asked::read(&query)?;
    let side = Side::of(&person, &asked).await?;
    let acting = side.acting(&person);
    let Some(object) = side.store.object(&id).await? else {
        // The id is what somebody typed: it goes into the log shortened and escaped.
        let typed: String = id.chars().take(64).flat_map(char::escape_default).collect();
        side.store
            .note(&acting.record("evidence.refused", format!("object:{typed}"), "object.unknown"))
            .await?;
        return Err(refused());
    };
    let part = content::part_of(&object, asked.part)?;
    let reader = side.reader(&person);
    let read = side.store.read_object(&object, &reader, &deliveries.evidence, &acting).await;
    let released = match read {
        Ok(released) => released,
        Err(ReadError::Refused(_)) => return Err(refused()),
        Err(ReadError::Evidence(error)) => return Err(error.into()),
        Err(ReadError::Store(error)) => {
            // If the table is away the log is too; the refusal stands either way.
            let target = format!("object:{}", object.id);
            let _ = side.store.note(&acting.record("evidence.failed", target, "the table")).await;
            return Err(error.into());
        }
    };
    if deliveries.door.clock.now() >= released.grant.lease().lease_until {
        return Err(Problem::unavailable(1));
    }
    content::answer(&object, part, &released.bytes)
}
