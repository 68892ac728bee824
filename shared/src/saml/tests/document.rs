//! Bytes that are no proper document, and names that are no proper name.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use okta_twin::saml::Sign;

use super::harness::*;
use crate::saml::{MAX_BYTES, verify};

fn raw(bytes: &[u8]) -> &'static str {
    code_of(&judge_with(bytes, &expectations()))
}

fn form(value: &str) -> &'static str {
    code_of(&verify(value, &expectations()))
}

/// The signed document with `inserted` before the root element.
fn preceded(inserted: &str) -> String {
    replaced(&signed(&genuine(Sign::Both)), "<saml2p:Response", &format!("{inserted}<saml2p:Response"))
}

#[test]
fn a41_a_comment_never_cuts_a_name_short() {
    let name = "admin@example.com.evil.example.net";
    for mode in SIGNED {
        let mut spec = genuine(mode);
        spec.name_id = Some(name.to_owned());
        let xml = replaced(&signed(&spec), name, "admin@example.com<!---->.evil.example.net");
        let identity = judge(&xml).outcome.unwrap();
        assert_eq!(identity.name_id, name, "{mode:?}: comments are not signed, the whole text is");
    }
}

#[test]
fn a42_a_name_is_text_only() {
    for (inside, want) in [
        ("ada<?x?>@example.com", "xml.processing_instruction"),
        ("<![CDATA[ada@example.com]]>", "xml.cdata"),
        ("ada<b>@example.com</b>", "saml.nameid"),
        ("<b/>", "saml.nameid"),
    ] {
        for mode in SIGNED {
            let xml = genuine(mode).to_xml().replace(USER, inside);
            assert_eq!(code(&sign(&xml, mode)), want, "{inside}");
        }
    }
}

#[test]
fn a43_names_that_cannot_be_user_names() {
    let long = "a".repeat(257);
    for name in [
        "",
        " ",
        "\n",
        " ada@example.com",
        "ada@example.com\n",
        "ada\r\n@example.com",
        "ada\t@example.com",
        "ada\u{85}@example.com",
        "ada\u{202e}@example.com",
        "ada\u{2066}@example.com",
        "\u{a0}ada@example.com",
        &long,
    ] {
        assert_eq!(changed(|spec| spec.name_id = Some(name.to_owned())), "saml.nameid", "{name:?}");
    }
    assert_eq!(changed(|spec| spec.name_id = Some("a".repeat(256))), "accepted");
    assert_eq!(changed(|spec| spec.name_id = None), "saml.nameid");
}

#[test]
fn a44_names_are_taken_letter_by_letter() {
    for name in ["ADA@example.com", "zoe\u{308}@example.com", "zo\u{eb}@example.com", "\u{430}da@example.com"]
    {
        let mut spec = genuine(Sign::Both);
        spec.name_id = Some(name.to_owned());
        assert_eq!(judge(&signed(&spec)).outcome.unwrap().name_id, name);
    }
}

#[test]
fn a48_document_types_are_refused_before_anything_is_read() {
    let mut laughs = String::from("<!DOCTYPE lolz [<!ENTITY lol \"lol\">");
    for level in 1..10 {
        let _ = write!(laughs, "<!ENTITY lol{level} \"{}\">", "&lol;".repeat(10));
    }
    laughs.push_str("]>");
    for doctype in [
        "<!DOCTYPE x>",
        "<!DOCTYPE x SYSTEM \"http://127.0.0.1/x.dtd\">",
        "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://127.0.0.1/\"> %p;]>",
        "<!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>",
        &laughs,
    ] {
        assert_eq!(code(&preceded(doctype)), "xml.doctype", "{doctype}");
        assert_eq!(code(doctype), "xml.doctype", "{doctype}");
    }
    assert_eq!(code(&preceded("<!doctype x>")), "xml.malformed");
    assert_eq!(code(&preceded("<!ENTITY x \"y\">")), "xml.malformed");
}

#[test]
fn a49_hints_at_other_documents_are_nothing_to_us() {
    let hints = "xml:base=\"http://127.0.0.1/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                 xsi:schemaLocation=\"urn:x http://127.0.0.1/x.xsd\" ";
    let xml = genuine(Sign::Nothing).to_xml();
    let hinted = xml.replacen("<saml2p:Response ", &format!("<saml2p:Response {hints}"), 1);
    let include = "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/passwd\"/>";
    let included = replaced(&xml, USER, include);
    for mode in SIGNED {
        assert_eq!(code(&sign(&hinted, mode)), "accepted");
        assert_eq!(code(&sign(&included, mode)), "saml.nameid");
    }
}

