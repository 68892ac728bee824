//! The corpus of `saml-forge`, judged by three. What we accept, xmlsec1 calls valid; where the verdicts differ
//! otherwise, the difference is of a class that the ADR explains.
//!
//! We judge all of it on every run, and xmlsec1 all that we accept. Of what we refuse, a plain run shows the others
//! every attack (samael) or one document in [`SLICE`]; `ATOMATION_DEEP=1` shows them everything.

use std::{collections::BTreeMap, fs, sync::LazyLock};

use jiff::Timestamp;
use oracles::{
    ACS, IDP, REQUEST, SP, SSO,
    differences::{Judge, accepted_by, classes, refused_by_samael},
    expectations,
    xmlsec1::{Validity, Xmlsec1},
};
use saml_acs::second;
use saml_forge::{EVE, Facts, Idp, Proof, Scene, Shape, Signed, genuine, mutations};
use shared::{
    ops::{Clock, SystemClock},
    saml::{IdpMetadata, Rejection, verify_document},
};
use tests::routes::root;

const SLICE: usize = 12;
const USER: &str = "ada@example.com";
/// Not shown to samael: it overflows its stack, or works for minutes, on 20,000 nodes.
const TOO_MUCH: &str = "xml.limits";

static PINNED: LazyLock<Idp> = LazyLock::new(|| Idp::new("acme"));
static STRANGER: LazyLock<Idp> = LazyLock::new(|| Idp::new("stranger"));

fn facts() -> Facts {
    Facts {
        // Whole seconds: a boundary that is rounded is another one.
        now: Timestamp::from_second(SystemClock.now().as_second()).unwrap(),
        issuer: IDP.to_owned(),
        acs_url: ACS.to_owned(),
        audience: SP.to_owned(),
        name_id: USER.to_owned(),
        in_response_to: Some(REQUEST.to_owned()),
        serial: 1,
    }
}

/// A document and who must judge it in a plain run.
struct Document {
    name: String,
    xml: Vec<u8>,
    genuine: bool,
    attack: bool,
    /// The genuine key has signed the whole of it: whoever is named in it is named by the identity provider.
    sealed: bool,
}

fn documents(shape: Shape, facts: &Facts) -> Vec<Document> {
    let mut out = Vec::new();
    for signed in Signed::ALL {
        let name = format!("genuine, {shape:?}, {signed:?} signed");
        let xml = genuine(&PINNED, shape, signed, facts).xml().into_bytes();
        out.push(Document { name, xml, genuine: true, attack: false, sealed: true });
        let scene = Scene { idp: &PINNED, stranger: &STRANGER, shape, signed, facts };
        for forged in scene.attacks() {
            let (name, sealed) = (forged.name(), forged.proof == Proof::Sealed);
            out.push(Document { name, xml: forged.xml, genuine: false, attack: true, sealed });
        }
        for mutant in mutations(&PINNED, shape, signed, facts) {
            let (name, xml) = (mutant.name(), mutant.xml.into_bytes());
            out.push(Document { name, xml, genuine: false, attack: false, sealed: mutant.keyed });
        }
    }
    out
}

/// Judges the whole corpus in one hand.
fn judged(shape: Shape) {
    let facts = facts();
    let idp = IdpMetadata::parse(PINNED.metadata_xml(IDP, SSO).as_bytes()).unwrap();
    let expect = expectations(&idp, facts.now);
    let xmlsec1 = Xmlsec1::pinning(PINNED.certificate()).unwrap();
    let deep = std::env::var_os("ATOMATION_DEEP").is_some();
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::<_, usize>::new());
    let documents = documents(shape, &facts);
    assert!(documents.len() > 1_000, "{} documents", documents.len());
    for (place, document) in documents.into_iter().enumerate() {
        let Document { name, xml, genuine, attack, sealed } = document;
        let ours = verify_document(&xml, &expect).outcome;
        let refused = ours.as_ref().err().map(Rejection::code);
        let chosen = refused.is_none() || deep || place % SLICE == 0;
        let mut difference = |class: Option<&'static str>, what: String| match class {
            Some(class) => *seen.entry(class).or_default() += 1,
            None => wrong.push(format!("{name}: {what}")),
        };
        if genuine && let Some(code) = refused {
            difference(None, format!("genuine, and we refuse it: {code}"));
        }
        if (chosen || attack) && refused != Some(TOO_MUCH) {
            let theirs = std::str::from_utf8(&xml).map_err(|error| error.to_string());
            match (refused, theirs.and_then(|xml| second::judge(xml, &expect))) {
                (Some(code), Ok(assertion)) => {
                    // Even where only we refuse: nobody has been deceived about who signs in.
                    let name = assertion.subject.and_then(|subject| subject.name_id).map(|name| name.value);
                    let deceived = name.as_deref() == Some(EVE) && !sealed;
                    let class = accepted_by(Judge::Samael, code).filter(|_| !deceived);
                    difference(class, format!("{code}, and samael accepts {name:?}"));
                }
                (None, Err(reason)) => {
                    let class = refused_by_samael(&reason, &xml).filter(|_| !genuine);
                    difference(class, format!("we accept, and samael does not: {reason}"));
                }
                _ => {}
            }
        }
        if chosen {
            match (refused, xmlsec1.judge("document", &xml).unwrap()) {
                (None, Validity::Valid) | (Some(_), Validity::Invalid | Validity::Unsigned) => {}
                (Some(code), Validity::Valid) => {
                    difference(
                        accepted_by(Judge::Xmlsec1, code),
                        format!("{code}, and xmlsec1 calls it valid"),
                    );
                }
                (None, other) => difference(None, format!("we accept, and xmlsec1 calls it {other:?}")),
            }
        }
    }
    println!("{shape:?}: {seen:?}");
    assert!(wrong.is_empty(), "{} unexplained:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! shapes {
    ($($test:ident $shape:ident;)*) => {
        $(
            #[test]
            fn $test() {
                judged(Shape::$shape);
            }
        )*

        #[test]
        fn every_shape_is_judged() {
            assert_eq!([$(Shape::$shape,)*], Shape::ALL);
        }
    };
}

shapes! {
    okta Okta;
    entra_id EntraId;
    ad_fs AdFs;
    google Google;
    keycloak Keycloak;
    ping Ping;
    one_login OneLogin;
    jump_cloud JumpCloud;
}

/// An oracle that says one thing to everything would prove nothing.
#[test]
fn xmlsec1_tells_valid_from_invalid() {
    let xmlsec1 = Xmlsec1::pinning(PINNED.certificate()).unwrap();
    let facts = facts();
    for signed in Signed::ALL {
        let xml = genuine(&PINNED, Shape::Okta, signed, &facts).xml();
        let judge = |xml: &str| xmlsec1.judge("document", xml.as_bytes()).unwrap();
        assert_eq!(judge(&xml), Validity::Valid, "{signed:?}");
        assert_eq!(judge(&xml.replace(USER, EVE)), Validity::Invalid, "{signed:?}");
        let stranger = genuine(&STRANGER, Shape::Okta, signed, &facts).xml();
        assert_eq!(judge(&stranger), Validity::Invalid, "{signed:?}: the key in KeyInfo is no key");
        assert_eq!(judge(&xml.replace("Signature", "Seal")), Validity::Unsigned, "{signed:?}");
    }
}

#[test]
fn the_adr_explains_every_class() {
    let adr = fs::read_to_string(root().join("infra/adr/0003-samael-as-second-opinion.md")).unwrap();
    for class in classes() {
        assert!(adr.contains(&format!("| {class} |")), "no row for {class}");
    }
}
