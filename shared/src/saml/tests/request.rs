//! Our AuthnRequests, read by the twin as an IdP reads them.

use okta_twin::saml::ReceivedRequest;

use super::harness::*;
use crate::{
    ops::SystemRandom,
    saml::{AuthnRequest, RequestError, RequestKey, redirect_url},
};

fn request() -> AuthnRequest {
    AuthnRequest::new(&SystemRandom::default(), now(), SSO, SP, ACS)
}

fn query(url: &str) -> &str {
    url.split_once('?').unwrap().1
}

#[test]
fn the_identity_provider_reads_what_we_asked() {
    let request = request().forcing_authentication();
    let state = "/reports?page=2&x=ä+b";
    let url = redirect_url(&request, Some(state), None).unwrap();
    assert!(url.starts_with(&format!("{SSO}?SAMLRequest=")), "{url}");
    let received = ReceivedRequest::from_query(query(&url)).unwrap();
    assert_eq!(received.id, request.id);
    assert_eq!(received.issuer, SP);
    assert_eq!(received.acs_url.as_deref(), Some(ACS));
    assert_eq!(received.destination.as_deref(), Some(SSO));
    assert_eq!(received.issue_instant, "2026-06-19T12:00:00Z");
    assert_eq!(received.relay_state.as_deref(), Some(state));
    assert!(received.force_authn && !received.is_signed());
}

#[test]
fn an_endpoint_keeps_its_own_query() {
    let request = AuthnRequest { destination: format!("{SSO}?tenant=1"), ..request() };
    let url = redirect_url(&request, None, None).unwrap();
    assert!(url.starts_with(&format!("{SSO}?tenant=1&SAMLRequest=")), "{url}");
    assert_eq!(ReceivedRequest::from_query(query(&url)).unwrap().id, request.id);
}

#[test]
fn ids_are_160_random_bits_and_a_name() {
    let ids = [request().id, request().id];
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.len() == 41 && crate::saml::structure::is_ncname(id)));
}

#[test]
fn the_query_is_signed_as_sent() {
    let key = RequestKey::from_pkcs8(KEY.pkcs8()).unwrap();
    let public =
        |idp: &okta_twin::saml::SigningIdp| pinned(idp).certificates[0].public_key().as_ref().to_vec();
    for state in [Some("/a b"), None] {
        let url = redirect_url(&request(), state, Some(&key)).unwrap();
        let received = ReceivedRequest::from_query(query(&url)).unwrap();
        assert!(received.is_signed_by(&public(&KEY)));
        assert!(!received.is_signed_by(&public(&STRANGER)));
        let changed = query(&url).replacen("SAMLRequest=", "SAMLRequest=%20", 1);
        assert!(ReceivedRequest::from_query(&changed).is_err());
    }
    let url = redirect_url(&request(), Some("a"), Some(&key)).unwrap();
    let other_state =
        ReceivedRequest::from_query(&query(&url).replacen("RelayState=a", "RelayState=b", 1)).unwrap();
    assert!(!other_state.is_signed_by(&public(&KEY)));
    assert_eq!(format!("{key:?}"), "RequestKey");
    assert_eq!(RequestKey::from_pkcs8(b"no key").unwrap_err(), RequestError::Key);
}

#[test]
fn a57_relay_state_is_short_and_escaped() {
    let url = redirect_url(&request(), Some("\r\nSet-Cookie: a=b&x=<\"'>"), None).unwrap();
    assert!(url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"'".contains(&byte)), "{url}");
    let long = "a".repeat(81);
    assert_eq!(
        redirect_url(&request(), Some(&long), None).unwrap_err(),
        RequestError::RelayState { got: 81 }
    );
}

#[test]
fn a54_inflating_stops_at_256_kilobytes() {
    use base64::Engine;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![b' '; 64 << 20]).unwrap();
    let bomb = base64::engine::general_purpose::STANDARD.encode(encoder.finish().unwrap());
    let query: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("SAMLRequest", &bomb).finish();
    let error = ReceivedRequest::from_query(&query).unwrap_err().to_string();
    assert!(error.contains("256 KB"), "{error}");
}
