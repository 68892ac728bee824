//! Security → SSO: what Okta needs, the identity provider that the workspace trusts, and who tried to sign in.
//!
//! One rule: metadata that cannot be used changes nothing; what was pinned before stays live.

mod json;
mod keys;
mod log;
mod pages;
mod refresh;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use futures::try_join;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, json};
use shared::{
    http::{Answer, Input, Person, Problem, metadata, outbound::METADATA_TYPES, outbound::OutboundError},
    saml::{IdpMetadata, MetadataError},
    store::sso::{RefreshState, SpKeys, SsoConnection, SsoError},
    tenant::Permission,
};

use self::json::to_json;
use crate::{Console, notify, words::capitalised};

const PATH: &str = "/security/sso";

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/security/sso", get(show).post(save))
        .route("/security/sso/disable", post(disable))
        .route("/security/sso/settings", post(settings))
        .route("/security/sso/refresh", post(refresh::now))
        .route("/security/sso/staged", post(refresh::confirm))
        .route("/security/sso/keys", post(keys::make))
        .route("/security/sso/keys/retire", post(keys::retire))
        .route("/security/sso/log", get(log::show))
}

/// Everything that the page is about.
struct Sso {
    connection: Option<SsoConnection>,
    refresh: RefreshState,
    keys: SpKeys,
}

impl Sso {
    async fn read(person: &Person) -> Result<Self, Problem> {
        let store = person.store();
        let (connection, refresh, keys) = try_join!(store.sso(), store.sso_refresh(), store.sp_keys())?;
        Ok(Self { connection, refresh, keys })
    }
}

/// The metadata's URL, or the document itself: one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[serde(default)]
    metadata_url: String,
    #[serde(default)]
    metadata_xml: String,
}

/// A form's checkbox is absent when it is off.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch on the page, on its own")]
struct Switches {
    #[serde(default, deserialize_with = "switch")]
    idp_initiated: bool,
    #[serde(default, deserialize_with = "switch")]
    require_provisioning: bool,
    #[serde(default, deserialize_with = "switch")]
    require_signed_assertion: bool,
    #[serde(default, deserialize_with = "switch")]
    allow_ecdsa: bool,
}

async fn show(person: Person) -> Result<Answer, Problem> {
    person.require(Permission::SecurityManage)?;
    let sso = Sso::read(&person).await?;
    Ok(Answer::page(pages::show(&person, &sso), to_json(&person, &sso)))
}

/// Save & verify: the metadata is fetched and judged, and from then on its keys decide who signs in.
async fn save(
    State(console): State<Console>,
    person: Person,
    Input(input): Input<Metadata>,
) -> Result<Answer, Problem> {
    may_change(&person)?;
    let (url, xml) = (input.metadata_url.trim(), input.metadata_xml.trim());
    let (metadata_url, document) = match (url.is_empty(), xml.is_empty()) {
        (false, true) => {
            let fetched = console.outbound.fetch(url, METADATA_TYPES).await;
            (Some(url.to_owned()), fetched.map_err(|error| not_fetched(&error))?)
        }
        (true, false) => (None, xml.as_bytes().to_vec()),
        _ => {
            let next = "Give the metadata's URL or the metadata itself.";
            return Err(Problem::bad_request("metadata.source", "One of the two is needed.", next));
        }
    };
    let idp = IdpMetadata::parse(&document).map_err(|error| not_usable(&error))?;
    let before = person.store().sso().await?;
    trust(&console, &person, before.as_ref(), metadata_url, idp, "sso.save").await
}

/// From now on `idp` decides who signs in, in place of what `before` pinned.
async fn trust(
    console: &Console,
    person: &Person,
    before: Option<&SsoConnection>,
    metadata_url: Option<String>,
    idp: IdpMetadata,
    action: &str,
) -> Result<Answer, Problem> {
    let pinnable = metadata::pinnable(&idp, &console.outbound, &person.visit.workspace, person.visit.at);
    pinnable.map_err(|error| not_usable(&error))?;
    if idp.want_authn_requests_signed {
        keys::ensure_signing(console, person).await?;
    }
    let connection = SsoConnection {
        metadata_url,
        idp,
        enabled: true,
        verified_at: person.visit.at,
        withdrawals: 0,
        version: 0,
    };
    let audit = person.acting().record(action, "sso", connection.idp.entity_id.clone());
    let saved = person.store().save_sso(before, &connection, &audit).await.map_err(not_saved)?;
    let fingerprints = saved.idp.certificates.iter().map(|c| format!("  SHA-256 {}\n", c.sha256_fingerprint));
    let ended = before.is_some_and(|before| before.withdrawals < saved.withdrawals);
    let what = format!(
        "Single sign-on now trusts the identity provider {} with the keys\n{}{}",
        saved.idp.entity_id,
        fingerprints.collect::<String>(),
        if ended { "Every session that was opened by single sign-on before has ended.\n" } else { "" },
    );
    notify::front_door(console, person, "Single sign-on was changed", &what).await;
    Ok(Answer::done(PATH, to_json(person, &Sso::read(person).await?)))
}

