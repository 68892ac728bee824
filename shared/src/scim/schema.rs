//! The one table of attributes, and how to look into it.
//!
//! `/Schemas`, the checks of filters and PATCH paths, and what a request may set all read this table, so
//! we advertise exactly what is kept. The one rule: an attribute exists when it has a row here.

pub mod documents;
mod table;

pub use documents::{
    BulkLimits, Features, resource_type, resource_types, schema, schemas, service_provider_config,
};

/// The core schema of users.
pub const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core schema of groups.
pub const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension of users.
pub const ENTERPRISE_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What is stored under `/Users` or `/Groups`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    User,
    Group,
}

impl ResourceKind {
    /// `meta.resourceType`, and the id of the ResourceType.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The path below the base URL.
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// The URN of the core schema.
    pub fn core_urn(self) -> &'static str {
        match self {
            Self::User => USER_URN,
            Self::Group => GROUP_URN,
        }
    }

    /// The attributes of the core schema.
    pub fn core(self) -> &'static [Attribute] {
        match self {
            Self::User => table::USER,
            Self::Group => table::GROUP,
        }
    }

    /// The attributes of the enterprise extension; none for groups.
    pub fn extension(self) -> &'static [Attribute] {
        match self {
            Self::User => table::ENTERPRISE,
            Self::Group => &[],
        }
    }

    /// The attributes that every resource has and no schema lists (RFC 7643 section 3.1).
    pub fn common(self) -> &'static [Attribute] {
        table::COMMON
    }

    /// The attribute of the core schema, or the common one, with this name in any case.
    pub fn attribute(self, name: &str) -> Option<&'static Attribute> {
        find(self.core(), name).or_else(|| find(self.common(), name))
    }

    /// The attribute of the extension with this name in any case.
    pub fn extension_attribute(self, name: &str) -> Option<&'static Attribute> {
        find(self.extension(), name)
    }

    /// Whether `urn` is the extension's URN, in any case.
    pub fn is_extension(self, urn: &str) -> bool {
        !self.extension().is_empty() && urn.eq_ignore_ascii_case(ENTERPRISE_URN)
    }
}

fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// The type of an attribute's value (RFC 7643 section 2.3), as far as we use them.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    String,
    Boolean,
    DateTime,
    /// A URI; the names say what it may point at.
    Reference(&'static [&'static str]),
    Complex(&'static [Attribute]),
}

/// Who may change an attribute (RFC 7643 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
}

/// When an attribute is in an answer (RFC 7643 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    Always,
    Default,
}

/// Among what a value is unique (RFC 7643 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uniqueness {
    None,
    Server,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    pub name: &'static str,
    pub kind: Type,
    pub multi_valued: bool,
    pub required: bool,
    pub case_exact: bool,
    pub mutability: Mutability,
    pub returned: Returned,
    pub uniqueness: Uniqueness,
    /// The usual values; others are accepted too.
    pub canonical: &'static [&'static str],
    pub description: &'static str,
}

impl Attribute {
    /// The sub-attributes; none unless complex.
    pub fn sub_attributes(&self) -> &'static [Self] {
        match self.kind {
            Type::Complex(subs) => subs,
            _ => &[],
        }
    }

    /// The sub-attribute with this name in any case.
    pub fn sub_attribute(&self, name: &str) -> Option<&'static Self> {
        find(self.sub_attributes(), name)
    }

    /// Whether a client may set it.
    pub fn writable(&self) -> bool {
        self.mutability != Mutability::ReadOnly
    }

    /// Whether it has sub-attributes.
    pub fn is_complex(&self) -> bool {
        matches!(self.kind, Type::Complex(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_names_are_unique(attributes: &[Attribute]) {
        let mut names: Vec<_> = attributes.iter().map(|a| a.name.to_ascii_lowercase()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), attributes.len());
        for attribute in attributes {
            assert_names_are_unique(attribute.sub_attributes());
        }
    }

    #[test]
    fn names_are_unique_in_any_case() {
        for kind in [ResourceKind::User, ResourceKind::Group] {
            assert_names_are_unique(&[kind.core(), kind.common()].concat());
            assert_names_are_unique(kind.extension());
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        let name = ResourceKind::User.attribute("NAME").unwrap();
        assert_eq!(name.sub_attribute("givenname").unwrap().name, "givenName");
        assert!(ResourceKind::User.attribute("password").is_none(), "password is never kept");
        assert!(ResourceKind::Group.extension_attribute("department").is_none());
    }

    /// Okta's default user mapping (App attribute statements of the SCIM 2.0 template).
    #[test]
    fn oktas_default_mapping_is_kept() {
        let user = ResourceKind::User;
        for name in [
            "userName",
            "displayName",
            "nickName",
            "profileUrl",
            "emails",
            "phoneNumbers",
            "addresses",
            "title",
            "userType",
            "preferredLanguage",
            "locale",
            "timezone",
            "externalId",
            "active",
        ] {
            assert!(user.attribute(name).is_some_and(Attribute::writable), "{name}");
        }
        for name in
            ["givenName", "familyName", "middleName", "honorificPrefix", "honorificSuffix", "formatted"]
        {
            assert!(user.attribute("name").unwrap().sub_attribute(name).is_some(), "{name}");
        }
        for name in ["employeeNumber", "costCenter", "organization", "division", "department", "manager"] {
            assert!(user.extension_attribute(name).is_some_and(Attribute::writable), "{name}");
        }
    }
}
