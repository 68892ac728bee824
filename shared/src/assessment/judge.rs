//! How a rule looks at rows and comes to an outcome.
//!
//! Its one rule: a row passes only by a value that was there, of the right type, and right. A member that is missing
//! or odd is counted apart, and with one such row the outcome is never a pass.

use std::fmt::Display;

use serde_json::Value;

use super::{
    rule::{Hit, Outcome},
    snapshot::Row,
    status::Cause,
};

/// Collects what a rule sees.
#[derive(Debug, Default)]
pub struct Judge {
    hits: Vec<Hit>,
    odd: Vec<String>,
    judged: u32,
}

impl Judge {
    /// Judges a whole number.
    pub fn int(&mut self, row: &Row, pointer: &str, want: impl Display, ok: impl Fn(i64) -> bool) {
        match row.int(pointer) {
            Some(n) => self.decide(row, pointer, want, n, ok(n)),
            None => self.odd(row, pointer),
        }
    }

    /// Judges a switch.
    pub fn flag(&mut self, row: &Row, pointer: &str, want: bool) {
        match row.flag(pointer) {
            Some(flag) => self.decide(row, pointer, want, flag, flag == want),
            None => self.odd(row, pointer),
        }
    }

    /// Judges a word. `ok` says what each word means: `None` for one it does not know.
    pub fn word(&mut self, row: &Row, pointer: &str, want: impl Display, ok: impl Fn(&str) -> Option<bool>) {
        match row.text(pointer).and_then(|word| Some((word, ok(word)?))) {
            Some((word, ok)) => self.decide(row, pointer, want, word, ok),
            None => self.odd(row, pointer),
        }
    }

    /// The texts of a list, for the rule to judge. An entry of another type is odd, and so is what is no list.
    pub fn texts<'r>(&mut self, row: &'r Row, pointer: &str) -> Vec<&'r str> {
        let list = row.list(pointer);
        if list.is_none_or(|entries| entries.iter().any(|entry| !entry.is_string())) {
            self.odd(row, pointer);
        }
        list.unwrap_or_default().iter().filter_map(Value::as_str).collect()
    }

    /// Notes a value that was looked at by the rule itself.
    pub fn decide(&mut self, row: &Row, pointer: &str, want: impl Display, got: impl Display, ok: bool) {
        if ok {
            self.judged += 1;
        } else {
            self.hit(row, pointer, want, got);
        }
    }

    /// Notes a row that is as it should not be.
    pub fn hit(&mut self, row: &Row, pointer: &str, want: impl Display, got: impl Display) {
        self.judged += 1;
        self.hits.push(Hit {
            resource_kind: row.resource.clone(),
            resource_id: row.id().to_owned(),
            want: want.to_string(),
            got: got.to_string(),
            pointer: row.pointer(pointer),
        });
    }

    /// Notes a failure of the org as a whole, which no single row shows.
    pub fn org_hit(&mut self, resource: &str, want: impl Display, got: impl Display) {
        self.judged += 1;
        self.hits.push(Hit {
            resource_kind: resource.to_owned(),
            resource_id: "org".to_owned(),
            want: want.to_string(),
            got: got.to_string(),
            pointer: resource.to_owned(),
        });
    }

    /// Notes a row that was looked at and needs nothing.
    pub fn fine(&mut self) {
        self.judged += 1;
    }

    /// Notes a row that cannot be judged.
    pub fn odd(&mut self, row: &Row, pointer: &str) {
        self.odd.push(row.pointer(pointer));
    }

    /// Fail if anything failed; else unverifiable if anything was odd or nothing was there; else pass.
    pub fn outcome(self) -> Outcome {
        if !self.hits.is_empty() {
            return Outcome::Fail { hits: self.hits };
        }
        let detail = match self.odd.first() {
            Some(first) => format!("{} values are missing or unknown, the first at {first}", self.odd.len()),
            None if self.judged == 0 => "there was nothing to judge".to_owned(),
            None => return Outcome::Pass,
        };
        Outcome::Unverifiable { cause: Cause::Partial, detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::Snapshot;

    #[test]
    fn nothing_and_odd_are_never_a_pass() {
        let snapshot =
            Snapshot::fixture(r#"{"users": [{"id": "1", "n": 5}, {"id": "2", "n": "5"}, {"id": "3"}]}"#);
        let rows = snapshot.resource("users").unwrap();
        let judged = |rows: &[&Row], limit: i64| {
            let mut judge = Judge::default();
            for row in rows {
                judge.int(row, "/n", "more", |n| n > limit);
            }
            judge.outcome()
        };
        let unverifiable = |o| matches!(o, Outcome::Unverifiable { cause: Cause::Partial, .. });
        assert_eq!(judged(&[&rows[0]], 4), Outcome::Pass);
        assert!(unverifiable(judged(&[], 4)));
        assert!(unverifiable(judged(&[&rows[0], &rows[1]], 4)));
        assert!(unverifiable(judged(&[&rows[0], &rows[2]], 4)));
        let Outcome::Fail { hits } = judged(&[&rows[0], &rows[2]], 5) else { panic!() };
        assert_eq!((hits[0].resource_id.as_str(), hits[0].pointer.as_str()), ("1", "users#1/n"));
    }

    #[test]
    fn an_entry_that_is_no_text_is_odd() {
        let snapshot =
            Snapshot::fixture(r#"{"users": [{"l": ["a", "b"]}, {"l": ["a", 7]}, {"l": "a"}, {}]}"#);
        let read = |row: &Row| {
            let mut judge = Judge::default();
            let texts = judge.texts(row, "/l").len();
            (texts, judge.odd.len())
        };
        let got: Vec<_> = snapshot.resource("users").unwrap().iter().map(read).collect();
        assert_eq!(got, [(2, 0), (1, 1), (0, 1), (0, 1)]);
    }
}