async fn disable(State(console): State<Console>, person: Person) -> Result<Answer, Problem> {
    may_change(&person)?;
    let store = person.store();
    let before = store.sso().await?.ok_or_else(Problem::not_found)?;
    let connection = SsoConnection { enabled: false, ..before.clone() };
    let audit = person.acting().record("sso.disable", "sso", "");
    store.save_sso(Some(&before), &connection, &audit).await.map_err(not_saved)?;
    let what = "Single sign-on is off: people sign in by e-mail link and second factor. Every session that it opened \
                has ended.\n";
    notify::front_door(&console, &person, "Single sign-on was switched off", what).await;
    Ok(Answer::done(PATH, to_json(&person, &Sso::read(&person).await?)))
}

async fn settings(
    State(console): State<Console>,
    person: Person,
    Input(switches): Input<Switches>,
) -> Result<Answer, Problem> {
    may_change(&person)?;
    let connection = person.store().sso().await?.filter(|connection| connection.enabled);
    if connection.is_some_and(|connection| !connection.idp.has_key_that_counts(switches.allow_ecdsa)) {
        return Err(Problem::conflict(
            "sso.key_kind",
            "Without ECDSA nobody could sign in: the identity provider's keys are all of that kind.",
            "Give the app an RSA certificate at the identity provider and save its metadata first.",
        ));
    }
    let mut workspace = person.visit.workspace.clone();
    let Switches { idp_initiated, require_provisioning, require_signed_assertion, allow_ecdsa } = switches;
    workspace.settings.idp_initiated = idp_initiated;
    workspace.settings.require_provisioning = require_provisioning;
    workspace.settings.require_signed_assertion = require_signed_assertion;
    workspace.settings.allow_ecdsa = allow_ecdsa;
    let detail = format!(
        "idp_initiated={idp_initiated} require_provisioning={require_provisioning} \
         require_signed_assertion={require_signed_assertion} allow_ecdsa={allow_ecdsa}"
    );
    let audit = person.acting().record("sso.settings", "workspace", detail.as_str());
    person.store().save_workspace(&workspace, &audit).await?;
    notify::front_door(&console, &person, "Sign-in settings were changed", &format!("Now: {detail}\n")).await;
    let json = json!({
        "idpInitiated": idp_initiated,
        "requireProvisioning": require_provisioning,
        "requireSignedAssertion": require_signed_assertion,
        "allowEcdsa": allow_ecdsa,
    });
    Ok(Answer::done(PATH, json))
}

/// Who can change the front door can become anyone.
fn may_change(person: &Person) -> Result<(), Problem> {
    person.require(Permission::SecurityManage)?;
    person.require_fresh()
}

fn not_fetched(error: &OutboundError) -> Problem {
    let status = if error.is_bad_url() { StatusCode::BAD_REQUEST } else { StatusCode::UNPROCESSABLE_ENTITY };
    let next =
        format!("{error}. Copy the Metadata URL from the app's Sign On tab in Okta, or paste the XML.");
    Problem::new(status, error.code(), "The metadata could not be fetched.", capitalised(&next))
}

fn not_usable(error: &MetadataError) -> Problem {
    let next = match error {
        MetadataError::KeyKind(_) => "Its certificates are all ECDSA. Tick \"Accept ECDSA signatures\" on the SSO page \
             and save that, or give the app an RSA certificate at the identity provider; then save the metadata \
             again. Nothing was changed."
            .to_owned(),
        _ => capitalised(&format!("{error}. Nothing was changed.")),
    };
    // A key that must not be trusted is the one thing that an admin must fix at the identity provider.
    let status = match error {
        MetadataError::WeakKey(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Problem::new(status, error.code(), "This metadata cannot be used.", next)
}

fn not_saved(error: SsoError) -> Problem {
    match error {
        SsoError::InUse => Problem::conflict(
            "idp.in_use",
            "This identity provider is connected to another workspace.",
            "Add the app to your Okta org once more and use that one's metadata, or write to support.",
        ),
        SsoError::Changed => Problem::conflict(
            "changed",
            "Somebody changed this in the meantime.",
            "Reload it, look at what changed, and try again.",
        ),
        SsoError::Store(error) => error.into(),
    }
}

/// `true` and `false` of JSON; `on`, `true` and `false` of a form.
fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(on) => Ok(on),
        Value::String(text) if matches!(text.as_str(), "on" | "true") => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(D::Error::custom("want true or false")),
    }
}
