//! Before the first scan: what the assessment may read, what it may not, and what it could do but must not.
//!
//! Its one rule: too much is as wrong as too little. Nothing is collected until the table passes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Client, Failure, GetError, Organization, Pacing, Pipeline, Response, TokenError, Transport,
    endpoints::{self, Shape},
    link::{self, Next},
    organization::{OrganizationError, classic_or_oie},
};

/// The standard roles that an app which only reads may hold; custom roles are limited by the scopes.
const READING_ROLES: [&str; 3] = ["READ_ONLY_ADMIN", "REPORT_ADMIN", "CUSTOM"];

/// The line that stands in the place of the app's admin roles where these cannot be read.
const OWN_ROLES: &str = "read the app's own admin roles";

/// The state of one permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Granted,
    Missing,
    /// It is granted and must not be.
    TooMuch,
    /// The org does not have the feature: nothing to grant.
    NotOffered,
}

/// One line of the permission table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// A scope, or what an admin role lets the app read.
    pub permission: String,
    pub why: String,
    pub state: State,
    /// Whether the assessment cannot start without it.
    pub required: bool,
}

/// The permission table of one org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// Okta's id of the org.
    pub org_id: String,
    pub permissions: Vec<Permission>,
}

/// Why there is no table.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreflightError {
    #[error(transparent)]
    Organization(#[from] OrganizationError),
    #[error("want an org on Okta Identity Engine, got Classic Engine")]
    Classic,
    #[error(transparent)]
    Get(#[from] GetError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Preflight {
    /// Whether a scan may start: all that is required is granted, and nothing is too much.
    pub fn passes(&self) -> bool {
        !self.permissions.is_empty()
            && self.permissions.iter().all(|p| match p.state {
                State::Granted => true,
                State::Missing | State::NotOffered => !p.required,
                State::TooMuch => false,
            })
    }

    /// The scopes to ask for in a scan.
    pub fn granted_scopes(&self) -> Vec<String> {
        let granted = self.permissions.iter().filter(|p| p.state == State::Granted);
        granted.map(|p| p.permission.clone()).filter(|p| super::token::is_read(p)).collect()
    }
}

/// Makes the table by asking: a token for each scope, the first page of each resource, the app's own roles.
pub async fn run<T: Transport>(client: &mut Client<'_, T>) -> Result<Preflight, PreflightError> {
    let Organization { id: org_id, pipeline } = classic_or_oie(client.transport(), client.org()).await?;
    if pipeline == Pipeline::Classic {
        return Err(PreflightError::Classic);
    }
    let mut permissions = scopes(client).await?;
    if permissions.iter().all(|p| p.state != State::TooMuch) {
        let granted = Preflight { org_id: org_id.clone(), permissions: permissions.clone() }.granted_scopes();
        // Without a scope there is no token to read with: the table says what is missing.
        if !granted.is_empty() {
            client.set_scopes(granted);
            let reads = resources(client).await?;
            permissions.extend(reads);
            permissions.extend(roles(client).await?);
        }
    }
    Ok(Preflight { org_id, permissions })
}

/// One line per scope. Okta refuses a token request as a whole, so after a refusal each scope is asked for alone.
async fn scopes<T: Transport>(client: &Client<'_, T>) -> Result<Vec<Permission>, TokenError> {
    let wanted = endpoints::scopes();
    let mut states: BTreeMap<&str, State> = BTreeMap::new();
    match client.mint(&wanted).await {
        Ok(token) => note(&mut states, &wanted, &token.scopes),
        Err(TokenError::Scope) => {
            for scope in &wanted {
                match client.mint(&[scope]).await {
                    Ok(token) => note(&mut states, &[scope], &token.scopes),
                    Err(TokenError::Scope) => {}
                    Err(TokenError::WriteScope(write)) => return Ok(vec![write_scope(write)]),
                    Err(error) => return Err(error),
                }
            }
        }
        Err(TokenError::WriteScope(write)) => return Ok(vec![write_scope(write)]),
        Err(error) => return Err(error),
    }
    let line = |scope: &&str| {
        let used = endpoints::ALL.iter().filter(|e| e.scope == *scope);
        let why = used.clone().map(|e| e.why).collect::<Vec<_>>().join(" ");
        let state = states.get(scope).copied().unwrap_or(State::Missing);
        Permission { permission: (*scope).to_owned(), why, state, required: used.clone().any(|e| e.required) }
    };
    Ok(wanted.iter().map(line).collect())
}

fn note<'a>(states: &mut BTreeMap<&'a str, State>, asked: &[&'a str], got: &[String]) {
    states.extend(asked.iter().filter(|scope| got.iter().any(|g| g == *scope)).map(|s| (*s, State::Granted)));
}

fn write_scope(scope: String) -> Permission {
    let why = "The assessment only reads; an app that can write is refused.".to_owned();
    Permission { permission: scope, why, state: State::TooMuch, required: false }
}

/// One line per resource that is read directly: does the admin role let us see it?
async fn resources<T: Transport>(client: &mut Client<'_, T>) -> Result<Vec<Permission>, GetError> {
    let mut pacing = Pacing::default();
    let mut lines = Vec::new();
    for e in endpoints::ALL.iter().filter(|e| e.fan_out.is_none()) {
        if !client.scopes().iter().any(|s| s == e.scope) {
            continue;
        }
        let url = client.org().at(e.path);
        let answer = client.get(&mut pacing, e.bucket, &url).await?;
        let state = match answer.status {
            200 if rows(e.shape, &answer).is_some() => State::Granted,
            // The scan could not read it either.
            200 => State::Missing,
            _ => match Failure::of(&answer) {
                Failure::Feature | Failure::Gone => State::NotOffered,
                _ => State::Missing,
            },
        };
        lines.push(Permission {
            permission: format!("read {}", e.key),
            why: e.why.to_owned(),
            state,
            required: e.required,
        });
    }
    Ok(lines)
}

/// The rows of an answer; `None` if it is not of that shape.
fn rows(shape: Shape, answer: &Response) -> Option<Vec<Value>> {
    shape.rows(serde_json::from_slice(&answer.body).ok()?)
}

/// One line per admin role of the app itself. Where the roles cannot all be read, there is a line that does not let the
/// table pass: an app that can do everything must not look like one without a role.
async fn roles<T: Transport>(client: &mut Client<'_, T>) -> Result<Vec<Permission>, GetError> {
    let id: String = form_urlencoded::byte_serialize(client.client_id().as_bytes()).collect();
    let url = client.org().at(&format!("/oauth2/v1/clients/{id}/roles"));
    let answer = client.get(&mut Pacing::default(), "clients", &url).await?;
    let whole =
        answer.status == 200 && link::next(client.org(), &url, &answer, &Next::Last) == Ok(Next::Last);
    let roles = rows(Shape::List, &answer).filter(|roles| whole && !roles.is_empty());
    let Some(roles) = roles else { return Ok(vec![unknown_roles(&answer)]) };
    let line = |row: &Value| {
        let role = row["type"].as_str().unwrap_or("UNKNOWN");
        let state = if READING_ROLES.contains(&role) { State::Granted } else { State::TooMuch };
        let why = "The admin role of the assessment's own app: it should be able to read and nothing else."
            .to_owned();
        Permission { permission: format!("admin role {role}"), why, state, required: false }
    };
    Ok(roles.iter().map(line).collect())
}

/// That the app's roles are not known, and what to do about it. An app that has read this far holds at least one, so
/// an empty list is no answer either.
fn unknown_roles(answer: &Response) -> Permission {
    let next = match answer.status {
        200 => {
            "The org answered, but not with all of them: check again, and if it stays, send support this line."
        }
        _ if Failure::of(answer).is_passing() => "The org was too busy to answer: check again in a minute.",
        _ => {
            "Grant okta.roles.read and give the app a custom role with the permission \"View roles, resources, and \
             admin assignments\", then check again."
        }
    };
    let why = format!("Without them nobody can tell whether the app could do more than read. {next}");
    Permission { permission: OWN_ROLES.to_owned(), why, state: State::Missing, required: true }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{FakeOrg, Sent, answer, assertion_key, counting_random, now, org, token_for};
    use super::*;
    use crate::{
        okta::{Method, ServiceApp},
        ops::clock::OffsetClock,
    };

    async fn run_against(
        mut answers: impl FnMut(&Sent) -> Response + Send,
    ) -> Result<Preflight, PreflightError> {
        let fake = FakeOrg::answering(|sent: &Sent| Ok(answers(sent)));
        let (clock, random) = (OffsetClock::starting_at(now()), counting_random());
        let app = ServiceApp { client_id: "0oaClient".into(), key: assertion_key() };
        run(&mut Client::new(&fake, org(), app, vec![], &clock, &random).unwrap()).await
    }

    fn healthy(sent: &Sent) -> Response {
        match sent.target() {
            "/.well-known/okta-organization" => answer(200, &[], r#"{"id":"00oExample","pipeline":"idx"}"#),
            "/oauth2/v1/clients/0oaClient/roles" => answer(200, &[], r#"[{"type":"READ_ONLY_ADMIN"}]"#),
            _ if sent.method == Method::Post => token_for(sent),
            target => answer(200, &[], empty(target)),
        }
    }

    /// A body of the shape that the table promises, with nothing in it.
    fn empty(target: &str) -> &'static str {
        match endpoints::ALL.iter().find(|e| e.path == target).map(|e| e.shape) {
            Some(Shape::Single) => "{}",
            Some(Shape::Under(_)) => r#"{"value":[]}"#,
            Some(Shape::List) | None => "[]",
        }
    }

    fn state(preflight: &Preflight, permission: &str) -> Option<State> {
        preflight.permissions.iter().find(|p| p.permission == permission).map(|p| p.state)
    }

    #[tokio::test]
    async fn a_well_made_app_passes() {
        let got = run_against(healthy).await.unwrap();
        assert!(got.passes());
        assert_eq!(got.granted_scopes(), endpoints::scopes());
        assert_eq!(state(&got, "admin role READ_ONLY_ADMIN"), Some(State::Granted));
    }

    #[tokio::test]
    async fn a_missing_scope_is_found_by_name() {
        let got = run_against(|sent| {
            if sent.method == Method::Post && sent.body.contains("okta.realms.read") {
                return answer(400, &[], r#"{"error":"invalid_scope"}"#);
            }
            healthy(sent)
        });
        let got = got.await.unwrap();
        assert_eq!(state(&got, "okta.realms.read"), Some(State::Missing));
        assert_eq!(state(&got, "read realms"), None, "it is not even tried");
        assert!(got.passes(), "realms are optional");

        let got = run_against(|sent| {
            if sent.method == Method::Post && sent.body.contains("okta.users.read") {
                return answer(400, &[], r#"{"error":"invalid_scope"}"#);
            }
            healthy(sent)
        });
        assert!(!got.await.unwrap().passes(), "users are not");
    }

    #[tokio::test]
    async fn an_app_without_any_scope_gets_its_table_and_does_not_pass() {
        let got = run_against(|sent| {
            assert!(!sent.target().starts_with("/api/"), "there is no token to read with");
            if sent.method == Method::Post {
                return answer(400, &[], r#"{"error":"invalid_scope"}"#);
            }
            healthy(sent)
        });
        let got = got.await.unwrap();
        assert!(got.permissions.iter().all(|p| p.state == State::Missing) && !got.passes());
    }

    #[tokio::test]
    async fn a_role_that_is_too_low_or_too_high_shows() {
        let got = run_against(|sent| match sent.target() {
            "/api/v1/first-party-app-settings/admin-console" => {
                answer(403, &[], r#"{"errorCode":"E0000006"}"#)
            }
            "/api/v1/realms?limit=200" => answer(401, &[], r#"{"errorCode":"E0000015"}"#),
            _ => healthy(sent),
        });
        let got = got.await.unwrap();
        assert_eq!(state(&got, "read admin-console-settings"), Some(State::Missing));
        assert_eq!(state(&got, "read realms"), Some(State::NotOffered));
        assert!(got.passes());

        let got = run_against(|sent| match sent.target() {
            "/oauth2/v1/clients/0oaClient/roles" => answer(200, &[], r#"[{"type":"SUPER_ADMIN"}]"#),
            _ => healthy(sent),
        });
        let got = got.await.unwrap();
        assert_eq!(state(&got, "admin role SUPER_ADMIN"), Some(State::TooMuch));
        assert!(!got.passes());

        let got = run_against(|sent| match sent.target() {
            "/api/v1/apps?limit=200" => answer(403, &[], r#"{"errorCode":"E0000006"}"#),
            _ => healthy(sent),
        });
        assert!(!got.await.unwrap().passes());
    }

    #[tokio::test]
    async fn an_app_whose_roles_cannot_be_read_does_not_pass() {
        let role_too_low = r#"{"errorCode":"E0000006"}"#;
        let second_page: &[(&str, &str)] =
            &[("link", "<https://acme.okta.com/oauth2/v1/clients/0oaClient/roles?after=2>; rel=\"next\"")];
        let reader = r#"[{"type":"READ_ONLY_ADMIN"}]"#;
        let nothing: &[(&str, &str)] = &[];
        for (status, headers, body, next) in [
            (403, nothing, role_too_low, "Grant okta.roles.read"),
            (404, nothing, r#"{"errorCode":"E0000007"}"#, "Grant okta.roles.read"),
            (429, nothing, r#"{"errorCode":"E0000047"}"#, "in a minute"),
            (503, nothing, "<html>", "in a minute"),
            (200, nothing, "<html>", "check again"),
            (200, nothing, "{}", "check again"),
            (200, nothing, r#"["SUPER_ADMIN"]"#, "check again"),
            (200, nothing, "[]", "check again"),
            (200, second_page, reader, "check again"),
        ] {
            let got = run_against(|sent| match sent.target() {
                "/oauth2/v1/clients/0oaClient/roles" => answer(status, headers, body),
                _ => healthy(sent),
            });
            let got = got.await.unwrap();
            let line = got.permissions.iter().find(|p| p.permission == OWN_ROLES).unwrap();
            assert!(line.state == State::Missing && line.required, "{status} {body}");
            assert!(line.why.contains(next), "{status} {body}: {}", line.why);
            assert!(!got.passes(), "{status} {body}");
        }
    }

    #[tokio::test]
    async fn a_resource_that_cannot_be_read_is_not_granted() {
        let unreadable = |path: &'static str| {
            run_against(move |sent| match sent.target() {
                target if target == path => answer(200, &[], "<html>"),
                _ => healthy(sent),
            })
        };
        let got = unreadable("/api/v1/zones?limit=200").await.unwrap();
        assert_eq!(state(&got, "read zones"), Some(State::Missing));
        assert!(!got.passes(), "zones are required");
        let got = unreadable("/api/v1/realms?limit=200").await.unwrap();
        assert_eq!(state(&got, "read realms"), Some(State::Missing));
        assert!(got.passes(), "realms are optional");
    }

    #[tokio::test]
    async fn a_write_scope_ends_it_before_anything_is_read() {
        let got = run_against(|sent| {
            assert!(!sent.target().starts_with("/api/"), "nothing may be read");
            match sent.method {
                Method::Get => healthy(sent),
                Method::Post => answer(
                    200,
                    &[],
                    r#"{"access_token":"t","token_type":"Bearer","expires_in":3600,"scope":"okta.users.read okta.users.manage"}"#,
                ),
            }
        });
        let got = got.await.unwrap();
        assert_eq!(state(&got, "okta.users.manage"), Some(State::TooMuch));
        assert!(!got.passes() && got.granted_scopes().is_empty());
    }

    #[tokio::test]
    async fn classic_engine_is_turned_away_before_a_token_is_asked() {
        let got = run_against(|sent| {
            assert_eq!(sent.method, Method::Get);
            answer(200, &[], r#"{"id":"00o","pipeline":"v1"}"#)
        });
        assert_eq!(got.await, Err(PreflightError::Classic));
    }

    #[test]
    fn an_empty_table_does_not_pass() {
        assert!(!Preflight { org_id: "00o".into(), permissions: vec![] }.passes());
    }
}
