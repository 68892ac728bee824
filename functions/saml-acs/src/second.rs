//! samael as a second verifier (cargo feature `samael`; `infra/adr/0003` says when and how).
//!
//! One rule: it can only refuse. It is asked about responses that `shared::saml` has accepted, and what it reads is
//! compared with what was read already, never used.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use samael::{
    crypto::AllowedSignatureAlgorithm,
    metadata::EntityDescriptor,
    schema::{Assertion, AuthnStatement, Subject},
    service_provider::ServiceProvider,
};
use shared::{
    ops::{Clock, SystemClock},
    saml::{Check, Expectations, Identity, IdpMetadata, Mismatch},
};

use crate::guess;

/// Our own algorithms. Without a list samael takes SHA-1 as well.
const RSA: [AllowedSignatureAlgorithm; 3] = [
    AllowedSignatureAlgorithm::RsaSha256,
    AllowedSignatureAlgorithm::RsaSha384,
    AllowedSignatureAlgorithm::RsaSha512,
];
/// Where the workspace allows it.
const ECDSA: [AllowedSignatureAlgorithm; 2] =
    [AllowedSignatureAlgorithm::EcdsaSha256, AllowedSignatureAlgorithm::EcdsaSha384];

/// How old a message may be, in seconds: as long as for the first verifier.
const MAX_AGE: i64 = 600;

/// Whether samael accepts the same response and finds the same person in it: both checks, or the one that failed.
pub fn opinion(saml_response: &str, first: &Identity, expect: &Expectations<'_>) -> Vec<Check> {
    // samael's switch for sign-in that the identity provider starts turns InResponseTo off altogether.
    let expect = Expectations { allow_idp_initiated: first.in_response_to.is_none(), ..expect.clone() };
    let xml = guess::text(saml_response).unwrap_or_default();
    let (accepted, assertion) = match judge(&xml, &expect) {
        Ok(assertion) => (check("samael.accepts", "acceptance", "acceptance", true), assertion),
        Err(reason) => return vec![check("samael.accepts", "acceptance", &reason, false)],
    };
    let claim = difference(first, &assertion);
    let got = claim.map_or_else(|| "the same".to_owned(), |claim| format!("another {claim}"));
    vec![accepted, check("samael.agrees", "the same identity", &got, claim.is_none())]
}

fn check(name: &'static str, want: &'static str, got: &str, passed: bool) -> Check {
    let Mismatch { want, got } = Mismatch::new(want, got);
    Check { name, want, got, passed }
}

/// samael's own verdict: the Assertion it would sign somebody in by, or its reason.
pub fn judge(xml: &str, expect: &Expectations<'_>) -> Result<Assertion, String> {
    // Without a key samael would take an unsigned response.
    if expect.idp.certificates.is_empty() {
        return Err("no signing certificate".to_owned());
    }
    let mut algorithms = RSA.to_vec();
    if expect.allow_ecdsa {
        algorithms.extend(ECDSA);
    }
    let skew = skew(expect);
    let provider = ServiceProvider {
        entity_id: Some(expect.sp_entity_id.to_owned()),
        acs_url: Some(expect.acs_url.to_owned()),
        idp_metadata: pinned(expect.idp)?,
        allow_idp_initiated: expect.allow_idp_initiated,
        max_clock_skew: skew,
        max_issue_delay: skew + TimeDelta::seconds(MAX_AGE),
        allowed_signature_algorithms: Some(algorithms),
        ..ServiceProvider::default()
    };
    provider.parse_xml_response(xml, Some(expect.request_ids)).map_err(|error| error.to_string())
}

/// samael reads the machine's clock. Where ours is another one (tests that travel), the distance counts as skew.
fn skew(expect: &Expectations<'_>) -> TimeDelta {
    let distance = SystemClock.now().duration_since(expect.now);
    TimeDelta::seconds(expect.clock_skew.as_secs().saturating_add(distance.as_secs()))
}

/// The connection's identity provider: what samael needs of its metadata.
fn pinned(idp: &IdpMetadata) -> Result<EntityDescriptor, String> {
    let key = |der: &Vec<u8>| {
        let der = STANDARD.encode(der);
        format!(
            "<KeyDescriptor use=\"signing\"><KeyInfo><X509Data><X509Certificate>{der}</X509Certificate></X509Data>\
             </KeyInfo></KeyDescriptor>"
        )
    };
    let keys: String = idp.certificates.iter().map(|certificate| key(&certificate.der)).collect();
    let xml = format!("<EntityDescriptor><IDPSSODescriptor>{keys}</IDPSSODescriptor></EntityDescriptor>");
    let entity: EntityDescriptor = xml.parse().map_err(|_| "the keys cannot be read".to_owned())?;
    Ok(EntityDescriptor { entity_id: Some(idp.entity_id.clone()), ..entity })
}

/// The first claim that the two read differently.
fn difference(first: &Identity, second: &Assertion) -> Option<&'static str> {
    let subject = second.subject.as_ref();
    let name_id = subject.and_then(|subject| subject.name_id.as_ref());
    let claims = [
        ("issuer", Some(&first.issuer), second.issuer.value.as_ref()),
        ("assertion id", Some(&first.assertion_id), Some(&second.id)),
        ("NameID", Some(&first.name_id), name_id.map(|name| &name.value)),
        ("InResponseTo", first.in_response_to.as_ref(), subject.and_then(in_response_to)),
        ("SessionIndex", first.session_index.as_ref(), session_index(second)),
    ];
    let differing = claims.into_iter().find(|(_, ours, theirs)| ours != theirs).map(|(claim, ..)| claim);
    differing.or_else(|| (first.attributes != attributes(second)).then_some("attribute"))
}

fn in_response_to(subject: &Subject) -> Option<&String> {
    let confirmation = subject.subject_confirmations.as_ref()?.first()?;
    confirmation.subject_confirmation_data.as_ref()?.in_response_to.as_ref()
}

fn session_index(assertion: &Assertion) -> Option<&String> {
    let statement: &AuthnStatement = assertion.authn_statements.as_ref()?.first()?;
    statement.session_index.as_ref()
}

fn attributes(assertion: &Assertion) -> Vec<(String, Vec<String>)> {
    let statements = assertion.attribute_statements.iter().flatten();
    let values = |attribute: &samael::attribute::Attribute| {
        attribute.values.iter().map(|value| value.value.clone().unwrap_or_default()).collect()
    };
    let pair = |attribute: &samael::attribute::Attribute| {
        (attribute.name.clone().unwrap_or_default(), values(attribute))
    };
    statements.flat_map(|statement| statement.attributes.iter().map(pair)).collect()
}
