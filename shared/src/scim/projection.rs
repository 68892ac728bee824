//! `attributes` and `excludedAttributes`: which attributes an answer has (RFC 7644 section 3.9).
//!
//! Names that do not exist select nothing, so a typing error can hide an attribute and never show one.

use serde::ser::{Error, Serialize, SerializeMap};
use serde_json::Value;

use super::normalise::Object;
use super::path::AttrPath;
use super::schema::{Attribute, ENTERPRISE_URN, ResourceKind, Returned};

/// The chosen attributes. The default is all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    kind: ResourceKind,
    include: Option<Vec<Selector>>,
    exclude: Vec<Selector>,
}

/// One name in either list.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Selector {
    /// The URN of the extension: all of it.
    Extension,
    Attribute(AttrPath),
}

/// How much of a value is in the answer.
enum Share {
    All,
    None,
    Some(Vec<&'static str>),
}

impl Share {
    /// This much of the value.
    fn of(self, mut value: Value) -> Option<Value> {
        let parts = match self {
            Self::None => return None,
            Self::All => return Some(value),
            Self::Some(parts) => parts,
        };
        let keep = |object: &mut Object| object.retain(|name, _| parts.contains(&name.as_str()));
        match &mut value {
            Value::Object(object) => keep(object),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(keep),
            _ => {}
        }
        Some(value)
    }
}

impl Projection {
    /// All attributes.
    pub fn all(kind: ResourceKind) -> Self {
        Self { kind, include: None, exclude: Vec::new() }
    }

    /// From the two query parameters: names with commas between them. With both, an attribute has to be
    /// in the first and not in the second.
    pub fn parse(attributes: Option<&str>, excluded: Option<&str>, kind: ResourceKind) -> Self {
        let names = |list: &'_ str| selectors(list.split(','), kind);
        Self { kind, include: attributes.map(names), exclude: excluded.map(names).unwrap_or_default() }
    }

    /// From the two lists of a `.search` request.
    pub fn from_lists<'a>(
        attributes: Option<impl IntoIterator<Item = &'a str>>,
        excluded: Option<impl IntoIterator<Item = &'a str>>,
        kind: ResourceKind,
    ) -> Self {
        Self {
            kind,
            include: attributes.map(|names| selectors(names, kind)),
            exclude: excluded.map(|names| selectors(names, kind)).unwrap_or_default(),
        }
    }

    /// Whether the answer has something of this attribute, so that the store need not read what nobody asked for.
    pub fn wants(&self, attribute: &str) -> bool {
        self.is_all()
            || self
                .kind
                .attribute(attribute)
                .is_some_and(|row| !matches!(self.share(false, row), Share::None))
    }

    /// Whether `attributes` asks for this attribute by name.
    pub fn asks_for(&self, attribute: &str) -> bool {
        self.include.is_some() && self.wants(attribute)
    }

    /// Whether the client gave `attributes`.
    pub fn is_explicit(&self) -> bool {
        self.include.is_some()
    }

    fn is_all(&self) -> bool {
        self.include.is_none() && self.exclude.is_empty()
    }

    /// Writes a stored attribute, the extension included, as far as it is wanted.
    pub(crate) fn copy<M: SerializeMap>(
        &self,
        out: &mut M,
        name: &str,
        value: &Value,
    ) -> Result<(), M::Error> {
        if self.is_all() || name != ENTERPRISE_URN {
            return self.add(out, name, value);
        }
        let parts = value.as_object().into_iter().flatten().filter_map(|(name, value)| {
            let row = self.kind.extension_attribute(name)?;
            Some((name.clone(), self.share(true, row).of(value.clone())?))
        });
        let extension: Object = parts.collect();
        if extension.is_empty() { Ok(()) } else { out.serialize_entry(name, &extension) }
    }

    /// Writes an attribute of the core schema as far as it is wanted.
    pub(crate) fn add<M: SerializeMap>(
        &self,
        out: &mut M,
        name: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), M::Error> {
        if self.is_all() {
            return out.serialize_entry(name, value);
        }
        match self.kind.attribute(name).map_or(Share::None, |row| self.share(false, row)) {
            Share::None => Ok(()),
            Share::All => out.serialize_entry(name, value),
            share @ Share::Some(_) => {
                let whole = serde_json::to_value(value).map_err(M::Error::custom)?;
                share.of(whole).map_or(Ok(()), |part| out.serialize_entry(name, &part))
            }
        }
    }

    fn share(&self, extension: bool, row: &'static Attribute) -> Share {
        if row.returned == Returned::Always {
            return Share::All;
        }
        let included = match &self.include {
            None => Share::All,
            Some(include) => named(include, extension, row),
        };
        match (included, named(&self.exclude, extension, row)) {
            (Share::None, _) | (_, Share::All) => Share::None,
            (included, Share::None) => included,
            (included, Share::Some(excluded)) => {
                let mut parts = match included {
                    Share::Some(parts) => parts,
                    _ => row.sub_attributes().iter().map(|sub| sub.name).collect(),
                };
                parts.retain(|part| !excluded.contains(part));
                if parts.is_empty() { Share::None } else { Share::Some(parts) }
            }
        }
    }
}

fn selectors<'a>(names: impl IntoIterator<Item = &'a str>, kind: ResourceKind) -> Vec<Selector> {
    let selector = |name: &str| {
        let name = name.trim();
        if kind.is_extension(name) {
            return Some(Selector::Extension);
        }
        AttrPath::resolve(name, kind).map(Selector::Attribute)
    };
    names.into_iter().filter_map(selector).collect()
}

/// How much of the attribute the list names.
fn named(list: &[Selector], extension: bool, row: &'static Attribute) -> Share {
    let mut parts = Vec::new();
    for selector in list {
        match selector {
            Selector::Extension if extension => return Share::All,
            Selector::Attribute(path) if path.extension == extension && path.attribute.name == row.name => {
                match path.sub {
                    None => return Share::All,
                    Some(sub) => parts.push(sub.name),
                }
            }
            _ => {}
        }
    }
    if parts.is_empty() { Share::None } else { Share::Some(parts) }
}

#[cfg(test)]
mod tests;
