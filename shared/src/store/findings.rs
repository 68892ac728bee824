//! Findings: one item per problem of an org, whatever the number of scans that saw it.
//!
//! One rule: a person's move and a scan's change rest on the version that was read, and the move's audit record is in
//! its transaction. What a scan saw is an index of its own, so that an old scan still shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    StoreError, TenantStore,
    audit::Acting,
    json_text,
    keys::Key,
    scans::ScanRecord,
    table::{Item, Range, Write},
};
use crate::{
    assessment::{
        Evaluation, Finding, Severity,
        finding::reconcile,
        lifecycle::{Actor, Move, MoveError, State},
    },
    tenant::OrgId,
};

/// Findings of one transaction: DynamoDB takes 100 writes and 4 MB.
const BATCH: usize = 30;

/// How often a scan's changes are made anew when people keep deciding meanwhile.
const TRIES: u32 = 5;

/// A finding as the table keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    #[serde(with = "json_text")]
    pub finding: Finding,
    pub version: u64,
    /// A draft that nobody published and that a later scan did not find again: never shown.
    #[serde(default)]
    gone: bool,
}

/// What the index of a scan keeps: the key says it all.
#[derive(Serialize)]
struct Seen {}

/// Which findings to list. Everything left out takes all.
#[derive(Debug, Clone, Default)]
pub struct FindingFilter {
    /// Words of states, such as `draft`; see [`State::word`].
    pub states: Vec<String>,
    pub severity: Option<Severity>,
    pub rule: Option<String>,
    /// Those that the customer may see as open; drafts and dismissals left out.
    pub open: bool,
}

impl FindingFilter {
    fn takes(&self, finding: &Finding) -> bool {
        (self.states.is_empty() || self.states.iter().any(|word| word == finding.state.word()))
            && self.severity.is_none_or(|severity| severity == finding.severity)
            && self.rule.as_ref().is_none_or(|rule| *rule == finding.rule)
            && (!self.open || finding.state.is_open())
    }
}

