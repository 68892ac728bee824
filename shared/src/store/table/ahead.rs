//! What was read before anybody asked for it: beside the proof of a token, in the same trip.
//!
//! One rule: an answer is given once, to the very same question, and to nobody after the first write. Who asks again
//! reads again, so that a retry sees what others changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Item;

type Answers = Arc<Mutex<HashMap<String, Vec<Item>>>>;

/// The answers that are known already, if any can be.
#[derive(Clone, Default)]
pub(super) struct Ahead {
    answers: Option<Answers>,
    recording: bool,
}

impl Ahead {
    /// Keeps every answer.
    pub(super) fn recording() -> Self {
        Self { answers: Some(Answers::default()), recording: true }
    }

    /// Gives what was kept.
    pub(super) fn replay(&self) -> Self {
        Self { answers: self.answers.clone(), recording: false }
    }

    /// The answer to a question, if it was kept.
    pub(super) fn take(&self, question: impl FnOnce() -> String) -> Option<Vec<Item>> {
        let answers = self.answers.as_ref().filter(|_| !self.recording)?;
        let mut answers = locked(answers);
        if answers.is_empty() { None } else { answers.remove(&question()) }
    }

    /// Keeps an answer.
    pub(super) fn keep(&self, question: impl FnOnce() -> String, items: &[Item]) {
        if let Some(answers) = self.answers.as_ref().filter(|_| self.recording) {
            locked(answers).insert(question(), items.to_vec());
        }
    }

    /// Something is about to change.
    pub(super) fn forget(&self) {
        if let Some(answers) = &self.answers {
            locked(answers).clear();
        }
    }
}

fn locked(answers: &Answers) -> MutexGuard<'_, HashMap<String, Vec<Item>>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    fn item(value: &str) -> Item {
        Item::from([("a".to_owned(), AttributeValue::S(value.to_owned()))])
    }

    #[test]
    fn an_answer_is_given_once_and_not_after_a_write() {
        let recording = Ahead::recording();
        let ask = |ahead: &Ahead, question: &str| ahead.take(|| question.to_owned());
        recording.keep(|| "one".to_owned(), &[item("1")]);
        recording.keep(|| "none".to_owned(), &[]);
        recording.keep(|| "three".to_owned(), &[item("3")]);
        assert_eq!(ask(&recording, "one"), None, "the one who reads ahead reads");
        let replay = recording.replay();
        assert_eq!(ask(&replay, "another"), None);
        assert_eq!(ask(&replay, "one"), Some(vec![item("1")]));
        assert_eq!(ask(&replay, "one"), None, "a second time it is read");
        assert_eq!(ask(&replay, "none"), Some(vec![]), "that there is nothing is an answer too");
        replay.forget();
        assert_eq!(ask(&replay, "three"), None);
        replay.keep(|| "late".to_owned(), &[item("4")]);
        assert_eq!(ask(&replay, "late"), None);
        assert_eq!(ask(&Ahead::default(), "one"), None);
    }
}
