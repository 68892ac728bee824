//! From what a client wrote to what is kept: canonical names, checked types, nothing unknown.
//!
//! RFC 7643 section 2.1 makes names case-insensitive and 2.5 makes `null` and `[]` the same as absent; Okta
//! sends back whatever we once answered. The one rule: read-only and unknown attributes are dropped without
//! a word, and what is kept has the table's name and type.

use serde_json::{Map, Value};

use super::ScimError;
use super::json::{self, Json};
use super::schema::{Attribute, ENTERPRISE_URN, ResourceKind, Type};

/// What is kept: canonical names and checked values.
pub(crate) type Object = Map<String, Value>;

/// The body as an object, else 400 `invalidSyntax`.
pub(crate) fn object<'b, 'a>(body: &'b Json<'a>) -> Result<&'b json::Object<'a>, ScimError> {
    match body {
        Json::Object(object) => Ok(object),
        _ => Err(ScimError::invalid_syntax("The body is not a JSON object.")),
    }
}

/// The member of `object` with this name in any case. Two spellings of one name are refused: a client that
/// sends `active` and `ACTIVE` would not know which one we obey.
pub(crate) fn member<'b, 'a>(
    object: &'b json::Object<'a>,
    name: &str,
) -> Result<Option<&'b Json<'a>>, ScimError> {
    let mut found = object.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let first = found.next();
    if found.next().is_some() { Err(twice(name)) } else { Ok(first) }
}

/// The resource's settable attributes.
pub(crate) fn resource(body: &json::Object<'_>, kind: ResourceKind) -> Result<Object, ScimError> {
    let mut kept = Object::new();
    for (name, value) in body.iter() {
        if kind.is_extension(name) {
            let extension = match value {
                Json::Null => Value::Null,
                Json::Object(raw) => some_object(attributes(raw, kind.extension())?).unwrap_or_default(),
                _ => return Err(wrong_type("the enterprise extension", "an object")),
            };
            insert_once(&mut kept, ENTERPRISE_URN, extension)?;
        } else if let Some(attribute) = kind.attribute(name).filter(|attribute| attribute.writable()) {
            insert_once(&mut kept, attribute.name, self::value(attribute, value)?.unwrap_or_default())?;
        }
    }
    kept.retain(|_, value| !value.is_null());
    Ok(kept)
}

/// The value of an attribute; `None` if it is unassigned.
pub(crate) fn value(attribute: &'static Attribute, raw: &Json<'_>) -> Result<Option<Value>, ScimError> {
    if !attribute.multi_valued {
        return single(attribute, raw);
    }
    // One value without its brackets is taken too: Entra, and RFC 7644's own PATCH examples.
    let items = raw.items();
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        kept.extend(single(attribute, item)?);
    }
    if kept.iter().filter(|item| is_primary(item)).count() > 1 {
        return Err(ScimError::invalid_value(format!(
            "Only one value of `{}` can be primary.",
            attribute.name
        )));
    }
    Ok(if kept.is_empty() { None } else { Some(Value::Array(kept)) })
}

/// One value of an attribute, multi-valued or not; `None` if it is unassigned.
pub(crate) fn single(attribute: &'static Attribute, raw: &Json<'_>) -> Result<Option<Value>, ScimError> {
    match (attribute.kind, raw) {
        (_, Json::Null) => Ok(None),
        (Type::String | Type::Reference(_) | Type::DateTime, Json::Text(text)) => {
            Ok(Some(text.as_ref().into()))
        }
        (Type::String | Type::Reference(_) | Type::DateTime, _) => {
            Err(wrong_type(attribute.name, "a string"))
        }
        (Type::Boolean, raw) => boolean(raw)
            .map(|bool| Some(bool.into()))
            .ok_or_else(|| wrong_type(attribute.name, "true or false")),
        (Type::Complex(subs), Json::Object(raw)) => Ok(some_object(attributes(raw, subs)?)),
        // `"manager": "id"` and `"emails": ["a@example.com"]`, as Entra writes them.
        (Type::Complex(_), Json::Text(text)) if attribute.sub_attribute("value").is_some() => {
            Ok(Some(Object::from_iter([("value".to_owned(), text.as_ref().into())]).into()))
        }
        (Type::Complex(_), _) => Err(wrong_type(attribute.name, "an object")),
    }
}

/// JSON's booleans, and the strings that Entra and some Okta apps send for them.
fn boolean(raw: &Json<'_>) -> Option<bool> {
    match raw {
        Json::Bool(bool) => Some(*bool),
        Json::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Json::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

pub(crate) fn is_primary(item: &Value) -> bool {
    item.get("primary") == Some(&Value::Bool(true))
}

fn attributes(raw: &json::Object<'_>, rows: &'static [Attribute]) -> Result<Object, ScimError> {
    let mut kept = Object::new();
    for (name, value) in raw.iter() {
        let row = rows.iter().find(|row| row.name.eq_ignore_ascii_case(name));
        if let Some(row) = row.filter(|row| row.writable()) {
            insert_once(&mut kept, row.name, self::value(row, value)?.unwrap_or_default())?;
        }
    }
    kept.retain(|_, value| !value.is_null());
    Ok(kept)
}

fn some_object(object: Object) -> Option<Value> {
    if object.is_empty() { None } else { Some(object.into()) }
}

fn insert_once(kept: &mut Object, name: &'static str, value: Value) -> Result<(), ScimError> {
    match kept.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(twice(name)),
    }
}

fn twice(name: &str) -> ScimError {
    ScimError::invalid_syntax(format!("`{name}` is in the same object twice, spelled differently."))
}

fn wrong_type(name: &str, wanted: &str) -> ScimError {
    ScimError::invalid_value(format!("The value of `{name}` must be {wanted}."))
}
