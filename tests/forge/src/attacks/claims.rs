//! What the genuine key signed and what must still sign nobody in (A21, A22, A27 to A31, A35 to A40, A58): each
//! wrong in one place.

use super::scene::Scene;
use crate::{
    Forged, Proof, Signed,
    message::qualified,
    xml::{Element, Node},
};

/// The tolerance for clocks, in seconds.
const SKEW: i64 = 120;

type Change<'c> = Box<dyn Fn(&mut Element) + 'c>;
type Case<'c> = (&'static str, String, &'static str, Change<'c>);

fn sealed(scene: &Scene<'_>, cases: Vec<Case<'_>>) -> Vec<Forged> {
    let sealed = cases.into_iter().map(|(row, name, reason, change)| {
        let draft = scene.draft().changed(change);
        scene.forged(row, name, reason, Proof::Sealed, draft.sign(scene.idp, scene.signed).root)
    });
    sealed.collect()
}

/// Sets an attribute of the first element with this name.
fn set<'c>(local: &'c str, attribute: &'c str, value: impl Into<String>) -> Change<'c> {
    let value = value.into();
    Box::new(move |root| root.edit(local, |element| element.set(attribute, value.clone())))
}

fn unset<'c>(local: &'c str, attribute: &'c str) -> Change<'c> {
    Box::new(move |root| root.edit(local, |element| element.unset(attribute)))
}

fn say<'c>(local: &'c str, text: &'c str) -> Change<'c> {
    Box::new(move |root| root.edit(local, |element| element.say(text)))
}

