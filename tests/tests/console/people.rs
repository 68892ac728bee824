//! Who the console is used by: workspaces of a stack, people signed in there, and what they are answered.

use std::sync::Arc;

use anyhow::Context;
use local::{Stack, StackOptions};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header, redirect::Policy};
use serde_json::{Value, json};
use shared::{
    delivery::{
        Approval, ApprovalId,
        approval::{Terms, Until},
    },
    http::Door,
    ops::{Clock, Config, SystemRandom},
    store::{
        Aws, TenantStore,
        approvals::{Asked, WORKSPACE_APPROVAL},
        audit::Acting,
        users::UserRecord,
    },
    tenant::{
        Principal, PublicBase, Role, Subdomain, Workspace, WorkspaceKind, cookie::Cookies,
        session::Method as SignedInBy,
    },
};
use tests::people;

/// The stack, and its table as the functions see it.
pub(crate) struct Site {
    pub(crate) stack: Stack,
    pub(crate) door: Door,
}

/// A signed-in person and where they are.
pub(crate) struct Someone {
    pub(crate) workspace: Workspace,
    pub(crate) user: UserRecord,
    pub(crate) principal: Principal,
    pub(crate) http: reqwest::Client,
    pub(crate) address: String,
    pub(crate) origin: String,
    pub(crate) cookie: String,
}

impl Site {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let stack = Stack::start(StackOptions { users: 20, ..StackOptions::default() }).await?;
        let config: Config = [("TABLE_NAME".to_owned(), "atomation".to_owned())].into_iter().collect();
        let aws = Aws::new(stack.cloud.sdk_config(), config);
        let random = Arc::new(SystemRandom::default());
        let base = stack.origin("x").replace("x.localhost", "localhost");
        let base = PublicBase::parse(&base).context("the base")?;
        let door = Door::new(base, aws.table(random.clone())?, stack.clock.clone(), random);
        Ok(Self { stack, door })
    }

    pub(crate) fn acting(&self, actor: &str) -> Acting<'_> {
        let (at, random) = (self.stack.clock.now(), &*self.door.random);
        Acting { actor: actor.to_owned(), at, correlation_id: "c-test-test", random }
    }

    pub(crate) fn store(&self, workspace: &Workspace) -> TenantStore {
        self.door.table().tenant(workspace)
    }

    pub(crate) async fn workspace(&self, name: &str, kind: WorkspaceKind) -> anyhow::Result<Someone> {
        let acting = self.acting("operator:o1");
        let created = people::workspace(&self.door.workspaces, name, kind, &acting).await?;
        self.sign_in(&created.workspace, created.sponsor).await
    }

    /// The Admin of a customer that was accepted.
    pub(crate) async fn customer(&self, name: &str) -> anyhow::Result<Someone> {
        let sponsor = self.workspace(name, WorkspaceKind::Customer).await?;
        self.approve(&sponsor, &ApprovalId::new(WORKSPACE_APPROVAL)).await?;
        let workspace = self.door.workspaces.read(&sponsor.workspace.tenant).await?;
        self.sign_in(&workspace.context("the workspace")?, sponsor.user).await
    }

    pub(crate) async fn person(&self, of: &Workspace, name: &str, role: Role) -> anyhow::Result<Someone> {
        let user = people::person(&self.store(of), of, name, role, &self.acting("job:test")).await?;
        self.sign_in(of, user).await
    }

    pub(crate) async fn operator(&self, role: Role) -> anyhow::Result<Someone> {
        let subdomain = Subdomain::parse(local::stack::OPERATOR)?;
        let home = self.door.workspaces.find(&subdomain).await?.context("the operators")?;
        self.person(&home, &format!("op{}", role as u8), role).await
    }

    pub(crate) async fn sign_in(&self, workspace: &Workspace, user: UserRecord) -> anyhow::Result<Someone> {
        self.sign_in_by(SignedInBy::Email, workspace, user).await
    }

    pub(crate) async fn sign_in_by(
        &self,
        method: SignedInBy,
        workspace: &Workspace,
        user: UserRecord,
    ) -> anyhow::Result<Someone> {
        let (store, acting) = (self.store(workspace), self.acting("sign-in"));
        let (secret, principal) = people::signed_in(&store, workspace, &user, method, &acting).await?;
        let subdomain = workspace.subdomain.as_str();
        let origin = self.stack.origin(subdomain);
        let set = Cookies::of(&origin.parse()?, subdomain)?.set_session(&secret);
        let cookie = set.split(';').next().unwrap_or_default().to_owned();
        let address = self.stack.address(subdomain).await?;
        let http = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build()?;
        Ok(Someone { workspace: workspace.clone(), user, principal, http, address, origin, cookie })
    }

    /// A request of this person's, approved by the same person.
    pub(crate) async fn allow(&self, by: &Someone, terms: Terms) -> anyhow::Result<Approval> {
        let (not_before, until) = (self.stack.clock.now(), Until::Revoked);
        let asked = Asked { terms, not_before, until, requested_by: by.principal.actor() };
        let acting = self.acting(&format!("user:{}", by.user.id));
        let approval = self.store(&by.workspace).request_approval(asked, &acting).await?;
        self.approve(by, &approval.id).await
    }

    pub(crate) async fn approve(&self, by: &Someone, id: &ApprovalId) -> anyhow::Result<Approval> {
        let acting = self.acting(&by.user.target());
        people::approve(&self.store(&by.workspace), &by.principal, id, &acting).await
    }
}

impl Someone {
    /// As a tool, which reads JSON.
    pub(crate) fn asks(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header(header::ACCEPT, "application/json")
    }

    /// As a browser, which reads pages.
    pub(crate) fn browses(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header(header::ACCEPT, "text/html,application/xhtml+xml")
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.address)).header(header::COOKIE, &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Answered> {
        Answered::of(self.asks(Method::GET, path).send().await?).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answered> {
        let request = self.asks(Method::POST, path).header(header::ORIGIN, &self.origin).json(body);
        Answered::of(request.send().await?).await
    }

    pub(crate) async fn page(&self, path: &str) -> anyhow::Result<String> {
        let request = self.browses(Method::GET, path);
        Ok(request.send().await?.text().await?)
    }

    pub(crate) async fn add_org(&self, url: &str, label: &str) -> anyhow::Result<Value> {
        let added = self.post("/orgs", &json!({ "okta_url": url, "label": label })).await?;
        anyhow::ensure!(added.status == StatusCode::CREATED, "{added:?}");
        Ok(added.json)
    }
}

#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) kind: String,
    pub(crate) json: Value,
}

impl Answered {
    pub(crate) async fn of(response: Response) -> anyhow::Result<Self> {
        let status = response.status();
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let json = serde_json::from_str(&response.text().await?).unwrap_or_default();
        Ok(Self { status, kind, json })
    }

    /// A problem of ours with this code: in JSON, with a next step and an id for support.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), &self.json["code"]), (status, &json!(code)), "{self:?}");
        assert_eq!(self.kind, "application/problem+json");
        assert!(self.json["detail"].as_str().is_some_and(|next| next.ends_with('.')), "{self:?}");
        assert!(self.json["correlationId"].is_string());
    }
}
