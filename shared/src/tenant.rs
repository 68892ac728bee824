//! Who a workspace is and who may do what in it.

pub mod cookie;
pub mod digest;
pub mod id;
pub mod permission;
pub mod principal;
pub mod public_base;
pub mod resource_id;
pub mod role;
pub mod session;
pub mod subdomain;
pub mod token;
pub mod totp;
pub mod workspace;

pub use digest::Digest;
pub use id::{OrgId, TenantId, UserId};
pub use permission::Permission;
pub use principal::{Actor, Forbidden, Principal};
pub use public_base::PublicBase;
pub use role::Role;
pub use subdomain::Subdomain;
pub use workspace::{Workspace, WorkspaceKind, WorkspaceState};
