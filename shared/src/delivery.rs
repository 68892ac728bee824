//! What may leave a workspace, to whom, and the proof of it.
//!
//! | module | says |
//! |---|---|
//! | [`class`] | what kind of evidence an object is |
//! | [`destination`] | where bytes would go, hashed so that drift shows |
//! | [`approval`] | what the customer allowed, for whom, until when |
//! | [`ledger`] | the append-only record of every approval and read |
//! | [`routing`] | the one decision whether an object may go to a recipient |
//! | [`partner`] | who may lead an outside firm |
//!
//! One rule: anything missing, unreadable, expired or late means no delivery.

pub mod approval;
pub mod class;
pub mod destination;
pub mod email;
pub mod id;
pub mod ledger;
pub mod partner;
pub mod routing;

pub use approval::Approval;
pub use class::{ClassSet, DataClass};
pub use destination::Destination;
pub use email::Email;
pub use id::{ApprovalId, PartnerId};
