//! A scan that was judged, without an Okta org to scan: as the worker leaves it in the table.

use anyhow::bail;
use shared::{
    assessment::{Coverage, Evaluation, Outcome, rule::Hit},
    delivery::Approval,
    store::{
        TenantStore,
        audit::Acting,
        scans::{Begun, Finished, Outcomes, ScanRecord, Severities, Stored, Trigger},
    },
    tenant::{Digest, OrgId},
};

/// A scan of `org` with one failure of TOK-02 and one of ADM-01, both by the resource `resource`.
pub async fn judged(
    store: &TenantStore,
    org: &OrgId,
    approval: &Approval,
    resource: &str,
    acting: &Acting<'_>,
) -> anyhow::Result<ScanRecord> {
    let evaluations = ["TOK-02", "ADM-01"].map(|rule| {
        let hit = Hit {
            resource_kind: "api-tokens".to_owned(),
            resource_id: resource.to_owned(),
            want: "w".to_owned(),
            got: "g".to_owned(),
            pointer: "p".to_owned(),
        };
        Evaluation { rule: rule.to_owned(), outcome: Outcome::Fail { hits: vec![hit] } }
    });
    judged_as(store, org, approval, &evaluations, acting).await
}

/// A scan of `org` that came to `evaluations`.
pub async fn judged_as(
    store: &TenantStore,
    org: &OrgId,
    approval: &Approval,
    evaluations: &[Evaluation],
    acting: &Acting<'_>,
) -> anyhow::Result<ScanRecord> {
    let trigger = Trigger::Request { by: "user:u".to_owned() };
    let Begun::New(scan) = store.begin_scan(org, trigger, approval, acting).await? else {
        bail!("a scan was there before");
    };
    let findings = store.reconcile_findings(&scan, evaluations, acting).await?;
    let finished = Finished {
        coverage: Coverage::of(evaluations),
        outcomes: Outcomes::of(evaluations),
        findings: Severities::of(&findings),
        evaluation: Stored { name: "none".to_owned(), sha256: Digest::of(b""), bytes: 0 },
    };
    Ok(store.finish_scan(&scan, finished, acting).await?)
}
