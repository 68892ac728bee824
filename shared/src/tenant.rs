//! Who a workspace is and who may do what in it.

pub mod cookie;
pub mod digest;
pub mod id;
pub mod permission;
pub mod principal;
pub mod role;
pub mod session;
pub mod token;
pub mod totp;

pub use digest::Digest;
pub use id::{OrgId, TenantId, UserId};
pub use permission::Permission;
pub use principal::Principal;
pub use role::Role;
