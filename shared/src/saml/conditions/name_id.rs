//! The NameID becomes a user name: the full text or a refusal, never a part of it.

use crate::saml::{
    Mismatch, Rejection,
    check::{Checks, is_bidi_control},
    names::{ASSERTION, UNSPECIFIED_FORMAT},
    node::Node,
};

const MAX_BYTES: usize = 256;

/// The NameID's text and format.
pub(super) fn read(subject: Node<'_>, checks: &mut Checks) -> Result<(String, String), Rejection> {
    let read = plain_text(subject);
    let (name_id, format) = checks.record("subject.name_id", "one plain text of 1 to 256 bytes", read)?;
    Ok((name_id, format.unwrap_or(UNSPECIFIED_FORMAT).to_owned()))
}

fn plain_text(subject: Node<'_>) -> Result<(String, Option<&str>), Rejection> {
    let node = subject.only(ASSERTION, "NameID").ok_or_else(|| refused("not exactly one NameID"))?;
    let text = node.text().ok_or_else(|| refused("elements inside"))?;
    match problem(&text) {
        // The value itself is personal data and stays out of the record.
        Some(problem) => Err(refused(problem)),
        None => Ok((text.into_owned(), node.attribute("Format"))),
    }
}

fn problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("no text")
    } else if text.len() > MAX_BYTES {
        Some("more than 256 bytes")
    } else if text.trim() != text {
        Some("white space around the text")
    } else if text.chars().any(char::is_control) {
        Some("a control character")
    } else if text.chars().any(is_bidi_control) {
        Some("a bidirectional control character")
    } else {
        None
    }
}

fn refused(got: &str) -> Rejection {
    Rejection::NameId(Mismatch::new("one plain text of 1 to 256 bytes", got))
}
