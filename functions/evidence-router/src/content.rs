//! The bytes on the wire: in parts that fit the gateway, under a name, and never as a page of ours.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::{delivery::DataClass, http::Problem, store::objects::ObjectRecord};

/// A part's size. API Gateway takes answers of 6 MB, and base64 makes 4 MB into 5.4.
const PART: u64 = 4_000_000;

/// What a report may do: show itself, with the styles and pictures that it brings. `sandbox` gives it an origin of
/// its own, without script, forms or our cookies.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; \
                             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// RFC 8187 section 3.2.1, `attr-char`.
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// In how many parts an object of `size` bytes comes.
pub(crate) fn parts(size: u64) -> u64 {
    size.div_ceil(PART).max(1)
}

/// The part asked for, from 1. An object of one part needs no number.
pub(crate) fn part_of(object: &ObjectRecord, asked: Option<u64>) -> Result<u64, Problem> {
    let parts = parts(object.size);
    let wrong = |title: &str| {
        let next = format!("Ask for ?part=1 to ?part={parts}, one after the other.");
        Problem::bad_request("delivery.part", title, next)
    };
    match asked {
        None if parts > 1 => Err(wrong("This file comes in parts.")),
        None => Ok(1),
        Some(part) if (1..=parts).contains(&part) => Ok(part),
        Some(_) => Err(wrong("There is no such part.")),
    }
}

/// The answer with one part of `bytes`, whose digest was checked as a whole.
pub(crate) fn answer(object: &ObjectRecord, part: u64, bytes: &[u8]) -> Result<Response, Problem> {
    let size = usize::try_from(PART).map_err(|_| Problem::internal())?;
    let index = usize::try_from(part - 1).map_err(|_| Problem::internal())?;
    let chunk = if bytes.is_empty() { Some(bytes) } else { bytes.chunks(size).nth(index) };
    let chunk = chunk.ok_or_else(Problem::internal)?;
    let parts = parts(object.size);
    let name = if parts > 1 {
        format!("{}.part-{part}-of-{parts}", object.file_name())
    } else {
        object.file_name().to_owned()
    };
    let is_page = object.class == DataClass::Report && object.content_type.starts_with("text/html");
    let mut response = Response::new(Body::from(chunk.to_vec()));
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: String| {
        HeaderValue::from_str(&value)
            .map(|value| headers.insert(name, value))
            .map_err(|_| Problem::internal())
    };
    set(header::CONTENT_TYPE.as_str(), object.content_type.clone())?;
    set(
        header::CONTENT_DISPOSITION.as_str(),
        disposition(if is_page { "inline" } else { "attachment" }, &name),
    )?;
    // RFC 9530: of the whole file, whichever part this is.
    set("repr-digest", format!("sha-256=:{}:", STANDARD.encode(object.sha256.as_bytes())))?;
    set("x-part", format!("{part}/{parts}"))?;
    let policy = if is_page { REPORT_POLICY } else { "default-src 'none'; sandbox" };
    set(header::CONTENT_SECURITY_POLICY.as_str(), policy.to_owned())?;
    Ok(response)
}

/// RFC 6266: the name twice, plain for old readers and exact (RFC 8187) for the rest.
fn disposition(kind: &str, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect();
    let exact = utf8_percent_encode(name, NOT_ATTR_CHAR);
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use shared::tenant::{Digest, OrgId};

    use super::*;

    fn object(class: DataClass, name: &str, content_type: &str, size: u64) -> ObjectRecord {
        ObjectRecord {
            id: "s1.1".into(),
            org: OrgId::new("org1"),
            scan: "s1".into(),
            class,
            name: name.into(),
            sha256: Digest::of(b""),
            size,
            content_type: content_type.into(),
            published: true,
            created: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn header_of(object: &ObjectRecord, name: &str) -> String {
        let response = answer(object, 1, b"bytes").unwrap();
        response.headers()[name].to_str().unwrap().to_owned()
    }

    #[test]
    fn names_survive_and_break_out_of_nothing() {
        let odd = object(DataClass::FindingsFull, "scans/s1/Übersicht \"a\"\r\n;.csv", "text/csv", 5);
        assert_eq!(
            header_of(&odd, "content-disposition"),
            "attachment; filename=\"_bersicht__a____.csv\"; \
             filename*=UTF-8''%C3%9Cbersicht%20%22a%22%0D%0A%3B.csv"
        );
    }

    #[test]
    fn only_a_report_shows_as_a_page_and_it_can_do_nothing() {
        let report = object(DataClass::Report, "r/report.html", "text/html; charset=utf-8", 5);
        assert!(header_of(&report, "content-disposition").starts_with("inline;"));
        let policy = header_of(&report, "content-security-policy");
        assert!(policy.ends_with("; sandbox") && !policy.contains("script"));
        let raw = object(DataClass::RawIdentity, "raw/page.html", "text/html", 5);
        assert!(header_of(&raw, "content-disposition").starts_with("attachment;"));
        assert_eq!(header_of(&raw, "content-security-policy"), "default-src 'none'; sandbox");
    }

    #[test]
    fn large_files_come_in_parts_that_make_the_whole() {
        let bytes: Vec<u8> = (0..9_000_001_u32).map(|n| n.to_le_bytes()[0]).collect();
        let large =
            object(DataClass::RawIdentity, "raw/users.json.zst", "application/zstd", bytes.len() as u64);
        assert_eq!(parts(large.size), 3);
        assert!(part_of(&large, None).is_err() && part_of(&large, Some(0)).is_err());
        assert!(part_of(&large, Some(4)).is_err());
        let sizes: Vec<_> = (1..=3)
            .map(|part| {
                let response = answer(&large, part_of(&large, Some(part)).unwrap(), &bytes).unwrap();
                assert_eq!(response.headers()["x-part"], format!("{part}/3"));
                axum::body::HttpBody::size_hint(response.body()).exact().unwrap()
            })
            .collect();
        assert_eq!(sizes, [4_000_000, 4_000_000, 1_000_001]);
        assert_eq!(part_of(&object(DataClass::Report, "r", "text/html", 0), None).unwrap(), 1);
    }
}
