//! What deciding on a sign-in costs beside the cryptography that nobody can leave out: decode to claims, all
//! conditions, for an Okta-shaped Response signed twice. The goal is at most 3 times that floor.

use std::hint::black_box;

use shared::saml::verify;
use tests::{cpu::microseconds, sign_in::SignIn};

/// Times the floor.
const GOAL: f64 = 3.0;

fn main() -> anyhow::Result<()> {
    let sign_in = SignIn::at("2026-06-19T12:00:00Z".parse()?)?;
    let expect = sign_in.expectations();
    anyhow::ensure!(verify(&sign_in.form, &expect).outcome.is_ok(), "the Response is not accepted");
    let floor = sign_in.floor()?;
    let ours = microseconds(|| verify(black_box(&sign_in.form), &expect));

    println!("a both-signed Response of {} bytes, CPU per operation:", sign_in.xml.len());
    println!("  floor  {floor:8.1} us   2 RSA-2048 verifications, 2 SHA-256 digests");
    println!("  ours   {ours:8.1} us   {:.2} times the floor (goal: at most {GOAL})", ours / floor);
    Ok(())
}
