//! `/Bulk` (RFC 7644 section 3.7): many changes in one request.
//!
//! The one rule: the request is understood as a whole before its first operation is done: how many there are, what
//! each one changes, and which one has to wait for the id that another one will get.

mod response;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use response::{BulkOutcome, BulkResponse};

use super::ScimError;
use super::json::{self, Json};
use super::list::{integer, text};
use super::meta::IfMatch;
use super::normalise::{member, object};
use super::schema::ResourceKind;

/// The most operations in one request; more is 413.
pub const MAX_OPERATIONS: usize = 100;

/// What stands before a `bulkId` where the id of a new resource is meant (RFC 7644 section 3.7.2).
const REFERENCE: &str = "bulkId:";

/// A bulk request, understood.
#[derive(Debug)]
pub struct BulkRequest<'a> {
    /// After so many errors the rest is not done.
    pub fail_on_errors: Option<u64>,
    pub operations: Vec<BulkOperation<'a>>,
}

/// One operation.
#[derive(Debug)]
pub struct BulkOperation<'a> {
    pub method: Method,
    pub kind: ResourceKind,
    /// The client's name for what this operation creates.
    pub bulk_id: Option<&'a str>,
    pub if_match: Option<IfMatch>,
    /// The resource, or `bulkId:` and the name of a new one. None when it is created here.
    id: Option<&'a str>,
    data: Option<&'a Json<'a>>,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    const ALL: [Self; 4] = [Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// The ids that resources got which this request created, by their `bulkId`.
pub type Created<'a> = BTreeMap<&'a str, String>;

impl<'a> BulkRequest<'a> {
    /// Reads the body.
    pub fn parse(body: &'a Json<'a>) -> Result<Self, ScimError> {
        let body = object(body)?;
        let Some(Json::Array(raw)) = member(body, "Operations")? else {
            return Err(ScimError::invalid_syntax("A bulk request needs an array of `Operations`."));
        };
        if raw.len() > MAX_OPERATIONS {
            return Err(ScimError::payload_too_large(format!(
                "A bulk request can have up to {MAX_OPERATIONS} operations."
            )));
        }
        let fail_on_errors = match integer(body, "failOnErrors")? {
            None => None,
            Some(count @ 1..) => u64::try_from(count).ok(),
            Some(_) => return Err(ScimError::invalid_value("`failOnErrors` must be at least 1.")),
        };
        let operations = raw.iter().enumerate();
        let operations =
            operations.map(|(index, raw)| operation(raw).map_err(|error| error.at_operation(index)));
        let request = Self { fail_on_errors, operations: operations.collect::<Result<_, _>>()? };
        request.check_names()?;
        Ok(request)
    }

    /// The operations' places in an order in which each comes after those that it refers to, and else as they
    /// were sent. Operations that refer to each other in a circle are left out: none of them can be first.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::with_capacity(self.operations.len());
        let mut waiting: Vec<usize> = (0..self.operations.len()).collect();
        let waits_for: Vec<Vec<usize>> =
            self.operations.iter().map(|operation| self.creators(operation)).collect();
        while let Some(next) =
            waiting.iter().position(|&index| waits_for[index].iter().all(|creator| order.contains(creator)))
        {
            order.push(waiting.remove(next));
        }
        order
    }

    /// Who creates what the operation refers to.
    fn creators(&self, operation: &BulkOperation<'_>) -> Vec<usize> {
        let names = operation.references();
        let creates = |name: &&str| self.operations.iter().position(|other| other.bulk_id == Some(name));
        names.iter().filter_map(creates).collect()
    }

    /// Each `bulkId` names one resource, and each reference one that is created here.
    fn check_names(&self) -> Result<(), ScimError> {
        let mut known = BTreeMap::new();
        for (index, operation) in self.operations.iter().enumerate() {
            if let Some(name) = operation.bulk_id
                && known.insert(name, index).is_some()
            {
                return Err(
                    ScimError::invalid_value("The `bulkId` is another operation's.").at_operation(index)
                );
            }
        }
        for (index, operation) in self.operations.iter().enumerate() {
            if !operation.references().iter().all(|name| known.contains_key(name)) {
                let error = ScimError::invalid_value("It refers to a `bulkId` that no operation has.");
                return Err(error.at_operation(index));
            }
        }
        Ok(())
    }
}

