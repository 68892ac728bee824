//! The running stack: stand-ins, functions, gateway, twin, clocks that tick.

mod kept_clock;
mod moved;
mod ports;
mod resources;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use okta_twin::{Org, Twin, TwinOptions};
use serde_json::{Value, json};
use shared::{
    ops::{Clock, OffsetClock, SystemRandom},
    store::Aws,
    tenant::Subdomain,
};
use tokio::task::JoinHandle;

use crate::{
    cloud::{
        Cloud, CloudOptions,
        sqs::{EventSource, Listener},
    },
    functions::Functions,
    gateway::Gateway,
    mounts::{self, Parts},
    template::{QueueSource, Template},
};

use self::{kept_clock::KeptClock, moved::Moved};
pub use ports::Ports;
use resources::Resources;

/// The operators' workspace of a local stack.
pub const OPERATOR: &str = "operator";
/// Its first administrator.
pub const OPERATOR_EMAIL: &str = "operator@atomation.example";

/// How many batches of a queue Lambda begins with where the template names no limit.
const FIRST_BATCHES: usize = 5;

/// How a stack is started.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// Kept between runs; `None` is gone with the process.
    pub data: Option<PathBuf>,
    /// The gateway's port; 0 takes a free one.
    pub port: u16,
    /// What the stack's clocks read at the start; `None` goes on from where kept data left them, else it is the
    /// machine's time.
    pub clock: Option<Timestamp>,
    /// The Okta twin's org.
    pub org: Org,
    pub users: usize,
    /// Whether schedules fire by themselves.
    pub schedules: bool,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self { data: None, port: 0, clock: None, org: Org::Synthetic, users: 2_000, schedules: false }
    }
}

/// Everything that runs. Dropping it stops it.
pub struct Stack {
    pub cloud: Cloud,
    pub twin: Twin,
    pub functions: Arc<Functions>,
    pub template: Template,
    pub clock: Arc<OffsetClock>,
    /// Whether a run before this one left data here, and may have been stopped anywhere.
    pub resumed: bool,
    /// Whether the twin's org is made up, with known names in it, or made of recordings.
    pub is_synthetic: bool,
    kept_clock: KeptClock,
    gateway: Gateway,
    ports: Ports,
    port: u16,
    outbox: String,
    outbox_server: JoinHandle<()>,
    listeners: Vec<Listener>,
    schedules: Vec<JoinHandle<()>>,
}

impl Stack {
    /// Starts the stack and creates what the template names.
    pub async fn start(options: StackOptions) -> anyhow::Result<Self> {
        let template = Template::built_in()?;
        let resumed = options.data.as_deref().is_some_and(Cloud::has_data);
        let kept_clock = KeptClock::of(options.data.as_deref());
        let clock = Arc::new(match options.clock {
            Some(start) => OffsetClock::starting_at(start),
            None => OffsetClock::at_offset(SignedDuration::ZERO),
        });
        let now = {
            let clock = clock.clone();
            Arc::new(move || clock.now())
        };
        let random = Arc::new(SystemRandom::default());
        // The stand-ins take hold of the data folder first: one stack to a folder.
        let cloud =
            Cloud::start(CloudOptions { data: options.data.clone(), now: now.clone(), seed: None }).await?;
        if options.clock.is_none() {
            clock.advance(kept_clock.read()?.unwrap_or(SignedDuration::ZERO));
        }
        kept_clock.write(clock.offset())?;
        let ports = Ports::open(options.data.as_deref())?;
        let listener = ports.bind("gateway", options.port).await?;
        let port = listener.local_addr()?.port();
        let resources = Arc::new(Resources::create(&cloud, &template, port).await?);
        // The twin binds by itself: its port is found here, and let go a moment before.
        let twin_address = ports.bind("twin", 0).await?.local_addr()?;
        let is_synthetic = matches!(options.org, Org::Synthetic);
        let twin_options = TwinOptions {
            listen: twin_address,
            users: options.users,
            org: options.org,
            state: options.data.as_ref().map(|data| data.join("okta-twin")),
            ..TwinOptions::new(now)
        };
        let twin = Twin::start(twin_options).await?;

        let dyn_clock: Arc<dyn Clock> = clock.clone();
        let functions = mounts::mount(&Parts {
            aws: &|name| aws_of(name, &template, &cloud, &resources),
            twin: twin.base_url(),
            clock: dyn_clock.clone(),
            random: random.clone(),
        })?;
        let timeouts = template.functions.iter().map(|function| (function.name.clone(), function.timeout));
        let functions = Arc::new(functions.with_timeouts(timeouts));
        let gateway = Gateway::new(&template, functions.clone(), dyn_clock, random);
        gateway.serve(listener, None)?;
        let (outbox, outbox_server) = crate::outbox::serve(cloud.ses().clone()).await?;
        let mut stack = Self {
            cloud,
            twin,
            functions,
            template,
            clock,
            resumed,
            is_synthetic,
            kept_clock,
            gateway,
            ports,
            port,
            outbox,
            outbox_server,
            listeners: Vec::new(),
            schedules: Vec::new(),
        };
        stack.listen_to_queues();
        if options.schedules {
            stack.start_schedules();
        }
        stack.reopen().await?;
        stack.bootstrap().await?;
        Ok(stack)
    }

