//! `cargo local serve` as tools use it: the program itself, what it prints, how it ends.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread::{self, JoinHandle},
};

use anyhow::{Context, ensure};
use serde_json::Value;

/// What reads standard error.
type Aside = JoinHandle<std::io::Result<String>>;

/// Ended when dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // Gone already, unless this is a test that fails.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Program {
    fn serve(temporary: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let child = Command::new(env!("CARGO_BIN_EXE_local"))
            .args(["serve", "--json", "--users", "300"])
            .args(arguments)
            .env("TMPDIR", temporary)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self(child))
    }

    /// Its standard output, while another thread reads what it says on standard error.
    fn output(&mut self) -> anyhow::Result<(BufReader<ChildStdout>, Aside)> {
        let stdout = self.0.stdout.take().context("its output")?;
        let mut stderr = self.0.stderr.take().context("its errors")?;
        let aside = thread::spawn(move || {
            let mut said = Vec::new();
            stderr.read_to_end(&mut said).map(|_| String::from_utf8_lossy(&said).into_owned())
        });
        Ok((BufReader::new(stdout), aside))
    }

    /// Sends SIGTERM. By the shell's own `kill`: a bare machine has no other.
    fn terminate(&self) -> anyhow::Result<()> {
        let kill = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.0.id())]).status()?;
        ensure!(kill.success(), "the signal was not sent");
        Ok(())
    }
}

#[test]
fn tools_read_one_line_and_end_it_without_a_trace() -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let left = || std::fs::read_dir(temporary.path()).map(Iterator::count);
    let arguments = ["--ephemeral", "--log", "info", "--clock", "2029-01-01T00:00:00Z"];
    let mut program = Program::serve(temporary.path(), &arguments)?;
    let (mut stdout, aside) = program.output()?;
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    let said: Value = serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))?;
    let environment = &said["functions"]["okta-jwks"];
    assert!(
        environment["AWS_ENDPOINT_URL_DYNAMODB"].is_string() && environment["TABLE_NAME"].is_string(),
        "{said}"
    );
    let now = said["now"].as_str().context("the stack's time")?;
    ensure!(now.starts_with("2029-01-01T") && now.ends_with('Z'), "{now}");
    for place in ["console", "twin", "outbox", "workspaces"] {
        ensure!(said[place].as_str().is_some_and(|url| url.starts_with("http://")), "{place}: {said}");
    }
    ensure!(left()? > 0, "it keeps nothing anywhere while it runs");

    program.terminate()?;
    let mut rest = String::new();
    stdout.read_to_string(&mut rest)?;
    let status = program.0.wait()?;
    ensure!(status.success(), "ended with {status}");
    ensure!(rest.is_empty(), "a second line: {rest}");
    let Ok(aside) = aside.join() else { anyhow::bail!("its errors could not be read") };
    ensure!(aside?.contains("\"level\":\"INFO\""), "the functions log on standard error");
    ensure!(left()? == 0, "what an ephemeral stack had is left");
    Ok(())
}
