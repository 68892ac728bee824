//! Queues on disk: one line of JSON per change, appended before the change is answered.
//!
//! The one rule: an answered change survives a killed process. The line has reached the kernel when `write` returns, so
//! no `fsync` is needed for that (a power cut is another matter). A process killed in the middle of a write leaves half
//! a line at the end; it was never answered, and is dropped.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::state::{Entry, State};
use crate::cloud::document::replace_file;

/// A journal is rewritten when it has this many lines and four times as many as it needs.
const REWRITE_AT: usize = 10_000;

pub(super) struct Journal {
    path: PathBuf,
    file: File,
    lines: usize,
    bytes: u64,
}

impl Journal {
    /// The journal in `folder`, and the state it leads to.
    pub(super) fn open(folder: &Path) -> anyhow::Result<(Self, State)> {
        fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
        let path = folder.join("journal.jsonl");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let mut state = State::default();
        for (number, line) in
            bytes[..whole].split(|&byte| byte == b'\n').enumerate().filter(|(_, l)| !l.is_empty())
        {
            match serde_json::from_slice::<Entry>(line) {
                Ok(entry) => state.apply(entry),
                Err(error) => bail!("{}, line {}: {error}", path.display(), number + 1),
            }
        }
        let journal = Self::rewrite(path, &state)?;
        Ok((journal, state))
    }

    /// Appends all entries or none.
    pub(super) fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let bytes = lines(entries)?;
        if let Err(error) = self.file.write_all(&bytes) {
            // Half a line in the middle would make the journal unreadable: cut it off again.
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += bytes.len() as u64;
        self.lines += entries.len();
        Ok(())
    }

    /// Forgets what no longer matters, now and then.
    pub(super) fn compact(&mut self, state: &State) -> io::Result<()> {
        if self.lines >= REWRITE_AT && self.lines >= 4 * state.size() {
            *self = Self::rewrite(self.path.clone(), state)?;
        }
        Ok(())
    }

    fn rewrite(path: PathBuf, state: &State) -> io::Result<Self> {
        let entries = state.entries();
        let bytes = lines(&entries)?;
        let file = replace_file(&path, &bytes)?;
        Ok(Self { path, file, lines: entries.len(), bytes: bytes.len() as u64 })
    }
}

fn lines(entries: &[Entry]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut bytes, entry)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::sqs::state::{Attributes, Message};

    fn send(seq: u64) -> Entry {
        let message = Message {
            id: seq.to_string(),
            body: "body".into(),
            attributes: [].into(),
            sent: 0,
            visible: 5,
            received: 2,
            first_received: Some(1),
            receipt: Some(format!("{seq}.r")),
        };
        Entry::Sent { queue: "jobs".into(), seq, message }
    }

    #[test]
    fn a_long_journal_is_rewritten_short_and_goes_on_with_the_same_state() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, mut state) = Journal::open(folder.path()).unwrap();
        let mut write = |entries: Vec<Entry>| {
            journal.append(&entries).unwrap();
            for entry in entries {
                state.apply(entry);
            }
            journal.compact(&state).unwrap();
        };
        write(vec![Entry::Queue { queue: "jobs".into(), attributes: Attributes::default(), created: 0 }]);
        for seq in 0..6_000 {
            write(vec![send(seq), Entry::Deleted { queue: "jobs".into(), seq }]);
        }
        write(vec![send(6_000)]);
        let path = folder.path().join("journal.jsonl");
        assert!(fs::read_to_string(&path).unwrap().lines().count() < REWRITE_AT);
        drop(journal);

        let (_, reopened) = Journal::open(folder.path()).unwrap();
        assert_eq!(lines(&reopened.entries()).unwrap(), lines(&state.entries()).unwrap());
        assert_eq!(reopened.entries().len(), 2);
        assert_eq!(reopened.next, 6_001);
    }
}
