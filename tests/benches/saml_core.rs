//! What deciding on a sign-in costs beside the cryptography that nobody can leave out: decode to claims, all
//! conditions, for an Okta-shaped Response signed twice. The goal is at most 3 times that floor.

use std::hint::black_box;

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{self, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use okta_twin::saml::{Attribute, ResponseSpec, Sign, SigningIdp};
use shared::saml::{DEFAULT_CLOCK_SKEW, Expectations, IdpMetadata, verify};
use tests::cpu::microseconds;

const IDP: &str = "http://www.okta.com/exk1example";
const SSO: &str = "https://acme.okta.example.com/app/exk1example/sso/saml";
const ACS: &str = "https://acme.atomation.example.com/auth/saml/acs";
const SP: &str = "https://acme.atomation.example.com/saml/metadata";
const REQUEST: &str = "_request1";
/// Times the floor.
const GOAL: f64 = 3.0;

fn main() -> anyhow::Result<()> {
    let now: Timestamp = "2026-06-19T12:00:00Z".parse()?;
    let year = SignedDuration::from_hours(24 * 365);
    let signer = SigningIdp::generate("acme", now - year, now + year)?;
    let idp = IdpMetadata::parse(signer.metadata_xml(IDP, SSO).as_bytes())?;
    let xml = signer.response(&response(now))?;

    let floor = floor(&signer, &xml)?;
    let form = STANDARD.encode(&xml);
    let expect = Expectations {
        idp: &idp,
        sp_entity_id: SP,
        acs_url: ACS,
        request_ids: &[REQUEST],
        allow_idp_initiated: false,
        require_signed_assertion: true,
        allow_ecdsa: false,
        decryption_key: None,
        refuse_outdated_certificate: true,
        now,
        clock_skew: DEFAULT_CLOCK_SKEW,
    };
    anyhow::ensure!(verify(&form, &expect).outcome.is_ok(), "the Response is not accepted");
    let ours = microseconds(|| verify(black_box(&form), &expect));

    println!("a both-signed Response of {} bytes, CPU per operation:", xml.len());
    println!("  floor  {floor:8.1} us   2 RSA-2048 verifications, 2 SHA-256 digests");
    println!("  ours   {ours:8.1} us   {:.2} times the floor (goal: at most {GOAL})", ours / floor);
    Ok(())
}

/// An answer to [`REQUEST`] with the attributes that the setup guide asks for.
fn response(now: Timestamp) -> ResponseSpec {
    let mut spec = ResponseSpec::okta(now, IDP, ACS, SP, "ada@example.com").answering(REQUEST);
    let attribute = |name: &str, value: &str| Attribute { name: name.into(), values: vec![value.into()] };
    spec.attributes = vec![
        attribute("firstName", "Ada"),
        attribute("lastName", "Example"),
        attribute("email", "ada@example.com"),
    ];
    spec.sign = Sign::Both;
    spec
}

/// The least that any verifier computes: both SignedInfos under the key, both elements' digests.
fn floor(signer: &SigningIdp, xml: &str) -> anyhow::Result<f64> {
    let key = KeyPair::from_pkcs8(signer.pkcs8())?;
    let signed_info = element(xml, "ds:SignedInfo")?.as_bytes();
    let mut value = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed_info, &mut value)?;
    let public = signature::KeyPair::public_key(&key).as_ref();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);

    let (response, assertion) = (element(xml, "saml2p:Response")?, element(xml, "saml2:Assertion")?);
    let signature = element(xml, "ds:Signature")?.len();
    let contents = [response, assertion].map(|element| element.as_bytes()[signature..].to_vec());
    Ok(microseconds(|| {
        for content in &contents {
            let verified = public.verify(black_box(signed_info), &value).is_ok();
            black_box((verified, digest(&SHA256, content)));
        }
    }))
}

/// The source of the first element of this name.
fn element<'x>(xml: &'x str, name: &str) -> anyhow::Result<&'x str> {
    let start = xml.find(&format!("<{name} ")).or_else(|| xml.find(&format!("<{name}>")));
    let end = format!("</{name}>");
    let found = start.and_then(|start| Some(&xml[start..xml[start..].find(&end)? + start + end.len()]));
    found.ok_or_else(|| anyhow::anyhow!("no {name}"))
}
