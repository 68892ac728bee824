//! S3: `s3s-fs` behind `s3s`, on a folder, addressed by path.
//!
//! The one rule: what `s3s` would let through and S3 would not is stopped here, before it.
//!
//! - A presigned URL expires by the stack's clock; `s3s` itself reads the machine's.
//! - Conditional writes to one key take turns; `s3s-fs` checks and then writes.
//! - Credentials that STS issued sign until they expire.
//!
//! What it cannot do: versions, tags, Object Lock, encryption settings (refused or ignored), `If-None-Match` on GET.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use aws_sdk_s3::Client;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use s3s::auth::{S3Auth, SecretKey};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::sync::Mutex;

use super::sts::Sts;
use super::{ACCESS_KEY_ID, Cloud, Now, SECRET_ACCESS_KEY};

/// How far in the future a URL may have been signed: the service's tolerance for clocks that differ.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

#[derive(Clone)]
struct Front {
    s3: S3Service,
    now: Now,
    turns: Arc<[Mutex<()>; 64]>,
}

pub(super) fn router(folder: &Path, sts: Arc<Sts>, now: Now) -> anyhow::Result<Router> {
    std::fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
    let files = s3s_fs::FileSystem::new(folder)
        .map_err(|error| anyhow::anyhow!("cannot serve {}: {error:?}", folder.display()))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(Keys(sts));
    // The stack's clock may be years away from the machine's: expiry is checked below, by the stack's.
    let mut config = S3Config::default();
    config.presigned_url_max_skew_time_secs = u32::MAX;
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    let front =
        Front { s3: builder.build(), now, turns: Arc::new(std::array::from_fn(|_| Mutex::default())) };
    Ok(Router::new().fallback(serve).with_state(front))
}

async fn serve(State(front): State<Front>, request: Request) -> Response {
    if let Err(refusal) = check_presigned(request.uri().query().unwrap_or_default(), (front.now)()) {
        return refusal.into_response();
    }
    let _turn = match *request.method() {
        Method::PUT | Method::POST | Method::DELETE => Some(turn(&front, request.uri().path()).lock().await),
        _ => None,
    };
    match front.s3.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(answer) => answer.map(Body::new),
        Err(error) => {
            tracing::error!(error = ?error, "S3 failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn turn<'a>(front: &'a Front, path: &str) -> &'a Mutex<()> {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    let turns = front.turns.len() as u64;
    &front.turns[usize::try_from(hasher.finish() % turns).unwrap_or_default()]
}

/// S3's answer to a presigned URL that is not valid at this time.
#[derive(Debug, PartialEq, Eq)]
struct NotValid(&'static str);

impl IntoResponse for NotValid {
    fn into_response(self) -> Response {
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>{}</Message></Error>",
            self.0
        );
        (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "application/xml")], xml).into_response()
    }
}

/// Checks `X-Amz-Date` and `X-Amz-Expires` of a presigned URL; other requests pass.
fn check_presigned(query: &str, now: Timestamp) -> Result<(), NotValid> {
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
    };
    if value("X-Amz-Signature").is_none() {
        return Ok(());
    }
    let valid = || {
        let signed = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", value("X-Amz-Date")?).ok()?;
        let signed = signed.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        let expires = SignedDuration::from_secs(value("X-Amz-Expires")?.parse().ok()?);
        Some((signed.checked_sub(SKEW).ok()?, signed.checked_add(expires).ok()?))
    };
    match valid() {
        None => Err(NotValid("Query-string authentication requires X-Amz-Date and X-Amz-Expires")),
        Some((from, _)) if now < from => Err(NotValid("Request is not valid yet")),
        Some((_, until)) if now > until => Err(NotValid("Request has expired")),
        Some(_) => Ok(()),
    }
}

/// The stack's own key, and every session of STS until it expires.
struct Keys(Arc<Sts>);

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> s3s::S3Result<SecretKey> {
        if access_key == ACCESS_KEY_ID {
            return Ok(SECRET_ACCESS_KEY.into());
        }
        let secret = self.0.secret_of(access_key);
        secret.map(SecretKey::from).ok_or_else(|| s3s::s3_error!(InvalidAccessKeyId))
    }
}

impl Cloud {
    /// Creates the bucket unless it is there. Its objects can be locked: another emulator, as S3 does, refuses to write
    /// such an object elsewhere.
    pub async fn create_bucket(&self, name: &str) -> anyhow::Result<()> {
        let client = Client::new(&self.sdk_config());
        match client.create_bucket().bucket(name).object_lock_enabled_for_bucket(true).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_bucket_already_exists() || e.is_bucket_already_owned_by_you()) =>
            {
                Ok(())
            }
            Err(error) => Err(error).with_context(|| format!("creating bucket {name}")),
        }
    }
}
