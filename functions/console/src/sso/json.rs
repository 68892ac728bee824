//! The SSO page for tools.

use serde_json::{Value, json};
use shared::{
    http::Person,
    saml::{IdpMetadata, SigningCertificate},
    store::sso::{RefreshState, SpKey, SsoConnection},
};

use super::Sso;

pub(super) fn to_json(person: &Person, sso: &Sso) -> Value {
    let settings = &person.visit.workspace.settings;
    json!({
        "acsUrl": person.visit.acs_url(),
        "entityId": person.visit.entity_id(),
        "settings": {
            "idpInitiated": settings.idp_initiated,
            "requireProvisioning": settings.require_provisioning,
            "requireSignedAssertion": settings.require_signed_assertion,
            "allowEcdsa": settings.allow_ecdsa,
        },
        "connection": sso.connection.as_ref().map(connection),
        "refresh": refresh(&sso.refresh),
        "keys": {
            "signing": sso.keys.signing.iter().map(own_key).collect::<Vec<_>>(),
            "encryption": sso.keys.encryption.iter().map(own_key).collect::<Vec<_>>(),
        },
    })
}

fn connection(connection: &SsoConnection) -> Value {
    let mut json = idp(&connection.idp);
    json["enabled"] = connection.enabled.into();
    json["verifiedAt"] = json!(connection.verified_at);
    json["metadataUrl"] = json!(connection.metadata_url);
    json
}

fn idp(idp: &IdpMetadata) -> Value {
    json!({
        "entityId": idp.entity_id,
        "ssoUrl": idp.sso_redirect,
        "wantsSignedRequests": idp.want_authn_requests_signed,
        "validUntil": idp.valid_until,
        "certificates": idp.certificates.iter().map(certificate).collect::<Vec<_>>(),
    })
}

fn refresh(state: &RefreshState) -> Value {
    json!({
        "refreshedAt": state.refreshed_at,
        "failure": state.failure.as_ref().map(|failure| json!({
            "code": failure.code, "text": failure.text, "since": failure.since, "last": failure.last,
        })),
        "staged": state.staged.as_ref().map(|staged| json!({
            "metadata": staged.digest(),
            "foundAt": staged.found_at,
            "reasons": staged.reasons,
            "idp": idp(&staged.idp),
        })),
    })
}

fn own_key(key: &SpKey) -> Value {
    let mut json = certificate(&key.certificate);
    json["id"] = key.id.as_str().into();
    json
}

fn certificate(certificate: &SigningCertificate) -> Value {
    json!({
        "subject": certificate.subject,
        "sha256": certificate.sha256_fingerprint,
        "notBefore": certificate.not_before,
        "notAfter": certificate.not_after,
    })
}
