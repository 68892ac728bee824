//! Encrypted Assertions: judged like plain ones, opened by nobody's mistake, and every failure alike.

use std::sync::LazyLock;

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey},
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
        OaepPublicEncryptingKey, PrivateDecryptingKey,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use okta_twin::saml::{Sign, SigningIdp};

use super::harness::*;
use crate::saml::{DecryptionKey, Expectations, Verdict};

static OURS: LazyLock<SigningIdp> = LazyLock::new(|| recipient("ours"));
static THEIRS: LazyLock<SigningIdp> = LazyLock::new(|| recipient("theirs"));
static DECRYPTION_KEY: LazyLock<DecryptionKey> =
    LazyLock::new(|| DecryptionKey::from_pkcs8(OURS.pkcs8()).unwrap());

const MGF1P: &str = "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>";
const AES_256: &str = "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>";

fn recipient(name: &str) -> SigningIdp {
    SigningIdp::generate(name, now(), now()).unwrap()
}

/// An `EncryptedAssertion` in the making.
struct Sealed {
    cipher: &'static Algorithm,
    method: String,
    transport: &'static OaepAlgorithm,
    transport_method: String,
    key: Vec<u8>,
    recipient: &'static SigningIdp,
    beside: bool,
}

impl Default for Sealed {
    fn default() -> Self {
        Self {
            cipher: &AES_256_GCM,
            method: AES_256.to_owned(),
            transport: &OAEP_SHA1_MGF1SHA1,
            transport_method: MGF1P.to_owned(),
            key: vec![7; 32],
            recipient: &OURS,
            beside: false,
        }
    }
}

impl Sealed {
    fn wrapped_key(&self) -> Vec<u8> {
        let public = PrivateDecryptingKey::from_pkcs8(self.recipient.pkcs8()).unwrap().public_key();
        let public = OaepPublicEncryptingKey::new(public).unwrap();
        let mut out = vec![0; public.ciphertext_size()];
        public.encrypt(self.transport, &self.key, &mut out, None).unwrap().to_vec()
    }

    fn value(&self, plain: &str) -> Vec<u8> {
        let key = LessSafeKey::new(UnboundKey::new(self.cipher, &self.key).unwrap());
        let mut sealed = plain.as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key([9; 12]);
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).unwrap();
        [&[9; 12], &sealed[..]].concat()
    }

    fn element(&self, plain: &str) -> String {
        self.written(&self.wrapped_key(), &self.value(plain))
    }

    fn written(&self, wrapped_key: &[u8], value: &[u8]) -> String {
        let cipher_data = |bytes| {
            format!(
                "<xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData>",
                STANDARD.encode(bytes)
            )
        };
        let xmlns = "xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
                     xmlns:xenc11=\"http://www.w3.org/2009/xmlenc11#\"";
        let key = format!(
            "<xenc:EncryptedKey Id=\"_key\" {xmlns}>{}<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>{}</xenc:EncryptedKey>",
            self.transport_method,
            cipher_data(wrapped_key),
        );
        let reference =
            "<ds:RetrievalMethod Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"#_key\"/>";
        let (inside, beside) = if self.beside { (reference, &key[..]) } else { (&key[..], "") };
        format!(
            "<saml2:EncryptedAssertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             <xenc:EncryptedData Id=\"_data\" Type=\"http://www.w3.org/2001/04/xmlenc#Element\" {xmlns}>{}\
             <ds:KeyInfo>{inside}</ds:KeyInfo>{}</xenc:EncryptedData>{beside}</saml2:EncryptedAssertion>",
            self.method,
            cipher_data(value),
        )
    }
}

/// A Response with what `replace` makes of its Assertion, signed as an IdP signs: the Assertion before it is
/// encrypted, the Response with the encrypted one in it.
fn response(sign: Sign, replace: impl Fn(&str) -> String) -> String {
    let spec = genuine(sign);
    let inner = matches!(sign, Sign::Assertion | Sign::Both);
    let xml = spec.to_xml();
    let xml = if inner { KEY.sign(&xml, &spec.assertion_id).unwrap() } else { xml };
    let assertion = source(&xml, "Assertion").to_owned();
    let xml = replaced(&xml, &assertion, &replace(&assertion));
    let outer = matches!(sign, Sign::Response | Sign::Both);
    if outer { KEY.sign(&xml, &spec.response_id).unwrap() } else { xml }
}

