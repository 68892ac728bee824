//! Scans of an org: what each is about to do, did, and found.
//!
//! One rule: at most one scan of an org is under way, and one worker works on it. Every change rests on the version
//! that was read, so who lost its lease changes nothing any more.

mod batch;
mod begin;
mod id;
mod message;
mod record;
mod work;

pub use self::{
    batch::{Receiver, receive_all},
    begin::{BeginError, Begun},
    message::ScanMessage,
    record::{Finished, Lease, Outcomes, ScanRecord, ScanState, Sealed, Severities, Stored, Trigger},
    work::{ClaimError, Claimed, LEASE},
};
use super::{
    StoreError, TenantStore,
    audit::Acting,
    keys::Key,
    table::{Range, Write},
};
use crate::tenant::OrgId;

impl TenantStore {
    /// The scan with this id: the id names its org.
    pub async fn scan(&self, id: &str) -> Result<Option<ScanRecord>, StoreError> {
        let Some(org) = id::org_of(id) else { return Ok(None) };
        self.table.read(&self.scan_key(&org, id)).await
    }

    /// The scans of `org`, newest first, at most `limit`.
    pub async fn scans(&self, org: &OrgId, limit: u32) -> Result<Vec<ScanRecord>, StoreError> {
        let pk = self.partition(&format!("X#{org}"));
        self.table.list(&Range { pk: &pk, from: None, to: None, newest_first: true, limit }).await
    }

    /// The newest scan of the same org that was begun after `scan` and is judged, if there is one.
    pub async fn judged_after(&self, scan: &ScanRecord) -> Result<Option<ScanRecord>, StoreError> {
        let pk = self.partition(&format!("X#{}", scan.org));
        // Newest first, down to this one itself.
        let range = Range { pk: &pk, from: None, to: Some(&scan.id), newest_first: true, limit: u32::MAX };
        let scans: Vec<ScanRecord> = self.table.list(&range).await?;
        Ok(scans.into_iter().find(|other| other.id > scan.id && other.state == ScanState::Judged))
    }

    /// The scan of `org` that is under way, if one is.
    pub async fn scan_under_way(&self, org: &OrgId) -> Result<Option<ScanRecord>, StoreError> {
        match self.table.read::<begin::Current>(&self.current_scan_key(org)).await? {
            Some(current) if current.open => self.scan(&current.scan).await,
            _ => Ok(None),
        }
    }

    /// Notes that a judged scan was published: from then on its report can be made.
    pub async fn note_scan_published(
        &self,
        scan: &ScanRecord,
        acting: &Acting<'_>,
    ) -> Result<ScanRecord, StoreError> {
        let published = scan.published.or(Some(acting.at));
        let next = ScanRecord { published, version: scan.version + 1, ..scan.clone() };
        let audit = acting.record("scan.publish", format!("scan:{}", scan.id), "");
        self.change(vec![self.replace_scan(scan, &next)], &audit).await?;
        Ok(next)
    }

    /// The write that puts `next` in the place of `read`; refused when somebody changed it since.
    fn replace_scan(&self, read: &ScanRecord, next: &ScanRecord) -> Write {
        Write::put(self.scan_key(&read.org, &read.id), next)
            .when("#version = :read")
            .bind(":read", read.version)
    }

    fn scan_key(&self, org: &OrgId, id: &str) -> Key {
        self.key(&format!("X#{org}"), id)
    }

    fn current_scan_key(&self, org: &OrgId) -> Key {
        self.key(&format!("XS#{org}"), "CURRENT")
    }
}
