//! From bytes to [`Json`], in one pass.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::{Json, Object};
use crate::scim::ScimError;

/// How deep arrays and objects may nest. The deepest SCIM message we know needs 6.
pub const MAX_DEPTH: usize = 32;

/// Up to so many members of an object are compared with each other; more are sorted first, so that an object
/// of many members takes no time that grows with its square.
const FEW: usize = 16;

/// Reads exactly one JSON document.
///
/// Refused with 400 `invalidSyntax`: bytes that are not UTF-8, a byte order mark, anything after the
/// document, the same key twice in an object, nesting beyond [`MAX_DEPTH`], U+0000, lone surrogates,
/// and numbers that do not survive (`1e400`, `-0`).
pub fn parse(bytes: &[u8]) -> Result<Json<'_>, ScimError> {
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

/// Reads a value and refuses what `Value`'s own deserializer lets pass.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("too deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json<'de>, E> {
        if value == 0.0 && value.is_sign_negative() {
            return Err(E::custom("negative zero"));
        }
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Json<'de>, E> {
        Text.visit_borrowed_str(value).map(Json::Text)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json<'de>, E> {
        Text.visit_str(value).map(Json::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut members: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        while let Some(name) = entries.next_key_seed(Text)? {
            let value = entries.next_value_seed(inner)?;
            if members.len() < FEW && members.iter().any(|(known, _)| *known == name) {
                return Err(duplicate());
            }
            members.push((name, value));
        }
        if members.len() > FEW {
            let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
            names.sort_unstable();
            if names.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(duplicate());
            }
        }
        Ok(Json::Object(Object(members)))
    }
}

fn duplicate<E: Error>() -> E {
    E::custom("duplicate key")
}

/// A text or a name. DynamoDB and every C string behind us would read another value than one with U+0000.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        // JSON has no raw control characters: U+0000 can only come by an escape.
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        if text.contains('\0') { Err(E::custom("NUL")) } else { Ok(Cow::Owned(text.to_owned())) }
    }
}
