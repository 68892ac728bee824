//! The edge: from a request to a workspace and a principal, from a result to an answer.
//!
//! One rule: the tenant comes from API Gateway's `requestContext.domainName`, once, and from nothing else.

pub mod answer;
pub mod bearer;
pub mod body;
pub mod door;
pub mod headers;
pub mod input;
pub mod observe;
pub mod outbound;
pub mod page;
pub mod scim;
pub mod session;
pub mod start;

pub use answer::{Answer, Problem};
pub use bearer::ScimClient;
pub use door::{Door, Visit};
pub use input::Input;
pub use outbound::Outbound;
pub use session::Person;
