//! Strict JSON for request bodies.
//!
//! Two parsers that read one document differently are how a change passes a check as one thing and is
//! applied as another. The one rule: what is ambiguous is refused.
//!
//! What is read borrows from the request: texts are copied when the schema table says that they are kept.

mod reader;

use std::borrow::Cow;
use std::fmt;

use serde_json::{Number, Value};

pub use reader::{MAX_DEPTH, parse};

/// A JSON value of a request.
#[derive(Clone, PartialEq)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Object<'a>),
}

/// A JSON object of a request: its members in their order, no name twice.
#[derive(Clone, PartialEq, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl Json<'_> {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The values of an array; anything else is one value without its brackets.
    pub(crate) fn items(&self) -> &[Self] {
        if let Self::Array(items) = self { items } else { std::slice::from_ref(self) }
    }
}

impl<'a> Object<'a> {
    /// The members in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The same names with other values, if each has one.
    pub(crate) fn try_map(&self, change: impl Fn(&Json<'a>) -> Option<Json<'a>>) -> Option<Self> {
        let members = self.0.iter().map(|(name, value)| Some((name.clone(), change(value)?)));
        members.collect::<Option<_>>().map(Self)
    }
}

/// Prints nothing: requests hold personal data and passwords.
impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json")
    }
}

/// Prints nothing: requests hold personal data and passwords.
impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Object")
    }
}

impl From<Json<'_>> for Value {
    fn from(json: Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(bool) => Self::Bool(bool),
            Json::Number(number) => Self::Number(number),
            Json::Text(text) => Self::String(text.into_owned()),
            Json::Array(items) => items.into_iter().map(Self::from).collect(),
            Json::Object(Object(members)) => members
                .into_iter()
                .map(|(name, value)| (name.into_owned(), Self::from(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

impl<'a> From<&'a Value> for Json<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(bool) => Self::Bool(*bool),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.into()),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(Object(
                members.iter().map(|(name, value)| (name.into(), Self::from(value))).collect(),
            )),
        }
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
                let theirs = serde_json::from_str::<Value>(&text).unwrap();
                prop_assert_eq!(&Json::from(&theirs), &value);
                prop_assert_eq!(Value::from(value), theirs);
            }
        }

        /// However many names there are, and however they are spelled: one of them twice is refused.
        #[test]
        fn a_name_that_is_there_twice_is_found(
            names in prop::collection::vec("[a-d]{1,2}", 0..40), escaped: bool,
        ) {
            let spelled = |name: &String| {
                if escaped { format!("\\u{:04x}{}", u32::from(name.as_bytes()[0]), &name[1..]) } else { name.clone() }
            };
            let members: Vec<_> = names.iter().map(|name| format!("\"{}\":1", spelled(name))).collect();
            let distinct = names.iter().collect::<std::collections::BTreeSet<_>>().len();
            let text = format!("{{{}}}", members.join(","));
            prop_assert_eq!(parse(text.as_bytes()).is_ok(), distinct == names.len());
        }
    }
}
