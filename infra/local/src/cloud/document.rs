//! A stand-in's state as one JSON file.
//!
//! The one rule: what was answered is on disk. A change is written to a new file that replaces the old by rename
//! before the caller sees its result, so a process killed at any point leaves the old state or the new. The files hold
//! private keys and one-time links, hence mode 0600.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use serde::{Serialize, de::DeserializeOwned};

pub(super) struct Document<T> {
    path: Option<PathBuf>,
    state: Mutex<T>,
}

impl<T: Serialize + DeserializeOwned + Default + Clone> Document<T> {
    /// The state in `folder/name`, or an empty one; kept in memory only without a folder.
    pub(super) fn open(folder: Option<&Path>, name: &str) -> anyhow::Result<Self> {
        let path = folder.map(|folder| folder.join(name));
        let state = match &path {
            None => T::default(),
            Some(path) => match fs::read(path) {
                Ok(bytes) => serde_json::from_slice(&bytes)
                    .with_context(|| format!("unreadable {}", path.display()))?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => T::default(),
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
            },
        };
        Ok(Self { path, state: Mutex::new(state) })
    }

    pub(super) fn read<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        f(&self.lock())
    }

    /// Applies `f` to a copy, which becomes the state only if `f` succeeds and the copy is written.
    pub(super) fn change<R, E: From<io::Error>>(
        &self,
        f: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut state = self.lock();
        let mut next = state.clone();
        let result = f(&mut next)?;
        self.save(&next)?;
        *state = next;
        Ok(result)
    }

    fn save(&self, state: &T) -> io::Result<()> {
        match &self.path {
            Some(path) => replace_file(path, &serde_json::to_vec_pretty(state)?).map(drop),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        // A panic inside `f` changed only the copy, so the state is sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces `path` in one step, readable and writable by the owner only; the file is open for appending.
pub(super) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    fs::rename(&new, path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_change_is_on_disk_for_the_owner_only_and_a_refused_one_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let document = Document::<Vec<u8>>::open(Some(folder.path()), "state.json").unwrap();
        document
            .change(|state| {
                state.push(7);
                io::Result::Ok(())
            })
            .unwrap();
        document
            .change(|state| {
                state.push(8);
                Err::<(), _>(io::Error::other("refused"))
            })
            .unwrap_err();
        assert_eq!(document.read(Clone::clone), [7]);

        let path = folder.path().join("state.json");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let reopened = Document::<Vec<u8>>::open(Some(folder.path()), "state.json").unwrap();
        assert_eq!(reopened.read(Clone::clone), [7]);

        fs::write(&path, "{").unwrap();
        assert!(
            Document::<Vec<u8>>::open(Some(folder.path()), "state.json").is_err(),
            "never starts empty over a ruin"
        );
    }
}
