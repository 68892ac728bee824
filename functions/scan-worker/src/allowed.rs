//! Whether this step may touch the org at all: asked anew at the begin of each.
//!
//! One rule: the workspace is active, both approvals are in force for this very address, the check has passed, and no
//! scope is asked for that the customer did not approve.

use shared::{
    delivery::{Approval, approval::Terms},
    okta::{AssertionKey, OrgUrl, Preflight, Transport},
    store::scans::ScanRecord,
};

use super::{Step, StepError, refusal};

/// What the customer lets this scan do.
pub(crate) struct Allowed {
    pub url: OrgUrl,
    pub client_id: String,
    pub key: AssertionKey,
    /// Approved, granted and reading only.
    pub scopes: Vec<String>,
    /// Okta's id of the org.
    pub okta_org_id: String,
    /// What it rests on.
    pub approvals: [Approval; 2],
}

impl<T: Transport> Step<'_, T> {
    pub(crate) async fn allowed(&self, scan: &ScanRecord) -> Result<Allowed, StepError> {
        if !self.is_open() {
            return Err(refusal::WORKSPACE.into());
        }
        let now = self.now();
        let connection = self.store.connection(&scan.org).await?.ok_or(refusal::CONNECTION)?;
        let first_scan = self.store.first_scan(&scan.org, now).await?.ok_or(refusal::APPROVAL)?;
        let api_access = self.store.api_access(&scan.org, now).await?.ok_or(refusal::APPROVAL)?;
        let (Terms::FirstScan { okta_url: scanned, .. }, Terms::ApiAccess { okta_url: read, scopes, .. }) =
            (&first_scan.terms, &api_access.terms)
        else {
            return Err(refusal::APPROVAL.into());
        };
        if *scanned != connection.okta_url || *read != connection.okta_url {
            return Err(refusal::APPROVAL.into());
        }
        let preflight: Option<Preflight> = connection
            .preflight
            .as_ref()
            .filter(|result| result.passed)
            .and_then(|result| serde_json::from_value(result.table.clone()).ok())
            .filter(Preflight::passes);
        let preflight = preflight.ok_or(refusal::CONNECTION)?;
        let mut granted = preflight.granted_scopes();
        granted.retain(|scope| scopes.contains(scope));
        let url = OrgUrl::parse_with(&connection.okta_url, &self.worker.extra_origins)
            .map_err(|_| refusal::CONNECTION)?;
        let key = self.worker.secrets.okta_key(&self.workspace.tenant, &connection).await?;
        Ok(Allowed {
            url,
            client_id: connection.client_id.ok_or(refusal::CONNECTION)?,
            key: key.ok_or(refusal::KEY)?,
            scopes: granted,
            okta_org_id: preflight.org_id,
            approvals: [first_scan, api_access],
        })
    }
}
