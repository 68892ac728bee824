//! JSON with one spelling (RFC 8785), so that equal values have equal hashes and what is signed can be made again.
//!
//! One rule: what has no certain spelling is refused. Of numbers only integers that a double holds exactly are
//! taken (RFC 8785 section 3.2.2.3 writes numbers as ECMAScript does; we need no fractions).

use serde::Serialize;
use serde_json::{Number, Value};

/// The largest integer that every reader of JSON keeps exact (RFC 7493 section 2.2).
const MAX_EXACT: u64 = (1 << 53) - 1;

/// Why a value has no canonical text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    #[error("want an integer of at most 53 bits, got {got}")]
    Number { got: Number },
    #[error("the value is not JSON")]
    NotJson,
}

/// The canonical text of `value`.
pub fn to_string(value: &impl Serialize) -> Result<String, CanonicalError> {
    let mut out = String::new();
    let value = serde_json::to_value(value).map_err(|_| CanonicalError::NotJson)?;
    write(&value, &mut out)?;
    Ok(out)
}

/// The same in bytes.
pub fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    to_string(value).map(String::into_bytes)
}

fn write(value: &Value, out: &mut String) -> Result<(), CanonicalError> {
    match value {
        // serde_json escapes as RFC 8785 section 3.2.2.2 asks: short forms, else \u00xx in lower case.
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
        Value::Number(number) => {
            let exact = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            if exact.is_none_or(|n| n > MAX_EXACT) {
                return Err(CanonicalError::Number { got: number.clone() });
            }
            out.push_str(&number.to_string());
        }
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            // Section 3.2.3: by UTF-16 code units, which is not the order of the characters.
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (n, (key, member)) in members.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(member, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_sort_by_utf_16_units() {
        // RFC 8785 section 3.2.3, the example.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let text = to_string(&value).unwrap();
        let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
        let found: Vec<_> = order.iter().map(|word| text.find(word).unwrap()).collect();
        assert!(found.is_sorted(), "{text}");
    }

    #[test]
    fn strings_are_escaped_as_the_rfc_says() {
        // RFC 8785 section 3.2.2.2, the example.
        let text = to_string(&json!("\u{20ac}$\u{f}\nA'B\"\\\\\"/")).unwrap();
        assert_eq!(text, r#""€$\u000f\nA'B\"\\\\\"/""#);
    }

    #[test]
    fn no_space_and_nested() {
        let text = to_string(&json!({"b": [1, -2, {"d": null, "c": true}], "a": {}})).unwrap();
        assert_eq!(text, r#"{"a":{},"b":[1,-2,{"c":true,"d":null}]}"#);
    }

    #[test]
    fn numbers_without_one_certain_spelling_are_refused() {
        for good in [json!(0), json!(-1), json!(MAX_EXACT), json!(-9_007_199_254_740_991_i64)] {
            assert_eq!(to_string(&good).unwrap(), good.to_string());
        }
        for bad in [json!(0.5), json!(1.0), json!(MAX_EXACT + 1), json!(u64::MAX), json!(i64::MIN)] {
            assert!(matches!(to_string(&json!({"a": bad})), Err(CanonicalError::Number { .. })));
        }
    }

    proptest! {
        #[test]
        fn reads_back_and_is_its_own_canonical_form(keys in proptest::collection::btree_map(".*", ".*", 0..6)) {
            let value = json!(keys);
            let text = to_string(&value).unwrap();
            let back: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&back, &value);
            prop_assert_eq!(to_string(&back).unwrap(), text);
        }
    }
}
