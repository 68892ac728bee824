//! Sealing what was read, and judging exactly that.
//!
//! One rule: the manifest's digest and signature are in the table before anything is judged; done again, this step
//! takes them from there.

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use shared::{
    assessment::{
        Checkpoint, Coverage, Evaluation, Manifest,
        dsse::{Envelope, IN_TOTO, pae},
        engine,
        manifest::Subject,
        rule::Params,
        rules,
    },
    canonical,
    delivery::DataClass,
    okta::Transport,
    store::{
        evidence::Document,
        objects::{NewObject, ObjectError},
        parts::{self, Parts, ReadBackError},
        scans::{Finished, Outcomes, ScanRecord, Sealed, Severities, Stored},
    },
};

use super::{Step, StepError, allowed::Allowed, refusal};

const JSON: &str = "application/json";

/// Objects described at once.
const AT_ONCE: usize = 8;

impl<T: Transport> Step<'_, T> {
    pub(crate) async fn seal(
        &self,
        scan: &ScanRecord,
        checkpoint: &Checkpoint,
        allowed: &Allowed,
        at: Timestamp,
    ) -> Result<(), StepError> {
        let (scan, sealed, manifest) = self.sealed(scan, checkpoint, allowed, at).await?;
        let envelope = self.envelope(&sealed, &manifest).await?;
        let tenant = &self.workspace.tenant;
        let parts = Parts { evidence: &self.worker.evidence, tenant, scan: &scan.id };
        let (snapshot, raw) = parts.open(&manifest).await.map_err(|error| match error {
            ReadBackError::Service(error) => error.into(),
            ReadBackError::Open(error) => {
                tracing::error!(scan = scan.id, correlation_id = self.id, error.message = %error, "snapshot");
                StepError::from(refusal::EVIDENCE)
            }
        })?;
        let evaluations = engine::evaluate(&snapshot, &Params::default(), at);
        drop(snapshot);
        let evaluation = self.keep_evaluation(&scan, &evaluations).await?;
        self.describe(&scan, [&sealed.stored, &envelope], &evaluation, &raw).await?;
        let seen = self.store.reconcile_findings(&scan, &evaluations, &self.acting()).await?;
        let finished = Finished {
            coverage: Coverage::of(&evaluations),
            outcomes: Outcomes::of(&evaluations),
            findings: Severities::of(&seen),
            evaluation,
        };
        let scan = self.store.finish_scan(&scan, finished, &self.acting()).await?;
        self.log(&scan, "the scan is judged");
        Ok(())
    }

    /// The sealed manifest: as it was sealed before, or sealed now.
    async fn sealed(
        &self,
        scan: &ScanRecord,
        checkpoint: &Checkpoint,
        allowed: &Allowed,
        at: Timestamp,
    ) -> Result<(ScanRecord, Sealed, Manifest), StepError> {
        let (evidence, tenant) = (&self.worker.evidence, &self.workspace.tenant);
        if let Some(sealed) = &scan.manifest {
            let bytes = evidence.read(tenant, &sealed.stored.name, &sealed.stored.sha256).await?;
            let manifest = Manifest::from_bytes(&bytes).map_err(|_| refusal::EVIDENCE)?;
            return Ok((scan.clone(), sealed.clone(), manifest));
        }
        let subject = Subject {
            tenant: tenant.to_string(),
            org: scan.org.to_string(),
            org_url: allowed.url.as_str().to_owned(),
            okta_org_id: allowed.okta_org_id.clone(),
            scopes: allowed.scopes.clone(),
            rule_library: rules::VERSION.to_owned(),
        };
        let manifest = Manifest::seal(checkpoint, subject, at).map_err(|error| {
            tracing::error!(scan = scan.id, correlation_id = self.id, error.message = %error, "manifest");
            refusal::UNSEALED
        })?;
        let bytes = manifest.to_bytes().map_err(|_| refusal::UNSEALED)?;
        let statement = manifest.statement().map_err(|_| refusal::UNSEALED)?;
        let signature = self.worker.signer.sign(&pae(IN_TOTO, &statement)).await?;
        let stored = self.keep(&scan.id, "manifest.json", DataClass::Manifest, bytes).await?;
        let sealed = Sealed {
            stored,
            key_id: self.worker.signer.key_id().to_owned(),
            signature: STANDARD.encode(signature),
        };
        let scan = self.store.keep_seal(scan, sealed.clone(), self.now()).await?;
        Ok((scan, sealed, manifest))
    }

    /// Keeps the signed statement about the manifest, with the one signature that the table holds.
    async fn envelope(&self, sealed: &Sealed, manifest: &Manifest) -> Result<Stored, StepError> {
        let statement = manifest.statement().map_err(|_| refusal::UNSEALED)?;
        let signature = STANDARD.decode(&sealed.signature).map_err(|_| refusal::EVIDENCE)?;
        let envelope = Envelope::new(&statement, &sealed.key_id, &signature);
        let bytes = canonical::to_bytes(&envelope).map_err(|_| refusal::UNSEALED)?;
        self.keep(&manifest.scan, "manifest.dsse.json", DataClass::Manifest, bytes).await
    }

    async fn keep_evaluation(
        &self,
        scan: &ScanRecord,
        evaluations: &[Evaluation],
    ) -> Result<Stored, StepError> {
        let bytes = canonical::to_bytes(&evaluations).map_err(|_| refusal::UNSEALED)?;
        self.keep(&scan.id, "evaluation.json", DataClass::FindingsFull, bytes).await
    }

    async fn keep(
        &self,
        scan: &str,
        file: &str,
        class: DataClass,
        bytes: Vec<u8>,
    ) -> Result<Stored, StepError> {
        let document = Document { scan, file, class, content_type: JSON, bytes };
        Ok(self.worker.evidence.keep(&self.workspace.tenant, document, self.now()).await?)
    }

    /// Says of every object what it is, so that approvals can speak of it.
    async fn describe(
        &self,
        scan: &ScanRecord,
        sealed: [&Stored; 2],
        evaluation: &Stored,
        raw: &[Stored],
    ) -> Result<(), StepError> {
        let object = |stored: &Stored, class, content_type: &str| NewObject {
            org: scan.org.clone(),
            scan: scan.id.clone(),
            class,
            name: stored.name.clone(),
            sha256: stored.sha256,
            size: stored.bytes,
            content_type: content_type.to_owned(),
            published: class == DataClass::Manifest,
        };
        let mut objects = vec![object(evaluation, DataClass::FindingsFull, JSON)];
        objects.extend(sealed.map(|stored| object(stored, DataClass::Manifest, JSON)));
        objects.extend(raw.iter().map(|part| object(part, DataClass::RawIdentity, parts::CONTENT_TYPE)));
        let acting = &self.acting();
        let added = futures::stream::iter(objects)
            .map(|object| self.store.add_object(object, acting))
            .buffer_unordered(AT_ONCE)
            .try_for_each(|_| std::future::ready(Ok(())));
        added.await.map_err(|error| match error {
            ObjectError::Store(error) => error.into(),
            ObjectError::Scan | ObjectError::Exists => refusal::EVIDENCE.into(),
        })
    }
}
