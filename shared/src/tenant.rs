//! Who a workspace is and who may do what in it.

pub mod id;
pub mod permission;
pub mod role;

pub use id::{TenantId, UserId};
pub use permission::Permission;
pub use role::Role;
