//! Starts a twin: the org, the state that is kept, one port for everything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};

use anyhow::{Context as _, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::Router;
use axum::response::Redirect;
use axum::routing::{any, get, post};
use jsonwebtoken::EncodingKey;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::api::limits::Limiter;
use crate::config::Config;
use crate::idp::IdpKeys;
use crate::options::{Org, TwinOptions};
use crate::org::{recordings, synthetic};
use crate::seed::{Seed, fresh};
use crate::state::App;
use crate::{Twin, api, control, idp, outbound};

pub(crate) async fn start(options: TwinOptions) -> anyhow::Result<Twin> {
    ensure!(options.listen.ip().is_loopback(), "want a loopback address, got {}", options.listen);
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let address = listener.local_addr()?;
    let app = Arc::new(make(options, format!("http://{address}"))?);
    let (stop, stopped) = oneshot::channel::<()>();
    let router = router(app.clone());
    let server = tokio::spawn(async move {
        let until = async {
            // Stops when told to, and when the twin is dropped.
            let _ = stopped.await;
        };
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
            tracing::error!(%error, "the twin stopped serving");
        }
    });
    Ok(Twin { app, address, stop: Some(stop), server: Some(server) })
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(async || Redirect::temporary("/_twin")))
        .route("/.well-known/okta-organization", get(api::organization))
        .route("/oauth2/v1/token", post(api::token::handle))
        .route("/app/{app}/sso/saml/metadata", get(idp::metadata))
        .route("/app/{app}/sso/saml", get(idp::sign_in).post(idp::chosen))
        .route("/home/{app}", get(idp::dashboard))
        .merge(control::routes())
        .fallback(any(api::handle))
        .with_state(app)
}

fn make(options: TwinOptions, base_url: String) -> anyhow::Result<App> {
    let now = (options.now)();
    let seed = Seed(options.seed);
    let org_id = seed.id("00o", "org");
    let (org, answers) = match &options.org {
        Org::Synthetic => synthetic::build(seed, options.users, &base_url, &org_id, now),
        Org::Recordings(folder) => {
            ensure!(folder.is_dir(), "want a folder of recordings, got {}", folder.display());
            (recordings::load(folder, &base_url)?, Vec::new())
        }
    };
    let (config, idp) = match &options.state {
        Some(folder) => {
            (Config::load(folder).context("the twin's kept configuration")?, IdpKeys::kept(folder, now)?)
        }
        None => (Config::default(), IdpKeys::generate(now)?),
    };
    Ok(App {
        base_url,
        org_id,
        seed,
        now: options.now,
        org: RwLock::new(org),
        answers,
        limits: Mutex::new(Limiter::new(options.rate_limits)),
        counters: Mutex::default(),
        faults: Mutex::default(),
        tokens: Mutex::default(),
        seen: Mutex::default(),
        config: Mutex::new(config),
        state: options.state,
        http: outbound::client()?,
        idp: Mutex::new(idp),
        last_response: Mutex::new(HashMap::new()),
        token_key: token_key()?,
        nonce_secret: fresh(32),
    })
}

fn token_key() -> anyhow::Result<EncodingKey> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    Ok(EncodingKey::from_ec_der(key.map_err(|_| anyhow::anyhow!("no key to sign tokens with"))?.as_ref()))
}
