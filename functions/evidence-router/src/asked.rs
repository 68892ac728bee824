//! What a request asks for, from its query.

use shared::http::Problem;

/// The query's pairs, in order.
pub(crate) type Pairs = Vec<(String, String)>;

/// What is asked for. Other names in the query are not looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The customer's subdomain, from a partner or an operator.
    pub(crate) customer: Option<String>,
    /// The Okta org, from an operator: approvals let operators in org by org.
    pub(crate) org: Option<String>,
    /// From 1; needed for a file of more than one part.
    pub(crate) part: Option<u64>,
}

impl Asked {
    /// Reads each name once.
    pub(crate) fn read(pairs: &Pairs) -> Result<Self, Problem> {
        let one = |name: &str| {
            let mut all = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone());
            let (first, more) = (all.next(), all.next());
            if more.is_none() {
                Ok(first)
            } else {
                Err(wrong("A parameter is there twice.", "Send each one once."))
            }
        };
        let part = one("part")?.map(|part| part.parse().ok().filter(|part| *part > 0));
        if part == Some(None) {
            return Err(wrong("The part is not a number.", "Count parts from 1: ?part=1."));
        }
        Ok(Self { customer: one("customer")?, org: one("org")?, part: part.flatten() })
    }
}

fn wrong(title: &str, next: &str) -> Problem {
    Problem::bad_request("delivery.query", title, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Asked, Problem> {
        Asked::read(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn each_name_counts_once_and_parts_count_from_one() {
        let all = read(&[("customer", "acme"), ("other", "x"), ("part", "3")]).unwrap();
        assert_eq!((all.customer.as_deref(), all.org, all.part), (Some("acme"), None, Some(3)));
        assert_eq!(read(&[]).unwrap(), Asked::default());
        for bad in [&[("part", "0")][..], &[("part", "-1")], &[("part", "x")], &[("part", "")]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(read(&[("customer", "acme"), ("customer", "evil")]).is_err());
    }
}