/// As `change`, in the Assertion only.
fn in_assertion(change: Change<'_>) -> Change<'_> {
    Box::new(move |root| root.edit("Assertion", |assertion| change(assertion)))
}

/// A21, A22: for somebody else, by somebody else.
pub(super) fn parties(scene: &Scene<'_>) -> Vec<Forged> {
    let facts = scene.facts;
    let assertion = scene.style().assertion;
    let mut out: Vec<Case<'_>> = Vec::new();
    for audience in [
        "https://other.atomation.example.com/saml/metadata".to_owned(),
        String::new(),
        format!("{}/", facts.audience),
        format!(" {}", facts.audience),
        facts.audience.to_uppercase(),
        format!("{} {}", facts.audience, facts.audience),
    ] {
        let name = format!("Audience {audience:?}");
        let change = move |root: &mut Element| root.edit("Audience", |a| a.say(audience.clone()));
        out.push(("A21", name, "saml.audience", Box::new(change)));
    }
    let other = move || {
        let audience = Element::new(qualified(assertion, "Audience")).saying("urn:other");
        Node::Element(Element::new(qualified(assertion, "AudienceRestriction")).child(audience))
    };
    let second = move |root: &mut Element| root.edit("Conditions", |c| c.children.push(other()));
    out.push((
        "A21",
        "a second AudienceRestriction without us".to_owned(),
        "saml.audience",
        Box::new(second),
    ));
    let no_audience: Change<'_> = Box::new(|root| root.replace("Audience", []));
    out.push(("A21", "no Audience".to_owned(), "saml.audience", no_audience));
    for issuer in ["http://www.okta.com/exkother", "", " "] {
        let reason = "saml.issuer";
        out.push(("A22", format!("Issuer of the Response {issuer:?}"), reason, say("Issuer", issuer)));
        let inner = in_assertion(say("Issuer", issuer));
        out.push(("A22", format!("Issuer of the Assertion {issuer:?}"), reason, inner));
    }
    let format = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    let inner = in_assertion(set("Issuer", "Format", format));
    out.push(("A22", "Issuer of another format".to_owned(), "saml.issuer", inner));
    let none = in_assertion(Box::new(|assertion| assertion.replace("Issuer", [])));
    out.push(("A22", "no Issuer in the Assertion".to_owned(), "saml.issuer", none));
    if scene.signed.response() {
        let none: Change<'_> = Box::new(|root| root.replace("Issuer", []));
        out.push(("A22", "no Issuer in a signed Response".to_owned(), "saml.issuer", none));
    }
    sealed(scene, out)
}

/// A27 to A31: too late, too early, or no time at all.
pub(super) fn times(scene: &Scene<'_>) -> Vec<Forged> {
    let facts = scene.facts;
    let mut out: Vec<Case<'_>> = Vec::new();
    let at = |seconds: i64| facts.after(seconds);
    for (local, reason) in [("Conditions", "saml.expired"), ("SubjectConfirmationData", "saml.expired")] {
        for seconds in [-SKEW, -SKEW - 1, -86_400] {
            let name = format!("{local} ended {} s ago", -seconds);
            out.push(("A27", name, reason, set(local, "NotOnOrAfter", at(seconds))));
        }
    }
    for seconds in [-SKEW, -SKEW - 1] {
        let name = format!("session ended {} s ago", -seconds);
        out.push((
            "A27",
            name,
            "saml.session_expired",
            set("AuthnStatement", "SessionNotOnOrAfter", at(seconds)),
        ));
    }
    for (local, attribute) in [
        ("Conditions", "NotBefore"),
        ("SubjectConfirmationData", "NotBefore"),
        ("AuthnStatement", "AuthnInstant"),
    ] {
        let name = format!("{local} begins in {} s", SKEW + 1);
        out.push(("A28", name, "saml.not_yet_valid", set(local, attribute, at(SKEW + 1))));
    }
    for local in ["Response", "Assertion"] {
        for seconds in [-601 - SKEW, SKEW + 1] {
            let name = format!("{local} issued {seconds} s from now");
            out.push(("A30", name, "saml.issue_instant", set(local, "IssueInstant", at(seconds))));
        }
    }
    for text in [
        "",
        "2026-06-19T12:00:00",
        "2026-06-19T12:00:00+14:00",
        "2026-06-19T12:00:60Z",
        "99999-06-19T12:00:00Z",
        "2026-06-19T12:00:00.0000000000000000000000000000000000000001Z",
        "2026-06-31T12:00:00Z",
        "now",
    ] {
        for (local, attribute) in [
            ("Response", "IssueInstant"),
            ("Assertion", "IssueInstant"),
            ("Conditions", "NotBefore"),
            ("Conditions", "NotOnOrAfter"),
            ("SubjectConfirmationData", "NotBefore"),
            ("SubjectConfirmationData", "NotOnOrAfter"),
            ("AuthnStatement", "AuthnInstant"),
            ("AuthnStatement", "SessionNotOnOrAfter"),
        ] {
            let name = format!("{attribute} of {local} {text:?}");
            out.push(("A31", name, "saml.timestamp", set(local, attribute, text)));
        }
    }
    sealed(scene, out)
}

/// A35 to A37: sent elsewhere, or in answer to something else.
pub(super) fn addresses(scene: &Scene<'_>) -> Vec<Forged> {
    let acs = &scene.facts.acs_url;
    let mut out: Vec<Case<'_>> = Vec::new();
    for other in [
        String::new(),
        format!("{acs}/"),
        format!("{acs}?"),
        format!("{acs}#"),
        format!(" {acs}"),
        acs.to_uppercase(),
        acs.replacen("/auth/", ":443/auth/", 1),
        acs.replacen("saml", "%73aml", 1),
        acs.replacen("/auth/", "/auth/x/%2e%2e/", 1),
        acs.replacen("https", "http", 1),
        "https://other.atomation.example.com/auth/saml/acs".to_owned(),
    ] {
        let recipient = set("SubjectConfirmationData", "Recipient", other.clone());
        out.push(("A35", format!("Recipient {other:?}"), "saml.recipient", recipient));
        let destination = set("Response", "Destination", other.clone());
        out.push(("A36", format!("Destination {other:?}"), "saml.destination", destination));
    }
    let none = unset("SubjectConfirmationData", "Recipient");
    out.push(("A35", "no Recipient".to_owned(), "saml.recipient", none));
    if scene.signed.response() {
        let none = unset("Response", "Destination");
        out.push(("A36", "no Destination in a signed Response".to_owned(), "saml.destination", none));
    }
    for (name, value) in [("unknown", "_unknown"), ("empty", ""), ("two", "_request1 _request2")] {
        let both = move |root: &mut Element| {
            for local in ["Response", "SubjectConfirmationData"] {
                root.edit(local, |element| element.set("InResponseTo", value));
            }
        };
        let reason = "saml.in_response_to";
        out.push(("A37", format!("InResponseTo {name}"), reason, Box::new(both)));
        for local in ["Response", "SubjectConfirmationData"] {
            let one = set(local, "InResponseTo", value);
            out.push(("A37", format!("InResponseTo of {local} alone {name}"), reason, one));
        }
    }
    for local in ["Response", "SubjectConfirmationData"] {
        let none = unset(local, "InResponseTo");
        out.push(("A37", format!("no InResponseTo on {local}"), "saml.in_response_to", none));
    }
    sealed(scene, out)
}

/// A29, A39, A40: what must be there once is not, or twice, or says something else.
pub(super) fn missing_and_double(scene: &Scene<'_>) -> Vec<Forged> {
    let mut out: Vec<Case<'_>> = Vec::new();
    let mut twice_and_never = |row, local: &'static str, reason| {
        let twice = move |root: &mut Element| {
            let found = root.find(local).cloned();
            root.replace(local, found.clone().into_iter().chain(found));
        };
        out.push((row, format!("two of {local}"), reason, Box::new(twice)));
        out.push((row, format!("no {local}"), reason, Box::new(move |root| root.replace(local, []))));
    };
    twice_and_never("A29", "Conditions", "saml.conditions_missing");
    twice_and_never("A29", "AuthnStatement", "saml.authn_statement");
    twice_and_never("A29", "Subject", "saml.nameid");
    twice_and_never("A29", "NameID", "saml.nameid");
    twice_and_never("A39", "SubjectConfirmation", "saml.subject_confirmation");
    twice_and_never("A39", "SubjectConfirmationData", "saml.subject_confirmation");
    twice_and_never("A40", "Status", "saml.status");
    out.push((
        "A40",
        "no StatusCode".to_owned(),
        "saml.status",
        Box::new(|root| root.replace("StatusCode", [])),
    ));
    let restriction: Change<'_> = Box::new(|root| root.replace("AudienceRestriction", []));
    out.push(("A29", "no AudienceRestriction".to_owned(), "saml.conditions_missing", restriction));
    for (row, local, attribute, reason) in [
        ("A29", "Conditions", "NotOnOrAfter", "saml.conditions_missing"),
        ("A29", "AuthnStatement", "AuthnInstant", "saml.authn_statement"),
        ("A29", "Response", "Version", "saml.version"),
        ("A29", "Assertion", "Version", "saml.version"),
        ("A29", "Response", "IssueInstant", "saml.issue_instant"),
        ("A29", "Assertion", "IssueInstant", "saml.issue_instant"),
        ("A39", "SubjectConfirmation", "Method", "saml.subject_confirmation"),
        ("A39", "SubjectConfirmationData", "NotOnOrAfter", "saml.subject_confirmation"),
        ("A40", "StatusCode", "Value", "saml.status"),
    ] {
        out.push((row, format!("no {attribute} on {local}"), reason, unset(local, attribute)));
    }
    for version in ["1.1", "2", "2.00", ""] {
        for local in ["Response", "Assertion"] {
            let name = format!("{local} of version {version:?}");
            out.push(("A29", name, "saml.version", set(local, "Version", version)));
        }
    }
    let conditions = [
        Element::new(qualified(scene.style().assertion, "Condition")),
        Element::new("x:Delegation").with("xmlns:x", "urn:x"),
        Element::new("x:AudienceRestriction").with("xmlns:x", "urn:x"),
    ];
    for condition in conditions {
        let name = format!("an unknown condition {}", condition.name);
        let change = move |root: &mut Element| {
            root.edit("Conditions", |c| c.push(condition.clone()));
        };
        out.push(("A29", name, "saml.unknown_condition", Box::new(change)));
    }
    for method in ["holder-of-key", "sender-vouches", "Bearer", ""] {
        let uri = format!("urn:oasis:names:tc:SAML:2.0:cm:{method}");
        let change = set("SubjectConfirmation", "Method", uri);
        out.push(("A39", format!("confirmed by {method:?}"), "saml.subject_confirmation", change));
    }
    for status in ["Responder", "Requester", "AuthnFailed", "success", ""] {
        let uri = format!("urn:oasis:names:tc:SAML:2.0:status:{status}");
        out.push(("A40", format!("status {status:?}"), "saml.status", set("StatusCode", "Value", uri)));
    }
    sealed(scene, out)
}

