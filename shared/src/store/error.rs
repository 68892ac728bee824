//! What can go wrong at the table, as far as a caller can act on it.

/// A failure of the store. None of them ever means "allowed".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A condition did not hold; for a transaction, which of its writes (by index) were refused.
    #[error("the condition of write {0:?} did not hold")]
    Condition(Vec<usize>),
    /// The table or a hot partition has no capacity left: try again later.
    #[error("the table is throttled")]
    Throttled,
    /// Other writers kept changing the same items: try again.
    #[error("other writers changed the same items")]
    Conflict,
    /// An item does not read as what its key says it is.
    #[error("an item of kind {kind} cannot be read: {reason}")]
    Corrupt { kind: &'static str, reason: String },
    /// The service cannot be reached or refused the call.
    #[error("the service is unavailable: {0}")]
    Unavailable(String),
}

impl StoreError {
    /// Whether the condition of the write at `index` failed.
    pub fn refused(&self, index: usize) -> bool {
        matches!(self, Self::Condition(indices) if indices.contains(&index))
    }
}
