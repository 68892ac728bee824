//! The rows. To keep another attribute, add its row here and a fixture to the user tests.

use super::{Attribute, Mutability, Returned, Type, Uniqueness};

/// A row with the defaults of RFC 7643 section 2.2.
const fn row(name: &'static str, kind: Type, description: &'static str) -> Attribute {
    Attribute {
        name,
        kind,
        multi_valued: false,
        required: false,
        case_exact: false,
        mutability: Mutability::ReadWrite,
        returned: Returned::Default,
        uniqueness: Uniqueness::None,
        canonical: &[],
        description,
    }
}

const fn string(name: &'static str, description: &'static str) -> Attribute {
    row(name, Type::String, description)
}

const fn boolean(name: &'static str, description: &'static str) -> Attribute {
    row(name, Type::Boolean, description)
}

const fn reference(name: &'static str, to: &'static [&'static str], description: &'static str) -> Attribute {
    row(name, Type::Reference(to), description).case_exact()
}

const fn complex(name: &'static str, subs: &'static [Attribute], description: &'static str) -> Attribute {
    row(name, Type::Complex(subs), description)
}

impl Attribute {
    const fn many(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn case_exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    const fn read_only(mut self) -> Self {
        self.mutability = Mutability::ReadOnly;
        self
    }

    const fn immutable(mut self) -> Self {
        self.mutability = Mutability::Immutable;
        self
    }

    const fn always(mut self) -> Self {
        self.returned = Returned::Always;
        self
    }

    const fn unique(mut self) -> Self {
        self.uniqueness = Uniqueness::Server;
        self
    }

    const fn usually(mut self, canonical: &'static [&'static str]) -> Self {
        self.canonical = canonical;
        self
    }
}

pub(super) static COMMON: &[Attribute] = &[
    reference("schemas", &["uri"], "The schemas of this resource.").many().read_only().always(),
    string("id", "The id we gave the resource.").case_exact().read_only().always().unique(),
    string("externalId", "The client's id of the resource.").case_exact(),
    complex("meta", META, "About the resource.").read_only(),
];

static META: &[Attribute] = &[
    string("resourceType", "The kind of resource.").case_exact().read_only(),
    row("created", Type::DateTime, "When it was created.").read_only(),
    row("lastModified", Type::DateTime, "When it was last changed.").read_only(),
    reference("location", &["uri"], "Its URL.").read_only(),
    string("version", "Its weak entity tag.").case_exact().read_only(),
];

pub(super) static USER: &[Attribute] = &[
    string("userName", "The name a person signs in with; in Okta the application username.")
        .required()
        .unique(),
    complex("name", NAME, "The parts of the person's name."),
    string("displayName", "The name to show."),
    string("nickName", "The casual name."),
    reference("profileUrl", &["external"], "A page about the person."),
    string("title", "The job title."),
    string("userType", "The relation to the organization, such as Employee."),
    string("preferredLanguage", "The preferred language, as in Accept-Language."),
    string("locale", "The locale for dates and numbers, such as en-US."),
    string("timezone", "The time zone, as in the Olson database."),
    // Every user has it, one way or the other: it cannot be taken away.
    boolean("active", "Whether the person may sign in.").required(),
    complex("emails", EMAILS, "E-mail addresses.").many(),
    complex("phoneNumbers", PHONE_NUMBERS, "Phone numbers.").many(),
    complex("addresses", ADDRESSES, "Postal addresses.").many(),
    complex("groups", GROUPS, "The groups the person is a member of; change the group instead.")
        .many()
        .read_only(),
];

static NAME: &[Attribute] = &[
    string("formatted", "The full name."),
    string("familyName", "The last name."),
    string("givenName", "The first name."),
    string("middleName", "The middle names."),
    string("honorificPrefix", "The title before the name."),
    string("honorificSuffix", "The suffix after the name."),
];

static EMAILS: &[Attribute] = &[
    string("value", "The address."),
    string("display", "The address to show."),
    string("type", "The kind of address.").usually(&["work", "home", "other"]),
    boolean("primary", "Whether it is the one to use."),
];

static PHONE_NUMBERS: &[Attribute] = &[
    string("value", "The number."),
    string("display", "The number to show."),
    string("type", "The kind of number.").usually(&["work", "home", "mobile", "fax", "pager", "other"]),
    boolean("primary", "Whether it is the one to use."),
];

static ADDRESSES: &[Attribute] = &[
    string("formatted", "The whole address."),
    string("streetAddress", "Street and number."),
    string("locality", "The city."),
    string("region", "The state or region."),
    string("postalCode", "The postal code."),
    string("country", "The country, as ISO 3166-1 alpha-2."),
    string("type", "The kind of address.").usually(&["work", "home", "other"]),
    boolean("primary", "Whether it is the one to use."),
];

static GROUPS: &[Attribute] = &[
    string("value", "The group's id.").case_exact().read_only(),
    reference("$ref", &["Group"], "The group's URL.").read_only(),
    string("display", "The name, of a role-group; a custom group's is at $ref.").read_only(),
    string("type", "How the person is a member.").read_only().usually(&["direct"]),
];

pub(super) static ENTERPRISE: &[Attribute] = &[
    string("employeeNumber", "The number the organization gave the person."),
    string("costCenter", "The cost center."),
    string("organization", "The organization."),
    string("division", "The division."),
    string("department", "The department."),
    complex("manager", MANAGER, "The person's manager."),
];

// RFC 7643 section 4.3 has `displayName` read-only; Okta's default mapping sets it, and we know no other source.
static MANAGER: &[Attribute] = &[
    string("value", "The manager's id in the client's directory.").case_exact(),
    reference("$ref", &["User"], "The manager's URL."),
    string("displayName", "The manager's name."),
];

pub(super) static GROUP: &[Attribute] = &[
    string("displayName", "The group's name.").required().unique(),
    complex("members", MEMBERS, "The users in the group; left out of very large groups.").many(),
];

static MEMBERS: &[Attribute] = &[
    string("value", "The user's id.").case_exact().immutable(),
    reference("$ref", &["User"], "The user's URL.").immutable(),
    string("type", "The kind of member; groups in groups are not supported.").immutable().usually(&["User"]),
];
