//! The commands.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use local::{
    Stack, StackOptions,
    demo::{Demo, Directory, Narrator},
    saml_check::SamlCheck,
};
use okta_twin::Org;
use shared::ops::telemetry;

use crate::ending::Ending;

/// Where the recorded answers are, if they are there: beside the checkout.
const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/okta/recordings");

/// A clock that is as far off shows in the codes of an authenticator app.
const NOTICEABLE_SECONDS: i64 = 30;

/// The exit status of a run that was ended before it was done, as shells have it for Ctrl-C.
const ENDED: u8 = 130;

/// Runs the whole product on this machine, with no other tool and no cloud account.
#[derive(Debug, Parser)]
#[command(name = "cargo local", bin_name = "cargo local", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the main job, from an empty deployment to a delivered report, and tells each step.
    Demo(Run),
    /// Keeps the stack up, with the demo's workspace in it.
    Serve(Serve),
    /// Judges SAML responses offline: every check with what was wanted and what was there.
    SamlCheck(SamlCheck),
}

#[derive(Debug, Args)]
struct Run {
    /// Keep the data in this folder; a later run goes on with it.
    #[arg(long, value_name = "DIR", conflicts_with = "ephemeral")]
    data: Option<PathBuf>,
    /// Keep nothing (the default). What a demo delivers lies in .data/demo all the same, for its owner alone.
    #[arg(long)]
    ephemeral: bool,
    /// Start the stack's time elsewhere, such as 2026-03-01T08:00:00Z. Without it, kept data goes on from the time
    /// that it was left at; it never goes back.
    #[arg(long, value_name = "RFC3339")]
    clock: Option<Timestamp>,
    /// The port of the workspaces; 0 takes that of the last run over the data, else a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Which Okta org the twin plays: `synthetic`, or `recordings` (real recorded answers, where they are).
    #[arg(long, default_value = "synthetic", value_parser = ["synthetic", "recordings"])]
    org: String,
    /// Users of the synthetic org.
    #[arg(long, default_value_t = 2_000)]
    users: usize,
    /// Where the recorded answers are; by default beside the checkout that this was built from, whatever folder it is
    /// started in.
    #[arg(long, value_name = "DIR", default_value = RECORDINGS)]
    recordings: PathBuf,
    /// How much the functions log on standard error, such as `info` or `shared=debug`.
    #[arg(long, default_value = "error")]
    log: String,
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    run: Run,
    /// Print one line of JSON for tools in place of the table. Its `now` is the stack's time: TOTP codes are made for
    /// that.
    #[arg(long)]
    json: bool,
}

impl Cli {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Demo(run) => run.demo().await,
            Command::Serve(serve) => serve.serve().await,
            Command::SamlCheck(check) => check.run(),
        }
    }
}

impl Run {
    async fn start(&self, schedules: bool) -> anyhow::Result<Stack> {
        telemetry::init_on_stderr(&self.log);
        let org = match self.org.as_str() {
            "recordings" => {
                anyhow::ensure!(
                    self.recordings.is_dir(),
                    "there are no recordings at {}",
                    self.recordings.display()
                );
                Org::Recordings(self.recordings.clone())
            }
            _ => Org::Synthetic,
        };
        Stack::start(StackOptions {
            data: self.data.clone(),
            port: self.port,
            clock: self.clock,
            org,
            users: self.users,
            schedules,
        })
        .await
    }

    async fn demo(self) -> anyhow::Result<ExitCode> {
        let (began, mut ending) = (Instant::now(), Ending::new()?);
        let stack = ending.unless(self.start(false)).await.transpose()?;
        let Some(stack) = stack else { return Ok(ExitCode::from(ENDED)) };
        let outcome = ending.unless(self.job(&stack, began)).await;
        stack.shutdown().await;
        outcome.map_or(Ok(ExitCode::from(ENDED)), |done| done.map(|()| ExitCode::SUCCESS))
    }

    async fn job(&self, stack: &Stack, began: Instant) -> anyhow::Result<()> {
        let mut demo = Demo::new(stack, self.data.as_deref(), Narrator::new())?;
        let up = began.elapsed().as_secs_f32();
        demo.narrator
            .note(&format!("The stack is up after {up:.1} s; the Okta twin is at {}", stack.twin.base_url()));
        let outcome = demo.run().await;
        let (requests, tally) = (demo.narrator.exchanges(), demo.narrator.tally());
        demo.narrator.note(&format!("\n   {requests} requests in {:.1} s", began.elapsed().as_secs_f32()));
        demo.narrator.note(&tally.to_string());
        outcome.map(drop)
    }
}

impl Serve {
    async fn serve(self) -> anyhow::Result<ExitCode> {
        let (began, mut ending) = (Instant::now(), Ending::new()?);
        let stack = ending.unless(self.run.start(true)).await.transpose()?;
        let Some(stack) = stack else { return Ok(ExitCode::from(ENDED)) };
        let told = ending.unless(self.tell(&stack, began)).await;
        if let Some(Ok(())) = told {
            ending.unless(std::future::pending::<()>()).await;
        }
        stack.shutdown().await;
        // To be ended is how it ends; only what was to be told may have been missed.
        told.map_or(Ok(ExitCode::from(ENDED)), |told| told.map(|()| ExitCode::SUCCESS))
    }

    async fn tell(&self, stack: &Stack, began: Instant) -> anyhow::Result<()> {
        let up = began.elapsed().as_secs_f32();
        eprintln!("The stack is up after {up:.1} s; its workspace is being made:");
        let mut demo = Demo::new(stack, self.run.data.as_deref(), Narrator::chapters())?;
        demo.prepare().await?;
        let ahead = stack.clock.offset().as_secs();
        if ahead.abs() >= NOTICEABLE_SECONDS {
            eprintln!(
                "The stack's clock is {ahead} s ahead of this machine's, and so are the TOTP codes it wants."
            );
        }
        let directory = Directory::of(&demo).await?;
        if self.json {
            println!("{}", serde_json::to_string(&directory)?);
        } else {
            println!("{directory}\nStop with Ctrl-C.");
        }
        Ok(())
    }
}
