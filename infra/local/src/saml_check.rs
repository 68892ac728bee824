//! The offline judge: the product's own SAML verifier on files, for support work and for tests.
//!
//! One rule: it is the same code with the same rules; only request and clock come from the command line.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use shared::saml::{self, DEFAULT_CLOCK_SKEW, DecryptionKey, Expectations, IdpMetadata, Verdict};

/// Judges SAML responses; succeeds only if all of them would sign somebody in.
#[derive(Debug, Args)]
pub struct SamlCheck {
    /// The identity provider's metadata.
    #[arg(long, value_name = "IDP.xml")]
    metadata: PathBuf,
    /// Our assertion consumer service, such as `https://acme.example.com/auth/saml/acs`.
    #[arg(long, value_name = "URL")]
    acs: String,
    /// Our entity id, such as `https://acme.example.com/saml/metadata`.
    #[arg(long, value_name = "URL")]
    entity_id: String,
    /// The time of the judgement.
    #[arg(long, value_name = "RFC3339")]
    clock: Timestamp,
    /// The request that is answered; without it, sign-in that the identity provider started is judged.
    #[arg(long, value_name = "ID")]
    in_response_to: Option<String>,
    /// Accepts ECDSA signatures, as a workspace does that is set to.
    #[arg(long)]
    allow_ecdsa: bool,
    /// Wants the assertion itself signed, as a workspace does that is set to.
    #[arg(long)]
    require_signed_assertion: bool,
    /// The workspace's private key for encrypted assertions: PKCS #8, as DER or PEM.
    #[arg(long, value_name = "KEY")]
    decryption_key: Option<PathBuf>,
    /// One line of JSON for each file.
    #[arg(long)]
    json: bool,
    /// Responses: XML, or the base64 of the form field.
    #[arg(required = true, value_name = "RESPONSE")]
    responses: Vec<PathBuf>,
}

