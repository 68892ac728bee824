//! DynamoDB, S3 and the other AWS services: the only module that names their SDKs.
//!
//! One rule: a store is opened for a tenant, and every key it makes begins with that tenant
//! ([`keys`] is the map). The exceptions are the lookups from host and from identity provider to tenant.

pub mod approvals;
pub mod attempts;
pub mod audit;
pub mod aws;
pub mod connections;
pub mod customers;
pub mod deliveries;
pub mod due;
pub mod error;
pub mod evidence;
pub mod findings;
pub mod groups;
mod json_text;
pub mod keys;
pub mod ledger;
pub mod links;
pub mod log;
pub mod mailer;
pub mod notify;
pub mod objects;
pub mod okta_keys;
pub mod onboarding;
pub mod operators;
pub mod parts;
mod pseudonym_key;
pub mod queue;
pub mod scans;
pub mod secrets;
pub mod service_error;
pub mod sessions;
pub mod signer;
pub mod sso;
pub mod table;
pub mod tenant_store;
mod text_parts;
pub mod tokens;
pub mod unproven;
pub mod users;
pub mod workspaces;

pub use aws::Aws;
pub use error::StoreError;
pub use evidence::Evidence;
pub use mailer::Mailer;
pub use queue::Queue;
pub use secrets::Secrets;
pub use service_error::ServiceError;
pub use signer::Signer;
pub use table::Table;
pub use tenant_store::{Scope, TenantStore};
pub use workspaces::Workspaces;
