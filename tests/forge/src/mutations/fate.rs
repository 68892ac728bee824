//! What must come of a change, said without looking at any verifier: from what is signed, and from what the strict
//! profile asks of each element.

use super::Change::{self, Changed, Deleted, Doubled, Emptied, Moved, Renamed, Renamespaced};
use crate::{Shape, Signed, shape::KeyInfo};

/// What must come of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Refused with this code.
    Refused(&'static str),
    /// Accepted, and the same person signs in: nothing that counts was changed.
    Harmless,
}

use Fate::{Harmless, Refused};

/// Where something was changed.
pub(super) struct Site<'m> {
    pub shape: Shape,
    pub signed: Signed,
    pub keyed: bool,
    pub place: &'m [String],
    pub attribute: Option<&'m str>,
    pub change: Change,
}

const SHAPE: Fate = Refused("saml.signature_shape");
const CHILDREN: Fate = Refused("saml.signature_children");
const TRANSFORM: Fate = Refused("saml.transform_forbidden");
const FORM: Fate = Refused("saml.reference_form");
const MISMATCH: Fate = Refused("saml.reference_mismatch");
const PLACE: Fate = Refused("saml.signature_not_root_or_assertion");
const ALGORITHM: Fate = Refused("saml.algorithm");
const DIGEST: Fate = Refused("saml.digest");
const IDS: Fate = Refused("saml.id_attribute");
const TIMESTAMP: Fate = Refused("saml.timestamp");