    /// A workspace's origin, such as `http://acme.localhost:8080`.
    pub fn origin(&self, subdomain: &str) -> String {
        format!("http://{subdomain}.localhost:{}", self.port)
    }

    /// The address of a workspace's own port, for clients that do not resolve `*.localhost`.
    pub async fn address(&self, subdomain: &str) -> anyhow::Result<String> {
        Ok(format!("http://127.0.0.1:{}", self.port_of(&Subdomain::parse(subdomain)?).await?))
    }

    async fn port_of(&self, subdomain: &Subdomain) -> anyhow::Result<u16> {
        if let Some(port) = self.ports.listening(subdomain) {
            return Ok(port);
        }
        let host = format!("{}.localhost", subdomain.as_str());
        let wanted = self.ports.kept(subdomain).unwrap_or(0);
        let port = match self.gateway.listen(wanted, Some(host.clone())).await {
            Ok(port) => port,
            // Somebody else has the port of the last run.
            Err(_) => self.gateway.listen(0, Some(host)).await?,
        };
        self.ports.keep(subdomain, port)?;
        Ok(port)
    }

    /// Where the mail that was sent can be read.
    pub fn outbox_url(&self) -> &str {
        &self.outbox
    }

    /// Moves the stack's time on, and keeps the new time with the data.
    pub fn advance(&self, by: SignedDuration) -> anyhow::Result<()> {
        self.kept_clock.advance(&self.clock, by)
    }

    /// Fires the schedule of the function `name`, as EventBridge does.
    pub async fn fire(&self, name: &str) -> anyhow::Result<Value> {
        self.functions.invoke(name, schedule_event(self.clock.now())).await
    }

