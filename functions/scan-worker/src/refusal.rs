//! Why a scan ends without a result, in words for the people who can do something about it.

use std::fmt;

use shared::{
    assessment::{checkpoint::RenewError, collect::CollectError},
    okta::{GetError, TokenError, TransportError},
};

/// A reason and the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub reason: &'static str,
    pub next: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

const CHECK: &str = "Run the permission check of the org again, repair what it shows, then start a new scan.";
const SUPPORT: &str = "Start a new scan; if it ends the same way, send support the scan's id.";

pub(crate) const WORKSPACE: Refusal = Refusal {
    reason: "The workspace is not active.",
    next: "Ask your Atomation contact about the workspace, then start a new scan.",
};
pub(crate) const APPROVAL: Refusal = Refusal {
    reason: "The approval that the scan needs is not in force: it was revoked, has ended, or names another org.",
    next: "Approve API access and the first scan of this org under Approvals, then start a new scan.",
};
pub(crate) const CONNECTION: Refusal =
    Refusal { reason: "The org is not connected, or its permission check has not passed.", next: CHECK };
pub(crate) const KEY: Refusal =
    Refusal { reason: "The org's key is not there or cannot be used.", next: SUPPORT };
pub(crate) const EVIDENCE: Refusal =
    Refusal { reason: "Evidence of this scan is missing or not what was written.", next: SUPPORT };
pub(crate) const UNSEALED: Refusal = Refusal { reason: "What was read could not be sealed.", next: SUPPORT };

const CLIENT: Refusal = Refusal { reason: "Okta no longer accepts the app or its key.", next: CHECK };
const SCOPE: Refusal = Refusal {
    reason: "Okta no longer grants the app every scope it had at the permission check.",
    next: CHECK,
};
const WRITE_SCOPE: Refusal = Refusal {
    reason: "The app was given a scope that can write. The assessment only reads and stops here.",
    next: "Take every scope that does not end in .read from the app, run the permission check again, then start a new scan.",
};
const ADDRESS: Refusal = Refusal {
    reason: "The org's address led somewhere that is not the org.",
    next: "Check the org's address; if it is right, send support the scan's id.",
};
const ANSWER: Refusal = Refusal { reason: "Okta's answer could not be understood.", next: SUPPORT };

/// What of a collection's errors never goes away by itself.
pub(crate) fn of(error: &CollectError) -> Option<Refusal> {
    match error {
        CollectError::Unauthorized => Some(CLIENT),
        CollectError::Get(GetError::Token(error)) => of_token(error),
        CollectError::Get(GetError::Transport(error)) => of_transport(error),
        CollectError::BadNext(_) | CollectError::Get(GetError::Outside) => Some(ADDRESS),
        CollectError::Get(GetError::Sign(_)) => Some(KEY),
        CollectError::OtherPart { .. } => Some(EVIDENCE),
        CollectError::Renew(RenewError::Ended) => Some(APPROVAL),
        CollectError::Sink(_) | CollectError::Save(_) | CollectError::Renew(RenewError::Failed(_)) => None,
    }
}

fn of_token(error: &TokenError) -> Option<Refusal> {
    match error {
        TokenError::Client => Some(CLIENT),
        TokenError::Scope => Some(SCOPE),
        TokenError::WriteScope(_) => Some(WRITE_SCOPE),
        TokenError::Refused { .. } | TokenError::Unreadable => Some(ANSWER),
        TokenError::Sign(_) => Some(KEY),
        TokenError::Busy(_) => None,
        TokenError::Transport(error) => of_transport(error),
    }
}

fn of_transport(error: &TransportError) -> Option<Refusal> {
    match error {
        TransportError::Blocked => Some(ADDRESS),
        TransportError::TooLarge { .. } => Some(ANSWER),
        TransportError::Timeout | TransportError::Connect => None,
    }
}

#[cfg(test)]
mod tests {
    use shared::assessment::{checkpoint::SaveError, part::SinkError};

    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_and_what_cannot_ends_the_scan() {
        let token = |error| of(&CollectError::Get(GetError::Token(error)));
        for passing in [
            of(&CollectError::Sink(SinkError(String::new()))),
            of(&CollectError::Save(SaveError(String::new()))),
            token(TokenError::Busy(503)),
            token(TokenError::Transport(TransportError::Timeout)),
            of(&CollectError::Get(GetError::Transport(TransportError::Connect))),
        ] {
            assert_eq!(passing, None);
        }
        assert_eq!(token(TokenError::Client), Some(CLIENT));
        assert_eq!(token(TokenError::WriteScope("okta.users.manage".to_owned())), Some(WRITE_SCOPE));
        assert_eq!(of(&CollectError::Unauthorized), Some(CLIENT));
        assert_eq!(of(&CollectError::Get(GetError::Outside)), Some(ADDRESS));
    }
}
