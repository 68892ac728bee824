//! Instants as SAML writes them: `xs:dateTime` in UTC, nothing else (SAML core 1.3.3).

use jiff::Timestamp;

use super::{Mismatch, Rejection};

/// Parses `YYYY-MM-DDTHH:MM:SS[.d{1,9}]Z`. Other zones, leap seconds and longer fractions are refused.
pub(super) fn parse(text: &str) -> Result<Timestamp, Rejection> {
    let refused = || Rejection::Timestamp(Mismatch::new("an instant such as 2026-01-31T12:00:00.000Z", text));
    if !has_shape(text.as_bytes()) {
        return Err(refused());
    }
    text.parse().map_err(|_| refused())
}

fn has_shape(text: &[u8]) -> bool {
    let Some((seconds, rest)) = text.split_at_checked("2026-01-31T12:00:00".len()) else { return false };
    let template = b"dddd-dd-ddTdd:dd:dd";
    let matches = seconds.iter().zip(template).all(|(&byte, &form)| match form {
        b'd' => byte.is_ascii_digit(),
        _ => byte == form,
    });
    // jiff would read second 60 as 59: a leap second is refused rather than moved.
    matches && seconds[17] < b'6' && is_fraction_and_z(rest)
}

fn is_fraction_and_z(rest: &[u8]) -> bool {
    match rest {
        b"Z" => true,
        [b'.', digits @ .., b'Z'] => (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_instants_are_exact() {
        assert_eq!(parse("2026-01-31T12:00:00Z").unwrap().as_second(), 1_769_860_800);
        assert_eq!(parse("2026-01-31T12:00:00.123Z").unwrap().as_millisecond(), 1_769_860_800_123);
    }

    #[test]
    fn a31_other_forms_are_refused() {
        for text in [
            "",
            "Z",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00+14:00",
            "2026-01-31T12:00:00+00:00",
            "2026-01-31T12:00:60Z",
            "2026-02-30T12:00:00Z",
            "2026-01-31T24:00:00Z",
            "99999-01-31T12:00:00Z",
            "-2026-01-31T12:00:00Z",
            "2026-01-31 12:00:00Z",
            "2026-01-31t12:00:00z",
            " 2026-01-31T12:00:00Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00.1234567890123456789012345678901234567890Z",
            "２０２６-01-31T12:00:00Z",
        ] {
            assert_eq!(parse(text).unwrap_err().code(), "saml.timestamp", "{text}");
        }
    }
}
