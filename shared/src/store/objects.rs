//! What was made and lies in the evidence bucket: one item an object, saying what it is.
//!
//! One rule: an object is described once. The same name of the same scan is the same object; other bytes under it
//! are an error.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    StoreError, TenantStore,
    audit::Acting,
    table::{Range, Write},
};
use crate::{
    delivery::{DataClass, routing::Object},
    tenant::{Digest, OrgId},
};

const PARTITION: &str = "Y";

/// Writes of one transaction beside the audit record.
const BATCH: usize = 90;

/// What is said of an object when it is made.
#[derive(Debug, Clone)]
pub struct NewObject {
    pub org: OrgId,
    /// The scan it belongs to: letters, digits, `-` and `_`.
    pub scan: String,
    pub class: DataClass,
    /// The S3 key below `tenants/<tenant>/`. Its last part is the file's name for people.
    pub name: String,
    pub sha256: Digest,
    /// Bytes.
    pub size: u64,
    pub content_type: String,
    /// Born published (a manifest, an access log, what is made of published findings), or published later with its scan;
    /// the rules' outcomes never are.
    pub published: bool,
}

/// An object of the evidence bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRecord {
    /// `<scan>.<20 hexadecimal digits>`, the same for the same name of the same scan.
    pub id: String,
    pub org: OrgId,
    pub scan: String,
    pub class: DataClass,
    pub name: String,
    pub sha256: Digest,
    pub size: u64,
    pub content_type: String,
    pub published: bool,
    pub created: Timestamp,
}

impl ObjectRecord {
    /// The file's name for people.
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

/// Why an object was not added.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("want a scan id of letters, digits, - and _")]
    Scan,
    #[error("another object has this name in this scan")]
    Exists,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether an object of this class is published as the scan made it. Findings are not: the rules' outcomes hold what the
/// operator dismissed. A document of the published ones is made for others instead, by report-export.
fn goes_out_as_it_is(class: DataClass) -> bool {
    match class {
        DataClass::FindingsFull | DataClass::FindingsSanitized => false,
        DataClass::RawIdentity
        | DataClass::Normalized
        | DataClass::Report
        | DataClass::Manifest
        | DataClass::AccessLog => true,
    }
}

impl TenantStore {
    /// Describes an object that was written to the bucket. Saying the same again is no error: messages come twice.
    pub async fn add_object(&self, new: NewObject, acting: &Acting<'_>) -> Result<ObjectRecord, ObjectError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if new.scan.is_empty() || !new.scan.bytes().all(plain) {
            return Err(ObjectError::Scan);
        }
        let place = Digest::framed([new.scan.as_bytes(), new.name.as_bytes()]).to_hex();
        let NewObject { org, scan, class, name, sha256, size, content_type, published } = new;
        let id = format!("{scan}.{}", &place[..20]);
        let created = acting.at;
        let object =
            ObjectRecord { id, org, scan, class, name, sha256, size, content_type, published, created };
        let audit = acting.record("object.add", format!("object:{}", object.id), object.class.key());
        match self.change(vec![Write::create(self.key(PARTITION, &object.id), &object)], &audit).await {
            Ok(()) => Ok(object),
            Err(error) if error.refused(0) => {
                let before = self.object(&object.id).await?.ok_or(ObjectError::Exists)?;
                let same = (&before.org, before.class, before.sha256, before.size)
                    == (&object.org, object.class, object.sha256, object.size);
                if same { Ok(before) } else { Err(ObjectError::Exists) }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The object with this id.
    pub async fn object(&self, id: &str) -> Result<Option<ObjectRecord>, StoreError> {
        let object: Option<ObjectRecord> = self.table.read(&self.key(PARTITION, id)).await?;
        Ok(object.filter(|object| object.id == id))
    }

    /// The objects of `scan`, or all of them.
    pub async fn objects(&self, scan: Option<&str>) -> Result<Vec<ObjectRecord>, StoreError> {
        let pk = self.partition(PARTITION);
        let bounds = scan.map(|scan| (format!("{scan}."), format!("{scan}.~")));
        let (from, to) = match &bounds {
            Some((from, to)) => (Some(from.as_str()), Some(to.as_str())),
            None => (None, None),
        };
        self.table.list(&Range { pk: &pk, from, to, newest_first: false, limit: u32::MAX }).await
    }

    /// Publishes the objects of a scan: from now on an approval can open them. Findings stay drafts. Returns how many
    /// were published.
    pub async fn publish_objects(&self, scan: &str, acting: &Acting<'_>) -> Result<usize, StoreError> {
        let mut drafts = self.objects(Some(scan)).await?;
        drafts.retain(|object| !object.published && goes_out_as_it_is(object.class));
        for batch in drafts.chunks(BATCH) {
            let writes = batch.iter().map(|object| {
                let write = Write::update(self.key(PARTITION, &object.id)).set("published", true);
                write.when("#sha256 = :sha").bind(":sha", object.sha256)
            });
            let audit = acting.record("object.publish", format!("scan:{scan}"), batch.len().to_string());
            self.change(writes.collect(), &audit).await?;
        }
        Ok(drafts.len())
    }

    /// A write that changes nothing and is refused unless `object` is as it was read.
    pub(super) fn object_unchanged(&self, object: &ObjectRecord) -> Write {
        Write::check(self.key(PARTITION, &object.id))
            .when("#sha256 = :sha AND #class = :class AND #published = :published AND #org = :org")
            .bind(":sha", object.sha256)
            .bind(":class", object.class)
            .bind(":published", object.published)
            .bind(":org", &object.org)
    }

    /// The object as the routing decision sees it.
    pub(super) fn routed(&self, object: &ObjectRecord) -> Object {
        Object {
            tenant: self.tenant.clone(),
            org: object.org.clone(),
            sha256: object.sha256,
            class: object.class,
            published: object.published,
        }
    }
}
