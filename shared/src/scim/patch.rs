//! PATCH (RFC 7644 section 3.5.2): any spelling a known client uses, one meaning.
//!
//! The one rule: the whole request is understood before anything is applied. What parses here names only
//! attributes that exist and may be changed.

mod group;

pub use group::{GroupChange, MembersChange};

use super::ScimError;
use super::json::Json;
use super::normalise::{member, object};
use super::path::{AttrPath, Path};
use super::schema::{ENTERPRISE_URN, ResourceKind};

/// The most operations in one request; more is 413.
pub const MAX_OPERATIONS: usize = 1_000;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Remove,
    Replace,
}

/// One change of one attribute.
#[derive(Debug, Clone)]
pub(crate) struct Operation<'a> {
    pub op: Op,
    pub path: Path,
    /// There unless `op` is [`Op::Remove`].
    pub value: Option<&'a Json<'a>>,
}

/// A PATCH request, understood. Operations without a path are split into one per attribute.
#[derive(Debug, Clone)]
pub struct PatchRequest<'a> {
    kind: ResourceKind,
    operations: Vec<Operation<'a>>,
}

impl<'a> PatchRequest<'a> {
    /// Reads the body of a PATCH.
    ///
    /// Accepted beyond the RFC: `op` in any case, a body without `schemas`, keys such as `name.givenName`,
    /// `URN:department` and `emails[type eq "work"].value` in a value without path. In such a value, what
    /// is read-only or unknown is skipped (Okta sends the `id` along); in a `path` it is refused.
    /// `password` is taken and dropped everywhere.
    pub fn parse(body: &'a Json<'a>, kind: ResourceKind) -> Result<Self, ScimError> {
        let body = object(body)?;
        check_schemas(member(body, "schemas")?)?;
        let Some(Json::Array(raw)) = member(body, "Operations")? else {
            return Err(ScimError::invalid_syntax("A PATCH needs an array of `Operations`."));
        };
        if raw.is_empty() {
            return Err(ScimError::invalid_syntax("A PATCH needs at least one operation."));
        }
        if raw.len() > MAX_OPERATIONS {
            return Err(ScimError::payload_too_large("A PATCH can have up to 1000 operations."));
        }
        let mut patch = Self { kind, operations: Vec::with_capacity(raw.len()) };
        for (index, operation) in raw.iter().enumerate() {
            patch.read(operation).map_err(|error| error.at_operation(index))?;
        }
        Ok(patch)
    }

    /// Whose resources this changes.
    pub fn kind(&self) -> ResourceKind {
        self.kind
    }

