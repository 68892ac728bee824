//! One bounded step of reading an org: page by page, part by part, as fast as the org allows and no longer than told.
//!
//! Its one rule: part first, checkpoint second. Killed at any instant, the next step reads at most one page again and
//! ends with the same snapshot.
//!
//! No call is begun later than [`LEASED`] after the customer's approvals were found in force, so that a revocation knows
//! when the last one is over.

use jiff::{SignedDuration, Timestamp};

use super::{
    checkpoint::{Checkpoint, CheckpointStore, RenewError, SaveError},
    page,
    part::{self, Part, PartSink, SinkError},
    status::Status,
};
use crate::{
    okta::{
        Client, Endpoint, Failure, GetError, Response, Transport, TransportError,
        link::{self, BadNext, Next},
    },
    ops::Clock,
};

/// Okta never needs more; a chain of cursors that does is broken.
const MAX_PAGES: u32 = 10_000;
/// Tries of one page while the org fails.
const MAX_FAILURES: u8 = 3;
/// Tries of one page while others use up the bucket.
const MAX_RATE_LIMITED: u8 = 20;

/// How long after a renewal of the lease calls are begun without another one.
pub const LEASED: SignedDuration = SignedDuration::from_secs(15);

/// What one step works with.
pub struct Context<'c, 'a, T, S, C> {
    pub client: &'c mut Client<'a, T>,
    pub sink: &'c S,
    pub checkpoints: &'c C,
    pub clock: &'c dyn Clock,
    pub budget: Budget,
}

/// How much one step may do.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    pub calls: u64,
    pub until: Timestamp,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// There is more to read, not before this instant.
    Continue { not_before: Timestamp },
    /// Everything has a status: the checkpoint can be sealed.
    Collected,
}

/// Why the scan cannot go on. What was read stays unsealed and is not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    #[error(transparent)]
    Get(GetError),
    #[error("okta.unauthorized: the org no longer accepts the app's token")]
    Unauthorized,
    #[error(transparent)]
    BadNext(#[from] BadNext),
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error("want part {want} kept, got {got}")]
    OtherPart { want: String, got: String },
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error(transparent)]
    Renew(#[from] RenewError),
}

/// Reads on from `checkpoint` until everything is read, the budget is spent, or the org must be waited for.
pub async fn step<T: Transport, S: PartSink, C: CheckpointStore>(
    context: &mut Context<'_, '_, T, S, C>,
    checkpoint: &mut Checkpoint,
) -> Result<StepOutcome, CollectError> {
    let last_call = context.client.calls() + context.budget.calls;
    let mut leased_until: Option<Timestamp> = None;
    let outcome = loop {
        let now = context.clock.now();
        let scopes = context.client.scopes().to_vec();
        // Parents come before their fan-outs in the table: nothing due means that everything has ended.
        let Some((endpoint, at)) = checkpoint.due(&scopes, now) else { break StepOutcome::Collected };
        if at > now {
            break StepOutcome::Continue { not_before: at };
        }
        if now >= context.budget.until || context.client.calls() >= last_call {
            break StepOutcome::Continue { not_before: now };
        }
        if leased_until.is_none_or(|until| now >= until) {
            let closes = context.checkpoints.renew().await?;
            leased_until = Some(closes.min(now + LEASED));
        }
        read_page(context, checkpoint, endpoint).await?;
    };
    context.checkpoints.save(checkpoint).await?;
    Ok(outcome)
}

async fn read_page<T: Transport, S: PartSink, C: CheckpointStore>(
    context: &mut Context<'_, '_, T, S, C>,
    checkpoint: &mut Checkpoint,
    endpoint: &'static Endpoint,
) -> Result<(), CollectError> {
    let key = endpoint.key;
    let now = context.clock.now();
    let reading = checkpoint.reading(key);
    reading.started_at.get_or_insert(now);
    let parent = reading.parents.get(reading.shard as usize).cloned();
    let first = || context.client.org().at(&endpoint.first(parent.as_deref()));
    let url = reading.cursor.clone().unwrap_or_else(first);

    let calls = context.client.calls();
    let answer = context.client.get(&mut checkpoint.pacing, endpoint.bucket, &url).await;
    checkpoint.calls += context.client.calls() - calls;
    let now = context.clock.now();
    let retry_in = SignedDuration::from_millis(i64::from(context.client.jitter_ms()));
    let answer = match answer {
        Ok(answer) if answer.status == 200 => answer,
        Ok(answer) => return failed(checkpoint, endpoint, Failure::of(&answer), now, retry_in),
        Err(GetError::Transport(TransportError::TooLarge { limit })) => {
            checkpoint.end(key, Status::Partial(format!("an answer is larger than {limit} bytes")), now);
            return Ok(());
        }
        Err(GetError::Transport(TransportError::Timeout | TransportError::Connect)) => {
            return failed(checkpoint, endpoint, Failure::Server(0), now, retry_in);
        }
        Err(GetError::Token(error)) if error.is_passing() => {
            return failed(checkpoint, endpoint, Failure::Server(0), now, retry_in);
        }
        Err(error) => return Err(CollectError::Get(error)),
    };
    keep_page(context, checkpoint, endpoint, parent.as_deref(), &url, &answer).await
}

