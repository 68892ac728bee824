//! The OASIS schemas of SAML 2.0, as Debian ships them, and libxml2's validator.

use std::{fmt::Write, fs, process::Command};

use anyhow::{Context, bail};

/// Namespaces and where Debian's `opensaml-schemas` and `xmltooling-schemas` have their schemas: the imported ones
/// first, so that nobody follows the addresses in the others.
const SCHEMAS: [(&str, &str); 6] = [
    ("http://www.w3.org/XML/1998/namespace", "xmltooling/xml.xsd"),
    ("http://www.w3.org/2000/09/xmldsig#", "xmltooling/xmldsig-core-schema.xsd"),
    ("http://www.w3.org/2001/04/xmlenc#", "xmltooling/xenc-schema.xsd"),
    ("urn:oasis:names:tc:SAML:2.0:assertion", "opensaml/saml-schema-assertion-2.0.xsd"),
    ("urn:oasis:names:tc:SAML:2.0:protocol", "opensaml/saml-schema-protocol-2.0.xsd"),
    ("urn:oasis:names:tc:SAML:2.0:metadata", "opensaml/saml-schema-metadata-2.0.xsd"),
];

/// Whether a message is as its schema wants it; if not, what is wrong.
pub fn validate(xml: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (schema, message) = (folder.path().join("saml.xsd"), folder.path().join("message.xml"));
    fs::write(&schema, all()?)?;
    fs::write(&message, xml)?;
    let mut command = Command::new("xmllint");
    let output = crate::run(command.args(["--nonet", "--noout", "--schema"]).arg(schema).arg(message))?;
    if !output.status.success() {
        bail!("{}\n{xml}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// One schema that imports them all.
fn all() -> anyhow::Result<String> {
    let mut out = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">".to_owned();
    for (namespace, file) in SCHEMAS {
        let file = format!("/usr/share/xml/{file}");
        fs::metadata(&file).with_context(|| format!("{file} is not installed: tests/tools/install"))?;
        write!(out, "<xs:import namespace=\"{namespace}\" schemaLocation=\"{file}\"/>")?;
    }
    Ok(out + "</xs:schema>")
}
