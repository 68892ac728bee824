//! The apps an administrator has set up in the org, and where they are kept between runs.
//!
//! The one rule: what is a secret is a [`Secret`], which prints nothing and leaves the process only
//! in the state file (mode 0600) and in the `Authorization` header it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::provisioning::Links;

/// A value that must not be printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// An API Services app: what an assessment signs in with.
///
/// Scopes say what may be asked, roles say which rows come back: Okta wants both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceApp {
    /// Okta makes these up (`0oa...`); the twin takes the one it is given.
    pub client_id: String,
    pub label: String,
    /// Where the app's public keys are published. Read anew at every token request.
    pub jwks_uri: Option<String>,
    /// Or the keys themselves: `{"keys": [...]}`.
    pub jwks: Option<Value>,
    /// Granted scopes.
    pub scopes: BTreeSet<String>,
    /// Standard admin roles: `SUPER_ADMIN`, `READ_ONLY_ADMIN`.
    pub roles: BTreeSet<String>,
    /// Permissions of a custom role, for example `okta.users.read`.
    pub permissions: BTreeSet<String>,
    /// "Require Demonstrating Proof of Possession (DPoP) header in token requests".
    pub dpop: bool,
}

/// A SAML 2.0 app: one service provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlApp {
    /// "Single sign-on URL", the only place a response is posted to.
    pub acs_url: String,
    /// "Audience URI (SP Entity ID)".
    pub audience: String,
    /// "Default RelayState", sent when the person starts at the dashboard.
    #[serde(default)]
    pub relay_state: Option<String>,
    /// "Signed Requests": takes no request that is not signed by the signature certificate.
    #[serde(default)]
    pub signed_requests: bool,
    /// "Signature Certificate", DER in base64.
    #[serde(default)]
    pub signature_certificate: Option<String>,
}

/// The two kinds of SCIM app, which use different verbs for the same thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScimKind {
    /// From the Okta Integration Network: PATCH.
    #[default]
    Catalog,
    /// Made with the App Integration Wizard: GET and PUT.
    Custom,
}

/// The provisioning settings of an app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScimApp {
    /// For example `https://acme.example.com/scim/v2`.
    pub base_url: String,
    pub token: Secret,
    #[serde(default)]
    pub kind: ScimKind,
}

/// Everything that outlives a restart, besides the IdP's key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Config {
    pub(crate) service_apps: BTreeMap<String, ServiceApp>,
    pub(crate) saml_apps: BTreeMap<String, SamlApp>,
    pub(crate) scim_apps: BTreeMap<String, ScimApp>,
    /// What provisioning knows of the other side, by app.
    pub(crate) links: BTreeMap<String, Links>,
}

const FILE: &str = "twin.json";

impl Config {
    pub(crate) fn load(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join(FILE);
        if !file.exists() {
            return Ok(Self::default());
        }
        Ok(serde_json::from_slice(&std::fs::read(file)?)?)
    }

    pub(crate) fn save(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)?;
        write_private(&folder.join(FILE), &serde_json::to_vec_pretty(self)?)?;
        Ok(())
    }

    /// Gives each address of an app its present form, where `moved` knows one.
    pub(crate) fn move_apps(&mut self, moved: impl Fn(&str) -> Option<String>) {
        let saml = self.saml_apps.values_mut().flat_map(|app| [&mut app.acs_url, &mut app.audience]);
        let scim = self.scim_apps.values_mut().map(|app| &mut app.base_url);
        let keys = self.service_apps.values_mut().filter_map(|app| app.jwks_uri.as_mut());
        for address in saml.chain(scim).chain(keys) {
            if let Some(now) = moved(address.as_str()) {
                *address = now;
            }
        }
    }
}

/// Writes a file that only its owner may read. Written beside and renamed: a kill in the middle leaves the old file.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let beside = path.with_added_extension("new");
    options.open(&beside)?.write_all(content)?;
    std::fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_printed() {
        let app =
            ScimApp { base_url: "https://x".into(), token: Secret::new("hush"), kind: ScimKind::Catalog };
        assert!(!format!("{app:?}").contains("hush"));
    }

    #[test]
    fn apps_move_with_all_of_their_addresses() {
        let at = |path: &str| format!("http://old{path}");
        let saml = SamlApp { acs_url: at("/acs"), audience: at("/metadata"), ..SamlApp::default() };
        let elsewhere = SamlApp { acs_url: "http://other/acs".to_owned(), ..SamlApp::default() };
        let scim = ScimApp { base_url: at("/scim"), ..ScimApp::default() };
        let keys = ServiceApp { jwks_uri: Some(at("/jwks")), ..ServiceApp::default() };
        let mut config = Config {
            saml_apps: [("a".to_owned(), saml), ("b".to_owned(), elsewhere.clone())].into(),
            scim_apps: [("a".to_owned(), scim)].into(),
            service_apps: [("a".to_owned(), keys), ("b".to_owned(), ServiceApp::default())].into(),
            ..Config::default()
        };
        config.move_apps(|address| Some(format!("http://new{}", address.strip_prefix("http://old")?)));

        let saml = &config.saml_apps["a"];
        assert_eq!((&*saml.acs_url, &*saml.audience), ("http://new/acs", "http://new/metadata"));
        assert_eq!(config.scim_apps["a"].base_url, "http://new/scim");
        assert_eq!(config.service_apps["a"].jwks_uri.as_deref(), Some("http://new/jwks"));
        assert_eq!((&config.saml_apps["b"], &config.service_apps["b"].jwks_uri), (&elsewhere, &None));
    }
}
