//! `/Schemas`, `/ResourceTypes` and `/ServiceProviderConfig`, made from the table (RFC 7643 sections 5 to 7).

use serde_json::{Map, Value, json};

use super::{Attribute, ENTERPRISE_URN, Mutability, ResourceKind, Returned, Type, Uniqueness};
use crate::scim::list;

const SCHEMA_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const CONFIG_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// What the functions around this pure part offer. The answer to a client's discovery must be what is.
#[derive(Debug, Clone, Copy)]
pub struct Features {
    /// `/Bulk`, if there is one.
    pub bulk: Option<BulkLimits>,
    /// Whether `If-Match` is honoured.
    pub etag: bool,
    /// Whether `sortBy` is honoured.
    pub sort: bool,
    /// Seconds that a cursor stays good, if there are cursors (RFC 9865 section 4).
    pub cursor_timeout: Option<u32>,
}

/// The limits of `/Bulk` (RFC 7644 section 3.7).
#[derive(Debug, Clone, Copy)]
pub struct BulkLimits {
    pub max_operations: usize,
    /// In bytes.
    pub max_payload: usize,
}

/// The definitions of the three schemas.
pub fn schemas(base_url: &str) -> Vec<Value> {
    use ResourceKind::{Group, User};
    vec![
        definition(base_url, User.core_urn(), "User", "A person of the workspace", User.core()),
        definition(base_url, ENTERPRISE_URN, "EnterpriseUser", "A person's place at work", User.extension()),
        definition(base_url, Group.core_urn(), "Group", "A group of people", Group.core()),
    ]
}

/// The definition of one schema, its URN in any case.
pub fn schema(base_url: &str, urn: &str) -> Option<Value> {
    schemas(base_url)
        .into_iter()
        .find(|schema| schema["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(urn)))
}

/// The two resource types.
pub fn resource_types(base_url: &str) -> Vec<Value> {
    [ResourceKind::User, ResourceKind::Group].map(|kind| resource_type_of(base_url, kind)).into()
}

/// One resource type by its id.
pub fn resource_type(base_url: &str, id: &str) -> Option<Value> {
    let kind = [ResourceKind::User, ResourceKind::Group].into_iter().find(|kind| kind.name() == id)?;
    Some(resource_type_of(base_url, kind))
}

/// What the service offers.
pub fn service_provider_config(base_url: &str, features: &Features) -> Value {
    let bulk = features.bulk.unwrap_or(BulkLimits { max_operations: 0, max_payload: 0 });
    let mut pagination = json!({
        "index": true,
        "cursor": features.cursor_timeout.is_some(),
        "defaultPaginationMethod": "index",
        "defaultPageSize": list::DEFAULT_COUNT,
        "maxPageSize": list::MAX_COUNT,
    });
    if let Some(seconds) = features.cursor_timeout {
        pagination["cursorTimeout"] = seconds.into();
    }
    json!({
        "schemas": [CONFIG_URN],
        "patch": { "supported": true },
        "bulk": {
            "supported": features.bulk.is_some(),
            "maxOperations": bulk.max_operations,
            "maxPayloadSize": bulk.max_payload,
        },
        "filter": { "supported": true, "maxResults": list::MAX_COUNT },
        "changePassword": { "supported": false },
        "sort": { "supported": features.sort },
        "etag": { "supported": features.etag },
        "pagination": pagination,
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A provisioning token of the workspace, from Security, SCIM provisioning",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base_url}/ServiceProviderConfig"),
        },
    })
}

fn definition(base_url: &str, urn: &str, name: &str, description: &str, attributes: &[Attribute]) -> Value {
    json!({
        "schemas": [SCHEMA_URN],
        "id": urn,
        "name": name,
        "description": description,
        "attributes": attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base_url}/Schemas/{urn}") },
    })
}

fn attribute(row: &Attribute) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), row.name.into());
    out.insert("type".into(), type_name(row.kind).into());
    out.insert("multiValued".into(), row.multi_valued.into());
    out.insert("description".into(), row.description.into());
    out.insert("required".into(), row.required.into());
    if !row.canonical.is_empty() {
        out.insert("canonicalValues".into(), row.canonical.into());
    }
    out.insert("caseExact".into(), row.case_exact.into());
    out.insert("mutability".into(), mutability_name(row.mutability).into());
    out.insert("returned".into(), returned_name(row.returned).into());
    out.insert("uniqueness".into(), uniqueness_name(row.uniqueness).into());
    match row.kind {
        Type::Reference(to) => out.insert("referenceTypes".into(), to.into()),
        Type::Complex(subs) => out.insert("subAttributes".into(), subs.iter().map(attribute).collect()),
        _ => None,
    };
    out.into()
}

fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::String => "string",
        Type::Boolean => "boolean",
        Type::DateTime => "dateTime",
        Type::Reference(_) => "reference",
        Type::Complex(_) => "complex",
    }
}

fn mutability_name(mutability: Mutability) -> &'static str {
    match mutability {
        Mutability::ReadWrite => "readWrite",
        Mutability::ReadOnly => "readOnly",
        Mutability::Immutable => "immutable",
    }
}

fn returned_name(returned: Returned) -> &'static str {
    match returned {
        Returned::Always => "always",
        Returned::Default => "default",
    }
}

fn uniqueness_name(uniqueness: Uniqueness) -> &'static str {
    match uniqueness {
        Uniqueness::None => "none",
        Uniqueness::Server => "server",
    }
}

fn resource_type_of(base_url: &str, kind: ResourceKind) -> Value {
    let mut out = json!({
        "schemas": [RESOURCE_TYPE_URN],
        "id": kind.name(),
        "name": kind.name(),
        "description": match kind {
            ResourceKind::User => "People of the workspace",
            ResourceKind::Group => "Role-groups and other groups of the workspace",
        },
        "endpoint": kind.endpoint(),
        "schema": kind.core_urn(),
    });
    if !kind.extension().is_empty() {
        out["schemaExtensions"] = json!([{ "schema": ENTERPRISE_URN, "required": false }]);
    }
    out["meta"] = json!({
        "resourceType": "ResourceType",
        "location": format!("{base_url}/ResourceTypes/{}", kind.name()),
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://acme.example.com/scim/v2";

    fn features() -> Features {
        Features { bulk: None, etag: true, sort: true, cursor_timeout: None }
    }

    #[test]
    fn schemas_are_the_table_and_password_is_not_advertised() {
        let user = schema(BASE, &super::super::USER_URN.to_uppercase()).unwrap();
        let names: Vec<_> = user["attributes"].as_array().unwrap().iter().map(|a| &a["name"]).collect();
        assert_eq!(names.len(), ResourceKind::User.core().len());
        assert!(!user.to_string().contains("password"));
        assert_eq!(user["meta"]["location"], format!("{BASE}/Schemas/{}", super::super::USER_URN));
        assert!(schema(BASE, "urn:example:none").is_none());
    }

    #[test]
    fn a_row_has_every_characteristic() {
        let user = schema(BASE, super::super::USER_URN).unwrap();
        insta::assert_json_snapshot!(user["attributes"][0], @r#"
        {
          "name": "userName",
          "type": "string",
          "multiValued": false,
          "description": "The name a person signs in with; in Okta the application username.",
          "required": true,
          "caseExact": false,
          "mutability": "readWrite",
          "returned": "default",
          "uniqueness": "server"
        }
        "#);
        let emails = user["attributes"].as_array().unwrap().iter().find(|a| a["name"] == "emails").unwrap();
        assert_eq!(emails["subAttributes"][2]["canonicalValues"], json!(["work", "home", "other"]));
    }

    #[test]
    fn only_what_is_offered_is_advertised() {
        let config = service_provider_config(BASE, &features());
        assert_eq!(config["bulk"], json!({"supported": false, "maxOperations": 0, "maxPayloadSize": 0}));
        assert_eq!(config["pagination"]["cursor"], false);
        assert_eq!(config["filter"], json!({"supported": true, "maxResults": 200}));
        let bulk = Some(BulkLimits { max_operations: 100, max_payload: 5 });
        let config =
            service_provider_config(BASE, &Features { bulk, cursor_timeout: Some(60), ..features() });
        assert_eq!(config["bulk"], json!({"supported": true, "maxOperations": 100, "maxPayloadSize": 5}));
        assert_eq!(config["pagination"]["cursorTimeout"], 60);
    }

    #[test]
    fn only_users_have_the_extension() {
        let types = resource_types(BASE);
        assert_eq!(types[0]["schemaExtensions"][0]["schema"], ENTERPRISE_URN);
        assert_eq!(types[1].get("schemaExtensions"), None);
        assert_eq!(resource_type(BASE, "Group").unwrap(), types[1]);
        assert!(resource_type(BASE, "Device").is_none());
    }
}
