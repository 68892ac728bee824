//! ECDSA: off unless the workspace allows it, one hash for each curve, values in fixed length.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bergshamra_c14n::{C14nMode, canonicalize};
use okta_twin::saml::{Sign, Signing, metadata_xml};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, SignatureAlgorithm};

use super::harness::*;
use crate::saml::{Expectations, IdpMetadata, KeyKind};

const SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";

struct Signer {
    key: EcdsaKeyPair,
    idp: IdpMetadata,
}

fn signer(curve: &'static SignatureAlgorithm, algorithm: &'static EcdsaSigningAlgorithm) -> Signer {
    let key = KeyPair::generate_for(curve).unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap();
    let idp = IdpMetadata::parse(metadata_xml(IDP, SSO, &[certificate.der()]).as_bytes()).unwrap();
    Signer { key: EcdsaKeyPair::from_pkcs8(algorithm, &key.serialize_der()).unwrap(), idp }
}

/// A Response whose Assertion this key signed, under whatever name for the algorithm.
fn response(signer: &Signer, method: &str) -> String {
    let spec = genuine(Sign::Nothing);
    let signing = Signing { signature_method: method.to_owned(), key_info: false, ..Signing::default() };
    let xml = KEY.sign_with(&spec.to_xml(), &spec.assertion_id, &signing, |info| info).unwrap();
    let declared = "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
    let info = source(&xml, "SignedInfo").replacen("<ds:SignedInfo", declared, 1);
    let message = canonicalize::<&str>(&info, C14nMode::Exclusive, None, &[]).unwrap();
    let value = STANDARD.encode(signer.key.sign(&SystemRandom::new(), &message).unwrap());
    replaced(&xml, source(&xml, "SignatureValue"), &format!("<ds:SignatureValue>{value}</ds:SignatureValue>"))
}

fn code(signer: &Signer, xml: &str, allow_ecdsa: bool) -> &'static str {
    code_of(&judge_with(xml.as_bytes(), &Expectations { idp: &signer.idp, allow_ecdsa, ..expectations() }))
}

#[test]
fn each_curve_is_accepted_with_its_hash_where_the_workspace_allows_it() {
    let p256 = signer(&PKCS_ECDSA_P256_SHA256, &ECDSA_P256_SHA256_FIXED_SIGNING);
    let p384 = signer(&PKCS_ECDSA_P384_SHA384, &ECDSA_P384_SHA384_FIXED_SIGNING);
    assert_eq!(p256.idp.certificates[0].key_kind, KeyKind::P256);
    assert_eq!(p384.idp.certificates[0].key_kind, KeyKind::P384);
    for (signer, method, want) in [
        (&p256, SHA256, "accepted"),
        (&p384, SHA384, "accepted"),
        (&p256, SHA384, "saml.untrusted_key"),
        (&p384, SHA256, "saml.untrusted_key"),
        (&p256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", "saml.algorithm"),
        (&p256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", "saml.weak_algorithm"),
        (&p256, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "saml.untrusted_key"),
    ] {
        assert_eq!(code(signer, &response(signer, method), true), want, "{method}");
    }
    assert_eq!(code(&p256, &response(&p256, SHA256), false), "saml.algorithm");
    assert_eq!(code(&p384, &response(&p256, SHA256), true), "saml.untrusted_key");
    // A switch for ECDSA is none against RSA.
    let rsa = Expectations { allow_ecdsa: true, ..expectations() };
    assert_eq!(code_of(&judge_with(signed(&genuine(Sign::Both)).as_bytes(), &rsa)), "accepted");
}

#[test]
fn a_changed_value_is_no_signature() {
    let p256 = signer(&PKCS_ECDSA_P256_SHA256, &ECDSA_P256_SHA256_FIXED_SIGNING);
    let xml = response(&p256, SHA256);
    assert_eq!(code(&p256, &xml.replace(USER, "eve@example.com"), true), "saml.digest");
    let value = source(&xml, "SignatureValue");
    let bytes = STANDARD.decode(&value[value.find('>').unwrap() + 1..value.rfind('<').unwrap()]).unwrap();
    let with = |bytes: &[u8]| {
        let changed = format!("<ds:SignatureValue>{}</ds:SignatureValue>", STANDARD.encode(bytes));
        code(&p256, &replaced(&xml, value, &changed), true)
    };
    assert_eq!(with(&bytes), "accepted");
    assert_eq!(with(&[0; 64]), "saml.untrusted_key", "r and s of zero");
    assert_eq!(with(&bytes[1..]), "saml.untrusted_key");
    assert_eq!(with(&[&bytes[..], &[0]].concat()), "saml.untrusted_key");
    // ASN.1 is how TLS writes them, not XML.
    let asn1 = signer(&PKCS_ECDSA_P256_SHA256, &ECDSA_P256_SHA256_ASN1_SIGNING);
    assert_eq!(code(&asn1, &response(&asn1, SHA256), true), "saml.untrusted_key");
}
