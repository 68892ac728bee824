//! Tells what is done, what was sent and what came back, and what it cost in the database.

use std::io::{IsTerminal, Write};

/// Writes the story of a run to standard output.
pub struct Narrator {
    silent: bool,
    colour: bool,
    step: u32,
    exchanges: u32,
}

impl Narrator {
    /// Tells the story, in colour on a terminal.
    pub fn new() -> Self {
        Self { silent: false, colour: std::io::stdout().is_terminal(), step: 0, exchanges: 0 }
    }

    /// Says nothing: for tests.
    pub fn silent() -> Self {
        Self { silent: true, colour: false, step: 0, exchanges: 0 }
    }

    /// A chapter begins.
    pub fn step(&mut self, title: &str) {
        self.step += 1;
        let line = format!("\n{}. {title}", self.step);
        self.line(&if self.colour { format!("\x1b[1m{line}\x1b[0m") } else { line });
    }

    /// One request and its answer.
    pub fn exchange(&mut self, who: &str, sent: &str, answered: &str, cost: &str) {
        self.exchanges += 1;
        let sent = if sent.chars().count() > 72 {
            sent.chars().take(71).chain(['…']).collect()
        } else {
            sent.to_owned()
        };
        let cost = if cost.is_empty() { String::new() } else { format!("  [{cost}]") };
        self.line(&format!("   {who:<9} {sent:<72} -> {answered}{cost}"));
    }

    /// Something worth knowing.
    pub fn note(&mut self, text: &str) {
        self.line(&format!("   {text}"));
    }

    /// How long work that waits for the org's limits has waited, on a line that is written over.
    pub fn progress(&mut self, what: &str, waited: i64) {
        if self.colour && !self.silent {
            let _ = write!(std::io::stdout(), "\r   {what} … {waited} s waited on the stack's clock");
            let _ = std::io::stdout().flush();
        }
    }

    /// Requests told so far.
    pub fn exchanges(&self) -> u32 {
        self.exchanges
    }

    fn line(&self, text: &str) {
        if self.colour && !self.silent {
            let _ = write!(std::io::stdout(), "\r\x1b[K");
        }
        if !self.silent {
            // A reader that went away (`| head`) is no reason to fail the run.
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }
}

impl Default for Narrator {
    fn default() -> Self {
        Self::new()
    }
}
