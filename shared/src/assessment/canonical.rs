//! JSON as one sequence of bytes, so that what is signed can be made again and compared.
//!
//! The subset of RFC 8785 that our documents need: members sorted, no white space, texts and whole numbers only.
//! Anything else is an error, not an approximation.

use serde::Serialize;
use serde_json::Value;

/// A document that has no canonical form here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want texts, whole numbers, lists and objects, got something that has no canonical form")]
pub struct NotCanonical;

/// The canonical bytes of a document.
pub fn to_bytes(document: &impl Serialize) -> Result<Vec<u8>, NotCanonical> {
    let value = serde_json::to_value(document).map_err(|_| NotCanonical)?;
    let mut out = String::new();
    write(&value, &mut out)?;
    Ok(out.into_bytes())
}

fn write(value: &Value, out: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
        Value::Number(n) if n.is_i64() || n.is_u64() => out.push_str(&n.to_string()),
        Value::Number(_) => return Err(NotCanonical),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            // RFC 8785 3.2.3 sorts by UTF-16 code units.
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, (name, member)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
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
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_members_does_not_matter_and_fractions_are_refused() {
        let text = |v: Value| String::from_utf8(to_bytes(&v).unwrap()).unwrap();
        assert_eq!(text(json!({"b": [1, "é\n\u{1}"], "a": null})), "{\"a\":null,\"b\":[1,\"é\\n\\u0001\"]}");
        assert_eq!(text(json!({"a": 1, "b": 2})), text(json!({"b": 2, "a": 1})));
        assert_eq!(to_bytes(&json!({"a": 0.5})), Err(NotCanonical));
    }
}
