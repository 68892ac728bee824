//! OpenSSL as a process: it verifies what we signed.

use std::{fs, process::Command};

use crate::xmlsec1::pem;

/// Whether `signature` is RSASSA-PKCS1-v1_5 with SHA-256 over `message` under the key of a certificate (DER).
pub fn verifies(certificate: &[u8], message: &[u8], signature: &[u8]) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    fs::write(file("certificate.pem"), pem("CERTIFICATE", certificate))?;
    fs::write(file("message"), message)?;
    fs::write(file("signature"), signature)?;
    let mut key = Command::new("openssl");
    key.args(["x509", "-noout", "-pubkey", "-in"]).arg(file("certificate.pem"));
    fs::write(file("key.pem"), crate::run(&mut key)?.stdout)?;
    let mut verify = Command::new("openssl");
    verify.args(["dgst", "-sha256", "-verify"]).arg(file("key.pem"));
    verify.arg("-signature").arg(file("signature")).arg(file("message"));
    Ok(crate::run(&mut verify)?.status.success())
}
