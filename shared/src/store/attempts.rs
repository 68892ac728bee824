//! Tries at a second factor: a code of six digits is safe only while few can be tried.
//!
//! One rule: a try is taken before the code is looked at, by one conditional write, so that guesses made at once are no
//! more than guesses made in turn.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{StoreError, TenantStore, keys::Key, table::Write};
use crate::tenant::UserId;

/// Tries that a person has in one [`WINDOW`]; a right code gives them back.
pub const MOST: u32 = 5;

/// How long tries that were taken count: by the clock, from one full quarter of an hour to the next.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// A try that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Try {
    /// With how many are left after it.
    Taken { left: u32 },
    /// There is none until this instant.
    None { until: Timestamp },
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Tries {
    window: i64,
    tries: u32,
}

impl TenantStore {
    /// Takes one of `user`'s tries at a second factor.
    pub async fn take_try(&self, user: &UserId, now: Timestamp) -> Result<Try, StoreError> {
        let window = now.as_second().div_euclid(WINDOW.as_secs());
        let key = self.tries_key(user);
        // Whoever comes first of several takes a try, so that there are no more rounds than tries.
        for _ in 0..=MOST {
            let seen: Option<Tries> = self.table.read(&key).await?;
            let taken = seen.filter(|seen| seen.window >= window).map_or(0, |seen| seen.tries);
            if taken >= MOST {
                let until = Timestamp::from_second((window + 1) * WINDOW.as_secs()).unwrap_or(now);
                return Ok(Try::None { until });
            }
            let tries = taken + 1;
            let write = Write::put(key.clone(), &Tries { window, tries });
            let write = match seen {
                None => write.when("attribute_not_exists(PK)"),
                Some(seen) => write
                    .when("#window = :window AND #tries = :tries")
                    .bind(":window", seen.window)
                    .bind(":tries", seen.tries),
            };
            match self.table.write(vec![write]).await {
                Ok(()) => return Ok(Try::Taken { left: MOST - tries }),
                Err(StoreError::Condition(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// The write that gives `user` all tries back: for a code that was right.
    pub fn restore_tries(&self, user: &UserId) -> Write {
        Write::delete(self.tries_key(user))
    }

    fn tries_key(&self, user: &UserId) -> Key {
        self.key(&format!("OT#{user}"), "T")
    }
}
