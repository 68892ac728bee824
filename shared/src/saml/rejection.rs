//! Why a Response signed nobody in. One variant per reason, each with a code that never changes.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use thiserror::Error;

use super::check::Mismatch;

macro_rules! rejections {
    ($($(#[doc = $doc:literal])* $variant:ident $code:literal;)*) => {
        /// The reason for a refusal. The person sees none of it; the workspace's sign-in log all of it.
        #[derive(Debug, Clone, PartialEq, Eq, Error)]
        pub enum Rejection {
            $($(#[doc = $doc])* #[error("{code}: {0}", code = $code)] $variant(Mismatch),)*
        }

        impl Rejection {
            /// The stable code, such as `saml.audience`.
            pub fn code(&self) -> &'static str {
                match self { $(Self::$variant(_) => $code,)* }
            }

            /// What was wanted and what was found.
            pub fn mismatch(&self) -> &Mismatch {
                match self { $(Self::$variant(mismatch) => mismatch,)* }
            }
        }

        #[cfg(test)]
        pub(super) const CODES: &[&str] = &[$($code,)*];
    };
}

rejections! {
    /// The form value is not strict base64.
    Base64 "saml.base64";
    /// The document is larger than [`super::MAX_BYTES`].
    TooLarge "saml.too_large";
    /// The bytes are no XML at all, such as a deflated message of the redirect binding.
    NotXml "saml.not_xml";
    /// Not UTF-8, or declared as something else.
    Encoding "xml.encoding";
    /// A document type declaration.
    Doctype "xml.doctype";
    /// A processing instruction.
    ProcessingInstruction "xml.processing_instruction";
    /// A CDATA section.
    Cdata "xml.cdata";
    /// Too deep, too many nodes or too many attributes.
    Limits "xml.limits";
    /// Not well-formed, or not namespace-well-formed.
    Malformed "xml.malformed";
    /// The document is no SAML 2.0 Response.
    Root "saml.root";
    /// An attribute that looks like an identifier and is not the schema's `ID`.
    IdAttribute "saml.id_attribute";
    /// An encrypted element where none may be, or an encrypted Assertion and no key of ours to open it.
    Encrypted "saml.encrypted";
    /// An encrypted Assertion in another form than the one that we understand.
    EncryptionShape "saml.encryption_shape";
    /// What is encrypted was not encrypted for this workspace's key, or was changed.
    Decryption "saml.decryption";
    /// The signature is not exactly SignedInfo, SignatureValue and KeyInfo, in their exact form.
    SignatureShape "saml.signature_shape";
    /// A foreign element inside the signature.
    SignatureChildren "saml.signature_children";
    /// A `ds:Object` inside the signature.
    ObjectForbidden "saml.object_forbidden";
    /// A signature elsewhere than directly in the Response or in its Assertion.
    SignaturePlacement "saml.signature_not_root_or_assertion";
    /// The reference is not `#` and an id.
    ReferenceForm "saml.reference_form";
    /// The reference names another element than the signature's parent.
    ReferenceMismatch "saml.reference_mismatch";
    /// A transform other than enveloped-signature and exclusive C14N.
    TransformForbidden "saml.transform_forbidden";
    /// An Assertion inside another.
    NestedAssertion "saml.nested_assertion";
    /// More than one Assertion in the document.
    MultipleAssertions "saml.multiple_assertions";
    /// No Assertion.
    NoAssertion "saml.no_assertion";
    /// One id twice.
    DuplicateId "saml.duplicate_id";
    /// No signature.
    Unsigned "saml.unsigned";
    /// The workspace asks for a signed Assertion and only the Response is signed.
    AssertionUnsigned "saml.assertion_unsigned";
    /// SHA-1, MD5 or DSA.
    WeakAlgorithm "saml.weak_algorithm";
    /// An algorithm outside the allow-list.
    Algorithm "saml.algorithm";
    /// No pinned key made this signature.
    UntrustedKey "saml.untrusted_key";
    /// The signature names a pinned key and is not valid.
    SignatureInvalid "saml.signature";
    /// The signed content was changed.
    Digest "saml.digest";
    /// The pinned certificate is outside its validity, and the caller refuses that.
    CertificateOutdated "saml.certificate_outdated";
    /// A `Version` other than 2.0.
    Version "saml.version";
    /// The Response has no usable id.
    ResponseId "saml.response_id";
    /// A status other than Success.
    Status "saml.status";
    /// Another issuer than the pinned IdP.
    Issuer "saml.issuer";
    /// Addressed to another endpoint.
    Destination "saml.destination";
    /// Answers a request that this browser did not start.
    InResponseTo "saml.in_response_to";
    /// Answers no request, and the workspace does not allow that.
    IdpInitiated "saml.idp_initiated";
    /// An instant that is not a UTC `xs:dateTime`.
    Timestamp "saml.timestamp";
    /// Issued too long ago, or in the future.
    IssueInstant "saml.issue_instant";
    /// The Assertion has no usable id.
    AssertionId "saml.assertion_id";
    /// No NameID, or one that cannot be a user name.
    NameId "saml.nameid";
    /// Not exactly one complete bearer confirmation.
    SubjectConfirmation "saml.subject_confirmation";
    /// The bearer may present the Assertion elsewhere, not here.
    Recipient "saml.recipient";
    /// Conditions, their end, or the audience restriction is missing.
    ConditionsMissing "saml.conditions_missing";
    /// A condition that we do not understand (SAML core 2.5.1.1: then the Assertion is not valid).
    UnknownCondition "saml.unknown_condition";
    /// Meant for another service provider.
    Audience "saml.audience";
    /// Past its end.
    Expired "saml.expired";
    /// Before its beginning.
    NotYetValid "saml.not_yet_valid";
    /// Not exactly one AuthnStatement.
    AuthnStatement "saml.authn_statement";
    /// The IdP's session is over.
    SessionExpired "saml.session_expired";
}

impl Rejection {
    /// Whether the request itself was malformed (400), rather than a Response refused (403).
    pub fn is_bad_request(&self) -> bool {
        matches!(self, Self::Base64(_) | Self::NotXml(_))
    }

    /// Whether the request was too large (413).
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge(_))
    }
}

impl Serialize for Rejection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Rejection", 3)?;
        out.serialize_field("code", self.code())?;
        out.serialize_field("want", &self.mismatch().want)?;
        out.serialize_field("got", &self.mismatch().got)?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let unique: std::collections::BTreeSet<_> = CODES.iter().collect();
        assert_eq!(unique.len(), CODES.len());
    }
}
