//! Our metadata: whoever sets the identity provider up may load it, signed in or not.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use shared::{
    http::{Problem, Visit},
    saml::metadata::{SpMetadata, sp_metadata},
};

/// `GET /saml/metadata`
pub(crate) async fn show(visit: Visit) -> Result<Response, Problem> {
    let keys = visit.store().sp_keys().await?;
    let signing: Vec<&[u8]> = keys.signing.iter().map(|key| key.certificate.der.as_slice()).collect();
    let metadata = sp_metadata(&SpMetadata {
        entity_id: &visit.entity_id(),
        acs_url: &visit.acs_url(),
        signing_certificates: &signing,
        encryption_certificate: keys.encryption.first().map(|key| key.certificate.der.as_slice()),
    });
    Ok(([(header::CONTENT_TYPE, "application/samlmetadata+xml")], metadata).into_response())
}