#[test]
fn a50_utf8_only_and_truthfully() {
    let xml = signed(&genuine(Sign::Both));
    let utf16 = |bytes: fn(u16) -> [u8; 2]| xml.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
    assert_eq!(raw(&little), "xml.encoding");
    assert_eq!(raw(&big), "xml.encoding");
    assert_eq!(raw(&[b"\xFF\xFE".as_slice(), &little].concat()), "xml.encoding");
    assert_eq!(raw(&[b"\xFE\xFF".as_slice(), &big].concat()), "xml.encoding");
    assert_eq!(raw(&[b"\xEF\xBB\xBF".as_slice(), xml.as_bytes()].concat()), "xml.encoding");
    assert_eq!(raw(b"\x4C\x6F\xA7\x94\x93"), "xml.encoding");
    for encoding in ["UTF-7", "UTF-16", "ISO-8859-1", "IBM037", "utf8"] {
        let declared = xml.replacen("encoding=\"UTF-8\"", &format!("encoding=\"{encoding}\""), 1);
        assert_eq!(code(&declared), "xml.encoding", "{encoding}");
    }
    for bytes in [b"\xC0\xBC".as_slice(), b"\xED\xA0\x80", b"\xF5\x80\x80\x80", b"\xFF", b"\xE2\x82"] {
        let (head, tail) = xml.split_once(USER).unwrap();
        assert_eq!(raw(&[head.as_bytes(), bytes, tail.as_bytes()].concat()), "xml.encoding", "{bytes:x?}");
    }
    for (declaration, want) in [
        ("<?xml version=\"1.0\"?>", "accepted"),
        ("", "accepted"),
        ("<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>", "accepted"),
        ("<?xml version=\"1.1\"?>", "xml.malformed"),
    ] {
        let declared = xml.replacen("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", declaration, 1);
        assert_eq!(code(&declared), want, "{declaration}");
    }
}

#[test]
fn a51_documents_have_limits() {
    let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    let many = |n: usize, attribute: fn(usize) -> String| {
        format!("<a{}/>", (0..n).map(attribute).collect::<String>())
    };
    for xml in [
        deep(65),
        deep(10_000),
        many(65, |n| format!(" a{n}=\"\"")),
        many(20_000, |n| format!(" a{n}=\"\"")),
        many(5_000, |n| format!(" xmlns:a{n}=\"urn:x\"")),
        format!("<a>{}</a>", "<a/>".repeat(20_000)),
    ] {
        assert_eq!(code(&xml), "xml.limits");
    }
    assert_eq!(code(&deep(64)), "saml.root");
}

/// The parser compares each attribute with all before it, and looks each prefix up among all declarations.
#[test]
fn a51_what_is_beyond_the_limits_costs_no_time() {
    let room = MAX_BYTES - 100;
    let attributes = (0..room / 10).map(|n| format!(" a{n:05}=''")).collect::<Vec<_>>().concat();
    let declarations = (0..room / 32).map(|n| format!(" xmlns:a{n:05}='x:'")).collect::<Vec<_>>().concat();
    let uses = "<a00000:a/>".repeat(room / 32);
    let spread = format!("<a{}>", &attributes[..2_000]).repeat(50);
    for xml in [
        format!("<a{attributes}/>"),
        format!("<a{declarations}>{uses}</a>"),
        format!("{spread}{}", "</a>".repeat(50)),
    ] {
        assert!(xml.len() <= MAX_BYTES);
        let began = cpu_time::ThreadTime::now();
        assert_eq!(code(&xml), "xml.limits");
        let took = began.elapsed();
        assert!(took < std::time::Duration::from_millis(250), "{took:?}");
    }
}

#[test]
fn a52_the_size_is_judged_before_decoding() {
    let padded = |size: usize| {
        let xml = signed(&genuine(Sign::Assertion));
        let filler = size - xml.len() - "<!---->".len();
        format!("{xml}<!--{}-->", "x".repeat(filler))
    };
    assert_eq!(code(&padded(MAX_BYTES)), "accepted");
    assert_eq!(code(&padded(MAX_BYTES + 1)), "saml.too_large");
    assert_eq!(form(&"A".repeat(6 << 20)), "saml.too_large");
}