fn opening() -> Expectations<'static> {
    Expectations { decryption_key: Some(&DECRYPTION_KEY), ..expectations() }
}

fn verdict(xml: &str) -> Verdict {
    judge_with(xml.as_bytes(), &opening())
}

fn code(xml: &str) -> &'static str {
    code_of(&verdict(xml))
}

#[test]
fn an_encrypted_assertion_says_what_the_plain_one_says() {
    for sign in SIGNED {
        let plain = judge(&signed(&genuine(sign))).outcome.unwrap();
        for beside in [false, true] {
            let sealed = Sealed { beside, ..Sealed::default() };
            let xml = response(sign, |assertion| sealed.element(assertion));
            assert_eq!(verdict(&xml).outcome.unwrap(), plain, "{sign:?} {beside}");
        }
    }
}

#[test]
fn every_allowed_algorithm_opens() {
    let cipher = |name: &str| AES_256.replace("aes256", name);
    let oaep = |digest: &str, mask: &str| {
        format!(
            "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#rsa-oaep\"><ds:DigestMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#{digest}\"/><xenc11:MGF \
             Algorithm=\"http://www.w3.org/2009/xmlenc11#{mask}\"/></xenc:EncryptionMethod>"
        )
    };
    for sealed in [
        Sealed { cipher: &AES_128_GCM, method: cipher("aes128"), key: vec![1; 16], ..Sealed::default() },
        Sealed { cipher: &AES_192_GCM, method: cipher("aes192"), key: vec![1; 24], ..Sealed::default() },
        Sealed {
            transport: &OAEP_SHA256_MGF1SHA256,
            transport_method: oaep("sha256", "mgf1sha256"),
            ..Sealed::default()
        },
        Sealed {
            transport: &OAEP_SHA512_MGF1SHA512,
            transport_method: oaep("sha512", "mgf1sha512"),
            ..Sealed::default()
        },
    ] {
        let xml = response(Sign::Both, |assertion| sealed.element(assertion));
        assert_eq!(code(&xml), "accepted", "{} {}", sealed.method, sealed.transport_method);
    }
}

#[test]
fn a58_without_a_key_nothing_is_opened() {
    for sign in SIGNED {
        let xml = response(sign, |assertion| Sealed::default().element(assertion));
        assert_eq!(code_of(&judge(&xml)), "saml.encrypted");
    }
}

/// Not only the same code: the same words and the same steps, whatever failed.
#[test]
fn a58_every_failure_to_open_is_the_same() {
    let sealed = Sealed::default();
    let changed = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let failing = |broken: &dyn Fn(Vec<u8>, Vec<u8>) -> String| {
        verdict(&response(Sign::Assertion, |plain| broken(sealed.wrapped_key(), sealed.value(plain))))
    };
    let short = Sealed { key: vec![7; 16], ..Sealed::default() }.wrapped_key();
    let zero = Sealed { key: vec![0; 32], ..Sealed::default() };
    let verdicts = [
        verdict(&response(Sign::Assertion, |plain| {
            Sealed { recipient: &THEIRS, ..Sealed::default() }.element(plain)
        })),
        verdict(&response(Sign::Assertion, |plain| zero.written(&[3; 256], &zero.value(plain)))),
        failing(&|key, value| sealed.written(&changed(&key, 0), &value)),
        failing(&|key, value| sealed.written(&changed(&key, 255), &value)),
        failing(&|key, value| sealed.written(&key[1..], &value)),
        failing(&|_, value| sealed.written(&[0; 256], &value)),
        failing(&|_, value| sealed.written(&[255; 256], &value)),
        failing(&|_, value| sealed.written(&short, &value)),
        failing(&|key, value| sealed.written(&key, &changed(&value, 0))),
        failing(&|key, value| sealed.written(&key, &changed(&value, 40))),
        failing(&|key, value| sealed.written(&key, &changed(&value, value.len() - 1))),
        failing(&|key, value| sealed.written(&key, &value[..value.len() - 1])),
        failing(&|key, value| sealed.written(&key, &value[..28])),
        failing(&|key, value| sealed.written(&key, &value[..12])),
        failing(&|key, value| sealed.written(&key, &value[..1])),
    ];
    for verdict in &verdicts {
        assert_eq!(code_of(verdict), "saml.decryption");
        // All but the size of the form.
        assert_eq!(verdict.checks[1..], verdicts[0].checks[1..]);
    }
}

