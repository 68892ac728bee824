//! The editions of a report and where they lie.

use shared::{
    delivery::DataClass,
    report::{Findings, Report, html, json, sanitized},
    store::{TenantStore, audit::Acting, evidence::Document, objects::NewObject, scans::ScanRecord},
    tenant::Workspace,
};

use super::{ExportError, ReportExport};

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// Makes what is not there yet.
pub(crate) struct Editions<'a> {
    pub export: &'a ReportExport,
    pub workspace: &'a Workspace,
    pub store: &'a TenantStore,
    pub scan: &'a ScanRecord,
    pub acting: &'a Acting<'a>,
}

impl Editions<'_> {
    pub(crate) async fn make(&self, report: &Report, findings: &Findings) -> Result<(), ExportError> {
        let unreadable = |_| ExportError::Unreadable;
        self.keep("report.html", DataClass::Report, HTML, html::render(report).into_bytes()).await?;
        self.keep("report.json", DataClass::Report, JSON, json::render(report).map_err(unreadable)?).await?;
        let text = json::render_findings(findings).map_err(unreadable)?;
        self.keep("findings.json", DataClass::FindingsFull, JSON, text).await?;
        let key = self.export.secrets.pseudonym_key(&self.workspace.tenant, &*self.export.random).await?;
        // One edition for everybody outside: whoever holds two of one org can compare them, and nobody else.
        let names = sanitized::Pseudonyms::new(&key, &format!("outside:{}", self.scan.org));
        let outside = sanitized::render(report, &names);
        let class = DataClass::FindingsSanitized;
        self.keep("report-sanitized.html", class, HTML, html::render_sanitized(&outside).into_bytes())
            .await?;
        let text = json::render_sanitized(&outside).map_err(unreadable)?;
        self.keep("report-sanitized.json", class, JSON, text).await
    }

    /// Stores and describes an edition, unless that was done. One whose making was interrupted may be made again with
    /// newer decisions in it: that is another document, by its name.
    async fn keep(
        &self,
        file: &str,
        class: DataClass,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), ExportError> {
        let there = self.store.objects(Some(&self.scan.id)).await?;
        if there.iter().any(|object| object.class == class && object.file_name() == file) {
            return Ok(());
        }
        let document = Document { scan: &self.scan.id, file, class, content_type, bytes };
        let stored = self.export.evidence.keep(&self.workspace.tenant, document, self.acting.at).await?;
        let object = NewObject {
            org: self.scan.org.clone(),
            scan: self.scan.id.clone(),
            class,
            name: stored.name,
            sha256: stored.sha256,
            size: stored.bytes,
            content_type: content_type.to_owned(),
            published: true,
        };
        self.store.add_object(object, self.acting).await?;
        Ok(())
    }
}
