//! Ids that cannot be mixed up. They are generated, never chosen by a user.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes an id that the store or a verified source gave.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// A workspace's random id. It never changes and begins every partition key.
    TenantId
}
id! {
    /// A user's SCIM id: a version 8 UUID that is also the user's address in the store.
    UserId
}
id! {
    /// One assessed Okta org of a workspace. Evidence of two orgs never mixes.
    OrgId
}

pub(crate) use id;
