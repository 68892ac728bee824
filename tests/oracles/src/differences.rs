//! Where the verdicts may differ, by class. `infra/adr/0003` explains each of them.

/// Whose verdict on what we refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judge {
    /// It would sign somebody in.
    Samael,
    /// It calls every signature valid.
    Xmlsec1,
}

/// Documents that we refuse and others accept, all for one reason.
#[derive(Debug)]
pub struct Class {
    /// As in the ADR's table.
    pub name: &'static str,
    pub judges: &'static [Judge],
    /// The codes of our refusals.
    pub codes: &'static [&'static str],
}

use Judge::{Samael, Xmlsec1};

const CLASSES: &[Class] = &[
    Class {
        name: "more XML",
        judges: &[Samael, Xmlsec1],
        codes: &["xml.cdata", "xml.doctype", "xml.encoding", "xml.processing_instruction"],
    },
    Class { name: "larger XML", judges: &[Xmlsec1], codes: &["xml.limits"] },
    Class {
        name: "looser signatures",
        judges: &[Samael, Xmlsec1],
        codes: &[
            "saml.algorithm",
            "saml.object_forbidden",
            "saml.reference_form",
            "saml.signature_children",
            "saml.signature_shape",
            "saml.transform_forbidden",
        ],
    },
    Class { name: "weak signatures", judges: &[Xmlsec1], codes: &["saml.weak_algorithm"] },
    Class {
        name: "something else beside what is signed",
        judges: &[Samael, Xmlsec1],
        codes: &[
            "saml.duplicate_id",
            "saml.id_attribute",
            "saml.multiple_assertions",
            "saml.nested_assertion",
            "saml.no_assertion",
            "saml.reference_mismatch",
            "saml.root",
            "saml.signature_not_root_or_assertion",
        ],
    },
    Class {
        name: "absent or odd claims",
        judges: &[Samael, Xmlsec1],
        codes: &[
            "saml.audience",
            "saml.authn_statement",
            "saml.conditions_missing",
            "saml.destination",
            "saml.encrypted",
            "saml.in_response_to",
            "saml.issuer",
            "saml.nameid",
            "saml.recipient",
            "saml.response_id",
            "saml.status",
            "saml.subject_confirmation",
            "saml.unknown_condition",
            "saml.version",
        ],
    },
    Class {
        name: "instants",
        judges: &[Samael, Xmlsec1],
        codes: &["saml.issue_instant", "saml.not_yet_valid", "saml.session_expired", "saml.timestamp"],
    },
    Class { name: "claims", judges: &[Xmlsec1], codes: &["saml.assertion_id", "saml.expired"] },
];

/// What we accept and samael refuses: how its reason begins, and what the document then has in it.
const STRICTER: &[(&str, &str, &str)] =
    &[("no room for it", "Failed to parse reduced signed SAML assertion", "AuthnContext")];

/// The class of a document that we refuse with this code and that `judge` accepts.
pub fn accepted_by(judge: Judge, code: &str) -> Option<&'static str> {
    let mut classes = CLASSES.iter().filter(|class| class.judges.contains(&judge));
    classes.find(|class| class.codes.contains(&code)).map(|class| class.name)
}

/// The class of a document that we accept and that samael refuses for this reason.
pub fn refused_by_samael(reason: &str, xml: &[u8]) -> Option<&'static str> {
    let xml = String::from_utf8_lossy(xml);
    let found = STRICTER.iter().find(|(_, begin, has)| reason.starts_with(begin) && xml.contains(has));
    found.map(|(name, ..)| *name)
}

/// The names of all classes.
pub fn classes() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().map(|class| class.name).chain(STRICTER.iter().map(|(name, ..)| *name))
}
