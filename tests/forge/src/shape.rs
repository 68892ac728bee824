//! How identity providers write the same message: prefixes, where namespaces are declared, order and white space,
//! where the signature stands and what it says of its key. Drawn after the messages that each is known for.

/// An identity provider's hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// `saml2p` and `saml2`, declared again on every part, `xs` treated inclusively.
    Okta,
    /// The assertion and signature namespaces as default namespaces.
    EntraId,
    /// As Entra ID, with a prefixed signature whose KeyInfo changes back to a default namespace.
    AdFs,
    /// Signatures in lines, base64 wrapped with carriage returns, the certificate's subject named.
    Google,
    /// All prefixes declared on the root, a default namespace that nobody uses, key name and key value.
    Keycloak,
    /// No KeyInfo at all, SHA-384.
    Ping,
    /// All prefixes declared on the root, SHA-512.
    OneLogin,
    /// Indented, its signatures behind everything else.
    JumpCloud,
}

impl Shape {
    /// All of them, Okta first.
    pub const ALL: [Self; 8] = [
        Self::Okta,
        Self::EntraId,
        Self::AdFs,
        Self::Google,
        Self::Keycloak,
        Self::Ping,
        Self::OneLogin,
        Self::JumpCloud,
    ];

    /// What there is to know to write so.
    pub fn style(self) -> Style {
        let plain = Style {
            declaration: "",
            protocol: "samlp",
            assertion: "saml",
            signature: "ds",
            declares: Declares::WhereNeeded,
            namespaces_first: false,
            stray_default: false,
            indented: false,
            signature_in_lines: false,
            wrap: None,
            inclusive: &[],
            key_info: KeyInfo::Certificate,
            place: Place::AfterIssuer,
            hash: Hash::Sha256,
            ids: "_",
        };
        match self {
            Self::Okta => Style {
                declaration: r#"<?xml version="1.0" encoding="UTF-8"?>"#,
                protocol: "saml2p",
                assertion: "saml2",
                declares: Declares::Everywhere,
                namespaces_first: true,
                wrap: Some((76, "\n")),
                inclusive: &["xs"],
                ids: "id",
                ..plain
            },
            Self::EntraId => Style { assertion: "", signature: "", ..plain },
            Self::AdFs => Style { assertion: "", key_info: KeyInfo::InDefaultNamespace, ..plain },
            Self::Google => Style {
                declaration: r#"<?xml version="1.0" encoding="UTF-8" standalone="no"?>"#,
                protocol: "saml2p",
                assertion: "saml2",
                namespaces_first: true,
                signature_in_lines: true,
                wrap: Some((76, "\r\n")),
                key_info: KeyInfo::SubjectAndCertificate,
                ..plain
            },
            Self::Keycloak => Style {
                signature: "dsig",
                declares: Declares::OnTheRoot,
                namespaces_first: true,
                stray_default: true,
                key_info: KeyInfo::NameAndValue,
                ids: "ID_",
                ..plain
            },
            Self::Ping => {
                Style { signature_in_lines: true, key_info: KeyInfo::Nothing, hash: Hash::Sha384, ..plain }
            }
            Self::OneLogin => {
                Style { declares: Declares::OnTheRoot, hash: Hash::Sha512, ids: "pfx", ..plain }
            }
            Self::JumpCloud => Style {
                declaration: r#"<?xml version="1.0"?>"#,
                indented: true,
                place: Place::Last,
                wrap: Some((64, "\n")),
                ..plain
            },
        }
    }
}

/// Which parts of a Response are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signed {
    /// The Response, and with it the Assertion inside.
    Response,
    /// The Assertion only.
    Assertion,
    /// The Assertion, then the Response around it.
    Both,
}

impl Signed {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Response, Self::Assertion, Self::Both];

    /// Whether the Assertion has a signature of its own.
    pub fn assertion(self) -> bool {
        self != Self::Response
    }

    /// Whether the Response has one.
    pub fn response(self) -> bool {
        self != Self::Assertion
    }
}

/// The parts of a [`Shape`].
#[expect(clippy::struct_excessive_bools, reason = "independent habits, each there or not")]
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The XML declaration.
    pub declaration: &'static str,
    /// Prefix of the protocol namespace.
    pub protocol: &'static str,
    /// Prefix of the assertion namespace; empty for a default namespace.
    pub assertion: &'static str,
    /// Prefix of the signature namespace; empty for a default namespace.
    pub signature: &'static str,
    /// Where namespaces are declared.
    pub declares: Declares,
    /// Namespace declarations before the attributes, and those in the alphabet's order.
    pub namespaces_first: bool,
    /// An unused default namespace on the Assertion.
    pub stray_default: bool,
    /// Every element on a line of its own.
    pub indented: bool,
    /// The signature's elements on lines of their own.
    pub signature_in_lines: bool,
    /// Length of base64 lines, and what ends them.
    pub wrap: Option<(usize, &'static str)>,
    /// The PrefixList of the reference's canonicalization; none leaves it out.
    pub inclusive: &'static [&'static str],
    /// What is said of the key.
    pub key_info: KeyInfo,
    /// Where the signature stands.
    pub place: Place,
    /// The hash of digests and signatures.
    pub hash: Hash,
    /// What ids begin with.
    pub ids: &'static str,
}

/// Where namespaces are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declares {
    /// Once, where they come into use.
    WhereNeeded,
    /// Again on every part of Response and Assertion.
    Everywhere,
    /// All on the root.
    OnTheRoot,
}

/// The forms of KeyInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyInfo {
    /// The certificate.
    Certificate,
    /// Its subject and the certificate.
    SubjectAndCertificate,
    /// The certificate below a KeyInfo in a default namespace.
    InDefaultNamespace,
    /// A key name, the certificate, and the bare public key.
    NameAndValue,
    /// No KeyInfo.
    Nothing,
}

/// Where a signature stands in the element that it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where the schema wants it.
    AfterIssuer,
    /// Where a signing library appends it.
    Last,
}

/// The hashes that are good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The identifier of RSA with this hash (RFC 9231 2.3).
    pub fn rsa(self) -> &'static str {
        match self {
            Self::Sha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        }
    }

    /// The identifier of this digest (RFC 9231 2.1).
    pub fn digest(self) -> &'static str {
        match self {
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }
}
