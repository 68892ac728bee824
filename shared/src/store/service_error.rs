//! Failures of the services beside the table.

use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// A service refused, did not answer, or answered something that cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("{service} is unavailable: {code}")]
    Unavailable { service: &'static str, code: String },
    #[error("{service} holds no {what}")]
    Missing { service: &'static str, what: &'static str },
    /// Bytes are not those that were named: never used.
    #[error("{what} has another digest than it should")]
    Digest { what: &'static str },
    /// Something else lies where this was to be written once.
    #[error("{what} exists already with other content")]
    Exists { what: &'static str },
}

impl ServiceError {
    /// The code alone: a message could hold a name or a key.
    pub(super) fn of<E: ProvideErrorMetadata>(service: &'static str, error: &E) -> Self {
        Self::Unavailable { service, code: error.code().unwrap_or("no answer").to_owned() }
    }
}