#[test]
fn a53_base64_may_be_wrapped_and_nothing_else() {
    let mut xml = signed(&genuine(Sign::Both));
    while xml.len() % 3 != 1 {
        xml.push('\n');
    }
    let value = STANDARD.encode(&xml);
    let lines: Vec<&str> = value.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap()).collect();
    let wrapped = lines.join("\r\n");
    assert_eq!(form(&value), "accepted");
    assert_eq!(form(&wrapped), "accepted");
    assert_eq!(form(&format!(" \t{value}\n")), "accepted");
    let unpadded = value.trim_end_matches('=');
    let last = unpadded.len() - 1;
    // The last character carries 4 unused bits, which must be zero.
    let trailing_bits = format!("{}{}==", &unpadded[..last], char::from(unpadded.as_bytes()[last] + 1));
    for value in [
        unpadded.to_owned(),
        trailing_bits,
        format!("{value}AAAA"),
        format!("{value}="),
        format!("{value}\0"),
        value.replacen('P', "-", 1),
        value.replacen('P', "%2B", 1),
        format!("{value}\u{a0}"),
        "=".to_owned(),
    ] {
        assert_eq!(form(&value), "saml.base64");
    }
    assert_eq!(form(""), "saml.not_xml");
}

#[test]
fn a54_a_deflated_message_is_not_a_post() {
    use flate2::{Compression, write::DeflateEncoder};
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut encoder, signed(&genuine(Sign::Both)).as_bytes()).unwrap();
    let verdict = judge_with(&encoder.finish().unwrap(), &expectations());
    let rejection = verdict.outcome.unwrap_err();
    assert_eq!(rejection.code(), "saml.not_xml");
    assert!(rejection.is_bad_request());
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let xml = signed(&genuine(Sign::Both));
    let malformed = [
        xml.replacen("</saml2p:Response>", "", 1),
        format!("{xml}<x/>"),
        format!("{xml}text"),
        xml.replacen("ID=\"id2", "ID=\"a\" ID=\"id2", 1),
        xml.replacen("<saml2:Subject ", "<unknown:Subject ", 1).replacen(
            "</saml2:Subject>",
            "</unknown:Subject>",
            1,
        ),
        xml.replacen("<saml2:Subject ", "<saml2:Subject xmlns:x=\"\" ", 1),
        xml.replacen(USER, "a&#0;", 1),
        xml.replacen(USER, "a&unknown;", 1),
        xml.replacen(USER, "a&lt", 1),
        xml.replacen(USER, "a]]>b", 1),
        xml.replacen(USER, "\u{1}", 1),
        xml.replacen(USER, "\u{ffff}", 1),
        "<".to_owned(),
        " ".to_owned(),
        xml.replacen(" Version=", " :Version=", 1),
        xml.replacen(" Version=", " Version:=", 1),
        xml.replacen(" Version=", " saml2p:x:Version=", 1),
        xml.replacen(" Version=", " saml2p:1=", 1),
        xml.replacen(" Version=", " saml2p:-=", 1),
        "<:Response/>".to_owned(),
        "<Response:/>".to_owned(),
        "<a:b:c xmlns:a=\"urn:a\"/>".to_owned(),
        "<xmlns:a/>".to_owned(),
        "<a:\u{b7} xmlns:a=\"urn:a\"/>".to_owned(),
    ];
    for xml in malformed {
        assert_eq!(code(&xml), "xml.malformed", "{xml}");
    }
    assert_eq!(code(&preceded("<?xml-stylesheet href=\"x\"?>")), "xml.processing_instruction");
}

/// Canonical XML 1.0 (1.3) has no form for them, and verifiers that know this refuse the document.
#[test]
fn namespaces_are_absolute() {
    for uri in
        ["relative", "#x", "/a", "//host/a", "1:x", ":x", "urn:a b", "urn:\u{e9}", "urn:%zz", "urn:a#b#c"]
    {
        for declaration in [format!("xmlns=\"{uri}\""), format!("xmlns:a=\"{uri}\"")] {
            assert_eq!(code(&format!("<x {declaration}/>")), "xml.malformed", "{uri}");
        }
    }
    for uri in ["", "urn:a", "http://www.w3.org/2001/XMLSchema#", "x:", "a+b-c.1:%20?q=1&amp;r"] {
        assert_eq!(code(&format!("<x xmlns=\"{uri}\"/>")), "saml.root", "{uri}");
    }
}
