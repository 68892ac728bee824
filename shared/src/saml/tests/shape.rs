//! Signatures that are in their place and still not what the strict profile allows.

use okta_twin::saml::{ResponseSpec, Sign, Signing};

use super::harness::*;
use crate::saml::Expectations;

/// The code for a Response whose signer writes SignedInfo differently: the signature itself is genuine.
fn signed_info(edit: impl Fn(String) -> String) -> &'static str {
    let codes = [Sign::Assertion, Sign::Response].map(|mode| {
        let spec = genuine(mode);
        let id = if mode == Sign::Response { &spec.response_id } else { &spec.assertion_id };
        code(&KEY.sign_with(&spec.to_xml(), id, &Signing::default(), &edit).unwrap())
    });
    assert_eq!(codes[0], codes[1]);
    codes[0]
}

/// The code for a genuine Response after an edit of its text.
fn edited(from: &str, to: &str) -> &'static str {
    code(&replaced(&signed(&genuine(Sign::Assertion)), from, to))
}

const TRANSFORM: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>";

#[test]
fn a10_only_a_plain_id_is_a_reference() {
    for uri in [
        "",
        "#",
        "id2000000000000002",
        "#element(/1/3)",
        "#xpointer(/)",
        "#xpointer(id('id2000000000000002'))",
        "#id2000000000000002 ",
        "https://idp.example.com/assertion",
        "#1",
    ] {
        let edit = |info: String| {
            let start = info.find("URI=\"").unwrap();
            let end = start + info[start + 5..].find('"').unwrap() + 6;
            format!("{}URI=\"{uri}\"{}", &info[..start], &info[end..])
        };
        assert_eq!(signed_info(edit), "saml.reference_form", "{uri}");
    }
    let without = |info: String| {
        info.replace("URI=\"#id1000000000000001\"", "").replace("URI=\"#id2000000000000002\"", "")
    };
    assert_eq!(signed_info(without), "saml.reference_form");
    assert_eq!(signed_info(|info| info.replace("URI=\"#", "URI=\"#x")), "saml.reference_mismatch");
}

#[test]
fn a11_a12_transforms_that_select_something_else_are_refused() {
    let xpath = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>not(ancestor-or-self::*[local-name()='Assertion'])</ds:XPath></ds:Transform>";
    let xslt = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>";
    let filter2 = "<ds:Transform Algorithm=\"http://www.w3.org/2002/06/xmldsig-filter2\"/>";
    let base64 = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#base64\"/>";
    for transform in [xpath, xslt, filter2, base64, TRANSFORM] {
        let more = |info: String| info.replacen(TRANSFORM, &format!("{TRANSFORM}{transform}"), 1);
        assert_eq!(signed_info(more), "saml.transform_forbidden", "{transform}");
    }
    for (from, to) in [
        (TRANSFORM, ""),
        (
            "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">",
            "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#WithComments\">",
        ),
        (
            "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">",
            "<ds:Transform Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\">",
        ),
    ] {
        assert_eq!(signed_info(|info| replaced(&info, from, to)), "saml.transform_forbidden", "{to}");
    }
}

#[test]
fn a13_an_id_is_there_once() {
    let mut spec = genuine(Sign::Response);
    spec.assertion_id.clone_from(&spec.response_id);
    assert_eq!(code(&signed(&spec)), "saml.duplicate_id");
    let xml = signed(&genuine(Sign::Assertion));
    let status = xml.replacen("<saml2p:StatusCode ", "<saml2p:StatusCode ID=\"id2000000000000002\" ", 1);
    assert_eq!(code(&status), "saml.duplicate_id");
}

#[test]
fn a14_nothing_but_the_schema_id_looks_like_an_id() {
    for attribute in ["Id", "id", "iD", "xml:id"] {
        let to = format!("<saml2p:StatusCode {attribute}=\"id2000000000000002\" ");
        assert_eq!(edited("<saml2p:StatusCode ", &to), "saml.id_attribute", "{attribute}");
        let mut spec = genuine(Sign::Nothing);
        spec.sign = Sign::Nothing;
        let xml = replaced(&spec.to_xml(), " ID=\"id2", &format!(" {attribute}=\"x\" ID=\"id2"));
        assert_eq!(code(&sign(&xml, Sign::Both)), "saml.id_attribute", "{attribute}");
    }
}

