//! The whole local stack, with workspaces whose first administrators are signed in and whose SCIM tokens work.
//!
//! One rule: requests go over HTTP through the gateway to the functions; only what comes before them (a
//! workspace, its session, its token) is put into the store directly, by the product's own code.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use anyhow::Context;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use local::{Stack, StackOptions, gateway::COST_HEADER};
use serde_json::{Value, json};
use shared::{
    delivery::{
        Approval, ApprovalId,
        approval::{Terms, Until},
    },
    ops::{Clock, Config, Random, SystemRandom},
    store::{
        Aws, Evidence, Table, TenantStore, Workspaces,
        approvals::{Asked, WORKSPACE_APPROVAL},
        audit::Acting,
        users::UserRecord,
    },
    tenant::{
        Digest, Principal, Role, Workspace, WorkspaceKind, cookie::Cookies, resource_id, session::Method,
        token,
    },
};

use crate::{
    people,
    raw::{Reply, Request},
    routes::{self, Place, is_scim},
};

/// The name of the local stack's table.
pub(crate) const TABLE: &str = "atomation";

/// The name of its bucket.
const BUCKET: &str = "atomation-evidence";

/// In the key of a SAML request that waits for its answer: whoever goes to the sign-in leaves one.
pub const WAITING: &str = "#Q#";

/// A correlation id, the same in every request of a test, so that answers can be compared.
const CORRELATION: &str = "c-the-same-each-time";

/// Every item of a partition, by key, as JSON.
pub type Dump = BTreeMap<(String, String), Value>;

/// A running stack.
pub struct Site {
    pub stack: Stack,
    pub table: Table,
    pub workspaces: Workspaces,
    pub random: Arc<dyn Random>,
    pub(crate) client: aws_sdk_dynamodb::Client,
    pub(crate) evidence: Evidence,
    s3: aws_sdk_s3::Client,
}

/// A workspace of it, with its administrator's session and its SCIM token.
#[derive(Clone)]
pub struct Tenant {
    pub workspace: Workspace,
    /// Its own port.
    pub address: SocketAddr,
    pub origin: String,
    pub admin: UserRecord,
    pub principal: Principal,
    /// `name=value`, as a browser sends it.
    pub cookie: String,
    pub token: String,
}

