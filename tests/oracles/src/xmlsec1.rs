//! xmlsec1, the reference implementation of XML Signature, as a process: it says whether signatures are valid under
//! a pinned key, and nothing about SAML.

use std::{fs, path::PathBuf, process::Command};

use anyhow::ensure;
use base64::{Engine, engine::general_purpose::STANDARD};
use tempfile::TempDir;

/// Where SAML's ids are.
const IDS: [&str; 2] =
    ["urn:oasis:names:tc:SAML:2.0:assertion:Assertion", "urn:oasis:names:tc:SAML:2.0:protocol:Response"];
const SIGNATURES: &str =
    "//*[local-name()='Signature' and namespace-uri()='http://www.w3.org/2000/09/xmldsig#']";
/// More signatures than any document of the corpus has.
const MOST: usize = 16;

/// What xmlsec1 says of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validity {
    /// It has signatures, and all of them are valid.
    Valid,
    /// One of its signatures is not, or it cannot be read.
    Invalid,
    /// It has none.
    Unsigned,
}

/// xmlsec1 with one pinned key.
#[derive(Debug)]
pub struct Xmlsec1 {
    folder: TempDir,
    certificate: PathBuf,
}

impl Xmlsec1 {
    /// Trusts the key of this certificate (DER) and no other.
    pub fn pinning(certificate: &[u8]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("pinned.pem");
        fs::write(&path, pem("CERTIFICATE", certificate))?;
        Ok(Self { folder, certificate: path })
    }

    /// Judges every signature of a document, wherever it stands.
    pub fn judge(&self, name: &str, xml: &[u8]) -> anyhow::Result<Validity> {
        let file = self.folder.path().join(name);
        fs::write(&file, xml)?;
        for place in 1..=MOST {
            let mut command = Command::new("xmlsec1");
            // The key is the pinned one: of KeyInfo nothing is used. No file and no address is followed.
            command.args(["--verify", "--enabled-reference-uris", "empty,same-doc"]);
            command.args(["--enabled-key-data", "raw-x509-cert", "--pubkey-cert-pem"]).arg(&self.certificate);
            command.args(IDS.iter().flat_map(|element| ["--id-attr:ID", element]));
            command.arg("--node-xpath").arg(format!("({SIGNATURES})[{place}]")).arg(&file);
            let output = crate::run(&mut command)?;
            if output.status.success() {
                continue;
            }
            let none = String::from_utf8_lossy(&output.stderr).contains("does not return a single node");
            return Ok(match (none, place) {
                (true, 1) => Validity::Unsigned,
                (true, _) => Validity::Valid,
                (false, _) => Validity::Invalid,
            });
        }
        ensure!(false, "{name} has more than {MOST} signatures");
        Ok(Validity::Invalid)
    }
}

/// RFC 7468.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
