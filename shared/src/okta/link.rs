//! The next page (RFC 8288, as Okta uses it).
//!
//! Its one rule: `after` is opaque and the link is followed as given, but never out of the org.

use url::Url;

use super::{OrgUrl, Response};

/// A `rel="next"` that must not be followed. The scan stops: what else would such an answer get wrong?
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("okta.bad_next: want a next link inside the org, got another or several")]
pub struct BadNext;

/// The URL of the next page, read from all `Link` headers and from `_links.next.href` of bodies that page that way.
/// `Ok(None)` at the last page.
pub fn next(
    org: &OrgUrl,
    url: &str,
    response: &Response,
    body_next: Option<&str>,
) -> Result<Option<String>, BadNext> {
    let mut found: Option<String> = None;
    let headers = response.header_values("link").flat_map(targets);
    for target in headers.chain(body_next.map(str::to_owned)) {
        let base = Url::parse(url).map_err(|_| BadNext)?;
        let target = base.join(&target).map_err(|_| BadNext)?;
        let target = org.pin(&target).ok_or(BadNext)?;
        if found.as_ref().is_some_and(|other| *other != target) {
            return Err(BadNext);
        }
        found = Some(target);
    }
    Ok(found)
}

/// The targets of one header's links whose `rel` holds `next`. What cannot be read is no link.
fn targets(header: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, params)) = after.split_once('>') else { break };
        // Parameters end at the next link; a quoted comma belongs to this one.
        let mut quoted = false;
        let end = params
            .char_indices()
            .find(|&(_, c)| {
                quoted ^= c == '"';
                c == ',' && !quoted
            })
            .map_or(params.len(), |(i, _)| i);
        if params[..end].split(';').any(is_next) {
            out.push(target.trim().to_owned());
        }
        rest = &params[end..];
    }
    out
}

fn is_next(param: &str) -> bool {
    param.split_once('=').is_some_and(|(name, value)| {
        let rels = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("rel")
            && rels.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URL: &str = "https://acme.okta.com/api/v1/users?limit=2";

    fn read(links: &[&str]) -> Result<Option<String>, BadNext> {
        let headers = links.iter().map(|l| ("Link".to_owned(), (*l).to_owned())).collect();
        let org = OrgUrl::parse("https://acme.okta.com").unwrap();
        next(&org, URL, &Response { status: 200, headers, body: Vec::new() }, None)
    }

    #[test]
    fn one_header_or_several_mean_the_same() {
        let (own, next) =
            ("<https://acme.okta.com/a>; rel=\"self\"", "<https://acme.okta.com/a?after=1,2>; rel=\"next\"");
        let want = Some("https://acme.okta.com/a?after=1,2".to_owned());
        assert_eq!(read(&[own, next]).unwrap(), want);
        assert_eq!(read(&[&format!("{own}, {next}")]).unwrap(), want);
        assert_eq!(read(&["<https://acme.okta.com/a?after=1,2>; title=\"a, b\"; REL=next"]).unwrap(), want);
        assert_eq!(read(&["</a?after=1,2>;rel=\"last next\""]).unwrap(), want);
        assert_eq!(read(&[own]).unwrap(), None);
        assert_eq!(read(&[]).unwrap(), None);
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
            if let Ok(Some(next)) = read(&[&header]) {
                prop_assert!(next.starts_with("https://acme.okta.com/"));
            }
        }
    }
}
