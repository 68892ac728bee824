//! Whether a resource matches.
//!
//! As RFC 7644 section 3.4.2.2 has it, a multi-valued attribute matches when any of its values does.
//! An attribute without a value is `null` (RFC 7643 section 2.5): equal to `null`, not equal to all else.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Expr, Literal, Op};
use crate::scim::fold::{fold_char, fold_user_name};
use crate::scim::path::AttrPath;
use crate::scim::schema::{Attribute, ENTERPRISE_URN};

impl Expr {
    /// Whether the object matches: a resource, or one value of a complex attribute.
    pub(crate) fn matches(&self, object: &Map<String, Value>) -> bool {
        match self {
            Self::And(terms) => terms.iter().all(|term| term.matches(object)),
            Self::Or(terms) => terms.iter().any(|term| term.matches(object)),
            Self::Not(inner) => !inner.matches(object),
            Self::Present(path) => any_value(object, *path, |value| value.is_some_and(is_present)),
            Self::Compare(path, op, literal) => {
                any_value(object, *path, |value| compare(path.leaf(), value, *op, literal))
            }
            Self::Elements(path, inner) => elements(attribute(object, *path))
                .iter()
                .filter_map(Value::as_object)
                .any(|e| inner.matches(e)),
        }
    }
}

fn attribute(object: &Map<String, Value>, path: AttrPath) -> Option<&Value> {
    let holder = if path.extension { object.get(ENTERPRISE_URN)?.as_object()? } else { object };
    holder.get(path.attribute.name)
}

fn elements(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(items)) => items,
        Some(single) => std::slice::from_ref(single),
        None => &[],
    }
}

/// Tries each value at the path; `None` once if there is none.
fn any_value(object: &Map<String, Value>, path: AttrPath, test: impl Fn(Option<&Value>) -> bool) -> bool {
    let values = elements(attribute(object, path));
    if values.is_empty() {
        return test(None);
    }
    values.iter().any(|value| match path.sub {
        Some(sub) => test(value.get(sub.name)),
        None => test(Some(value)),
    })
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn compare(leaf: &Attribute, value: Option<&Value>, op: Op, literal: &Literal) -> bool {
    let value = value.filter(|value| !value.is_null());
    match (literal, value) {
        (Literal::Null, _) => (op == Op::Eq) == value.is_none(),
        (_, None) => op == Op::Ne,
        (Literal::Bool(want), Some(value)) => (op == Op::Eq) == (value.as_bool() == Some(*want)),
        (Literal::Time(want), Some(value)) => {
            let time = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
            time.map_or(op == Op::Ne, |time| ordered(op, time.cmp(want)))
        }
        (Literal::Text(want), Some(value)) => {
            value.as_str().map_or(op == Op::Ne, |text| compare_text(leaf.case_exact, text, op, want))
        }
    }
}

fn compare_text(case_exact: bool, text: &str, op: Op, want: &str) -> bool {
    if case_exact {
        return text_matches(text, op, want);
    }
    match op {
        // The common case needs no folded copy.
        Op::Eq => same_folded(text, want),
        Op::Ne => !same_folded(text, want),
        _ => text_matches(&fold_user_name(text), op, &fold_user_name(want)),
    }
}

fn same_folded(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.chars().map(fold_char).eq(b.chars().map(fold_char))
}

fn text_matches(text: &str, op: Op, want: &str) -> bool {
    match op {
        Op::Co => text.contains(want),
        Op::Sw => text.starts_with(want),
        Op::Ew => text.ends_with(want),
        _ => ordered(op, text.cmp(want)),
    }
}

fn ordered(op: Op, ordering: Ordering) -> bool {
    match op {
        Op::Eq => ordering.is_eq(),
        Op::Ne => ordering.is_ne(),
        Op::Gt => ordering.is_gt(),
        Op::Ge => ordering.is_ge(),
        Op::Lt => ordering.is_lt(),
        Op::Le => ordering.is_le(),
        Op::Co | Op::Sw | Op::Ew => false,
    }
}
