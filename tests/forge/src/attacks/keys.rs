//! Who signed, and with what (A19, A20, A23, A24).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::scene::{Scene, name_eve};
use crate::{
    Forged, Hash, Idp, Proof, Signed, Signing,
    shape::KeyInfo,
    xml::{Element, SIGNATURE},
};

const UNTRUSTED: &str = "saml.untrusted_key";
const WEAK: &str = "saml.weak_algorithm";
const ALGORITHM: &str = "saml.algorithm";

/// A19, A20: keys that nobody pinned.
pub(super) fn strangers(scene: &Scene<'_>) -> Vec<Forged> {
    let by = Signing::by(scene.stranger);
    let eve = || scene.draft().changed(name_eve);
    let mut out = Vec::new();
    let root = eve().sign(scene.stranger, scene.signed).root;
    out.push(scene.forged("A19", "a stranger's key", UNTRUSTED, Proof::Foreign, root));
    // The pinned certificate's name on it. Without KeyInfo there is no name.
    let named = Signing { named: scene.idp.certificate(), ..by };
    let reason = if scene.style().key_info == KeyInfo::Nothing { UNTRUSTED } else { "saml.signature" };
    let root = eve().sign_with(&named, scene.signed).root;
    out.push(scene.forged("A19", "a stranger's key under the pinned name", reason, Proof::Foreign, root));
    let mut root = eve().sign_with(&by, scene.signed).root;
    while let Some(path) = root.path_of("KeyInfo") {
        root.splice(&path, Vec::new());
    }
    out.push(scene.forged("A19", "a stranger's unnamed key", UNTRUSTED, Proof::Foreign, root));
    if scene.signed == Signed::Both {
        // Each part by somebody else: neither signature excuses the other.
        let inner = eve().sign(scene.stranger, Signed::Assertion);
        let root = scene.seal(inner.root);
        out.push(scene.forged("A19", "a stranger's Assertion", UNTRUSTED, Proof::Foreign, root));
        let draft =
            crate::Draft { root: scene.draft().sign(scene.idp, Signed::Assertion).root, shape: scene.shape };
        let root = draft.sign(scene.stranger, Signed::Response).root;
        out.push(scene.forged("A19", "a stranger's Response", UNTRUSTED, Proof::Foreign, root));
    }
    let root = scene.draft().sign(scene.stranger, scene.signed).root;
    out.push(scene.forged("A20", "another tenant's key", UNTRUSTED, Proof::Foreign, root));
    out
}

/// A23, A24: algorithms outside the list.
pub(super) fn algorithms(scene: &Scene<'_>) -> Vec<Forged> {
    let method = |info: &mut Element, element: &str, uri: &str| {
        info.edit(element, |method| method.set("Algorithm", uri));
    };
    let by = Signing::by(scene.idp);
    let mut out = Vec::new();
    // There is no RSA-SHA1 to sign with any more: these say so and are signed with something better.
    for (row, uri, reason) in [
        ("A23", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", WEAK),
        ("A23", "http://www.w3.org/2000/09/xmldsig#dsa-sha1", WEAK),
        ("A23", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5", WEAK),
        ("A23", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", WEAK),
        ("A24", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", ALGORITHM),
        ("A24", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", ALGORITHM),
        ("A24", "none", ALGORITHM),
        ("A24", "", ALGORITHM),
    ] {
        let info = |info: &mut Element| method(info, "SignatureMethod", uri);
        let root = scene.sign_oddly(scene.draft(), &Signing { info: &info, ..by });
        out.push(scene.forged(row, format!("signature by {uri:?}"), reason, Proof::Sealed, root));
    }
    for (name, uri) in [
        ("HMAC-SHA256", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        ("HMAC-SHA1", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
    ] {
        // Anybody has the certificate: the forger signs what he likes.
        let info = |info: &mut Element| method(info, "SignatureMethod", uri);
        let value = |key: &Idp, _: Hash, message: &[u8]| key.public_hmac(message);
        let signing = Signing { info: &info, value: &value, ..by };
        let root = scene.draft().changed(name_eve).sign_with(&signing, scene.signed).root;
        let name = format!("{name} with the public certificate");
        out.push(scene.forged("A24", name, ALGORITHM, Proof::Foreign, root));
    }
    let sha1 = |_: Hash, bytes: &[u8]| digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec();
    for (uri, reason) in [
        (format!("{SIGNATURE}sha1"), WEAK),
        ("http://www.w3.org/2001/04/xmldsig-more#md5".to_owned(), WEAK),
        ("http://www.w3.org/2001/04/xmldsig-more#sha224".to_owned(), ALGORITHM),
        ("urn:none".to_owned(), ALGORITHM),
    ] {
        let info = |info: &mut Element| method(info, "DigestMethod", &uri);
        let root = scene.sign_oddly(scene.draft(), &Signing { info: &info, digest: &sha1, ..by });
        out.push(scene.forged("A23", format!("digest by {uri:?}"), reason, Proof::Sealed, root));
    }
    for uri in [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
        "",
    ] {
        let info = |info: &mut Element| method(info, "CanonicalizationMethod", uri);
        let root = scene.sign_oddly(scene.draft(), &Signing { info: &info, ..by });
        out.push(scene.forged("A24", format!("SignedInfo as {uri:?}"), ALGORITHM, Proof::Sealed, root));
    }
    out
}
