//! What a bulk request came to (RFC 7644 section 3.7.3).

use serde::Serialize;
use serde_json::Value;

use super::{BulkOperation, Method};
use crate::scim::{ScimError, meta::etag};

const RESPONSE_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// The answer: the operations that were tried, in the order in which they were sent.
#[derive(Debug, Serialize)]
pub struct BulkResponse<'a> {
    schemas: [&'static str; 1],
    #[serde(rename = "Operations")]
    operations: Vec<BulkOutcome<'a>>,
}

/// What became of one operation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkOutcome<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// As a string, as everywhere in SCIM messages.
    status: String,
    /// The error's message; a resource is not repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Value>,
}

impl<'a> BulkResponse<'a> {
    pub fn new(operations: Vec<BulkOutcome<'a>>) -> Self {
        Self { schemas: [RESPONSE_URN], operations }
    }
}

impl<'a> BulkOutcome<'a> {
    /// It was done.
    pub fn done(operation: &BulkOperation<'a>, status: u16, location: String, version: Option<u64>) -> Self {
        Self {
            location: Some(location),
            version: version.map(etag),
            response: None,
            ..Self::of(operation, status)
        }
    }

    /// It was not. A resource that was there keeps its location in the answer.
    pub fn failed(operation: &BulkOperation<'a>, base_url: &str, error: &ScimError) -> Self {
        let id = operation.id.filter(|_| operation.method != Method::Post);
        Self {
            location: id.map(|id| format!("{base_url}{}/{id}", operation.kind.endpoint())),
            response: Some(error.to_json()),
            ..Self::of(operation, error.status)
        }
    }

    fn of(operation: &BulkOperation<'a>, status: u16) -> Self {
        let (method, bulk_id) = (operation.method.as_str(), operation.bulk_id);
        Self { location: None, method, bulk_id, version: None, status: status.to_string(), response: None }
    }
}