/// Why a move was not made.
#[derive(Debug, thiserror::Error)]
pub enum FindingError {
    #[error(transparent)]
    Move(#[from] MoveError),
    #[error("the finding was changed in the meantime")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a scan was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("want a judged scan, got one in another state")]
    NotJudged,
    /// What it saw is no longer what the operator decided about.
    #[error("want the org's newest judged scan, got an earlier one")]
    NotNewest,
    /// A draft is neither confirmed nor dismissed: the report would leave it out without a word.
    #[error("{0} findings are still drafts")]
    Undecided(usize),
    #[error(transparent)]
    Finding(#[from] FindingError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TenantStore {
    /// The finding with this id.
    pub async fn finding(&self, org: &OrgId, id: &str) -> Result<Option<FindingRecord>, StoreError> {
        let record: Option<FindingRecord> = self.table.read(&self.finding_key(org, id)).await?;
        Ok(record.filter(|record| !record.gone))
    }

    /// The findings of an org that `filter` takes, worst first.
    pub async fn findings(
        &self,
        org: &OrgId,
        filter: &FindingFilter,
    ) -> Result<Vec<FindingRecord>, StoreError> {
        let all = self.all_findings(org).await?;
        let mut taken: Vec<_> =
            all.into_values().filter(|record| !record.gone && filter.takes(&record.finding)).collect();
        taken.sort_by(|a, b| {
            let key = |r: &FindingRecord| {
                (std::cmp::Reverse(r.finding.severity), r.finding.rule.clone(), r.finding.id.clone())
            };
            key(a).cmp(&key(b))
        });
        Ok(taken)
    }

    /// The findings that `scan` saw, as they stand now, worst first.
    pub async fn findings_of_scan(
        &self,
        scan: &ScanRecord,
        filter: &FindingFilter,
    ) -> Result<Vec<FindingRecord>, StoreError> {
        let seen = self.ids_seen(scan).await?;
        let mut findings = self.findings(&scan.org, filter).await?;
        findings.retain(|record| seen.contains(&record.finding.id));
        Ok(findings)
    }

    /// Makes one move on findings as they were read, with one reason; all or as many as fit a transaction, in
    /// order. Nothing happens if the first of a batch is illegal or was changed meanwhile. Returns them as they are now.
    pub async fn move_findings(
        &self,
        read: &[FindingRecord],
        wanted: &Move,
        by: &Actor,
        why: &str,
        acting: &Acting<'_>,
    ) -> Result<Vec<FindingRecord>, FindingError> {
        // Every move is judged before the first is made.
        let mut moved = Vec::new();
        for record in read {
            let mut next = FindingRecord { version: record.version + 1, ..record.clone() };
            next.finding.apply(wanted, by.clone(), why, acting.at)?;
            moved.push(next);
        }
        let pairs: Vec<_> = read.iter().zip(&moved).collect();
        for batch in pairs.chunks(BATCH) {
            let mut writes = Vec::new();
            for (before, after) in batch {
                writes.push(self.replace_finding(before, after));
                let action = format!("finding.{}", after.finding.state.word());
                let audit = acting.record(&action, format!("finding:{}", after.finding.id), "");
                writes.push(audit.write(&self.tenant));
            }
            self.table.write(writes).await.map_err(|error| match error {
                StoreError::Condition(_) => FindingError::Changed,
                other => FindingError::Store(other),
            })?;
        }
        Ok(moved)
    }

    /// Publishes every confirmed finding that `scan` saw or could not judge, and the scan; its report can be made from
    /// then on. Done
    /// again after a failure, it goes on where it stopped. Refused once a later scan of the org is judged, or has begun
    /// to change what this one saw.
    pub async fn publish_scan(
        &self,
        scan: &ScanRecord,
        by: &Actor,
        acting: &Acting<'_>,
    ) -> Result<ScanRecord, PublishError> {
        if scan.state != super::scans::ScanState::Judged {
            return Err(PublishError::NotJudged);
        }
        if self.judged_after(scan).await?.is_some() {
            return Err(PublishError::NotNewest);
        }
        let ids = self.ids_seen(scan).await?;
        let mut all = self.all_findings(&scan.org).await?;
        let seen: Vec<_> = ids.iter().filter_map(|id| all.remove(id)).collect();
        // A scan changes the findings before it is judged.
        let is_ours = |record: &FindingRecord| !record.gone && record.finding.scan == scan.id;
        if seen.len() < ids.len() || !seen.iter().all(is_ours) {
            return Err(PublishError::NotNewest);
        }
        let drafts = seen.iter().filter(|record| record.finding.state == State::Draft).count();
        if drafts > 0 {
            return Err(PublishError::Undecided(drafts));
        }
        // Also what an earlier scan saw and this one could not judge: else nobody would be told of it any more.
        let unjudged = all.into_values().filter(|record| !record.gone && record.finding.scan < scan.id);
        let confirmed: Vec<_> = seen
            .into_iter()
            .chain(unjudged)
            .filter(|record| record.finding.state == State::Confirmed)
            .collect();
        self.move_findings(&confirmed, &Move::Publish, by, "", acting).await?;
        Ok(self.note_scan_published(scan, acting).await?)
    }

    /// Brings the org's findings up to a scan's evaluations. Done twice it changes nothing more; people who decide
    /// meanwhile are not overwritten. Returns the findings that the scan saw.
    pub async fn reconcile_findings(
        &self,
        scan: &ScanRecord,
        evaluations: &[Evaluation],
        acting: &Acting<'_>,
    ) -> Result<Vec<Finding>, StoreError> {
        let mut tries = 0;
        loop {
            match self.try_reconcile(scan, evaluations, acting).await {
                Err(StoreError::Condition(_)) if tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn try_reconcile(
        &self,
        scan: &ScanRecord,
        evaluations: &[Evaluation],
        acting: &Acting<'_>,
    ) -> Result<Vec<Finding>, StoreError> {
        let before = self.all_findings(&scan.org).await?;
        let earlier = before.values().filter(|r| !r.gone).map(|r| r.finding.clone()).collect();
        let after = reconcile(scan.org.as_str(), &scan.id, earlier, evaluations, acting.at);

        let mut writes = Vec::new();
        for finding in &after {
            let read = before.get(&finding.id);
            if read.is_some_and(|read| !read.gone && read.finding == *finding) {
                continue;
            }
            let version = read.map_or(0, |read| read.version) + 1;
            let next = FindingRecord { finding: finding.clone(), version, gone: false };
            writes.push(match read {
                Some(read) => self.replace_finding(read, &next),
                None => Write::create(self.finding_key(&scan.org, &finding.id), &next),
            });
        }
        let kept: BTreeSet<&str> = after.iter().map(|finding| finding.id.as_str()).collect();
        for read in before.values().filter(|r| !r.gone && !kept.contains(r.finding.id.as_str())) {
            let next = FindingRecord { gone: true, version: read.version + 1, ..read.clone() };
            writes.push(self.replace_finding(read, &next));
        }
        let seen: Vec<_> = after.into_iter().filter(|finding| finding.scan == scan.id).collect();
        let index = format!("F#{}", scan.id);
        writes.extend(seen.iter().map(|finding| Write::put(self.key(&index, &finding.id), &Seen {})));
        let mut writes = writes.into_iter().peekable();
        while writes.peek().is_some() {
            let batch: Vec<_> = writes.by_ref().take(BATCH).collect();
            let audit = acting.record("scan.findings", format!("scan:{}", scan.id), batch.len().to_string());
            self.change(batch, &audit).await?;
        }
        Ok(seen)
    }

    /// The ids of the findings that `scan` saw.
    async fn ids_seen(&self, scan: &ScanRecord) -> Result<BTreeSet<String>, StoreError> {
        let pk = self.partition(&format!("F#{}", scan.id));
        let range = Range { pk: &pk, from: None, to: None, newest_first: false, limit: u32::MAX };
        let items = self.table.query(&range).await?;
        let id = |item: &Item| item.get("SK").and_then(|sk| sk.as_s().ok()).cloned();
        Ok(items.iter().filter_map(id).collect())
    }

    async fn all_findings(&self, org: &OrgId) -> Result<BTreeMap<String, FindingRecord>, StoreError> {
        let pk = self.partition(&format!("FO#{org}"));
        let range = Range { pk: &pk, from: None, to: None, newest_first: false, limit: u32::MAX };
        let records: Vec<FindingRecord> = self.table.list(&range).await?;
        Ok(records.into_iter().map(|record| (record.finding.id.clone(), record)).collect())
    }

    fn replace_finding(&self, read: &FindingRecord, next: &FindingRecord) -> Write {
        let key = self.finding_key(&OrgId::new(&read.finding.org), &read.finding.id);
        Write::put(key, next).when("#version = :read").bind(":read", read.version)
    }

    fn finding_key(&self, org: &OrgId, id: &str) -> Key {
        self.key(&format!("FO#{org}"), id)
    }
}
