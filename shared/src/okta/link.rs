//! The next page (RFC 8288, as Okta uses it).
//!
//! Its one rule: `after` is opaque and the link is followed as given, but never out of the org. A link that cannot be
//! read is not "no link": it may be the next page's.

use url::Url;

use super::{OrgUrl, Response};

/// A `rel="next"` that must not be followed. The scan stops: what else would such an answer get wrong?
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("okta.bad_next: want a next link inside the org, got another or several")]
pub struct BadNext;

/// What an answer says of the page after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// There is none: this was the last page.
    Last,
    /// Its URL.
    Page(String),
    /// There may be one, at an address that cannot be read.
    Unreadable,
}

/// Where the next page is, by all `Link` headers and by what the body says, for bodies that page that way.
pub fn next(org: &OrgUrl, url: &str, response: &Response, of_body: &Next) -> Result<Next, BadNext> {
    let base = Url::parse(url).map_err(|_| BadNext)?;
    let mut readable = true;
    let mut named = Vec::new();
    for header in response.header_values("link") {
        match targets(header) {
            Some(targets) => named.extend(targets),
            None => readable = false,
        }
    }
    match of_body {
        Next::Last => {}
        Next::Page(target) => named.push(target.as_str()),
        Next::Unreadable => readable = false,
    }
    let mut found: Option<String> = None;
    for target in named {
        let Ok(target) = base.join(target) else {
            readable = false;
            continue;
        };
        let target = org.pin(&target).ok_or(BadNext)?;
        if found.as_ref().is_some_and(|other| *other != target) {
            return Err(BadNext);
        }
        found = Some(target);
    }
    Ok(if readable { found.map_or(Next::Last, Next::Page) } else { Next::Unreadable })
}

/// The targets of one header's links whose `rel` holds `next`; `None` if any of its links cannot be read.
fn targets(header: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    // A list may have empty elements (RFC 9110 5.6.1).
    for text in split(header, ',')?.into_iter().filter(|text| !text.trim().is_empty()) {
        let (target, is_next) = link(text)?;
        if is_next {
            found.push(target);
        }
    }
    Some(found)
}

/// The target of one link, and whether its `rel` holds `next` (RFC 8288 3). It must have one `rel`, of relation types.
fn link(text: &str) -> Option<(&str, bool)> {
    let parts = split(text, ';')?;
    let (target, params) = parts.split_first()?;
    let target = target.trim().strip_prefix('<')?.strip_suffix('>')?;
    let mut rels = params.iter().filter_map(|param| {
        let (name, value) = param.split_once('=')?;
        name.trim().eq_ignore_ascii_case("rel").then(|| value.trim())
    });
    let (Some(rel), None) = (rels.next(), rels.next()) else { return None };
    let rel = match rel.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        None => rel,
    };
    let relations: Vec<&str> = rel.split_ascii_whitespace().collect();
    let readable = !relations.is_empty() && relations.iter().all(|relation| is_relation(relation));
    readable.then(|| (target.trim(), relations.iter().any(|relation| relation.eq_ignore_ascii_case("next"))))
}

/// A registered relation type, or one that is a URI (RFC 8288 3.3).
fn is_relation(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')) || Url::parse(text).is_ok()
}