/// A58: what only a workspace with a decryption key could read.
pub(super) fn encrypted(scene: &Scene<'_>) -> Vec<Forged> {
    let element = |local: &str| Element::new(qualified(scene.style().assertion, local));
    let mut out: Vec<Case<'_>> = Vec::new();
    let (id, attribute) = (element("EncryptedID"), element("EncryptedAttribute"));
    let reason = "saml.encrypted";
    let change = move |root: &mut Element| root.replace("NameID", [id.clone()]);
    out.push(("A58", "EncryptedID".to_owned(), reason, Box::new(change)));
    let change = move |root: &mut Element| root.replace("Attribute", [attribute.clone()]);
    out.push(("A58", "EncryptedAttribute".to_owned(), reason, Box::new(change)));
    if scene.signed == Signed::Response {
        let assertion = element("EncryptedAssertion").with("xmlns:e", "http://www.w3.org/2001/04/xmlenc#");
        let namespace = if scene.style().assertion.is_empty() {
            "xmlns".to_owned()
        } else {
            format!("xmlns:{}", scene.style().assertion)
        };
        let assertion = assertion.with(&namespace, crate::xml::ASSERTION);
        for algorithm in ["aes256-cbc", "tripledes-cbc", "rsa-1_5"] {
            let method = Element::new("e:EncryptionMethod")
                .with("Algorithm", format!("http://www.w3.org/2001/04/xmlenc#{algorithm}"));
            let assertion = assertion.clone().child(Element::new("e:EncryptedData").child(method));
            let change = move |root: &mut Element| root.replace("Assertion", [assertion.clone()]);
            out.push(("A58", format!("EncryptedAssertion with {algorithm}"), reason, Box::new(change)));
        }
    }
    sealed(scene, out)
}