#[test]
fn a58_other_algorithms_are_refused_before_the_key_is_used() {
    let xmlenc = |name: &str| {
        format!("<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#{name}\"/>")
    };
    let with = |inside: &str| MGF1P.replace("/>", &format!(">{inside}</xenc:EncryptionMethod>"));
    let mut refused = Vec::new();
    for method in ["aes128-cbc", "aes256-cbc", "tripledes-cbc", "kw-aes256", "aes256-gcm", ""] {
        refused.push((Sealed { method: xmlenc(method), ..Sealed::default() }, "saml.algorithm"));
    }
    for method in ["rsa-1_5", "kw-aes256", "rsa-oaep", ""] {
        refused.push((Sealed { transport_method: xmlenc(method), ..Sealed::default() }, "saml.algorithm"));
    }
    for inside in [
        "<xenc:OAEPparams>AAAA</xenc:OAEPparams>",
        "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>",
        "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#md5\"/>",
        "<xenc11:MGF Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha1\"/>",
    ] {
        refused.push((Sealed { transport_method: with(inside), ..Sealed::default() }, "saml.algorithm"));
    }
    let parameter = AES_256.replace("/>", "><xenc:KeySize>256</xenc:KeySize></xenc:EncryptionMethod>");
    refused.push((Sealed { method: parameter, ..Sealed::default() }, "saml.encryption_shape"));
    for (sealed, want) in refused {
        for xml in [
            response(Sign::Response, |plain| sealed.element(plain)),
            response(Sign::Assertion, |plain| sealed.written(b"no key", plain.as_bytes())),
        ] {
            let verdict = verdict(&xml);
            assert_eq!(code_of(&verdict), want, "{} {}", sealed.method, sealed.transport_method);
            assert!(verdict.checks.iter().all(|check| check.name != "encryption.opened"));
        }
    }
}

#[test]
fn a58_the_form_is_exact() {
    let element = |plain: &str| Sealed::default().element(plain);
    let beside = |plain: &str| Sealed { beside: true, ..Sealed::default() }.element(plain);
    let edit =
        |from: &str, to: &str| code(&response(Sign::Assertion, |plain| element(plain).replace(from, to)));
    let edit_beside =
        |from: &str, to: &str| code(&response(Sign::Assertion, |plain| beside(plain).replace(from, to)));
    for (from, to) in [
        ("#Element", "#Content"),
        ("xenc:CipherValue", "xenc:CipherReference"),
        ("<xenc:CipherData>", "<xenc:CipherData><!--x-->"),
        ("<xenc:CipherData>", "<xenc:CipherData>x"),
        ("<xenc:CipherValue>", "<xenc:CipherValue>!"),
        ("<ds:KeyName>", "<xenc:Other/><ds:KeyName>"),
        ("</ds:KeyInfo>", "<ds:X509Data/></ds:KeyInfo>"),
        ("xenc:EncryptedData", "xenc:EncryptedKey"),
        (
            "</xenc:EncryptedData>",
            "</xenc:EncryptedData><EncryptedKey xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/>",
        ),
    ] {
        let want = if from == "<ds:KeyName>" { "accepted" } else { "saml.encryption_shape" };
        assert_eq!(edit(from, to), want, "{from} -> {to}");
    }
    for (from, to) in [
        ("URI=\"#_key\"", "URI=\"#_other\""),
        ("URI=\"#_key\"", "URI=\"_key\""),
        ("URI=\"#_key\"", ""),
        ("#EncryptedKey\"", "#Other\""),
        ("Id=\"_key\"", ""),
    ] {
        assert_eq!(edit_beside(from, to), "saml.encryption_shape", "{from} -> {to}");
    }
    let none = "<ds:RetrievalMethod Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"#_key\"/>";
    assert_eq!(edit_beside(none, ""), "accepted");
    assert_eq!(edit("Id=\"_data\"", "Id=\"_key\""), "saml.duplicate_id");
    assert_eq!(edit("Id=\"_data\"", "Id=\"id1000000000000001\""), "saml.duplicate_id");
    assert_eq!(edit("Id=\"_data\"", "ID=\"_data\""), "saml.id_attribute");
}

