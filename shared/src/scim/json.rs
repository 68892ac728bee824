//! Strict JSON for request bodies.
//!
//! Two parsers that read one document differently are how a change passes a check as one thing and is
//! applied as another. The one rule: what is ambiguous is refused.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::ScimError;

/// How deep arrays and objects may nest. The deepest SCIM message we know needs 6.
pub const MAX_DEPTH: usize = 32;

/// Reads exactly one JSON document.
///
/// Refused with 400 `invalidSyntax`: bytes that are not UTF-8, a byte order mark, anything after the
/// document, the same key twice in an object, nesting beyond [`MAX_DEPTH`], U+0000, lone surrogates,
/// and numbers that do not survive (`1e400`, `-0`).
pub fn parse(bytes: &[u8]) -> Result<Value, ScimError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ScimError::invalid_syntax("The body is not UTF-8."))?;
    if text.starts_with('\u{feff}') {
        return Err(ScimError::invalid_syntax("The body begins with a byte order mark."));
    }
    let mut document = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }.deserialize(&mut document).map_err(|e| refusal(&e))?;
    document.end().map_err(|e| refusal(&e))?;
    Ok(value)
}

/// Says where and not what: serde_json's own text can quote the body.
fn refusal(error: &serde_json::Error) -> ScimError {
    ScimError::invalid_syntax(format!(
        "The body is not acceptable JSON at line {} column {}.",
        error.line(),
        error.column()
    ))
}

/// Builds a [`Value`] and refuses what `Value`'s own deserializer lets pass.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("too deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

fn text<E: serde::de::Error>(text: String) -> Result<String, E> {
    // DynamoDB and every C string behind us would read a different value.
    if text.contains('\0') { Err(E::custom("NUL")) } else { Ok(text) }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        if value == 0.0 && value.is_sign_negative() {
            return Err(E::custom("negative zero"));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        text(value).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inner)?;
            if object.insert(text(key)?, value).is_some() {
                return Err(A::Error::custom("duplicate key"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(bytes: &[u8]) -> String {
        let error = parse(bytes).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(super::super::ScimType::InvalidSyntax)));
        error.detail
    }

    #[test]
    fn c20_ambiguous_or_broken_json_is_refused() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let rows: &[(&str, &[u8])] = &[
            ("duplicate key", br#"{"active":true,"active":false}"#),
            ("duplicate key by escape", br#"{"active":true,"\u0061ctive":false}"#),
            ("duplicate key, nested", br#"{"a":[{"b":1,"b":1}]}"#),
            ("1e400", br#"{"a":1e400}"#),
            ("-0", br#"{"a":-0}"#),
            ("-0.0", br#"{"a":-0.0}"#),
            ("lone surrogate", br#"{"a":"\ud800"}"#),
            ("lone low surrogate", br#"{"a":"\udc00"}"#),
            ("NUL", br#"{"a":"x\u0000y"}"#),
            ("NUL in a key", br#"{"x\u0000y":1}"#),
            ("depth 200", deep.as_bytes()),
            ("trailing comma", br#"{"a":1,}"#),
            ("BOM", b"\xef\xbb\xbf{}"),
            ("two documents", b"{}{}"),
            ("trailing garbage", b"{} x"),
            ("not UTF-8", b"{\"a\":\"\xff\"}"),
            ("UTF-16", b"{\x00}\x00"),
            ("empty", b""),
            ("NaN", b"{\"a\":NaN}"),
            ("single quotes", b"{'a':1}"),
            ("comment", b"{}/**/"),
        ];
        for (name, bytes) in rows {
            assert!(parse(bytes).is_err(), "{name} was accepted");
            refused(bytes);
        }
    }

    #[test]
    fn a_refusal_says_where_and_repeats_nothing() {
        let detail = refused(br#"{"password":"hunter2","password":"hunter3"}"#);
        assert_eq!(detail, "The body is not acceptable JSON at line 1 column 43.");
    }

    #[test]
    fn the_depth_limit_is_exact() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).is_err());
    }

    #[test]
    fn keys_that_differ_in_case_are_two_keys_of_json() {
        assert!(parse(br#"{"a":1,"A":2}"#).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_read_as_serde_json_reads_it(text in r#"[\[\]{}",:a-c0-9.eE\\u+ -]{0,40}"#) {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(Some(value), serde_json::from_str::<Value>(&text).ok());
            }
        }
    }
}