impl<'a> BulkOperation<'a> {
    /// The id and the data with the ids of new resources in the place of references to them; 409 if one of those
    /// was not created.
    pub fn resolved(&self, created: &Created<'_>) -> Result<(Option<String>, Json<'a>), ScimError> {
        let missing =
            || ScimError::conflict("It refers to a resource that was not created, or in a circle to itself.");
        let id = match self.id.map(|id| (id, id.strip_prefix(REFERENCE))) {
            Some((_, Some(name))) => Some(created.get(name).ok_or_else(missing)?.clone()),
            Some((id, None)) => Some(id.to_owned()),
            None => None,
        };
        let data = match self.data {
            Some(data) => with_ids(data, created).ok_or_else(missing)?,
            None => Json::Null,
        };
        Ok((id, data))
    }

    /// The names of the new resources that it refers to.
    fn references(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.id.and_then(|id| id.strip_prefix(REFERENCE)).into_iter().collect();
        if let Some(data) = self.data {
            collect_references(data, &mut names);
        }
        names
    }
}

fn operation<'a>(raw: &'a Json<'a>) -> Result<BulkOperation<'a>, ScimError> {
    let Json::Object(raw) = raw else { return Err(ScimError::invalid_syntax("It is not an object.")) };
    let word = text(raw, "method")?.unwrap_or_default();
    let method = Method::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(word));
    let method =
        method.ok_or_else(|| ScimError::invalid_syntax("`method` must be POST, PUT, PATCH or DELETE."))?;
    let (kind, id) = text(raw, "path")?.and_then(place).ok_or_else(|| {
        ScimError::invalid_path("`path` must be /Users, /Groups, or one of these with the id of a resource.")
    })?;
    if id.is_none() != (method == Method::Post) {
        return Err(ScimError::invalid_path(
            "A POST goes to /Users or /Groups, all else to a resource there.",
        ));
    }
    let bulk_id = text(raw, "bulkId")?.filter(|id| !id.is_empty());
    if method == Method::Post && bulk_id.is_none() {
        return Err(ScimError::invalid_syntax("A POST needs a `bulkId`."));
    }
    let data = data(raw, method)?;
    // Only what is created gets a name that others can refer to.
    let if_match = text(raw, "version")?.filter(|_| method != Method::Post).map(IfMatch::parse);
    Ok(BulkOperation { method, kind, bulk_id, if_match, id, data })
}

fn data<'a>(raw: &'a json::Object<'a>, method: Method) -> Result<Option<&'a Json<'a>>, ScimError> {
    match member(raw, "data")? {
        _ if method == Method::Delete => Ok(None),
        Some(data @ Json::Object(_)) => Ok(Some(data)),
        _ => Err(ScimError::invalid_syntax("`data` must be an object.")),
    }
}

/// What a path names: a kind of resource, and which one.
fn place(path: &str) -> Option<(ResourceKind, Option<&str>)> {
    let kinds = [ResourceKind::User, ResourceKind::Group];
    kinds.into_iter().find_map(|kind| match path.strip_prefix(kind.endpoint())? {
        "" => Some((kind, None)),
        rest => {
            let id = rest.strip_prefix('/')?;
            let plain = !id.is_empty() && !id.contains(['/', '?', '#']);
            plain.then_some((kind, Some(id)))
        }
    })
}

fn collect_references<'b>(data: &'b Json<'_>, names: &mut Vec<&'b str>) {
    match data {
        Json::Text(text) => names.extend(text.strip_prefix(REFERENCE)),
        Json::Array(items) => items.iter().for_each(|item| collect_references(item, names)),
        Json::Object(members) => members.iter().for_each(|(_, value)| collect_references(value, names)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn with_ids<'a>(data: &Json<'a>, created: &Created<'_>) -> Option<Json<'a>> {
    Some(match data {
        Json::Text(text) => match text.strip_prefix(REFERENCE) {
            Some(name) => Json::Text(Cow::Owned(created.get(name)?.clone())),
            None => Json::Text(text.clone()),
        },
        Json::Array(items) => {
            Json::Array(items.iter().map(|item| with_ids(item, created)).collect::<Option<_>>()?)
        }
        Json::Object(members) => Json::Object(members.try_map(|value| with_ids(value, created))?),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests;