impl Site<'_> {
    /// What must come of it; none for what cannot be done, or is no forgery.
    pub fn fate(&self) -> Option<Fate> {
        let within = self.place.iter().find(|name| *name == "Signature");
        if self.is_element() && self.change == Moved && self.place.len() < 3 {
            // Nothing stands beside a root.
            return None;
        }
        if self.keyed && self.attribute == Some("ID") && self.change == Changed {
            // With the key, another id is an honest one.
            return None;
        }
        match within {
            Some(_) => Some(self.of_signature()),
            None => self.of_message(),
        }
    }

    fn is_element(&self) -> bool {
        self.attribute.is_none()
    }

    fn local(&self) -> &str {
        self.place.last().map_or("", String::as_str)
    }

    fn in_assertion(&self) -> bool {
        self.place.iter().any(|name| name == "Assertion")
    }

    /// In a Signature.
    fn of_signature(&self) -> Fate {
        let covered = self.signed == Signed::Both && self.in_assertion();
        match if self.is_element() { self.of_signature_element() } else { self.of_signature_attribute() } {
            // The Response's signature covers the Assertion's, and is judged first.
            Harmless
            | DIGEST
            | ALGORITHM
            | Refused("saml.signature" | "saml.untrusted_key" | "saml.unsigned")
                if covered =>
            {
                DIGEST
            }
            fate => fate,
        }
    }

    #[expect(clippy::match_same_arms, reason = "a table: what belongs together stands together")]
    fn of_signature_element(&self) -> Fate {
        let parent = self.place.iter().rev().nth(1).map_or("", String::as_str);
        match (self.local(), self.change) {
            ("Signature", Deleted | Renamed | Renamespaced) => match self.signed {
                Signed::Both => Harmless,
                _ => Refused("saml.unsigned"),
            },
            ("Signature", Moved) => MISMATCH,
            ("KeyInfo", Deleted) => Harmless,
            ("KeyInfo", Moved) => DIGEST,
            ("SignedInfo" | "SignatureValue" | "KeyInfo", Renamed | Renamespaced) => CHILDREN,
            ("KeyInfo", Changed) => Harmless,
            ("KeyInfo", _) => SHAPE,
            // What is said of the key never counts; only where it is said does.
            (_, Moved) if parent == "KeyInfo" => CHILDREN,
            _ if self.place.iter().any(|name| name == "KeyInfo") => Harmless,
            ("CanonicalizationMethod" | "SignatureMethod" | "Reference", Moved) => CHILDREN,
            ("Transform", Deleted | Doubled | Renamed | Renamespaced) | ("InclusiveNamespaces", Moved) => {
                TRANSFORM
            }
            ("DigestValue" | "SignatureValue", Changed) | ("InclusiveNamespaces", Deleted) => self.invalid(),
            _ => SHAPE,
        }
    }

    fn of_signature_attribute(&self) -> Fate {
        let stays = matches!(self.change, Changed | Emptied);
        match (self.local(), self.attribute.unwrap_or_default()) {
            ("Transform", "Algorithm") => TRANSFORM,
            (_, "Algorithm") if stays => ALGORITHM,
            ("Reference", "URI") if self.change == Changed => MISMATCH,
            ("Reference", "URI") => FORM,
            ("InclusiveNamespaces", "PrefixList") if stays => self.invalid(),
            _ => SHAPE,
        }
    }

    /// SignedInfo or the value is another: no key made that. Who names the pinned key is told so.
    fn invalid(&self) -> Fate {
        match self.shape.style().key_info {
            KeyInfo::Nothing => Refused("saml.untrusted_key"),
            _ => Refused("saml.signature"),
        }
    }

    /// Outside every Signature.
    fn of_message(&self) -> Option<Fate> {
        let covered = self.signed.response() || self.in_assertion();
        let content = || if !self.keyed && covered { Some(DIGEST) } else { self.of_profile() };
        self.of_structure().or_else(content)
    }

    /// What is seen before any signature is looked at.
    #[expect(clippy::match_same_arms, reason = "a table: what belongs together stands together")]
    fn of_structure(&self) -> Option<Fate> {
        let signed = if self.in_assertion() { self.signed.assertion() } else { self.signed.response() };
        match (self.local(), self.attribute, self.change) {
            ("Response", None, Renamed | Renamespaced) => Some(Refused("saml.root")),
            ("Assertion", None, Deleted) => Some(Refused("saml.no_assertion")),
            ("Assertion", None, Doubled) => Some(Refused("saml.multiple_assertions")),
            // The forge signs what is called an Assertion, whatever its namespace.
            ("Assertion", None, Renamed) if signed && !self.keyed => Some(PLACE),
            ("Assertion", None, Renamespaced) if signed => Some(PLACE),
            ("Assertion", None, Renamed | Renamespaced) => Some(Refused("saml.no_assertion")),
            ("Response" | "Assertion", Some("ID"), Renamespaced) => Some(IDS),
            ("Response" | "Assertion", Some("ID"), _) if signed && !self.keyed => Some(MISMATCH),
            ("Response" | "Assertion", Some("ID"), _) if signed => Some(FORM),
            _ => None,
        }
    }

    /// What the strict profile says of a message whose signatures are valid.
    #[expect(clippy::match_same_arms, reason = "a table: what belongs together stands together")]
    fn of_profile(&self) -> Option<Fate> {
        let gone = matches!(self.change, Deleted | Renamed | Renamespaced);
        let unsigned_response = !self.in_assertion() && !self.signed.response();
        Some(match (self.local(), self.attribute) {
            ("NameID", None) if self.change == Changed => return None,
            ("Issuer", None) if gone && unsigned_response => Harmless,
            ("Issuer", Some("Format")) if gone => Harmless,
            ("Issuer", _) => Refused("saml.issuer"),
            ("Response", Some("Destination")) if gone && unsigned_response => Harmless,
            ("Response", Some("Destination")) => Refused("saml.destination"),
            (_, Some("InResponseTo")) => Refused("saml.in_response_to"),
            (_, Some("Version")) => Refused("saml.version"),
            ("Response", Some("ID")) if self.change != Changed => Refused("saml.response_id"),
            ("Assertion", Some("ID")) => Refused("saml.assertion_id"),
            ("StatusCode", Some("Value")) => Refused("saml.status"),
            ("SubjectConfirmation", Some("Method")) => Refused("saml.subject_confirmation"),
            (_, Some("Recipient")) => Refused("saml.recipient"),
            (_, Some("IssueInstant")) if gone => Refused("saml.issue_instant"),
            ("Conditions", Some("NotOnOrAfter")) if gone => Refused("saml.conditions_missing"),
            ("SubjectConfirmationData", Some("NotOnOrAfter")) if gone => Refused("saml.subject_confirmation"),
            (_, Some("AuthnInstant")) if gone => Refused("saml.authn_statement"),
            (_, Some("NotBefore" | "SessionNotOnOrAfter")) if gone => Harmless,
            (
                _,
                Some("IssueInstant" | "NotOnOrAfter" | "NotBefore" | "AuthnInstant" | "SessionNotOnOrAfter"),
            ) => TIMESTAMP,
            ("Audience", None) if self.change == Moved => Refused("saml.unknown_condition"),
            ("Audience", None) if self.change == Doubled => Harmless,
            ("Audience", None) => Refused("saml.audience"),
            ("AudienceRestriction", None) if matches!(self.change, Deleted | Moved) => {
                Refused("saml.conditions_missing")
            }
            ("AudienceRestriction", None) if gone => Refused("saml.unknown_condition"),
            ("AudienceRestriction", None) => Harmless,
            // Text between elements says nothing.
            (_, None) if self.change == Changed => Harmless,
            ("Status" | "StatusCode", None) => Refused("saml.status"),
            ("Subject" | "NameID", None) => Refused("saml.nameid"),
            ("SubjectConfirmation" | "SubjectConfirmationData", None) => Refused("saml.subject_confirmation"),
            ("Conditions", None) => Refused("saml.conditions_missing"),
            ("AuthnStatement", None) => Refused("saml.authn_statement"),
            // How somebody authenticated, and attributes: read, and no ground for anything.
            _ => Harmless,
        })
    }
}