/// Keeps the page's rows and moves on to the next page, the next parent or the end.
async fn keep_page<T: Transport, S: PartSink, C: CheckpointStore>(
    context: &mut Context<'_, '_, T, S, C>,
    checkpoint: &mut Checkpoint,
    endpoint: &'static Endpoint,
    parent: Option<&str>,
    url: &str,
    answer: &Response,
) -> Result<(), CollectError> {
    let (key, now) = (endpoint.key, context.clock.now());
    let Some(page) = page::read(endpoint, answer) else {
        checkpoint.end(key, Status::Partial("an answer cannot be read".to_owned()), now);
        return Ok(());
    };
    let next = link::next(context.client.org(), url, answer, &page.next)?;
    let (shard, seq) = (checkpoint.reading(key).shard, checkpoint.reading(key).seq);
    let kept = if page.rows.is_empty() {
        None
    } else {
        Some(keep(context.sink, key, (shard, seq), parent, &page.rows).await?)
    };

    checkpoint.note_parents(key, parent, &page.rows);
    let reading = checkpoint.reading(key);
    reading.pages += 1;
    reading.rows += page.rows.len() as u64;
    reading.attempts = 0;
    reading.retry_at = None;
    let looping = matches!(&next, Next::Page(next) if next == url || reading.mark.is_loop(next));
    match next {
        Next::Page(_) if looping => {
            checkpoint.end(key, Status::Partial("the page cursors run in a circle".to_owned()), now);
        }
        Next::Page(_) if reading.seq + 1 >= MAX_PAGES => {
            checkpoint.end(key, Status::Partial(format!("more than {MAX_PAGES} pages")), now);
        }
        Next::Page(next) => {
            reading.cursor = Some(next);
            reading.seq += 1;
        }
        Next::Unreadable => {
            checkpoint.end(key, Status::Partial("the next page's link cannot be read".to_owned()), now);
        }
        Next::Last if endpoint.fan_out.is_some() => next_parent(checkpoint, key),
        Next::Last => checkpoint.end(key, Status::Complete, now),
    }
    if let Some(part) = kept {
        checkpoint.parts.push(part);
        context.checkpoints.save(checkpoint).await?;
    }
    Ok(())
}

async fn keep(
    sink: &impl PartSink,
    resource: &str,
    (shard, seq): (u32, u32),
    parent: Option<&str>,
    rows: &[serde_json::Value],
) -> Result<Part, CollectError> {
    let ndjson = part::encode(parent, rows);
    let (want, bytes) = (part::sha256_hex(&ndjson), ndjson.len() as u64);
    let kept = sink.put(resource, shard, seq, ndjson).await?;
    if kept.sha256 != want || kept.bytes != bytes || kept.rows != rows.len() as u64 {
        return Err(CollectError::OtherPart { want, got: kept.sha256 });
    }
    let (resource, sha256) = (resource.to_owned(), want);
    Ok(Part { resource, shard, seq, key: kept.key, sha256, bytes, rows: kept.rows })
}

/// Turns a failed answer into a later try, a tombstone or an end; never into "nothing there".
fn failed(
    checkpoint: &mut Checkpoint,
    endpoint: &Endpoint,
    failure: Failure,
    now: Timestamp,
    jitter: SignedDuration,
) -> Result<(), CollectError> {
    let key = endpoint.key;
    let reading = checkpoint.reading(key);
    let begun = reading.pages > 0;
    // Denied from the start is a denial; denied in the middle leaves a part of the truth.
    let denied = |status| if begun { Status::Partial(failure.to_string()) } else { status };
    match failure {
        Failure::Unauthorized => return Err(CollectError::Unauthorized),
        Failure::RateLimited | Failure::Server(_) => {
            reading.attempts = reading.attempts.saturating_add(1);
            let most = if failure == Failure::RateLimited { MAX_RATE_LIMITED } else { MAX_FAILURES };
            if reading.attempts >= most {
                checkpoint.end(key, Status::Partial(failure.to_string()), now);
            } else if failure != Failure::RateLimited {
                let backoff = SignedDuration::from_secs(1 << reading.attempts.min(5));
                reading.retry_at = Some(now + backoff + jitter);
            }
        }
        // Where pages of this parent are kept already, the rest of it is missing: that ends as partial, below.
        Failure::Gone if endpoint.fan_out.is_some() && reading.cursor.is_none() => {
            reading.gone += 1;
            next_parent(checkpoint, key);
        }
        Failure::Cursor if reading.cursor.is_some() && !reading.restarted => restart_shard(checkpoint, key),
        Failure::Gone | Failure::Feature => checkpoint.end(key, denied(Status::FeatureAbsent), now),
        Failure::Role => checkpoint.end(key, denied(Status::DeniedRole), now),
        Failure::Scope => checkpoint.end(key, denied(Status::DeniedScope), now),
        Failure::Cursor | Failure::Request(_) => {
            checkpoint.end(key, Status::Partial(failure.to_string()), now);
        }
    }
    Ok(())
}

fn next_parent(checkpoint: &mut Checkpoint, key: &str) {
    let reading = checkpoint.reading(key);
    reading.shard += 1;
    reading.seq = 0;
    reading.cursor = None;
    reading.attempts = 0;
    reading.restarted = false;
    reading.mark = super::checkpoint::LoopMark::default();
}

/// An expired cursor cannot be gone on from: the shard's parts are let go and it is read anew, once.
fn restart_shard(checkpoint: &mut Checkpoint, key: &str) {
    let shard = checkpoint.reading(key).shard;
    let mut dropped = 0;
    checkpoint.parts.retain(|p| {
        let drop = p.resource == key && p.shard == shard;
        dropped += if drop { p.rows } else { 0 };
        !drop
    });
    let reading = checkpoint.reading(key);
    reading.rows = reading.rows.saturating_sub(dropped);
    reading.seq = 0;
    reading.cursor = None;
    reading.restarted = true;
    reading.mark = super::checkpoint::LoopMark::default();
}

#[cfg(test)]
mod tests;
