//! Our metadata: whoever sets the identity provider up may load it, signed in or not.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use shared::{
    http::Visit,
    saml::metadata::{SpMetadata, sp_metadata},
};

use crate::{acs_url, entity_id};

/// `GET /saml/metadata`
pub(crate) async fn show(visit: Visit) -> Response {
    let metadata = sp_metadata(&SpMetadata {
        entity_id: &entity_id(&visit),
        acs_url: &acs_url(&visit),
        signing_certificate: None,
        encryption_certificate: None,
    });
    ([(header::CONTENT_TYPE, "application/samlmetadata+xml")], metadata).into_response()
}