/// Splits at `at`, but not within `<>` or a quoted string; `None` if one of these does not end.
fn split(text: &str, at: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let mut closing: Option<char> = None;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        if let Some(end) = closing {
            if c == end && !escaped {
                closing = None;
            }
            // In a quoted string a backslash takes the next character as it is (RFC 9110 5.6.4).
            escaped = end == '"' && c == '\\' && !escaped;
        } else if c == at {
            parts.push(&text[start..i]);
            start = i + c.len_utf8();
        } else {
            closing = match c {
                '<' => Some('>'),
                '"' => Some('"'),
                _ => None,
            };
        }
    }
    parts.push(&text[start..]);
    closing.is_none().then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URL: &str = "https://acme.okta.com/api/v1/users?limit=2";

    fn read_with(links: &[&str], of_body: &Next) -> Result<Next, BadNext> {
        let headers = links.iter().map(|l| ("Link".to_owned(), (*l).to_owned())).collect();
        let org = OrgUrl::parse("https://acme.okta.com").unwrap();
        next(&org, URL, &Response { status: 200, headers, body: Vec::new() }, of_body)
    }

    fn read(links: &[&str]) -> Result<Next, BadNext> {
        read_with(links, &Next::Last)
    }

    #[test]
    fn one_header_or_several_mean_the_same() {
        let (own, next) =
            ("<https://acme.okta.com/a>; rel=\"self\"", "<https://acme.okta.com/a?after=1,2>; rel=\"next\"");
        let want = Next::Page("https://acme.okta.com/a?after=1,2".to_owned());
        assert_eq!(read(&[own, next]).unwrap(), want);
        assert_eq!(read(&[&format!("{own}, {next}")]).unwrap(), want);
        assert_eq!(read(&["<https://acme.okta.com/a?after=1,2>; title=\"a, b\"; REL=next"]).unwrap(), want);
        assert_eq!(read(&["</a?after=1,2>;rel=\"last next\""]).unwrap(), want);
        assert_eq!(read(&[&format!("{next};, ,{own}")]).unwrap(), want);
        assert_eq!(read_with(&[own], &want).unwrap(), want);
        assert_eq!(read_with(&[next], &want).unwrap(), want);
        assert_eq!(read(&[own]).unwrap(), Next::Last);
        assert_eq!(read(&[own, ""]).unwrap(), Next::Last);
        assert_eq!(read(&[]).unwrap(), Next::Last);
    }

    #[test]
    fn a_link_that_cannot_be_read_is_not_the_last_page() {
        let own = "<https://acme.okta.com/a>; rel=\"self\"";
        for bad in [
            "https://acme.okta.com/a?after=2; rel=\"next\"",
            "<https://acme.okta.com/a?after=2; rel=\"next\"",
            "<https://acme.okta.com/a?after=2>",
            "<https://acme.okta.com/a?after=2> rel=\"next\"",
            "<https://acme.okta.com/a?after=2>; rel=\"next",
            "<https://acme.okta.com/a?after=2>; rel='next'",
            "<https://acme.okta.com/a?after=2>; rel=\"\"",
            "<https://acme.okta.com/a?after=2>; rel",
            "<https://acme.okta.com/a?after=2>; rel=\"ne\\xt\"",
            "<https://acme.okta.com/a?after=2>; rel=self; rel=next",
            "<https://acme.okta.com/a?after=2>; relation=next",
            "<https://acme.okta.com:port/a>; rel=\"next\"",
            "next",
        ] {
            assert_eq!(read(&[bad]), Ok(Next::Unreadable), "{bad}");
            assert_eq!(read(&[own, bad]), Ok(Next::Unreadable), "{bad}");
        }
        assert_eq!(read_with(&[own], &Next::Unreadable), Ok(Next::Unreadable));
    }

    #[test]
    fn a_next_out_of_the_org_or_two_of_them_stop_the_reading() {
        for bad in [
            "<https://evil.example/a>; rel=\"next\"",
            "<http://acme.okta.com/a>; rel=\"next\"",
            "<//evil.example/a>; rel=\"next\"",
            "<https://acme.okta.com.evil.example/a>; rel=\"next\"",
            "<file:///etc/passwd>; rel=\"next\"",
            "<https://acme.okta.com/a>; rel=\"next\", <https://acme.okta.com/b>; rel=\"next\"",
        ] {
            assert_eq!(read(&[bad]), Err(BadNext), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_header_the_next_page_is_in_the_org(header in "[<>;,\"a-z=/: .@-]{0,80}") {
            if let Ok(Next::Page(next)) = read(&[&header]) {
                prop_assert!(next.starts_with("https://acme.okta.com/"));
            }
        }
    }
}
