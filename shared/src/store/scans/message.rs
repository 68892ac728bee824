//! What the queues carry.

use serde::{Deserialize, Serialize};

use crate::tenant::{OrgId, TenantId};

/// "Go on with this scan" for the worker, "make its report" for the export. It says nothing else: what there is to
/// do is read from the table, so a message that comes twice or late does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanMessage {
    pub tenant: TenantId,
    pub org: OrgId,
    pub scan: String,
}
