//! Ids of the delivery side.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::tenant::id::id;

id! {
    /// One approval. A new request is a new approval: none comes back to life.
    ApprovalId
}
id! {
    /// An outside firm.
    PartnerId
}
