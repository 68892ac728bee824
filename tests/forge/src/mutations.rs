//! Every element and every attribute of a genuine Response changed in every simple way, each with what must come
//! of it: first by somebody without the key, in what was signed; then by somebody with it, before signing.

mod fate;

pub use fate::Fate;

use crate::{
    Document, Draft, Facts, Idp, Shape, Signed,
    xml::{Element, Node},
};

/// What is done to an element, or to one of its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Taken away.
    Deleted,
    /// There twice.
    Doubled,
    /// By another local name.
    Renamed,
    /// By the same name of another namespace.
    Renamespaced,
    /// With other text.
    Changed,
    /// With no text.
    Emptied,
    /// To the place after its parent.
    Moved,
}

use Change::{Changed, Deleted, Doubled, Emptied, Moved, Renamed, Renamespaced};

const OF_ELEMENTS: [Change; 6] = [Deleted, Doubled, Renamed, Renamespaced, Changed, Moved];
const OF_ATTRIBUTES: [Change; 5] = [Deleted, Renamed, Renamespaced, Changed, Emptied];

/// One change of one document.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// In whose hand.
    pub shape: Shape,
    /// What is signed.
    pub signed: Signed,
    /// Whether the genuine key signed after the change.
    pub keyed: bool,
    /// The local names from the root to the changed element.
    pub place: Vec<String>,
    /// The changed attribute, if it is not the element itself.
    pub attribute: Option<String>,
    /// What was done.
    pub change: Change,
    /// What must come of it.
    pub fate: Fate,
    /// The document.
    pub xml: String,
}

impl Mutant {
    /// The whole name, for messages and files.
    pub fn name(&self) -> String {
        let attribute = self.attribute.as_ref().map(|name| format!("@{name}")).unwrap_or_default();
        let Self { shape, signed, change, .. } = self;
        let key = if self.keyed { "with" } else { "without" };
        format!("{}{attribute} {change:?}, {shape:?}, {signed:?} signed, {key} the key", self.place.join("/"))
    }
}

/// All changes of a genuine Response, without and with the key. Those that make an honest message of another
/// content are left out: with the key, anybody's name may be in it.
pub fn mutations(idp: &Idp, shape: Shape, signed: Signed, facts: &Facts) -> Vec<Mutant> {
    let draft = Draft::new(shape, facts);
    let finished = draft.clone().sign(idp, signed).root;
    let mut out = Vec::new();
    for (keyed, root) in [(false, &finished), (true, &draft.root)] {
        for path in root.paths() {
            let place = place(root, &path);
            let attributes = root.at(&path).map(attributes).unwrap_or_default();
            let whole = OF_ELEMENTS.into_iter().map(|change| (None, change));
            let parts = attributes
                .iter()
                .flat_map(|name| OF_ATTRIBUTES.into_iter().map(move |change| (Some(name.as_str()), change)));
            for (attribute, change) in whole.chain(parts) {
                let site = fate::Site { shape, signed, keyed, place: &place, attribute, change };
                let (Some(fate), Some(root)) = (site.fate(), mutated(root, &path, attribute, change)) else {
                    continue;
                };
                let document =
                    if keyed { Draft { root, shape }.sign(idp, signed) } else { Document { root, shape } };
                let (place, attribute) = (place.clone(), attribute.map(str::to_owned));
                let xml = document.xml();
                out.push(Mutant { shape, signed, keyed, place, attribute, change, fate, xml });
            }
        }
    }
    out
}

fn place(root: &Element, path: &[usize]) -> Vec<String> {
    let steps = (0..=path.len()).filter_map(|length| root.at(&path[..length]));
    steps.map(|element| element.local().to_owned()).collect()
}

/// The names of an element's attributes, namespace declarations left out.
fn attributes(element: &Element) -> Vec<String> {
    let names = element.attributes.iter().map(|(name, _)| name.clone());
    names.filter(|name| !name.starts_with("xmlns")).collect()
}

fn mutated(root: &Element, path: &[usize], attribute: Option<&str>, change: Change) -> Option<Element> {
    let mut root = root.clone();
    let element = root.at_mut(path)?;
    if let Some(name) = attribute {
        of_attribute(element, name, change);
        return Some(root);
    }
    let copy = Node::Element(element.clone());
    match change {
        Renamed => element.name.push('x'),
        Renamespaced => {
            element.name = format!("x:{}", element.local());
            element.set("xmlns:x", "urn:x");
        }
        Changed | Emptied => of_text(element),
        Deleted | Doubled if path.is_empty() => return None,
        Deleted => root.splice(path, Vec::new()),
        Doubled => root.splice(path, vec![copy.clone(), copy]),
        Moved => {
            let moved = with_its_namespaces(&root, path)?;
            let (&last, above) = path.split_last()?.1.split_last()?;
            root.splice(path, Vec::new());
            root.at_mut(above)?.children.insert(last + 1, Node::Element(moved));
        }
    }
    Some(root)
}

/// The element at `path`, declaring every prefix that it had: it means the same wherever it goes.
fn with_its_namespaces(root: &Element, path: &[usize]) -> Option<Element> {
    let mut element = root.at(path)?.clone();
    for above in (0..path.len()).rev().filter_map(|length| root.at(&path[..length])) {
        for (name, uri) in above.attributes.iter().filter(|(name, _)| name.starts_with("xmlns")) {
            if element.attribute(name).is_none() {
                element.set(name, uri);
            }
        }
    }
    Some(element)
}

/// Another first letter, one that base64 has too; where there is no text, some.
fn of_text(element: &mut Element) {
    let first = element.children.iter_mut().find_map(|child| match child {
        Node::Text(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    });
    match first {
        Some(text) => {
            let other = if text.starts_with('A') { "B" } else { "A" };
            text.replace_range(..text.chars().next().map_or(0, char::len_utf8), other);
        }
        None => element.children.insert(0, Node::Text("x".to_owned())),
    }
}

fn of_attribute(element: &mut Element, name: &str, change: Change) {
    let Some((key, value)) = element.attributes.iter_mut().find(|(key, _)| key == name) else { return };
    match change {
        Deleted | Doubled | Moved => element.unset(name),
        Renamed => key.push('x'),
        Changed => value.push('x'),
        Emptied => value.clear(),
        Renamespaced => {
            *key = format!("x:{}", name.split_once(':').map_or(name, |(_, local)| local));
            element.set("xmlns:x", "urn:x");
        }
    }
}
