//! Connections and certificates, and what a document without a usable signature is told. Odd signatures are in the
//! corpus.

use okta_twin::saml::{ResponseSpec, Sign};

use super::harness::*;
use crate::saml::Expectations;

#[test]
fn a_connection_without_certificate_signs_nobody_in() {
    let mut idp = pinned(&KEY);
    idp.certificates.clear();
    let expect = Expectations { idp: &idp, ..expectations() };
    for mode in [Sign::Response, Sign::Assertion, Sign::Both] {
        let verdict = judge_with(signed(&genuine(mode)).as_bytes(), &expect);
        assert_eq!(code_of(&verdict), "saml.untrusted_key");
        assert_eq!(verdict.warnings.len(), 1);
    }
}

#[test]
fn a26_an_outdated_pinned_certificate_warns_or_refuses() {
    let years = |n: i64| jiff::SignedDuration::from_hours(24 * 365 * n);
    for (seconds, problem) in [(years(2), "expired"), (-years(2), "not valid before")] {
        let now = now() + seconds;
        let mut spec = ResponseSpec::okta(now, IDP, ACS, SP, USER);
        spec.sign = Sign::Both;
        let xml = signed(&spec);
        let verdict = judge_with(xml.as_bytes(), &Expectations { now, ..expectations() });
        assert_eq!(code_of(&verdict), "accepted");
        assert!(verdict.warnings[0].contains(problem), "{:?}", verdict.warnings);
        let strict = Expectations { now, refuse_outdated_certificate: true, ..expectations() };
        assert_eq!(code_of(&judge_with(xml.as_bytes(), &strict)), "saml.certificate_outdated");
    }
}

#[test]
fn a_changed_document_has_another_digest() {
    for mode in SIGNED {
        let xml = signed(&genuine(mode));
        assert_eq!(code(&replaced(&xml, USER, "eve@example.com")), "saml.digest");
    }
    let xml = signed(&genuine(Sign::Both));
    assert_eq!(code(&replaced(&xml, "Value=\"urn:oasis", "x=\"\" Value=\"urn:oasis")), "saml.digest");
}

#[test]
fn a_response_without_assertion_says_why() {
    let refused = |status: &str| {
        let mut spec = genuine(Sign::Nothing);
        spec.status = status.to_owned();
        let xml = spec.to_xml();
        code(&replaced(&xml, source(&xml, "Assertion"), ""))
    };
    assert_eq!(refused("urn:oasis:names:tc:SAML:2.0:status:Responder"), "saml.status");
    assert_eq!(refused("urn:oasis:names:tc:SAML:2.0:status:Success"), "saml.no_assertion");
    for root in ["Assertion", "Status"] {
        let xml = signed(&genuine(Sign::Assertion));
        assert_eq!(code(source(&xml, root)), "saml.root");
    }
}

#[test]
fn many_assertions_with_a_signature_each_are_told_in_few_checks() {
    let xml = signed(&genuine(Sign::Assertion));
    let assertion = source(&xml, "Assertion");
    let verdict = judge_with(replaced(&xml, assertion, &assertion.repeat(40)).as_bytes(), &expectations());
    assert_eq!(code_of(&verdict), "saml.multiple_assertions");
    assert!(verdict.checks.len() < 20, "{}", verdict.checks.len());
}

#[test]
fn a15_inclusive_namespaces_are_an_attribute_and_nothing_else() {
    let xml = signed(&genuine(Sign::Both));
    let (before, rest) = xml.split_once("InclusiveNamespaces").unwrap();
    let (attributes, after) = rest.split_once("/>").unwrap();
    let prefix = before.rsplit('<').next().unwrap();
    for content in ["<!--x-->", "x", "<x/>"] {
        let list = format!("InclusiveNamespaces{attributes}>{content}</{prefix}InclusiveNamespaces>");
        assert_eq!(code(&format!("{before}{list}{after}")), "saml.signature_shape", "{content}");
    }
}
