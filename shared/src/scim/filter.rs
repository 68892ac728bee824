//! The filter language of RFC 7644 section 3.4.2.2: the whole grammar, bounded.
//!
//! A filter decides which person an administrator's directory finds, so what we cannot judge is refused
//! with the position and never treated as "no match".

mod display;
mod matching;
mod parser;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub(crate) use parser::Parser;

use super::ScimError;
use super::path::AttrPath;
use super::schema::ResourceKind;

/// The longest filter in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;

/// How deep `not`, parentheses and brackets may nest.
pub const MAX_DEPTH: usize = 32;

/// A filter whose every attribute exists and whose every comparison makes sense for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    kind: ResourceKind,
    expr: Expr,
}

/// How the store can answer a filter without a scan. The text is as the client wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// `userName eq`: fold it first ([`super::fold_user_name`]).
    UserName(&'a str),
    /// `externalId eq`, with case.
    ExternalId(&'a str),
    /// `id eq`, with case.
    Id(&'a str),
    /// `displayName eq` of a group, without case.
    DisplayName(&'a str),
    /// `members.value eq` or `members[value eq]` of a group.
    MemberValue(&'a str),
    /// Anything else: look at each resource.
    Scan,
}

impl Filter {
    /// Parses a filter; 400 `invalidFilter` with the position otherwise.
    pub fn parse(text: &str, kind: ResourceKind) -> Result<Self, ScimError> {
        Ok(Self { kind, expr: Parser::filter(text, kind)? })
    }

    /// Whether a resource, as rendered without projection, matches.
    pub fn matches(&self, resource: &Value) -> bool {
        resource.as_object().is_some_and(|object| self.expr.matches(object))
    }

    /// The direct way to the answer, if the whole filter is one comparison that has one.
    pub fn lookup(&self) -> Lookup<'_> {
        let (path, text) = match &self.expr {
            Expr::Compare(path, Op::Eq, Literal::Text(text)) => (*path, text),
            Expr::Elements(path, inner) => match inner.as_ref() {
                Expr::Compare(element, Op::Eq, Literal::Text(text)) => {
                    (AttrPath { sub: Some(element.attribute), ..*path }, text)
                }
                _ => return Lookup::Scan,
            },
            _ => return Lookup::Scan,
        };
        if path.extension {
            return Lookup::Scan;
        }
        match (self.kind, path.attribute.name, path.sub.map(|sub| sub.name)) {
            (_, "id", None) => Lookup::Id(text),
            (_, "externalId", None) => Lookup::ExternalId(text),
            (ResourceKind::User, "userName", None) => Lookup::UserName(text),
            (ResourceKind::Group, "displayName", None) => Lookup::DisplayName(text),
            (ResourceKind::Group, "members", Some("value")) => Lookup::MemberValue(text),
            _ => Lookup::Scan,
        }
    }

    /// Whether answering needs `attribute` of the resource (so that the store reads members only if so).
    pub fn mentions(&self, attribute: &str) -> bool {
        self.expr.mentions(attribute)
    }
}

/// A filter's tree. `And` and `Or` hold two or more terms and never one of themselves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Present(AttrPath),
    Compare(AttrPath, Op, Literal),
    /// `attribute[filter]`: some value of the attribute matches the filter over its sub-attributes.
    Elements(AttrPath, Box<Self>),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

/// What an attribute is compared with, already of the attribute's type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Text(String),
    Time(Timestamp),
}

impl Expr {
    /// The values that `value eq "a" or value eq "b"` names, if the filter is just that.
    pub(crate) fn values_named(&self) -> Option<Vec<&str>> {
        match self {
            Self::Compare(path, Op::Eq, Literal::Text(text)) if path.attribute.name == "value" => {
                Some(vec![text])
            }
            Self::Or(terms) => {
                let named: Option<Vec<_>> = terms.iter().map(Self::values_named).collect();
                Some(named?.concat())
            }
            _ => None,
        }
    }

    /// The value that has to exist for `type eq "work" and primary eq true` to match, if the filter says.
    pub(crate) fn as_element(&self) -> Option<Map<String, Value>> {
        match self {
            Self::Compare(path, Op::Eq, literal) => {
                let value = match literal {
                    Literal::Text(text) => Value::from(text.as_str()),
                    Literal::Bool(bool) => Value::from(*bool),
                    Literal::Null | Literal::Time(_) => return None,
                };
                Some(Map::from_iter([(path.attribute.name.to_owned(), value)]))
            }
            Self::And(terms) => terms.iter().try_fold(Map::new(), |mut element, term| {
                element.extend(term.as_element()?);
                Some(element)
            }),
            _ => None,
        }
    }

    fn mentions(&self, attribute: &str) -> bool {
        match self {
            Self::And(terms) | Self::Or(terms) => terms.iter().any(|term| term.mentions(attribute)),
            Self::Not(inner) => inner.mentions(attribute),
            Self::Present(path) | Self::Compare(path, ..) | Self::Elements(path, _) => {
                !path.extension && path.attribute.name == attribute
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
