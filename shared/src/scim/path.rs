//! Attribute names and PATCH paths, resolved against the schema table (RFC 7644 sections 3.5.2 and 3.10).
//!
//! A resolved path holds rows of the table and no text of the client, so whatever uses one can only reach
//! attributes that exist.

use std::fmt;

use super::ScimError;
use super::filter::{Expr, Parser};
use super::schema::{Attribute, ENTERPRISE_URN, ResourceKind};

/// An attribute or one of its sub-attributes.
#[derive(Debug, Clone, Copy)]
pub struct AttrPath {
    /// Whether it is in the enterprise extension.
    pub extension: bool,
    pub attribute: &'static Attribute,
    pub sub: Option<&'static Attribute>,
}

impl AttrPath {
    /// Resolves `userName`, `name.givenName`, `URN:userName`, in any case; `None` if there is no such row.
    pub fn resolve(name: &str, kind: ResourceKind) -> Option<Self> {
        let (extension, local) = without_urn(name, kind)?;
        let (attribute, sub) = match local.split_once('.') {
            Some((attribute, sub)) => (attribute, Some(sub)),
            None => (local, None),
        };
        let attribute =
            if extension { kind.extension_attribute(attribute)? } else { kind.attribute(attribute)? };
        let sub = match sub {
            Some(sub) => Some(attribute.sub_attribute(sub)?),
            None => None,
        };
        Some(Self { extension, attribute, sub })
    }

    pub(crate) fn top(extension: bool, attribute: &'static Attribute) -> Self {
        Self { extension, attribute, sub: None }
    }

    /// The row at the end of the path.
    pub fn leaf(&self) -> &'static Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    /// What is compared: `emails` means `emails.value`; `None` for other complex attributes.
    pub(crate) fn comparable(self) -> Option<Self> {
        if !self.leaf().is_complex() {
            return Some(self);
        }
        Some(Self { sub: Some(self.attribute.sub_attribute("value")?), ..self })
    }

    /// Whether a client may set it.
    pub fn writable(&self) -> bool {
        self.attribute.writable() && self.leaf().writable()
    }

    /// Whether the path is exactly this attribute of the core schema, or the common one.
    pub(crate) fn is(&self, name: &str) -> bool {
        !self.extension && self.sub.is_none() && self.attribute.name == name
    }
}

impl PartialEq for AttrPath {
    fn eq(&self, other: &Self) -> bool {
        let name = |path: &Self| (path.extension, path.attribute.name, path.sub.map(|sub| sub.name));
        name(self) == name(other)
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.extension {
            write!(f, "{ENTERPRISE_URN}:")?;
        }
        f.write_str(self.attribute.name)?;
        match self.sub {
            Some(sub) => write!(f, ".{}", sub.name),
            None => Ok(()),
        }
    }
}

/// Takes the URN of one of the kind's schemas off: (whether it was the extension's, the rest).
fn without_urn(name: &str, kind: ResourceKind) -> Option<(bool, &str)> {
    if strip_prefix_any_case(name, "urn:").is_none() {
        return Some((false, name));
    }
    let below = |urn| strip_prefix_any_case(name, urn).and_then(|rest| rest.strip_prefix(':'));
    if let Some(local) = below(kind.core_urn()) {
        return Some((false, local));
    }
    below(ENTERPRISE_URN).map(|local| (true, local))
}

fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// What one PATCH operation acts on: an attribute, a sub-attribute, or the values that a filter selects.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The attribute; `sub` is the part after the bracket if there is a filter.
    pub attr: AttrPath,
    pub(crate) filter: Option<Expr>,
}

impl Path {
    /// Parses `attr`, `attr.sub`, `attr[filter]` and `attr[filter].sub`, each with or without a URN.
    ///
    /// Refused with 400 `invalidPath`, or `invalidFilter` for what is inside the brackets.
    pub fn parse(text: &str, kind: ResourceKind) -> Result<Self, ScimError> {
        let unknown =
            || ScimError::invalid_path("The path of an operation names no attribute that is kept here.");
        let Some(bracket) = text.find('[') else {
            let attr = AttrPath::resolve(text, kind).ok_or_else(unknown)?;
            return Ok(Self { attr, filter: None });
        };
        let attr = AttrPath::resolve(&text[..bracket], kind).ok_or_else(unknown)?;
        if attr.sub.is_some() || !attr.attribute.multi_valued || !attr.attribute.is_complex() {
            return Err(ScimError::invalid_path(
                "The attribute of an operation's path has no values to select from.",
            ));
        }
        let (filter, rest) = Parser::value_filter(text, bracket, attr.attribute, kind)?;
        let sub = match rest.strip_prefix('.') {
            Some(name) => Some(attr.attribute.sub_attribute(name).ok_or_else(unknown)?),
            None if rest.is_empty() => None,
            None => {
                return Err(ScimError::invalid_path("The path of an operation goes on after its filter."));
            }
        };
        Ok(Self { attr: AttrPath { sub, ..attr }, filter: Some(filter) })
    }

    pub(crate) fn attribute(extension: bool, attribute: &'static Attribute) -> Self {
        Self { attr: AttrPath::top(extension, attribute), filter: None }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(filter) = &self.filter else { return self.attr.fmt(f) };
        write!(f, "{}[{filter}]", AttrPath { sub: None, ..self.attr })?;
        match self.attr.sub {
            Some(sub) => write!(f, ".{}", sub.name),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
