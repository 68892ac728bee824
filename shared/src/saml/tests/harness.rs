//! Keys, a genuine Response, and tools to take documents apart.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use okta_twin::saml::{ResponseSpec, Sign, SigningIdp};
use uppsala::{Document, NodeId};

use crate::saml::{DEFAULT_CLOCK_SKEW, Expectations, IdpMetadata, Rejection, Verdict, verify};

pub const IDP: &str = "http://www.okta.com/exk1example";
pub const SSO: &str = "https://acme.okta.example.com/app/exk1example/sso/saml";
pub const ACS: &str = "https://acme.atomation.example.com/auth/saml/acs";
pub const SP: &str = "https://acme.atomation.example.com/saml/metadata";
pub const USER: &str = "ada@example.com";
pub const REQUEST: &str = "_request1";
pub const SIGNED: [Sign; 3] = [Sign::Response, Sign::Assertion, Sign::Both];

pub static KEY: LazyLock<SigningIdp> = LazyLock::new(|| key("acme"));
pub static STRANGER: LazyLock<SigningIdp> = LazyLock::new(|| key("stranger"));
static METADATA: LazyLock<IdpMetadata> = LazyLock::new(|| pinned(&KEY));

pub fn now() -> Timestamp {
    "2026-06-19T12:00:00Z".parse().unwrap()
}

pub fn after(seconds: i64) -> String {
    now().saturating_add(SignedDuration::from_secs(seconds)).unwrap().to_string()
}

fn key(name: &str) -> SigningIdp {
    let year = SignedDuration::from_hours(24 * 365);
    SigningIdp::generate(name, now() - year, now() + year).unwrap()
}

pub fn pinned(key: &SigningIdp) -> IdpMetadata {
    IdpMetadata::parse(key.metadata_xml(IDP, SSO).as_bytes()).unwrap()
}

/// What the workspace expects: one open request, IdP-initiated sign-in allowed.
pub fn expectations() -> Expectations<'static> {
    Expectations {
        idp: &METADATA,
        sp_entity_id: SP,
        acs_url: ACS,
        request_ids: &[REQUEST],
        allow_idp_initiated: true,
        require_signed_assertion: false,
        allow_ecdsa: false,
        decryption_key: None,
        refuse_outdated_certificate: false,
        now: now(),
        clock_skew: DEFAULT_CLOCK_SKEW,
    }
}

/// A genuine answer to [`REQUEST`].
pub fn genuine(sign: Sign) -> ResponseSpec {
    let mut spec = ResponseSpec::okta(now(), IDP, ACS, SP, USER).answering(REQUEST);
    spec.sign = sign;
    spec
}

pub fn signed(spec: &ResponseSpec) -> String {
    KEY.response(spec).unwrap()
}

/// Signs any XML with the ids of [`genuine`], as `sign` says.
pub fn sign(xml: &str, sign: Sign) -> String {
    let spec = genuine(sign);
    let inner = matches!(sign, Sign::Assertion | Sign::Both);
    let xml = if inner { KEY.sign(xml, &spec.assertion_id).unwrap() } else { xml.to_owned() };
    let outer = matches!(sign, Sign::Response | Sign::Both);
    if outer { KEY.sign(&xml, &spec.response_id).unwrap() } else { xml }
}

pub fn judge_with(xml: &[u8], expect: &Expectations<'_>) -> Verdict {
    let verdict = verify(&STANDARD.encode(xml), expect);
    // Whatever comes, the record ends with the reason and is fit to print.
    if let Err(rejection) = &verdict.outcome {
        let last = verdict.checks.last().expect("a refusal has a check");
        assert!(!last.passed, "{rejection}: {last:?}");
        assert_eq!((&last.want, &last.got), (&rejection.mismatch().want, &rejection.mismatch().got));
    } else {
        assert!(verdict.checks.iter().all(|check| check.passed), "{:?}", verdict.checks);
    }
    let printable = |text: &str| text.chars().count() < 2500 && !text.chars().any(char::is_control);
    assert!(verdict.checks.iter().all(|check| printable(&check.want) && printable(&check.got)));
    verdict
}

pub fn judge(xml: &str) -> Verdict {
    judge_with(xml.as_bytes(), &expectations())
}

/// The rejection's code, or `accepted`.
pub fn code_of(verdict: &Verdict) -> &'static str {
    verdict.outcome.as_ref().map_or_else(Rejection::code, |_| "accepted")
}

pub fn code(xml: &str) -> &'static str {
    code_of(&judge(xml))
}

/// The code that the Response of [`genuine`] gets after `change`, signed by the true key: the same in all
/// three signing modes.
pub fn changed(change: impl Fn(&mut ResponseSpec)) -> &'static str {
    let codes = SIGNED.map(|mode| {
        let mut spec = genuine(mode);
        change(&mut spec);
        code(&signed(&spec))
    });
    assert!(codes.iter().all(|code| *code == codes[0]), "{codes:?}");
    codes[0]
}

/// The source of the first element (in document order) with this local name.
pub fn source<'x>(xml: &'x str, local: &str) -> &'x str {
    let document = uppsala::parse(xml).unwrap();
    let id = first(&document, document.root(), local).unwrap_or_else(|| panic!("no {local}"));
    &xml[document.node_range(id).unwrap()]
}

fn first(document: &Document<'_>, node: NodeId, local: &str) -> Option<NodeId> {
    if document.element(node).is_some_and(|e| e.name.local_name == local) {
        return Some(node);
    }
    document.children_iter(node).find_map(|child| first(document, child, local))
}

/// Replaces the only occurrence of `from`.
pub fn replaced(xml: &str, from: &str, to: &str) -> String {
    assert_eq!(xml.matches(from).count(), 1, "{from}");
    xml.replacen(from, to, 1)
}
