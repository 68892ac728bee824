//! Who the IdP says signed in. Personal data: `Debug` shows only what a log may hold.

use std::fmt;

use jiff::Timestamp;

/// The claims of one verified Assertion.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The full NameID text: at most 256 bytes, no control or bidirectional characters.
    pub name_id: String,
    /// The NameID's format, `unspecified` if the IdP gave none.
    pub name_id_format: String,
    /// The Assertion's id: single-use until `not_on_or_after` plus the clock skew, per issuer.
    pub assertion_id: String,
    /// The pinned IdP's entity id.
    pub issuer: String,
    /// The AuthnRequest that this answers; none when the IdP started the sign-in.
    pub in_response_to: Option<String>,
    /// The IdP's name for the session, for single logout.
    pub session_index: Option<String>,
    /// When the person authenticated at the IdP.
    pub authn_instant: Timestamp,
    /// When the IdP's session ends; ours ends no later.
    pub session_not_on_or_after: Option<Timestamp>,
    /// The earlier end of the conditions and of the bearer confirmation, skew not included.
    pub not_on_or_after: Timestamp,
    /// How the person authenticated (`AuthnContextClassRef`).
    pub authn_context: Option<String>,
    /// Attribute names with their text values, in document order. They never carry a role.
    pub attributes: Vec<(String, Vec<String>)>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("assertion_id", &self.assertion_id)
            .field("issuer", &self.issuer)
            .field("in_response_to", &self.in_response_to)
            .field("not_on_or_after", &self.not_on_or_after)
            .finish_non_exhaustive()
    }
}
