//! Why a decision was not taken, in words for the person who decides.

use shared::{
    delivery::approval::{ApprovalError, transition::RequestError},
    http::Problem,
    store::approvals::DecisionError,
};

pub(super) fn problem(error: DecisionError) -> Problem {
    match error {
        DecisionError::Unknown => Problem::not_found(),
        DecisionError::Workspace => Problem::conflict(
            "approval.workspace",
            "The workspace is not active.",
            "The invited sponsor accepts it first, at /approvals/workspace.",
        ),
        DecisionError::Closing => Problem::conflict(
            "approval.closing",
            "This approval is the workspace itself.",
            "To close the workspace, write to its operator: closing deletes data and gives a certificate.",
        ),
        DecisionError::Changed => Problem::conflict(
            "changed",
            "Somebody decided, or a role changed, in the meantime.",
            "Reload the approval, read it again, and decide.",
        ),
        DecisionError::Request(error) => request(&error),
        DecisionError::Rule(error) => rule(&error),
        DecisionError::Store(error) => error.into(),
    }
}

fn request(error: &RequestError) -> Problem {
    Problem::bad_request("approval.request", "This cannot be asked for.", format!("{error}."))
}

fn rule(error: &ApprovalError) -> Problem {
    let again = "Open the approval to see where it stands.";
    match error {
        ApprovalError::WrongState { .. } => {
            Problem::conflict("approval.state", "The approval is not in the state for that.", again)
        }
        ApprovalError::OtherWorkspace | ApprovalError::NotAMember => Problem::not_found(),
        ApprovalError::Forbidden(forbidden) => Problem::forbidden(
            "permission",
            "Your role does not decide approvals.",
            format!("It needs the permission {}.", forbidden.permission.key()),
        ),
        ApprovalError::NotTheSponsor => Problem::forbidden(
            "approval.sponsor",
            "Only the invited sponsor accepts the workspace.",
            "Ask the person whom the invitation was sent to.",
        ),
        ApprovalError::OwnRequest => Problem::forbidden(
            "approval.own",
            "You asked for this partner's access yourself.",
            "Ask another person who may decide: nobody approves their own partner request.",
        ),
        ApprovalError::AlreadyApproved => Problem::conflict(
            "approval.again",
            "You have approved this already.",
            "It needs another person's approval too.",
        ),
        ApprovalError::TextChanged => Problem::conflict(
            "approval.text",
            "What you approved is not the text of this approval.",
            "Open it, read its text, and send that text's text_sha256.",
        ),
        ApprovalError::Lapsed => Problem::conflict(
            "approval.lapsed",
            "The request has lapsed.",
            "Ask anew: it becomes a new approval.",
        ),
        ApprovalError::NotDue => Problem::conflict("approval.not_due", "Its time has not come.", again),
        ApprovalError::LeasesOpen { until } => Problem::conflict(
            "approval.revoking",
            "Something authorised earlier may still be under way.",
            format!("It is revoked after {until}."),
        ),
    }
}
