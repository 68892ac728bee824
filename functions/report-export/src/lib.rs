//! Makes the report of a published scan, in every edition, and its findings for machines, each stored and described once.
//!
//! One rule: it shows what was sealed, judged and published of this one scan, read back by digest, whatever later scans
//! did meanwhile; an edition that is there is never made again.

mod editions;

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use shared::{
    assessment::{Evaluation, Finding, Manifest, framework::Framework},
    delivery::ApprovalId,
    ops::{Clock, Random, telemetry},
    report::{
        Findings, Report, findings,
        model::{Consent, Input, ReportError},
    },
    store::{
        Evidence, Secrets, ServiceError, StoreError, TenantStore, Workspaces,
        audit::Acting,
        findings::FindingFilter,
        objects::ObjectError,
        scans::{self, Receiver, ScanMessage, ScanRecord},
    },
    tenant::Workspace,
};

/// What making reports needs.
#[derive(Clone)]
pub struct ReportExport {
    pub workspaces: Workspaces,
    pub evidence: Evidence,
    pub secrets: Secrets,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// Why a report was not made. All but the first may go away.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("want a published scan, got something else")]
    NotPublished,
    #[error("the scan's documents cannot be read")]
    Unreadable,
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// Handles a batch; messages that must come again are named in the answer.
pub async fn handle(export: &ReportExport, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    let batch = async { Ok(scans::receive_all(export, payload).await?) };
    telemetry::invocation("report-export", &context.request_id, &*export.clock, batch).await
}

impl Receiver for ReportExport {
    async fn receive(&self, message: &ScanMessage, id: &str) -> Result<(), String> {
        match self.make(message, id).await {
            Err(error @ ExportError::NotPublished) => {
                tracing::error!(scan = message.scan, correlation_id = id, reason = %error, "no report is made");
                Ok(())
            }
            made => made.map_err(|error| error.to_string()),
        }
    }
}

impl ReportExport {
    async fn make(&self, message: &ScanMessage, id: &str) -> Result<(), ExportError> {
        let workspace = self.workspaces.read(&message.tenant).await?.ok_or(ExportError::NotPublished)?;
        let store = self.workspaces.table().tenant(&workspace);
        let scan = store.scan(&message.scan).await?;
        let scan = scan.filter(|scan| scan.org == message.org && scan.published.is_some());
        let scan = scan.ok_or(ExportError::NotPublished)?;
        let acting = Acting {
            actor: "job:report-export".to_owned(),
            at: self.clock.now(),
            correlation_id: id,
            random: &*self.random,
        };
        let (report, findings) = self.report(&workspace, &store, &scan).await?;
        editions::Editions {
            export: self,
            workspace: &workspace,
            store: &store,
            scan: &scan,
            acting: &acting,
        }
        .make(&report, &findings)
        .await
    }

    async fn report(
        &self,
        workspace: &Workspace,
        store: &TenantStore,
        scan: &ScanRecord,
    ) -> Result<(Report, Findings), ExportError> {
        let (Some(sealed), Some(judged)) = (&scan.manifest, &scan.evaluation) else {
            return Err(ExportError::NotPublished);
        };
        let (tenant, evidence) = (&workspace.tenant, &self.evidence);
        let manifest = evidence.read(tenant, &sealed.stored.name, &sealed.stored.sha256).await?;
        let manifest = Manifest::from_bytes(&manifest).map_err(|_| ExportError::Unreadable)?;
        let evaluations = evidence.read(tenant, &judged.name, &judged.sha256).await?;
        let evaluations: Vec<Evaluation> =
            serde_json::from_slice(&evaluations).map_err(|_| ExportError::Unreadable)?;
        // All of them: one that a later scan has resolved meanwhile was open for this one.
        let seen = store.findings_of_scan(scan, &FindingFilter::default()).await?;
        let seen: Vec<Finding> = seen.into_iter().map(|record| record.finding).collect();
        let consent = consent(store, scan).await?;
        let input = Input {
            manifest: &manifest,
            evaluations: &evaluations,
            findings: &seen,
            frameworks: Framework::ALL,
            consent: &consent,
        };
        let report = Report::build(input)?;
        let findings = findings::render(&report, &evaluations);
        Ok((report, findings))
    }
}

/// Who approved the scan, by id: a report goes further than the names of the customer's staff should.
async fn consent(store: &TenantStore, scan: &ScanRecord) -> Result<Consent, ExportError> {
    let approval = store.approval(&ApprovalId::new(&scan.approval)).await?.ok_or(ExportError::Unreadable)?;
    let last = approval.consents.iter().max_by_key(|consent| consent.at).ok_or(ExportError::Unreadable)?;
    Ok(Consent {
        approval: approval.id.to_string(),
        approved_by: last.user.to_string(),
        approved_at: last.at,
    })
}
