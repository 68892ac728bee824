//! A change that a client asks for, by a request of its own or as an operation of a `/Bulk`: one type, so that
//! both go through the same code.

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;

use super::{SCIM_JSON, projection, raw_answer};
use crate::{
    http::{
        ScimCaller, ScimClient,
        body::{self, BodyError},
    },
    scim::{
        GroupCreate, Json, Projection, ResourceKind, ScimError, UserBody, json,
        meta::{IfMatch, Location, etag},
    },
    store::unproven::Guess,
};

/// What `/Bulk`, a search and a user take at most.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// A group comes with all its members: tens of thousands. In base64, as the gateway hands it on, it is still below the
/// 6 MB of Lambda, so that the refusal is ours and JSON.
const GROUP_LIMIT: usize = 4 * 1024 * 1024;

/// A request whose body was read: it holds what a [`Change`] borrows from.
pub struct Received {
    parts: Parts,
    body: Bytes,
}

impl Received {
    /// Reads the body: JSON in UTF-8, at most [`BODY_LIMIT`].
    pub async fn json(request: Request) -> Result<Self, ScimError> {
        Self::read(request, BODY_LIMIT).await
    }

    async fn read(request: Request, limit: usize) -> Result<Self, ScimError> {
        let (parts, body) = request.into_parts();
        let kind = body::media_type(&parts.headers);
        if !matches!(kind.as_deref(), Some(SCIM_JSON | "application/json")) {
            return Err(ScimError::unsupported_media_type());
        }
        let body = body::read(body, limit).await.map_err(|error| match error {
            BodyError::TooLarge { limit } => {
                ScimError::payload_too_large(format!("the request is larger than {} KiB", limit / 1024))
            }
            BodyError::Unreadable => ScimError::invalid_syntax("the request's body ended early"),
        })?;
        Ok(Self { parts, body })
    }

    /// A request to change a resource of this kind; a `DELETE` has no body that counts.
    pub async fn change(request: Request, kind: ResourceKind) -> Result<Self, ScimError> {
        if request.method() == Method::DELETE {
            let (parts, _) = request.into_parts();
            return Ok(Self { parts, body: Bytes::new() });
        }
        let limit = match kind {
            ResourceKind::User => BODY_LIMIT,
            ResourceKind::Group => GROUP_LIMIT,
        };
        Self::read(request, limit).await
    }

    /// The head of the request.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The body, read strictly.
    pub fn body(&self) -> Result<Json<'_>, ScimError> {
        json::parse(&self.body)
    }

    /// What is asked for: of the resource `id`, or of the collection.
    pub fn as_change<'a>(&'a self, id: Option<&'a str>, kind: ResourceKind) -> Result<Change<'a>, ScimError> {
        let action = match (self.parts.method.as_str(), id) {
            ("POST", None) => Action::Create(self.body()?),
            ("PUT", Some(id)) => Action::Replace(id, self.body()?),
            ("PATCH", Some(id)) => Action::Patch(id, self.body()?),
            ("DELETE", Some(id)) => Action::Delete(id),
            _ => return Err(ScimError::method_not_allowed()),
        };
        let if_match = self.parts.headers.get(header::IF_MATCH);
        Ok(Change {
            action,
            if_match: if_match.map(|value| IfMatch::parse(value.to_str().unwrap_or_default())),
            projection: projection(&self.parts.uri, kind),
        })
    }
}

/// What a client wants changed, and under which condition.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    pub action: Action<'a>,
    /// RFC 7644 section 3.14: the versions that may be changed.
    pub if_match: Option<IfMatch>,
    /// Which attributes the answer has.
    pub projection: Projection,
}

/// The four changes of RFC 7644 section 3.2, with the resource's id and the body.
#[derive(Debug, Clone)]
pub enum Action<'a> {
    Create(Json<'a>),
    Replace(&'a str, Json<'a>),
    Patch(&'a str, Json<'a>),
    Delete(&'a str),
}

impl ScimCaller {
    /// A resource to create, and who proved to be allowed to. The body says which name is looked up first: that is
    /// read beside the proof. What is wrong with the body is said to nobody else.
    pub async fn creation(
        self,
        received: &Result<Received, ScimError>,
        kind: ResourceKind,
    ) -> Result<(ScimClient, Change<'_>), ScimError> {
        let change = match received {
            Ok(received) => received.as_change(None, kind),
            Err(error) => Err(error.clone()),
        };
        let guess = change.as_ref().ok().and_then(|change| match (&change.action, kind) {
            (Action::Create(body), ResourceKind::User) => {
                UserBody::peek_user_name(body).map(|name| Guess::UserName(name.to_owned()))
            }
            (Action::Create(body), ResourceKind::Group) => {
                GroupCreate::peek_name(body).map(|name| Guess::GroupName(name.to_owned()))
            }
            _ => None,
        });
        let client = self.prove(guess.as_ref()).await?;
        Ok((client, change?))
    }
}

impl Change<'_> {
    /// Whether the client named the versions that it wants to change.
    pub fn names_versions(&self) -> bool {
        !matches!(self.if_match, None | Some(IfMatch::Any))
    }

    /// 412 if the client wants another version than the one that is there. Without versions nothing but `*`
    /// can be wanted.
    pub fn check_version(&self, version: Option<u64>) -> Result<(), ScimError> {
        let allowed = match (&self.if_match, version) {
            (None | Some(IfMatch::Any), _) => true,
            (Some(wanted), Some(version)) => wanted.allows(version),
            (Some(_), None) => false,
        };
        if allowed { Ok(()) } else { Err(ScimError::precondition_failed()) }
    }
}

/// What became of a request about one resource.
#[derive(Debug)]
pub struct Outcome {
    pub status: StatusCode,
    /// The resource's URL.
    pub location: String,
    /// For its entity tag, if it has one.
    pub version: Option<u64>,
    body: Option<Vec<u8>>,
}

impl Outcome {
    /// With the resource in the body.
    pub fn with(
        status: StatusCode,
        resource: &impl Serialize,
        location: Location<'_>,
        version: Option<u64>,
    ) -> Result<Self, ScimError> {
        let body = serde_json::to_vec(resource).map_err(|_| ScimError::internal())?;
        Ok(Self { status, location: location.to_string(), version, body: Some(body) })
    }

    /// The resource's id.
    pub fn id(&self) -> &str {
        self.location.rsplit('/').next().unwrap_or_default()
    }

    /// 204: done, and nothing to show.
    pub fn done(location: Location<'_>, version: Option<u64>) -> Self {
        Self { status: StatusCode::NO_CONTENT, location: location.to_string(), version, body: None }
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => raw_answer(self.status, body),
            None => self.status.into_response(),
        };
        let mut set = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        if self.status == StatusCode::CREATED {
            set(header::LOCATION, &self.location);
        }
        if let Some(version) = self.version {
            set(header::ETAG, &etag(version));
        }
        response
    }
}
