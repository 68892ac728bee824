//! The forger keeps its word: what is called intact or sealed really is, so that no invalid digest excuses a verifier.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    EVE, Facts, Hash, Idp, Proof, Scene, Shape, Signed, canonical, genuine,
    sign::digest_of,
    xml::{Element, Node, Path},
};

/// Rows whose odd SignedInfo says on purpose what no digest by id can answer.
const ODD_INFO: [&str; 7] = ["A10", "A11", "A12", "A15", "A16", "A23", "A24"];

fn facts() -> Facts {
    Facts {
        now: "2026-06-19T12:00:00Z".parse().unwrap(),
        issuer: "http://www.okta.com/exk1example".to_owned(),
        acs_url: "https://acme.atomation.example.com/auth/saml/acs".to_owned(),
        audience: "https://acme.atomation.example.com/saml/metadata".to_owned(),
        name_id: "ada@example.com".to_owned(),
        in_response_to: None,
        serial: 1,
    }
}

fn bytes(text: &str) -> Vec<u8> {
    let packed: String = text.split_whitespace().collect();
    STANDARD.decode(packed).unwrap_or_default()
}

fn paths_of(root: &Element, local: &str) -> Vec<Path> {
    root.paths().into_iter().filter(|path| root.at(path).unwrap().local() == local).collect()
}

/// The paths of the Signatures that the key made: of one of its SignedInfos, as it stands.
fn made_by(idp: &Idp, hash: Hash, root: &Element) -> Vec<Path> {
    let parameters = match hash {
        Hash::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        Hash::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
    };
    let public = UnparsedPublicKey::new(parameters, idp.public_key());
    let made = |path: &Path| {
        let signature = root.at(path).unwrap();
        let value = signature.elements().find(|child| child.local() == "SignatureValue");
        let value = value.map(|value| bytes(&value.text())).unwrap_or_default();
        let infos = paths_of(signature, "SignedInfo").into_iter().filter(|info| info.len() == 1);
        let mut infos = infos.map(|info| canonical(root, &[path.clone(), info].concat(), &[]));
        infos.any(|info| public.verify(&info, &value).is_ok())
    };
    paths_of(root, "Signature").into_iter().filter(made).collect()
}

/// Whether the document holds an element that the Signature at `path` names and whose digest is right.
fn has_what_is_signed(root: &Element, path: &[usize], hash: Hash, inclusive: &[&str]) -> bool {
    let signature = root.at(path).unwrap();
    let (Some(reference), Some(value)) = (signature.find("Reference"), signature.find("DigestValue")) else {
        return false;
    };
    let id = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
    root.paths().iter().any(|target| {
        let mut bare = root.clone();
        let element = bare.at_mut(target).unwrap();
        let named = element.attribute("ID").is_some() && element.attribute("ID") == id;
        element.children.retain(|node| !matches!(node, Node::Element(e) if e.local() == "Signature"));
        named && digest_of(hash, &canonical(&bare, target, inclusive)) == bytes(&value.text())
    })
}

fn kept(shape: Shape) {
    let (idp, stranger, facts) = (Idp::new("acme"), Idp::new("stranger"), facts());
    let style = shape.style();
    for signed in Signed::ALL {
        let honest = genuine(&idp, shape, signed, &facts);
        let signatures = made_by(&idp, style.hash, &honest.root);
        assert_eq!(signatures.len(), if signed == Signed::Both { 2 } else { 1 });
        let scene = Scene { idp: &idp, stranger: &stranger, shape, signed, facts: &facts };
        for forged in scene.attacks() {
            let Some(root) = &forged.root else { continue };
            let made = made_by(&idp, style.hash, root);
            let sound = made.iter().any(|path| has_what_is_signed(root, path, style.hash, style.inclusive));
            match forged.proof {
                Proof::Intact | Proof::Sealed if ODD_INFO.contains(&forged.row) => {
                    assert!(!made.is_empty(), "{}", forged.name());
                }
                Proof::Intact | Proof::Sealed => assert!(sound, "{}", forged.name()),
                Proof::Foreign if forged.attack.contains("a stranger's Assertion") => {}
                Proof::Foreign => {
                    assert!(made.is_empty() || forged.attack.contains("Response"), "{}", forged.name());
                }
                Proof::Broken => {}
            }
            if ("A01"..="A09").contains(&forged.row) {
                assert!(String::from_utf8_lossy(&forged.xml).contains(EVE), "{}", forged.name());
            }
        }
    }
}

#[test]
fn proofs_hold_in_oktas_hand() {
    kept(Shape::Okta);
}

#[test]
fn proofs_hold_where_all_is_declared_on_the_root() {
    kept(Shape::Keycloak);
}

#[test]
fn proofs_hold_in_default_namespaces() {
    kept(Shape::EntraId);
}

#[test]
fn every_hand_is_another_and_every_document_its_own() {
    let (idp, facts) = (Idp::new("acme"), facts());
    let mut all: Vec<String> =
        Shape::ALL.into_iter().map(|shape| genuine(&idp, shape, Signed::Assertion, &facts).xml()).collect();
    let other = Facts { serial: 2, ..facts };
    all.push(genuine(&idp, Shape::Okta, Signed::Assertion, &other).xml());
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}