/// The refusal that is wanted, and what is made of the genuine and the forged Assertion.
type Attack<'a> = (&'a str, &'a dyn Fn(&str, &str) -> String);

#[test]
fn the_whole_is_judged_after_decryption() {
    let sealed = Sealed::default();
    let sign_with_forged = |make: &dyn Fn(&str, &str) -> String| {
        code(&response(Sign::Assertion, |genuine| {
            let bare = genuine.replace(source(genuine, "Signature"), "");
            let forged = bare.replace(USER, "eve@example.com").replace("id2000000000000002", "_evil");
            make(genuine, &forged)
        }))
    };
    let extensions = |content: &str| {
        format!("<p:Extensions xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\">{content}</p:Extensions>")
    };
    let attacks: [Attack<'_>; 11] = [
        ("saml.unsigned", &|_, forged| sealed.element(forged)),
        ("saml.multiple_assertions", &|genuine, forged| format!("{}{forged}", sealed.element(genuine))),
        ("saml.multiple_assertions", &|genuine, forged| format!("{genuine}{}", sealed.element(forged))),
        ("saml.multiple_assertions", &|genuine, forged| sealed.element(genuine) + &sealed.element(forged)),
        ("saml.multiple_assertions", &|genuine, forged| sealed.element(&format!("{forged}{genuine}"))),
        ("saml.multiple_assertions", &|genuine, _| extensions(&sealed.element(genuine))),
        ("saml.nested_assertion", &|genuine, forged| {
            sealed.element(&forged.replacen("<saml2:Subject", &format!("{genuine}<saml2:Subject"), 1))
        }),
        ("saml.encrypted", &|genuine, _| sealed.element(&sealed.element(genuine))),
        ("saml.no_assertion", &|_, _| sealed.element("<x/>")),
        ("xml.doctype", &|genuine, _| sealed.element(&format!("<!DOCTYPE x>{genuine}"))),
        ("saml.duplicate_id", &|genuine, _| {
            sealed.element(&genuine.replacen(
                "<saml2:Conditions ",
                "<saml2:Conditions ID=\"id1000000000000001\" ",
                1,
            ))
        }),
    ];
    for (at, (want, make)) in attacks.iter().enumerate() {
        assert_eq!(sign_with_forged(make), *want, "attack {at}");
    }
}

#[test]
fn what_the_response_covers_is_what_was_encrypted() {
    let sealed = Sealed::default();
    let xml = response(Sign::Response, |assertion| sealed.element(assertion));
    let genuine = source(&xml, "EncryptedAssertion").to_owned();
    let forged = genuine_assertion().replace(USER, "eve@example.com");
    assert_eq!(code(&xml.replace(&genuine, &sealed.element(&forged))), "saml.digest");
    let strict = Expectations { require_signed_assertion: true, ..opening() };
    for (sign, want) in [(Sign::Response, "saml.assertion_unsigned"), (Sign::Both, "accepted")] {
        let xml = response(sign, |assertion| sealed.element(assertion));
        assert_eq!(code_of(&judge_with(xml.as_bytes(), &strict)), want);
    }
    // Both signatures count: a true one around an Assertion that was changed before it was encrypted.
    let changed = |assertion: &str| sealed.element(&assertion.replace(USER, "eve@example.com"));
    assert_eq!(code(&response(Sign::Both, changed)), "saml.digest");
    let unsigned = response(Sign::Nothing, |assertion| sealed.element(assertion));
    let stranger = STRANGER.sign(&unsigned, &super::harness::genuine(Sign::Nothing).response_id).unwrap();
    assert_eq!(code(&stranger), "saml.untrusted_key");
    assert_eq!(code(&unsigned), "saml.unsigned");
}

fn genuine_assertion() -> String {
    source(&genuine(Sign::Nothing).to_xml(), "Assertion").to_owned()
}

#[test]
fn a_decryption_key_is_rsa_and_cannot_be_printed() {
    assert_eq!(format!("{:?}", *DECRYPTION_KEY), "DecryptionKey");
    let ec = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_der();
    for der in [&ec[..], b"", b"x", OURS.certificate()] {
        let error = DecryptionKey::from_pkcs8(der).unwrap_err();
        assert!(error.to_string().ends_with("got something else"));
    }
}
