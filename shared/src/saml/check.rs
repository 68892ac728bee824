//! The record of what was looked at. Whatever a stranger sent is shortened and escaped before it is kept.

use std::borrow::Cow;

use serde::Serialize;
use thiserror::Error;

use super::Rejection;

/// The most characters of a stranger's text that a check keeps.
const MAX_SHOWN: usize = 200;

/// One check of a sign-in, for the sign-in log and `cargo local saml-check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked, such as `response.destination`.
    pub name: &'static str,
    /// What would have passed.
    pub want: Cow<'static, str>,
    /// What was found; never a NameID or an attribute value.
    pub got: String,
    /// Whether it passed.
    pub passed: bool,
}

/// What was wanted and what was found instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Error)]
#[error("wanted {want}, got {got}")]
pub struct Mismatch {
    /// What would have passed.
    pub want: Cow<'static, str>,
    /// What was found: at most 200 characters, control and bidirectional characters escaped.
    pub got: String,
}

impl Mismatch {
    /// Both texts, made safe to print. What is wanted is our own word, or it is owned.
    pub fn new(want: impl Into<Cow<'static, str>>, got: impl AsRef<str>) -> Self {
        let want = match want.into() {
            Cow::Borrowed(ours) => Cow::Borrowed(ours),
            Cow::Owned(text) => Cow::Owned(shown(&text)),
        };
        Self { want, got: shown(got.as_ref()) }
    }
}

/// The checks of one verdict as they are made.
#[derive(Debug, Default)]
pub(super) struct Checks {
    done: Vec<Check>,
    warnings: Vec<String>,
}

impl Checks {
    /// Records a check and refuses with `rejection` unless it passed.
    pub fn require(
        &mut self,
        name: &'static str,
        rejection: fn(Mismatch) -> Rejection,
        want: impl Into<Cow<'static, str>>,
        got: impl AsRef<str>,
        passed: bool,
    ) -> Result<(), Rejection> {
        let Mismatch { want, got } = Mismatch::new(want, got);
        let failed = (!passed).then(|| rejection(Mismatch { want: want.clone(), got: got.clone() }));
        self.done.push(Check { name, want, got, passed });
        failed.map_or(Ok(()), Err)
    }

    /// Requires that `got` is exactly `want`.
    pub fn equal(
        &mut self,
        name: &'static str,
        rejection: fn(Mismatch) -> Rejection,
        want: &str,
        got: Option<&str>,
    ) -> Result<(), Rejection> {
        self.require(name, rejection, want.to_owned(), got.unwrap_or("nothing"), got == Some(want))
    }

    /// Records the result of a step that says itself what it wanted and got.
    pub fn record<T>(
        &mut self,
        name: &'static str,
        want: &'static str,
        result: Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let (got, passed) = match &result {
            Ok(_) => ("as wanted".to_owned(), true),
            Err(rejection) => (rejection.mismatch().got.clone(), false),
        };
        let want = match &result {
            Ok(_) => Cow::Borrowed(want),
            Err(rejection) => rejection.mismatch().want.clone(),
        };
        self.done.push(Check { name, want, got, passed });
        result
    }

    /// Notes something that an Admin should hear and that refuses nothing.
    pub fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// The checks and the warnings.
    pub fn into_parts(self) -> (Vec<Check>, Vec<String>) {
        (self.done, self.warnings)
    }
}

/// Characters that reorder the text around them (Unicode TR 9).
pub(super) fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn shown(text: &str) -> String {
    // Almost every text is short and plain; without a branch, the look at it is many bytes wide.
    if text.len() <= MAX_SHOWN && text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len().min(MAX_SHOWN));
    for (count, c) in text.chars().enumerate() {
        if count == MAX_SHOWN {
            out.push_str("...");
            break;
        }
        if c.is_control() || is_bidi_control(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_sent_is_short_and_escaped() {
        let shown = Mismatch::new("x", format!("a\r\n\0\u{202e}{}", "b".repeat(1000))).got;
        assert!(shown.starts_with("a\\u{d}\\u{a}\\u{0}\\u{202e}bbb"), "{shown}");
        assert!(shown.ends_with("b...") && shown.len() < 300, "{shown}");
    }
}
