//! Who a workspace is and who may do what in it.

pub mod id;
pub mod permission;
pub mod role;
pub mod subdomain;
pub mod workspace;

pub use id::{TenantId, UserId};
pub use permission::Permission;
pub use role::Role;
pub use subdomain::Subdomain;
pub use workspace::{Workspace, WorkspaceKind, WorkspaceState};
