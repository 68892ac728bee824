//! The running stack: stand-ins, functions, gateway, twin, clocks that tick.

mod doors;
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
    store::{Aws, Workspaces},
    tenant::Subdomain,
};
use tokio::task::JoinSet;

use crate::{
    cloud::{
        Cloud, CloudOptions,
        sqs::{EventSource, Listener},
    },
    functions::Functions,
    gateway::Gateway,
    mounts::{self, Parts},
    template::{Function, QueueSource, Template},
};

use self::{doors::Doors, kept_clock::KeptClock, resources::Resources};
pub(crate) use ports::{Place, Ports};

/// The operators' workspace of a local stack.
pub const OPERATOR: &str = "operator";
/// Its first administrator.
pub const OPERATOR_EMAIL: &str = "operator@atomation.example";

/// How many batches of a queue Lambda begins with where the template names no limit.
const FIRST_BATCHES: usize = 5;

/// How long a stack that is stopped waits for invocations under way.
const LAST_WORK: Duration = Duration::from_secs(5);

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
    /// By function, what a process of its own needs to run on this stack.
    pub environments: BTreeMap<String, BTreeMap<String, String>>,
    kept_clock: KeptClock,
    doors: Arc<Doors>,
    ports: Arc<Ports>,
    outbox: String,
    listeners: Vec<Listener>,
    /// What goes on beside the functions: the outbox, the watch for new workspaces, schedules.
    tasks: JoinSet<()>,
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
        kept_clock.begin(&clock, options.clock)?;
        let ports = Arc::new(Ports::open(options.data.as_deref())?);
        let listener = ports.bind(ports::GATEWAY, options.port).await?;
        let resources = Arc::new(Resources::create(&cloud, &template, ports.gateway()).await?);
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
        // The operators' list is read as the console reads it.
        let table = aws_of("console", &template, &cloud, &resources)?.table(random.clone())?;
        let gateway = Gateway::new(&template, functions.clone(), dyn_clock, random);
        gateway.serve(listener, None)?;
        let doors = Arc::new(Doors::new(gateway, ports.clone(), Workspaces::new(table)));
        let mut tasks = JoinSet::new();
        let outbox = crate::outbox::serve(&mut tasks, cloud.ses().clone(), ports.clone()).await?;
        let environments = environments(&template, &cloud, &resources)?;
        let mut stack = Self {
            cloud,
            twin,
            functions,
            template,
            clock,
            resumed,
            is_synthetic,
            environments,
            kept_clock,
            doors,
            ports,
            outbox,
            listeners: Vec::new(),
            tasks,
        };
        // Before anything speaks to the twin: what it was given before may lead nowhere now.
        let moved = stack.doors.reopen().await?;
        stack.twin.move_apps(|address| moved.now(address));
        stack.listen_to_queues();
        if options.schedules {
            stack.start_schedules();
        }
        stack.bootstrap().await?;
        stack.tasks.spawn(stack.doors.clone().watch());
        Ok(stack)
    }

    /// A workspace's origin, such as `http://acme.localhost:8080`.
    pub fn origin(&self, subdomain: &str) -> String {
        self.ports.origin(subdomain)
    }

    /// The address of a workspace's own port, for clients that do not resolve `*.localhost`.
    pub async fn address(&self, subdomain: &str) -> anyhow::Result<String> {
        Ok(ports::address(self.doors.open(&Subdomain::parse(subdomain)?).await?))
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
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
        for listener in self.listeners {
            listener.stop().await;
        }
        self.doors.close();
        // Those whose clients went away, too.
        let functions = &self.functions;
        let rest = async {
            while functions.running() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(LAST_WORK, rest).await;
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
                self.tasks.spawn(async move {
                    loop {
                        ticks.tick().await;
                        if let Err(error) = functions.invoke(&name, schedule_event(clock.now())).await {
                            tracing::warn!(function = name, %error, "a scheduled invocation failed");
                        }
                    }
                });
            }
        }
    }

    async fn bootstrap(&self) -> anyhow::Result<()> {
        let operator =
            json!({ "subdomain": OPERATOR, "name": "Atomation operators", "email": OPERATOR_EMAIL });
        self.functions.invoke("housekeeping", json!({ "bootstrap": operator })).await?;
        self.doors.open(&Subdomain::parse(OPERATOR)?).await?;
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

/// What each function needs to run in a process of its own: what the template gives it, and where the stand-ins are.
fn environments(
    template: &Template,
    cloud: &Cloud,
    resources: &Resources,
) -> anyhow::Result<BTreeMap<String, BTreeMap<String, String>>> {
    let of = |function: &Function| {
        let mut environment = cloud.environment();
        environment.extend(resources.environment(function)?);
        Ok((function.name.clone(), environment))
    };
    template.functions.iter().map(of).collect()
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