    /// Lets the functions work until no message is left in the queues they read. While all that is left is
    /// delayed, or was taken by a process that is gone, the clock moves on; returns by how many seconds. An error
    /// if that takes a day of its time.
    pub async fn work_off(&self, mut waiting: impl FnMut(i64)) -> anyhow::Result<i64> {
        const STEP_SECONDS: i64 = 5;
        const LOST_AFTER_POLLS: u32 = 200;
        let (mut waited, mut idle) = (0, 0);
        loop {
            let counts: Vec<_> = self
                .template
                .functions
                .iter()
                .filter_map(|function| function.queue.as_ref())
                .map(|source| self.cloud.sqs().counts(&source.queue))
                .collect();
            let busy = self.functions.running() > 0 || counts.iter().any(|count| count.visible > 0);
            let delayed = counts.iter().any(|count| count.delayed > 0);
            let taken = counts.iter().any(|count| count.in_flight > 0);
            if !busy && !delayed && !taken {
                return Ok(waited);
            }
            // A message is taken a moment before its function runs and a moment after; for longer, only if the
            // process that took it is gone.
            idle = if busy { 0 } else { idle + 1 };
            if !busy && (!taken || idle > LOST_AFTER_POLLS) {
                anyhow::ensure!(waited < 86_400, "a message waited for a day");
                self.advance(SignedDuration::from_secs(STEP_SECONDS))?;
                waited += STEP_SECONDS;
                waiting(waited);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops what runs, waiting for invocations under way.
    pub async fn shutdown(self) {
        for task in self.schedules {
            task.abort();
        }
        for listener in self.listeners {
            listener.stop().await;
        }
        self.outbox_server.abort();
        drop(self.gateway);
        self.twin.shutdown().await;
        self.cloud.shutdown().await;
    }

    fn listen_to_queues(&mut self) {
        for function in &self.template.functions {
            let Some(source) = &function.queue else { continue };
            let (functions, name) = (self.functions.clone(), function.name.clone());
            let listener = self.cloud.sqs().listen(event_source(source), move |event| {
                let (functions, name) = (functions.clone(), name.clone());
                async move { functions.invoke(&name, event).await.map_err(|error| format!("{error:#}")) }
            });
            self.listeners.push(listener);
        }
    }

    fn start_schedules(&mut self) {
        for function in &self.template.functions {
            for schedule in &function.schedules {
                let (functions, name, clock) =
                    (self.functions.clone(), function.name.clone(), self.clock.clone());
                let mut ticks = tokio::time::interval(schedule.every);
                self.schedules.push(tokio::spawn(async move {
                    loop {
                        ticks.tick().await;
                        if let Err(error) = functions.invoke(&name, schedule_event(clock.now())).await {
                            tracing::warn!(function = name, %error, "a scheduled invocation failed");
                        }
                    }
                }));
            }
        }
    }

    /// Opens the ports of the workspaces of an earlier run, and gives the twin's apps the workspaces' present addresses.
    async fn reopen(&self) -> anyhow::Result<()> {
        let mut own = BTreeMap::new();
        for subdomain in self.ports.known() {
            let before = self.ports.kept(&subdomain);
            let now = self.port_of(&subdomain).await?;
            own.insert(subdomain, (before.unwrap_or(now), now));
        }
        let moved = Moved::new(self.port, own);
        self.twin.move_apps(|address| moved.now(address));
        Ok(())
    }

    async fn bootstrap(&self) -> anyhow::Result<()> {
        let operator =
            json!({ "subdomain": OPERATOR, "name": "Atomation operators", "email": OPERATOR_EMAIL });
        self.functions.invoke("housekeeping", json!({ "bootstrap": operator })).await?;
        self.port_of(&Subdomain::parse(OPERATOR)?).await?;
        Ok(())
    }
}

/// What the template gives a function: its environment, and clients that may do what its policy allows.
fn aws_of(name: &str, template: &Template, cloud: &Cloud, resources: &Arc<Resources>) -> anyhow::Result<Aws> {
    let function = template.functions.iter().find(|function| function.name == name);
    let function = function.with_context(|| format!("the template has no function {name}"))?;
    let sdk = cloud.sdk_config_of(name, function.policy.clone(), resources.clone());
    Ok(Aws::new(sdk, resources.config(function)?))
}

fn event_source(source: &QueueSource) -> EventSource {
    EventSource {
        queue: source.queue.clone(),
        batch_size: usize::try_from(source.batch_size).unwrap_or(1),
        visibility_timeout: None,
        report_batch_item_failures: source.reports_failures,
        max_concurrency: source.max_concurrency.unwrap_or(FIRST_BATCHES),
    }
}

/// What EventBridge sends for a schedule.
fn schedule_event(now: Timestamp) -> Value {
    json!({
        "version": "0",
        "id": format!("local-{}", now.as_millisecond()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": format!("{now:.0}"),
        "region": crate::cloud::REGION,
        "resources": [],
        "detail": {},
    })
}
