//! SAML 2.0 metadata: theirs, from which a connection is pinned, and ours, which their admin loads.

mod change;
mod idp;
mod sp;

pub use change::Change;
pub use idp::{IdpMetadata, MAX_BYTES, MetadataError};
pub use sp::{SpMetadata, sp_metadata};
