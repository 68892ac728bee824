//! SAML 2.0 metadata: theirs, from which a connection is pinned, and ours, which their admin loads.

mod change;
mod idp;
mod sp;
mod terms;

pub use change::{Change, Keys};
pub use idp::{IdpMetadata, MAX_BYTES, MetadataError};
pub use sp::{SpMetadata, sp_metadata};
pub use terms::Terms;