impl Site {
    /// A stack that keeps nothing, with a small Okta org beside it.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(StackOptions { users: 60, ..StackOptions::default() }).await
    }

    /// A stack as asked for.
    pub async fn start_with(options: StackOptions) -> anyhow::Result<Self> {
        let stack = Stack::start(options).await?;
        let sdk = stack.cloud.sdk_config();
        let settings = [("TABLE_NAME", TABLE), ("EVIDENCE_BUCKET", BUCKET)];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let random: Arc<dyn Random> = Arc::new(SystemRandom::default());
        let aws = Aws::new(sdk.clone(), Config::from_iter(settings));
        let (table, evidence) = (aws.table(random.clone())?, aws.evidence()?);
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let s3 = aws_sdk_s3::config::Builder::from(&sdk).force_path_style(true).build();
        let s3 = aws_sdk_s3::Client::from_conf(s3);
        Ok(Self { stack, workspaces: Workspaces::new(table.clone()), table, random, client, evidence, s3 })
    }

    /// Every route of the functions that are mounted; `house.rs` holds that all are.
    pub fn places(&self) -> anyhow::Result<Vec<Place>> {
        let mounted: BTreeSet<_> = self.stack.functions.names().collect();
        let mut places = routes::all()?;
        for place in &mut places {
            place.methods.retain(|_, function| mounted.contains(&**function));
        }
        Ok(places.into_iter().filter(|place| !place.methods.is_empty()).collect())
    }

    /// The time there.
    pub fn now(&self) -> Timestamp {
        self.stack.clock.now()
    }

    /// Who acts in what a test does by itself.
    pub fn acting(&self, actor: &str) -> Acting<'_> {
        let (actor, correlation_id) = (actor.to_owned(), CORRELATION);
        Acting { actor, at: self.now(), correlation_id, random: &*self.random }
    }

    /// The store of a workspace.
    pub fn store(&self, workspace: &Workspace) -> TenantStore {
        self.table.tenant(workspace)
    }

    /// A customer's workspace whose sponsor has accepted it.
    pub async fn customer(&self, name: &str) -> anyhow::Result<Tenant> {
        let acting = self.acting("operator:o1");
        let created = people::workspace(&self.workspaces, name, WorkspaceKind::Customer, &acting).await?;
        let (_, principal) = self.session(&created.workspace, &created.sponsor).await?;
        let (store, own) = (self.store(&created.workspace), ApprovalId::new(WORKSPACE_APPROVAL));
        let acting = self.acting(&created.sponsor.target());
        people::approve(&store, &principal, &own, &acting).await?;
        let workspace = self.workspaces.read(&created.workspace.tenant).await?.context("the workspace")?;
        let mut acme = self.tenant(workspace, created.sponsor, String::new()).await?;
        let okta_url = format!("https://{name}.okta.com");
        let approval = self.approve(&acme, Terms::Scim { okta_url }, Until::Revoked).await?;
        acme.token = self.token(&acme.workspace, &approval).await?;
        Ok(acme)
    }

    /// Asks for `terms` in the name of the workspace's administrator, who approves them.
    pub async fn approve(&self, by: &Tenant, terms: Terms, until: Until) -> anyhow::Result<Approval> {
        let (store, acting) = (self.store(&by.workspace), format!("user:{}", by.admin.id));
        let acting = self.acting(&acting);
        let requested_by = by.principal.actor();
        let asked = Asked { terms, not_before: self.now(), until, requested_by };
        let asked = store.request_approval(asked, &acting).await?;
        Ok(store.approve(&asked.id, &people::approver(&by.principal, &asked), &acting).await?)
    }

    /// A person of a workspace, signed in there with the token that `of` has.
    pub async fn person(&self, of: &Tenant, name: &str, role: Role) -> anyhow::Result<Tenant> {
        let (store, acting) = (self.store(&of.workspace), self.acting("job:test"));
        let user = people::person(&store, &of.workspace, name, role, &acting).await?;
        self.tenant(of.workspace.clone(), user, of.token.clone()).await
    }

    /// Signs a user in.
    pub async fn tenant(
        &self,
        workspace: Workspace,
        admin: UserRecord,
        token: String,
    ) -> anyhow::Result<Tenant> {
        let name = workspace.subdomain.as_str();
        let origin = self.stack.origin(name);
        let address = self.stack.address(name).await?.trim_start_matches("http://").parse()?;
        let (cookie, principal) = self.session(&workspace, &admin).await?;
        Ok(Tenant { workspace, address, origin, admin, principal, cookie, token })
    }

    /// Opens a session and gives its cookie.
    pub async fn session(
        &self,
        workspace: &Workspace,
        user: &UserRecord,
    ) -> anyhow::Result<(String, Principal)> {
        let (store, acting) = (self.store(workspace), self.acting("sign-in"));
        let (secret, principal) = people::signed_in(&store, workspace, user, Method::Email, &acting).await?;
        let name = workspace.subdomain.as_str();
        let cookies = Cookies::of(&self.stack.origin(name).parse()?, name)?;
        Ok((format!("{}={}", cookies.session_name(), secret.expose()), principal))
    }

    async fn token(&self, workspace: &Workspace, approval: &Approval) -> anyhow::Result<String> {
        let store = self.store(workspace);
        let lifetime = SignedDuration::from_hours(24);
        let existing = store.tokens().await?;
        let (plain, record) =
            token::issue(&workspace.tenant, &existing, lifetime, self.now(), &*self.random)?;
        let audit = self.acting("job:test").record("scim.token.create", format!("token:{}", record.id), "");
        store.add_token(&record, &existing, Some(approval), &audit).await?;
        // The day of its first use is noted now, so that no request of a test changes it.
        let day = record.day_to_record(self.now()).context("a token that was used")?;
        store.touch_token(&record.id, day).await?;
        Ok(plain.reveal())
    }

    /// Everything in the table.
    pub async fn dump(&self) -> anyhow::Result<Dump> {
        let mut out = Dump::new();
        let mut start = None;
        loop {
            let scan = self.client.scan().table_name(TABLE).consistent_read(true);
            let page = scan.set_exclusive_start_key(start).send().await?;
            for item in page.items.unwrap_or_default() {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
                let key = text("PK").zip(text("SK")).context("an item without a key")?;
                let fields = item.iter().map(|(name, value)| (name.clone(), plain(value)));
                out.insert(key, fields.collect::<BTreeMap<_, _>>().into_iter().collect());
            }
            match page.last_evaluated_key {
                Some(key) => start = Some(key),
                None => return Ok(out),
            }
        }
    }

    /// Everything but the logs (a refused delivery leaves its row there, and a SCIM request too), sign-ins that wait for
    /// their answer, and what is noted of a token: how many requests came with it, and whether one had it in the address.
    pub async fn state(&self) -> anyhow::Result<Dump> {
        let mut all = self.dump().await?;
        all.retain(|(pk, _), _| !["#A#", "#B#scim#", WAITING].iter().any(|part| pk.contains(part)));
        for token in all.iter_mut().filter(|((pk, _), _)| pk.ends_with("#K")).map(|(_, item)| item) {
            for noted in ["minute", "requests", "exposed"] {
                token.as_object_mut().map(|token| token.remove(noted));
            }
        }
        Ok(all)
    }

    /// Everything of one workspace.
    pub async fn dump_of(&self, workspace: &Workspace) -> anyhow::Result<Dump> {
        let own = format!("T#{}#", workspace.tenant);
        let all = self.dump().await?;
        Ok(all.into_iter().filter(|((pk, _), _)| pk.starts_with(&own)).collect())
    }

    /// What lies in the bucket for one workspace: the digest of each object, by its key.
    pub async fn objects_of(&self, workspace: &Workspace) -> anyhow::Result<BTreeMap<String, Digest>> {
        let prefix = format!("tenants/{}/", workspace.tenant);
        let mut out = BTreeMap::new();
        let mut start = None;
        loop {
            let list = self.s3.list_objects_v2().bucket(BUCKET).prefix(&prefix);
            let page = list.set_continuation_token(start).send().await?;
            for key in page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key) {
                let object = self.s3.get_object().bucket(BUCKET).key(&key).send().await?;
                let bytes = object.body.collect().await?.into_bytes();
                out.insert(key, Digest::of(&bytes));
            }
            match page.next_continuation_token {
                Some(token) => start = Some(token),
                None => return Ok(out),
            }
        }
    }
}

