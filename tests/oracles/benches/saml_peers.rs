//! The Rust part of `tests/benches/saml_peers/run`: the floor, our verifier and samael on one sign-in, in CPU
//! microseconds; and the sign-in as a file, for the peers in other languages.

use std::{fs, hint::black_box};

use anyhow::{Context, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use saml_acs::second;
use serde_json::json;
use shared::{
    ops::{Clock, SystemClock},
    saml::verify,
};
use tests::{
    cpu::microseconds,
    sign_in::{ACS, IDP, REQUEST, SP, SSO, SignIn, USER},
};

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench`.
    let file = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let sign_in = SignIn::at(SystemClock.now())?;
    let tampered = sign_in.xml.replace(USER, "eve@example.com");
    if let Some(file) = file {
        let case = json!({
            "response": sign_in.form,
            "tampered": STANDARD.encode(&tampered),
            "certificate": STANDARD.encode(sign_in.signer.certificate()),
            "acs": ACS, "audience": SP, "issuer": IDP, "sso": SSO, "request": REQUEST, "name_id": USER,
        });
        fs::write(&file, case.to_string()).with_context(|| file)?;
    }

    let expect = sign_in.expectations();
    let ours = || verify(black_box(&sign_in.form), &expect);
    // From the form field too, as a service provider gets it.
    let samael = || {
        let xml = STANDARD.decode(black_box(&sign_in.form)).map_err(|error| error.to_string())?;
        second::judge(&String::from_utf8(xml).map_err(|error| error.to_string())?, &expect)
    };
    ensure!(ours().outcome.is_ok() && samael().is_ok(), "both accept it");
    ensure!(verify(&STANDARD.encode(&tampered), &expect).outcome.is_err(), "we refuse the tampered one");
    ensure!(second::judge(&tampered, &expect).is_err(), "samael refuses the tampered one");

    println!("floor {:.1}", sign_in.floor()?);
    println!("ours {:.1}", microseconds(ours));
    println!("samael {:.1}", microseconds(samael));
    Ok(())
}
