//! Every element and every attribute of a genuine Response, changed, dropped and doubled: without the key
//! nothing may change who signs in; with the key, only what the profile leaves open may be missing.

use std::{collections::BTreeSet, ops::Range};

use okta_twin::saml::{Attribute, ResponseSpec, Sign};
use uppsala::{Document, NodeId, NodeKind};

use super::harness::*;
use crate::saml::Identity;

/// A changed document and what was changed.
struct Mutant {
    what: String,
    xml: String,
}

/// A spec with everything that a Response can hold.
fn full(mode: Sign) -> ResponseSpec {
    let mut spec = genuine(mode);
    spec.session_not_on_or_after = Some(after(3600));
    spec.confirmation_not_before = Some(after(-60));
    spec.attributes = vec![Attribute { name: "department".to_owned(), values: vec!["Ops".to_owned()] }];
    spec
}

fn mutants(xml: &str) -> Vec<Mutant> {
    let document = uppsala::parse(xml).unwrap();
    let mut out = Vec::new();
    visit(&document, document.root(), xml, &mut out);
    out
}

fn visit(document: &Document<'_>, node: NodeId, xml: &str, out: &mut Vec<Mutant>) {
    let range = document.node_range(node);
    match (document.node_kind(node), range) {
        (Some(NodeKind::Element(element)), Some(range)) => {
            let name = &element.name.local_name;
            let source = &xml[range.clone()];
            let mut add = |what: String, range: Range<usize>, with: &str| {
                out.push(Mutant { what, xml: format!("{}{with}{}", &xml[..range.start], &xml[range.end..]) });
            };
            add(format!("{name} dropped"), range.clone(), "");
            add(format!("{name} doubled"), range.clone(), &source.repeat(2));
            let tag_end = range.start + source.find('>').unwrap();
            for attribute in &element.attributes {
                let attribute = attribute.name.prefixed_name();
                let start = range.start + source.find(&format!(" {attribute}=\"")).unwrap();
                let value = start + attribute.len() + 3;
                let end = value + xml[value..].find('"').unwrap();
                assert!(end < tag_end);
                add(format!("{name}@{attribute} dropped"), start..end + 1, "");
                add(format!("{name}@{attribute} changed"), end..end, "x");
                add(format!("{name}@{attribute} emptied"), value..end, "");
            }
        }
        (Some(NodeKind::Text(_)), Some(range)) => {
            let parent = document.parent(node).and_then(|parent| document.element(parent));
            let name = parent.map_or_else(String::new, |parent| parent.name.local_name.to_string());
            let changed = format!("{}A{}", &xml[..range.start], &xml[range.start..]);
            out.push(Mutant { what: format!("{name} text changed"), xml: changed });
        }
        _ => {}
    }
    document.children_iter(node).for_each(|child| visit(document, child, xml, out));
}

fn genuine_identity(mode: Sign) -> Identity {
    judge(&signed(&full(mode))).outcome.unwrap()
}

#[test]
fn without_the_key_nothing_changes_who_signs_in() {
    let mut total = 0;
    let mut accepted = BTreeSet::new();
    for mode in SIGNED {
        let identity = genuine_identity(mode);
        for mutant in mutants(&signed(&full(mode))) {
            total += 1;
            if let Ok(mutated) = judge(&mutant.xml).outcome {
                assert_eq!(mutated, identity, "{mode:?}: {}", mutant.what);
                accepted.insert(format!("{mode:?}: {}", mutant.what));
            }
        }
    }
    // KeyInfo never counts; what is not signed may go; one of two signatures may go, if what it covers stays.
    insta::assert_snapshot!(accepted.into_iter().collect::<Vec<_>>().join("\n"), @"
    Assertion: Issuer dropped
    Assertion: Issuer@Format dropped
    Assertion: KeyInfo dropped
    Assertion: Response@Destination dropped
    Assertion: Response@ID changed
    Assertion: Response@ID dropped
    Assertion: Response@ID emptied
    Assertion: X509Certificate doubled
    Assertion: X509Certificate dropped
    Assertion: X509Certificate text changed
    Assertion: X509Data doubled
    Assertion: X509Data dropped
    Both: KeyInfo dropped
    Both: Signature dropped
    Both: X509Certificate doubled
    Both: X509Certificate dropped
    Both: X509Certificate text changed
    Both: X509Data doubled
    Both: X509Data dropped
    Response: KeyInfo dropped
    Response: X509Certificate doubled
    Response: X509Certificate dropped
    Response: X509Certificate text changed
    Response: X509Data doubled
    Response: X509Data dropped
    ");
    assert!(total > 550, "{total}");
}

#[test]
fn with_the_key_only_what_the_profile_leaves_open_may_be_missing() {
    let mut total = 0;
    let mut accepted = BTreeSet::new();
    for mutant in mutants(&full(Sign::Nothing).to_xml()) {
        for mode in SIGNED {
            // What cannot be signed is no document of an IdP's.
            let inner = matches!(mode, Sign::Assertion | Sign::Both);
            let xml = if inner {
                KEY.sign(&mutant.xml, "id2000000000000002").ok()
            } else {
                Some(mutant.xml.clone())
            };
            let outer = matches!(mode, Sign::Response | Sign::Both);
            let xml =
                xml.and_then(|xml| if outer { KEY.sign(&xml, "id1000000000000001").ok() } else { Some(xml) });
            let Some(xml) = xml else { continue };
            total += 1;
            if code(&xml) == "accepted" {
                accepted.insert(mutant.what.clone());
            }
        }
    }
    assert!(total > 250, "{total}");
    insta::assert_snapshot!(accepted.into_iter().collect::<Vec<_>>().join("\n"), @"
    Assertion@ID changed
    Attribute doubled
    Attribute dropped
    Attribute@Name changed
    Attribute@Name dropped
    Attribute@Name emptied
    Attribute@NameFormat changed
    Attribute@NameFormat dropped
    Attribute@NameFormat emptied
    AttributeStatement doubled
    AttributeStatement dropped
    AttributeValue doubled
    AttributeValue dropped
    AttributeValue text changed
    AttributeValue@xsi:type changed
    AttributeValue@xsi:type dropped
    AttributeValue@xsi:type emptied
    Audience doubled
    AudienceRestriction doubled
    AuthnContext doubled
    AuthnContext dropped
    AuthnContextClassRef doubled
    AuthnContextClassRef dropped
    AuthnContextClassRef text changed
    AuthnStatement@SessionIndex changed
    AuthnStatement@SessionIndex dropped
    AuthnStatement@SessionIndex emptied
    AuthnStatement@SessionNotOnOrAfter dropped
    Conditions@NotBefore dropped
    Issuer dropped
    Issuer@Format dropped
    NameID text changed
    NameID@Format changed
    NameID@Format dropped
    NameID@Format emptied
    Response@Destination dropped
    Response@ID changed
    Response@ID dropped
    Response@ID emptied
    SubjectConfirmationData@NotBefore dropped
    ");
}
