//! What an honest IdP sends is accepted, and read in full.

use okta_twin::saml::{Attribute, Sign, Signing};

use super::harness::*;
use crate::saml::{Expectations, verify_document};

#[test]
fn every_allowed_algorithm_is_accepted() {
    for (method, digest) in [
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"),
        (
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            "http://www.w3.org/2001/04/xmldsig-more#sha384",
        ),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512"),
    ] {
        for (key_info, prefixes) in [(true, vec![]), (false, vec!["xs".to_owned(), "saml2".to_owned()])] {
            let signing = Signing {
                signature_method: method.to_owned(),
                digest_method: digest.to_owned(),
                inclusive_prefixes: prefixes,
                key_info,
            };
            let spec = genuine(Sign::Nothing);
            let xml = KEY.sign_with(&spec.to_xml(), &spec.assertion_id, &signing, |info| info).unwrap();
            assert_eq!(code(&xml), "accepted", "{method}");
        }
    }
}

#[test]
fn the_identity_is_complete_and_its_debug_is_not() {
    let mut spec = genuine(Sign::Both);
    spec.session_not_on_or_after = Some(after(3600));
    spec.attributes = vec![Attribute {
        name: "groups".to_owned(),
        values: vec!["Ops & <Admins>".to_owned(), "Zoë".to_owned(), String::new()],
    }];
    let identity = judge(&signed(&spec)).outcome.unwrap();
    assert_eq!(identity.name_id, USER);
    assert_eq!(identity.name_id_format, "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
    assert_eq!(identity.assertion_id, spec.assertion_id);
    assert_eq!(identity.issuer, IDP);
    assert_eq!(identity.in_response_to.as_deref(), Some(REQUEST));
    assert_eq!(identity.session_index, spec.session_index);
    assert_eq!(identity.authn_instant, now());
    assert_eq!(identity.session_not_on_or_after.unwrap().to_string(), after(3600));
    assert_eq!(identity.not_on_or_after.to_string(), after(300));
    assert_eq!(identity.authn_context, spec.authn_context);
    assert_eq!(identity.attributes, [("groups".to_owned(), spec.attributes[0].values.clone())]);
    let debug = format!("{identity:?}");
    assert!(!debug.contains("ada") && !debug.contains("Ops"), "{debug}");
}

#[test]
fn the_record_holds_no_name_id_and_no_attribute() {
    for user in ["zelda\u{202e}@example.com", "zelda@example.com ", "zelda@example.com"] {
        let mut spec = genuine(Sign::Both);
        spec.name_id = Some(user.to_owned());
        let record = serde_json::to_string(&judge(&signed(&spec)).checks).unwrap();
        assert!(!record.contains("zelda"), "{record}");
    }
}

#[test]
fn an_identity_provider_may_start_the_sign_in() {
    let mut spec = genuine(Sign::Both);
    (spec.in_response_to, spec.confirmation_in_response_to) = (None, None);
    let identity = judge(&signed(&spec)).outcome.unwrap();
    assert_eq!(identity.in_response_to, None);
}

#[test]
fn both_certificates_are_tried_during_a_rollover() {
    let mut idp = pinned(&STRANGER);
    idp.certificates.extend(pinned(&KEY).certificates);
    let expect = Expectations { idp: &idp, ..expectations() };
    for key in [&*KEY, &*STRANGER] {
        let verdict = judge_with(key.response(&genuine(Sign::Both)).unwrap().as_bytes(), &expect);
        assert_eq!(code_of(&verdict), "accepted");
    }
}

#[test]
fn a18_a_signed_response_covers_its_assertion_unless_the_workspace_asks_for_more() {
    let strict = Expectations { require_signed_assertion: true, ..expectations() };
    for (mode, want) in
        [(Sign::Response, "saml.assertion_unsigned"), (Sign::Assertion, "accepted"), (Sign::Both, "accepted")]
    {
        let xml = signed(&genuine(mode));
        assert_eq!(code(&xml), "accepted");
        assert_eq!(code_of(&judge_with(xml.as_bytes(), &strict)), want);
    }
}

#[test]
fn files_are_judged_like_the_wire() {
    let xml = signed(&genuine(Sign::Both));
    assert_eq!(code_of(&verify_document(xml.as_bytes(), &expectations())), "accepted");
}
