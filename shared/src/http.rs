//! The edge: from a request to a workspace and a principal, from a result to an answer.
//!
//! One rule: the tenant comes from API Gateway's `requestContext.domainName`, once, and from nothing else.

pub mod after;
pub mod answer;
pub mod bearer;
pub mod body;
pub mod door;
mod guess;
pub mod headers;
pub mod input;
mod last_admin;
pub mod metadata;
pub mod observe;
pub mod outbound;
pub mod page;
pub mod provisioning;
pub mod rate;
pub mod scim;
pub mod session;
pub mod start;

pub use after::After;
pub use answer::{Answer, Problem};
pub use bearer::{ScimCaller, ScimClient};
pub use door::{Door, Visit};
pub use input::Input;
pub use outbound::Outbound;
pub use session::Person;
