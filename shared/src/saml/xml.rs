//! The gate for every XML document that a stranger wrote: what passes has one meaning only.

use uppsala::{Document, Element, NodeId, NodeKind, Parser, QName, XmlError};

use super::{Mismatch, Rejection};

/// The largest Response, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
const MAX_DEPTH: u32 = 64;
const MAX_ATTRIBUTES: usize = 64;
const MAX_NODES: usize = 20_000;

/// Up to this size no document can keep the parser busy.
const HARMLESS_BYTES: usize = 16 * 1024;
/// The most equals signs of a tag and the text after it, and the most declarations of a document. The parser
/// compares each attribute of a tag with all before it, and looks each prefix up among all declarations.
const MAX_EQUALS_SIGNS: usize = 1_000;
const MAX_DECLARATIONS: usize = 2_000;

/// Parses UTF-8 XML 1.0 without DTD, processing instructions or CDATA, within the limits.
pub(super) fn parse(bytes: &[u8], max_bytes: usize) -> Result<Document<'_>, Rejection> {
    if bytes.len() > max_bytes {
        let got = format!("{} bytes", bytes.len());
        return Err(Rejection::TooLarge(Mismatch::new(format!("at most {max_bytes} bytes"), got)));
    }
    let text = utf8(bytes)?;
    // Before any parsing: neither entity nor external subset is ever looked at.
    if text.contains("<!DOCTYPE") {
        return Err(Rejection::Doctype(Mismatch::new("no document type", "<!DOCTYPE")));
    }
    if text.len() > HARMLESS_BYTES && is_crowded(text) {
        return Err(too_many_attributes("many more".to_owned()));
    }
    let parser = Parser::new().with_forbid_dtd(true).with_max_depth(MAX_DEPTH);
    let document = parser.parse(text).map_err(|error| refusal(&error))?;
    declaration(&document)?;
    let mut nodes = 0;
    walk(&document, document.root(), &mut nodes)?;
    Ok(document)
}

fn utf8(bytes: &[u8]) -> Result<&str, Rejection> {
    let encoding = |got: &str| Rejection::Encoding(Mismatch::new("UTF-8 without byte order mark", got));
    match bytes {
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, ..] | [_, 0, ..] => Err(encoding("UTF-16 or UTF-32")),
        [0xEF, 0xBB, 0xBF, ..] => Err(encoding("a byte order mark")),
        [0x4C, 0x6F, 0xA7, 0x94, ..] => Err(encoding("EBCDIC")),
        [b'<' | b' ' | b'\t' | b'\r' | b'\n', ..] => str::from_utf8(bytes)
            .map_err(|error| encoding(&format!("invalid byte at {}", error.valid_up_to()))),
        _ => Err(Rejection::NotXml(Mismatch::new("an XML document", "bytes that do not begin with <"))),
    }
}

/// Whether there is more than the limits allow, and more than the parser should see.
fn is_crowded(text: &str) -> bool {
    let crowded = |tag: &str| tag.bytes().filter(|&byte| byte == b'=').count() > MAX_EQUALS_SIGNS;
    text.split('<').any(crowded) || text.matches("xmlns").count() > MAX_DECLARATIONS
}

/// The parser's message may quote the document, so only the place is kept.
fn refusal(error: &XmlError) -> Rejection {
    let (message, line, column) = match error {
        XmlError::WellFormedness(e) => (e.message.as_str(), e.line, e.column),
        XmlError::Namespace(e) => (e.message.as_str(), e.line, e.column),
        XmlError::Parse(e) => (e.message.as_str(), e.line, e.column),
        _ => ("", 0, 0),
    };
    if message.contains("maximum depth") {
        return limits(format!("depth of at most {MAX_DEPTH}"), "more".to_owned());
    }
    malformed(format!("an error at line {line}, column {column}"))
}

fn malformed(got: String) -> Rejection {
    Rejection::Malformed(Mismatch::new("well-formed XML 1.0 with namespaces", got))
}

fn limits(want: String, got: String) -> Rejection {
    Rejection::Limits(Mismatch::new(want, got))
}

fn too_many_attributes(got: String) -> Rejection {
    limits(format!("at most {MAX_ATTRIBUTES} attributes on an element"), got)
}

fn declaration(document: &Document<'_>) -> Result<(), Rejection> {
    let Some(declaration) = &document.xml_declaration else { return Ok(()) };
    if declaration.version != "1.0" {
        return Err(malformed("another XML version".to_owned()));
    }
    match &declaration.encoding {
        Some(encoding) if !encoding.eq_ignore_ascii_case("UTF-8") => {
            Err(Rejection::Encoding(Mismatch::new("UTF-8", encoding)))
        }
        _ => Ok(()),
    }
}

/// Looks at every node; the recursion is bounded by the parser's depth limit.
fn walk(document: &Document<'_>, id: NodeId, nodes: &mut usize) -> Result<(), Rejection> {
    *nodes += 1;
    if *nodes > MAX_NODES {
        return Err(limits(format!("at most {MAX_NODES} nodes"), "more".to_owned()));
    }
    match document.node_kind(id) {
        Some(NodeKind::Element(element)) => tag(element)?,
        Some(NodeKind::ProcessingInstruction(_)) => {
            let mismatch = Mismatch::new("no processing instruction", "one");
            return Err(Rejection::ProcessingInstruction(mismatch));
        }
        Some(NodeKind::CData(_)) => {
            return Err(Rejection::Cdata(Mismatch::new("no CDATA section", "one")));
        }
        _ => {}
    }
    document.children_iter(id).try_for_each(|child| walk(document, child, nodes))
}

fn tag(element: &Element<'_>) -> Result<(), Rejection> {
    let attributes = element.attributes.len() + element.namespace_declarations.len();
    if attributes > MAX_ATTRIBUTES {
        return Err(too_many_attributes(attributes.to_string()));
    }
    for (prefix, uri) in &element.namespace_declarations {
        // `xmlns:p=""` is namespaces 1.1 only: a canonical form could not say it.
        if uri.is_empty() && !prefix.is_empty() {
            return Err(malformed("a prefix declared away".to_owned()));
        }
        // Canonical XML 1.0 (1.3) has no form for relative ones.
        if !uri.is_empty() && !is_absolute(uri) {
            return Err(malformed("a namespace that is no absolute URI".to_owned()));
        }
    }
    let names = element.attributes.iter().map(|attribute| &attribute.name);
    if !names.chain([&element.name]).all(is_qualified_name) {
        return Err(malformed("a name with a colon out of place".to_owned()));
    }
    Ok(())
}

/// The parser sees to the characters, and takes a second colon, and one at either end, for a part of a name.
fn is_qualified_name(name: &QName<'_>) -> bool {
    let starts = |c: char| {
        let combines = matches!(c, '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}');
        c == '_' || c.is_ascii_alphabetic() || (!c.is_ascii() && !combines)
    };
    name.local_name.starts_with(starts)
        && !name.local_name.contains(':')
        && name.prefix.as_deref() != Some("xmlns")
}

/// A scheme and the characters of RFC 3986, which an address in brackets is no part of here.
fn is_absolute(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let mut escapes = rest.split('%').skip(1);
    let are_escapes = escapes.all(|escape| escape.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte);
    is_scheme && are_escapes && rest.bytes().all(allowed) && rest.bytes().filter(|&b| b == b'#').count() <= 1
}