impl Tenant {
    /// The id of the group that stands for `role`.
    pub fn role_group(&self, role: Role) -> String {
        resource_id::role_group(&self.workspace.tenant, role)
    }

    /// A request of this workspace's administrator, or of its SCIM client, by the path.
    pub fn request(&self, method: &str, target: &str) -> Request {
        let request = self.anonymous(method, target);
        if is_scim(target) {
            return request.with("authorization", &format!("Bearer {}", self.token));
        }
        request.with("cookie", &self.cookie)
    }

    /// The same without any credential.
    pub fn anonymous(&self, method: &str, target: &str) -> Request {
        let request = Request::new(method, target).with("x-correlation-id", CORRELATION);
        if is_scim(target) || matches!(method, "GET" | "HEAD") {
            return request;
        }
        request.with("origin", &self.origin)
    }

    /// Sends a request to this workspace.
    pub async fn send(&self, request: &Request) -> anyhow::Result<Reply> {
        request.send(self.address).await
    }

    /// `GET`, as a tool.
    pub async fn get(&self, target: &str) -> anyhow::Result<Reply> {
        self.send(&self.request("GET", target)).await
    }

    /// A change, as JSON.
    pub async fn call(&self, method: &str, target: &str, body: &Value) -> anyhow::Result<Reply> {
        self.send(&self.request(method, target).json(body)).await
    }
}

/// Headers of an answer without those that only the local stack or the wire adds.
pub fn product_headers(reply: &Reply) -> BTreeMap<&str, &str> {
    let ours = |name: &str| !matches!(name, COST_HEADER | "date" | "content-length" | "connection");
    reply.headers.iter().map(|(name, value)| (&**name, &**value)).filter(|(name, _)| ours(name)).collect()
}

/// The body without what is new in each answer: the SAML request that goes with it.
pub fn settled(reply: &Reply) -> &str {
    reply.body.split("SAMLRequest=").next().unwrap_or_default()
}

/// All texts in an item, also those within JSON that is kept as text.
pub fn texts(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => texts(&inner, out),
            _ => drop(out.insert(text.clone())),
        },
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => json!(text),
        AttributeValue::Bool(yes) => json!(yes),
        AttributeValue::L(items) => items.iter().map(plain).collect(),
        AttributeValue::M(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect(),
        AttributeValue::Ss(items) | AttributeValue::Ns(items) => {
            items.iter().collect::<BTreeSet<_>>().into_iter().cloned().map(Value::String).collect()
        }
        AttributeValue::B(bytes) => json!(bytes.as_ref()),
        _ => Value::Null,
    }
}
