//! PEM (RFC 7468): how keys are kept and certificates are handed on.

use base64::{Engine, engine::general_purpose::STANDARD};

/// `der` as text; `kind` is what it is, such as `CERTIFICATE`.
pub fn encode(kind: &str, der: &[u8]) -> String {
    let mut pem = format!("-----BEGIN {kind}-----\n");
    let text = STANDARD.encode(der);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        // Lines of 64 characters.
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem + "-----END " + kind + "-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_64_characters_and_the_last_one_what_is_left() {
        let pem = encode("CERTIFICATE", &[0; 49]);
        let lines: Vec<_> = pem.lines().collect();
        let full = "A".repeat(64);
        assert_eq!(lines, ["-----BEGIN CERTIFICATE-----", &full, "AA==", "-----END CERTIFICATE-----"]);
        assert_eq!(encode("X", &[0; 48]).lines().count(), 3, "no empty line");
        assert!(pem.ends_with("-----\n"));
    }
}