impl SamlCheck {
    /// Judges every file and prints what was found.
    ///
    /// # Errors
    /// The metadata or the key cannot be read or used. A response that cannot be read is refused.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        self.judge(&mut io::stdout().lock())
    }

    fn judge(&self, out: &mut impl Write) -> anyhow::Result<ExitCode> {
        let metadata = read(&self.metadata)?;
        let idp = IdpMetadata::parse(&metadata).with_context(|| self.metadata.display().to_string())?;
        let key = self.decryption_key.as_deref().map(decryption_key).transpose()?;
        let mut accepted = true;
        for file in &self.responses {
            let verdict = match read(file) {
                Ok(response) => self.verdict(&idp, key.as_ref(), &response),
                Err(error) => {
                    accepted = false;
                    print_unread(out, file, &error, self.json)?;
                    continue;
                }
            };
            accepted &= verdict.outcome.is_ok();
            if self.json { print_json(out, file, &verdict)? } else { print_table(out, file, &verdict)? }
        }
        Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn verdict(&self, idp: &IdpMetadata, key: Option<&DecryptionKey>, response: &[u8]) -> Verdict {
        let request_ids: Vec<&str> = self.in_response_to.iter().map(String::as_str).collect();
        let expect = Expectations {
            idp,
            sp_entity_id: &self.entity_id,
            acs_url: &self.acs,
            request_ids: &request_ids,
            allow_idp_initiated: self.in_response_to.is_none(),
            require_signed_assertion: self.require_signed_assertion,
            allow_ecdsa: self.allow_ecdsa,
            decryption_key: key,
            refuse_outdated_certificate: false,
            now: self.clock,
            clock_skew: DEFAULT_CLOCK_SKEW,
        };
        match std::str::from_utf8(response) {
            // No base64 begins with a bracket, and what is neither is refused by the verifier as XML.
            Ok(text) if !text.trim_start_matches('\u{feff}').trim_start().starts_with('<') => {
                saml::verify(text, &expect)
            }
            _ => saml::verify_document(response, &expect),
        }
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

fn decryption_key(file: &Path) -> anyhow::Result<DecryptionKey> {
    let bytes = read(file)?;
    let der = match std::str::from_utf8(&bytes) {
        Ok(pem) => {
            let lines = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
            STANDARD.decode(lines.collect::<String>()).unwrap_or_default()
        }
        Err(_) => bytes,
    };
    let key = DecryptionKey::from_pkcs8(&der);
    key.with_context(|| format!("{}: want an RSA key as PKCS #8, DER or PEM", file.display()))
}

fn print_unread(out: &mut impl Write, file: &Path, error: &anyhow::Error, json: bool) -> io::Result<()> {
    let (file, error) = (file.display().to_string(), format!("{error:#}"));
    if !json {
        return writeln!(out, "{file}\n  refused: {error}");
    }
    let rejection = json!({ "code": "file.unreadable", "got": error });
    let line = json!({
        "file": file,
        "accepted": false,
        "nameId": null,
        "rejection": rejection,
        "checks": [],
        "warnings": [],
    });
    writeln!(out, "{line}")
}

fn print_table(out: &mut impl Write, file: &Path, verdict: &Verdict) -> io::Result<()> {
    writeln!(out, "{}", file.display())?;
    for check in &verdict.checks {
        let sign = if check.passed { "ok " } else { "NOT" };
        writeln!(out, "  {sign} {:<32} want {} | got {}", check.name, check.want, check.got)?;
    }
    for warning in &verdict.warnings {
        writeln!(out, "  warning: {warning}")?;
    }
    match &verdict.outcome {
        Ok(identity) => writeln!(out, "  accepted: signs in {}", identity.name_id.escape_debug()),
        Err(rejection) => writeln!(out, "  refused: {rejection}"),
    }
}

fn print_json(out: &mut impl Write, file: &Path, verdict: &Verdict) -> io::Result<()> {
    let identity = verdict.outcome.as_ref().ok();
    let line = json!({
        "file": file.display().to_string(),
        "accepted": identity.is_some(),
        "nameId": identity.map(|identity| &identity.name_id),
        "rejection": verdict.outcome.as_ref().err(),
        "checks": verdict.checks,
        "warnings": verdict.warnings,
    });
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use okta_twin::saml::{ResponseSpec, Sign, SigningIdp};
    use serde_json::Value;

    use super::*;

    const ACS: &str = "https://acme.example.com/auth/saml/acs";
    const ENTITY_ID: &str = "https://acme.example.com/saml/metadata";
    const IDP: &str = "http://www.okta.com/exk1";

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    struct Case {
        folder: tempfile::TempDir,
        idp: SigningIdp,
    }

    impl Case {
        fn new() -> Self {
            let until = "2030-01-01T00:00:00Z".parse().unwrap();
            let idp = SigningIdp::generate("twin", "2020-01-01T00:00:00Z".parse().unwrap(), until).unwrap();
            let case = Self { folder: tempfile::tempdir().unwrap(), idp };
            case.put("idp.xml", &case.idp.metadata_xml(IDP, "https://acme.okta.com/sso"));
            case
        }

        fn put(&self, name: &str, text: &str) -> PathBuf {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        }

        fn response(&self, change: impl FnOnce(&mut ResponseSpec)) -> String {
            let mut spec = ResponseSpec::okta(now(), IDP, ACS, ENTITY_ID, "ada@example.com");
            change(&mut spec);
            self.idp.response(&spec).unwrap()
        }

        fn judge(&self, in_response_to: Option<&str>, json: bool, files: &[PathBuf]) -> (bool, String) {
            let check = SamlCheck {
                allow_ecdsa: false,
                require_signed_assertion: false,
                decryption_key: None,
                metadata: self.folder.path().join("idp.xml"),
                acs: ACS.to_owned(),
                entity_id: ENTITY_ID.to_owned(),
                clock: now(),
                in_response_to: in_response_to.map(str::to_owned),
                json,
                responses: files.to_vec(),
            };
            let mut out = Vec::new();
            let code = check.judge(&mut out).unwrap();
            (code == ExitCode::SUCCESS, String::from_utf8(out).unwrap())
        }
    }

    #[test]
    fn xml_and_base64_are_judged_alike() {
        let case = Case::new();
        let xml = case.response(|_| {});
        let files = [case.put("a.xml", &xml), case.put("a.b64", &STANDARD.encode(&xml))];
        let (accepted, out) = case.judge(None, true, &files);
        assert!(accepted, "{out}");
        let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.len() == 2 && lines.iter().all(|line| line["nameId"] == "ada@example.com"));
    }

    #[test]
    fn one_refused_file_fails_the_run_and_says_why() {
        let case = Case::new();
        let good = case.put("good.xml", &case.response(|_| {}));
        let unsigned = case.put("unsigned.xml", &case.response(|spec| spec.sign = Sign::Nothing));
        let none = case.folder.path().join("none.xml");
        let (accepted, out) = case.judge(None, true, &[none, good.clone(), unsigned.clone()]);
        assert!(!accepted && out.lines().count() == 3, "a line for each: {out}");
        let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&first["accepted"], &first["rejection"]["code"]),
            (&json!(false), &json!("file.unreadable"))
        );
        let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        assert_eq!((&last["accepted"], &last["rejection"]["code"]), (&json!(false), &json!("saml.unsigned")));
        let (_, table) = case.judge(None, false, &[unsigned]);
        assert!(
            table.contains("NOT signature.present") && table.contains("refused: saml.unsigned"),
            "{table}"
        );
    }

    #[test]
    fn the_named_request_must_be_the_one_that_is_answered() {
        let case = Case::new();
        let file = case.put("r.xml", &case.response(|spec| *spec = spec.clone().answering("_r1")));
        assert!(case.judge(Some("_r1"), false, std::slice::from_ref(&file)).0);
        assert!(!case.judge(Some("_r2"), false, std::slice::from_ref(&file)).0);
        assert!(!case.judge(None, false, &[file]).0);
    }
}
