//! What a verified Response must say (SAML profiles 4.1.4.3). Absence is never a pass.

pub(super) mod assertion;
mod name_id;
pub(super) mod response;
mod subject;
mod time;