    /// Whether nothing that is kept here would change, such as after dropping a `password`.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    pub(crate) fn operations(&self) -> &[Operation<'a>] {
        &self.operations
    }

    fn read(&mut self, raw: &'a Json<'a>) -> Result<(), ScimError> {
        let Json::Object(raw) = raw else { return Err(ScimError::invalid_syntax("It is not an object.")) };
        let op = member(raw, "op")?.and_then(Json::as_str).and_then(op);
        let op = op.ok_or_else(|| ScimError::invalid_syntax("`op` must be add, remove or replace."))?;
        let value = member(raw, "value")?;
        if value.is_none() && op != Op::Remove {
            return Err(ScimError::invalid_value("`value` is missing."));
        }
        match (member(raw, "path")?, value) {
            (Some(Json::Text(path)), value) if !path.is_empty() => self.at_path(op, path, value),
            (Some(Json::Text(_) | Json::Null) | None, _) if op == Op::Remove => {
                Err(ScimError::no_target("`remove` needs a path."))
            }
            (Some(Json::Text(_) | Json::Null) | None, Some(Json::Object(values))) => {
                values.iter().try_for_each(|(name, value)| self.at_key(op, name, value))
            }
            (Some(Json::Text(_) | Json::Null) | None, _) => {
                Err(ScimError::invalid_value("Without a path, `value` must be an object of attributes."))
            }
            (Some(_), _) => Err(ScimError::invalid_path("`path` must be a string.")),
        }
    }

    /// An operation with a path: what it names must exist and be changeable.
    fn at_path(&mut self, op: Op, path: &str, value: Option<&'a Json<'a>>) -> Result<(), ScimError> {
        if self.kind.is_extension(path) {
            return self.at_extension(op, value);
        }
        // `schemas` follows from the attributes; Entra adds to it all the same.
        if self.is_password(path) || path.eq_ignore_ascii_case("schemas") {
            return Ok(());
        }
        let path = Path::parse(path, self.kind)?;
        if !path.attr.writable() {
            return Err(ScimError::mutability("The attribute is read-only."));
        }
        self.push(op, path, value)
    }

    /// A member of a value without path.
    fn at_key(&mut self, op: Op, name: &str, value: &'a Json<'a>) -> Result<(), ScimError> {
        if self.kind.is_extension(name) {
            return self.at_extension(op, Some(value));
        }
        if name.contains('[') {
            return self.at_path(op, name, Some(value));
        }
        match AttrPath::resolve(name, self.kind).filter(AttrPath::writable) {
            Some(attr) => self.push(op, Path { attr, filter: None }, Some(value)),
            None => Ok(()),
        }
    }

    /// The extension as a whole: each attribute the value names, or every one if it is removed.
    fn at_extension(&mut self, op: Op, value: Option<&'a Json<'a>>) -> Result<(), ScimError> {
        match (op, value) {
            (Op::Remove, _) | (Op::Replace, Some(Json::Null)) => self
                .kind
                .extension()
                .iter()
                .try_for_each(|row| self.push(Op::Remove, Path::attribute(true, row), None)),
            (_, Some(Json::Object(values))) => values.iter().try_for_each(|(name, value)| {
                match AttrPath::resolve(&format!("{ENTERPRISE_URN}:{name}"), self.kind)
                    .filter(AttrPath::writable)
                {
                    Some(attr) => self.push(op, Path { attr, filter: None }, Some(value)),
                    None => Ok(()),
                }
            }),
            _ => Err(ScimError::invalid_value("The value of the enterprise extension must be an object.")),
        }
    }

    fn push(&mut self, op: Op, path: Path, value: Option<&'a Json<'a>>) -> Result<(), ScimError> {
        // RFC 7643 section 2.5: `null` is the same as no value.
        let clears = op == Op::Remove || (op == Op::Replace && value.is_some_and(Json::is_null));
        if clears && path.filter.is_none() && path.attr.leaf().required {
            return Err(ScimError::mutability(format!("`{}` cannot be removed.", path.attr)));
        }
        self.operations.push(Operation { op, path, value });
        Ok(())
    }

    fn is_password(&self, path: &str) -> bool {
        self.kind == ResourceKind::User
            && (path.eq_ignore_ascii_case("password")
                || path.rsplit_once(':').is_some_and(|(urn, name)| {
                    urn.eq_ignore_ascii_case(self.kind.core_urn()) && name.eq_ignore_ascii_case("password")
                }))
    }
}

const PATCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Okta always sends the schema; a body without any can mean nothing else.
fn check_schemas(schemas: Option<&Json<'_>>) -> Result<(), ScimError> {
    let named = |urn: &Json<'_>| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_URN));
    match schemas {
        None => Ok(()),
        Some(Json::Array(urns)) if urns.iter().any(named) => Ok(()),
        Some(_) => Err(ScimError::invalid_syntax("`schemas` does not name the PatchOp message.")),
    }
}

fn op(word: &str) -> Option<Op> {
    const OPS: [(&str, Op); 3] = [("add", Op::Add), ("remove", Op::Remove), ("replace", Op::Replace)];
    OPS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|&(_, op)| op)
}

#[cfg(test)]
mod tests;
