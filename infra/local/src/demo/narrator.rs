//! Tells what is done, what was sent and what came back, and what it cost in the database.

use std::io::{IsTerminal, Write};

use super::Tally;

/// Tells the story of a run, and counts its requests whether it is told or not.
pub struct Narrator {
    tells: Tells,
    colour: bool,
    step: u32,
    exchanges: u32,
    tally: Tally,
    watch: Option<Watch>,
}

/// How much is told, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    /// All of it, on standard output.
    Story,
    /// One line per chapter, on standard error: standard output is for the result.
    Chapters,
    Nothing,
}

/// Is told how many requests there were, after each.
type Watch = Box<dyn FnMut(u32) + Send>;

impl Narrator {
    /// Tells the story, in colour on a terminal.
    pub fn new() -> Self {
        Self { colour: std::io::stdout().is_terminal(), ..Self::telling(Tells::Story) }
    }

    /// Tells how far it is, while somebody waits for something else.
    pub fn chapters() -> Self {
        Self::telling(Tells::Chapters)
    }

    /// Says nothing: for tests.
    pub fn silent() -> Self {
        Self::telling(Tells::Nothing)
    }

    fn telling(tells: Tells) -> Self {
        Self { tells, colour: false, step: 0, exchanges: 0, tally: Tally::default(), watch: None }
    }

    /// Tells `watch` after each request how many there were: for tests.
    #[must_use]
    pub fn watched(self, watch: impl FnMut(u32) + Send + 'static) -> Self {
        Self { watch: Some(Box::new(watch)), ..self }
    }

    /// A chapter begins.
    pub fn step(&mut self, title: &str) {
        self.step += 1;
        if self.tells == Tells::Chapters {
            let _ = writeln!(std::io::stderr(), "{}. {title}", self.step);
        }
        let line = format!("\n{}. {title}", self.step);
        self.line(&if self.colour { format!("\x1b[1m{line}\x1b[0m") } else { line });
    }

    /// One request and its answer.
    pub fn exchange(&mut self, who: &str, sent: &str, answered: &str, cost: &str) {
        self.exchanges += 1;
        self.tally.add(cost);
        let sent = if sent.chars().count() > 72 {
            sent.chars().take(71).chain(['…']).collect()
        } else {
            sent.to_owned()
        };
        let cost = if cost.is_empty() { String::new() } else { format!("  [{cost}]") };
        self.line(&format!("   {who:<9} {sent:<72} -> {answered}{cost}"));
        if let Some(watch) = &mut self.watch {
            watch(self.exchanges);
        }
    }

    /// Something worth knowing.
    pub fn note(&mut self, text: &str) {
        self.line(&format!("   {text}"));
    }

    /// How long work that waits for the org's limits has waited, on a line that is written over.
    pub fn progress(&mut self, what: &str, waited: i64) {
        if self.colour {
            let _ = write!(std::io::stdout(), "\r   {what} … {waited} s waited on the stack's clock");
            let _ = std::io::stdout().flush();
        }
    }

    /// Requests told so far.
    pub fn exchanges(&self) -> u32 {
        self.exchanges
    }

    /// What they cost.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn line(&self, text: &str) {
        if self.colour {
            let _ = write!(std::io::stdout(), "\r\x1b[K");
        }
        if self.tells == Tells::Story {
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