#[test]
fn a15_a_signature_has_exactly_its_parts() {
    let xml = signed(&genuine(Sign::Assertion));
    let info = source(&xml, "SignedInfo").to_owned();
    let digest = source(&xml, "DigestValue").to_owned();
    let value = source(&xml, "SignatureValue").to_owned();
    let reference = source(&xml, "Reference").to_owned();
    let key = source(&xml, "KeyInfo").to_owned();
    let comment_in = |element: &str| element.replacen('>', "><!--x-->", 1);
    for (from, to) in [
        (&info, format!("{info}{info}")),
        (&info, String::new()),
        (&value, format!("{value}{value}")),
        (&value, String::new()),
        (&key, format!("{key}{key}")),
        (&digest, format!("{digest}{digest}")),
        (&digest, String::new()),
        (&digest, comment_in(&digest)),
        (&digest, digest.replacen('>', "><x/>", 1)),
        (&digest, digest.replacen('>', ">AAAA<!---->", 1)),
        (&value, comment_in(&value)),
        (&value, value.replacen('>', ">!", 1)),
        (&info, comment_in(&info)),
        (&info, info.replacen('>', ">text", 1)),
        (&reference, comment_in(&reference)),
        (&reference, reference.replacen("<ds:DigestMethod", "<ds:Extra/><ds:DigestMethod", 1)),
        (&reference, reference.replacen(TRANSFORM, &format!("{TRANSFORM}<!---->"), 1)),
    ] {
        assert_eq!(edited(from, &to), "saml.signature_shape", "{from} -> {to}");
    }
    let order = format!("{value}{info}");
    assert_eq!(edited(&format!("{info}{value}"), &order), "saml.signature_shape");
    let signature = source(&xml, "Signature").to_owned();
    assert_eq!(edited(&key, &signature), "saml.signature_children");
    assert_eq!(edited(&key, &format!("<x/>{key}")), "saml.signature_children");
    assert_eq!(edited(&key, &format!("{key}<ds:Object/>")), "saml.object_forbidden");
}

#[test]
fn a15_two_signatures_in_one_place() {
    let xml = signed(&genuine(Sign::Assertion));
    let signature = source(&xml, "Signature").to_owned();
    assert_eq!(edited(&signature, &format!("{signature}{signature}")), "saml.signature_shape");
}

#[test]
fn a16_there_is_one_reference() {
    let reference = |info: &str| source(&format!("<x xmlns:ds=\"d\">{info}</x>"), "Reference").to_owned();
    let none = |info: String| info.replace(&reference(&info), "");
    let two = |info: String| info.replace(&reference(&info), &reference(&info).repeat(2));
    assert_eq!(signed_info(none), "saml.signature_shape");
    assert_eq!(signed_info(two), "saml.signature_shape");
}

#[test]
fn a17_a_signature_there_is() {
    assert_eq!(code(&genuine(Sign::Nothing).to_xml()), "saml.unsigned");
}

#[test]
fn a19_a20_only_pinned_keys_count() {
    for mode in SIGNED {
        let xml = STRANGER.response(&genuine(mode)).unwrap();
        assert_eq!(code(&xml), "saml.untrusted_key", "{mode:?}: the stranger's certificate is in KeyInfo");
    }
    let spec = genuine(Sign::Nothing);
    let unnamed = Signing { key_info: false, ..Signing::default() };
    let xml = STRANGER.sign_with(&spec.to_xml(), &spec.assertion_id, &unnamed, |info| info).unwrap();
    assert_eq!(code(&xml), "saml.untrusted_key");
    // The stranger's signature with the pinned certificate's name on it.
    let certificate = source(&signed(&genuine(Sign::Assertion)), "KeyInfo").to_owned();
    let xml = STRANGER.response(&genuine(Sign::Assertion)).unwrap();
    assert_eq!(code(&replaced(&xml, source(&xml, "KeyInfo"), &certificate)), "saml.signature");
}

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
fn a23_a24_algorithms_outside_the_list() {
    let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    for (from, to, want) in [
        (rsa, "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "saml.weak_algorithm"),
        (rsa, "http://www.w3.org/2000/09/xmldsig#dsa-sha1", "saml.weak_algorithm"),
        (rsa, "http://www.w3.org/2001/04/xmldsig-more#rsa-md5", "saml.weak_algorithm"),
        (rsa, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", "saml.algorithm"),
        (rsa, "http://www.w3.org/2000/09/xmldsig#hmac-sha1", "saml.algorithm"),
        (rsa, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "saml.algorithm"),
        (rsa, "none", "saml.algorithm"),
        (rsa, "", "saml.algorithm"),
        (sha256, "http://www.w3.org/2000/09/xmldsig#sha1", "saml.weak_algorithm"),
        (sha256, "http://www.w3.org/2001/04/xmldsig-more#md5", "saml.weak_algorithm"),
        (sha256, "urn:none", "saml.algorithm"),
    ] {
        assert_eq!(signed_info(|info| replaced(&info, from, to)), want, "{to}");
    }
    let method = "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let inclusive =
        "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>";
    assert_eq!(signed_info(|info| replaced(&info, method, inclusive)), "saml.algorithm");
    let truncated = |info: String| {
        info.replacen(
            "#rsa-sha256\"/>",
            "#rsa-sha256\"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>",
            1,
        )
    };
    assert_eq!(signed_info(truncated), "saml.signature_shape");
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
fn a58_encrypted_elements_are_refused_clearly() {
    let assertion = "<saml2:EncryptedAssertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>";
    let spec = genuine(Sign::Response);
    let xml = spec.to_xml();
    let encrypted = replaced(&xml, source(&xml, "Assertion"), assertion);
    assert_eq!(code(&KEY.sign(&encrypted, &spec.response_id).unwrap()), "saml.encrypted");
    let id = replaced(&xml, source(&xml, "NameID"), "<saml2:EncryptedID/>");
    for mode in SIGNED {
        assert_eq!(code(&sign(&id, mode)), "saml.encrypted");
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
