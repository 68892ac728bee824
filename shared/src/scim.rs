//! SCIM 2.0 as values: what a client may send, what it means, and what we answer.
//!
//! | module | holds |
//! |---|---|
//! | [`schema`] | the one table of attributes; everything else asks it |
//! | [`json`] | strict JSON: one document, no duplicate keys, bounded |
//! | [`path`] | attribute names and PATCH paths, resolved against the table |
//! | [`filter`] | the filter language of RFC 7644: parse, print, match |
//! | [`patch`] | PATCH requests, validated as a whole; the change a group PATCH folds to |
//! | [`bulk`] | bulk requests: what each operation does, and which waits for which |
//! | [`user`], [`group`] | resources: from a request, to an answer |
//! | [`list`], [`projection`], [`sort`] | list queries, their answers, chosen attributes, order |
//! | [`error`] | the one error type and its JSON |
//!
//! Pure: no HTTP, no AWS, no clock. The one rule: nothing a client sends is kept or obeyed unless the
//! schema table names it, and nothing it sends is repeated in an error.

pub mod bulk;
pub mod error;
pub mod filter;
pub mod fold;
pub mod group;
pub mod json;
pub mod list;
pub mod meta;
pub(crate) mod normalise;
pub mod patch;
pub mod path;
pub mod projection;
pub mod schema;
pub mod sort;
pub mod user;

pub use error::{ScimError, ScimType};
pub use filter::{Filter, Lookup};
pub use fold::fold_user_name;
pub use group::{GroupAttributes, GroupCreate, GroupReplace, GroupView, MemberRef};
pub use json::Json;
pub use list::{ListQuery, ListResponse, Start};
pub use patch::{GroupChange, MembersChange, PatchRequest};
pub use projection::Projection;
pub use schema::ResourceKind;
pub use user::{GroupRef, UserAttributes, UserBody, UserView};
