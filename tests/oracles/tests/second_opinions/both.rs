//! `saml-acs` with the feature `samael`, as a request of a browser meets it: what only one verifier accepts signs
//! nobody in.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use okta_twin::saml::{Attribute, ResponseSpec, Sign, SigningIdp};
use oracles::{IDP, REQUEST, SSO, expectations};
use saml_acs::second;
use serde_json::{Value, json};
use shared::{
    ops::Clock,
    saml::{self, Expectations, Identity, IdpMetadata},
};
use tests::front::{Acme, Front, Reply, origin};

const ADA: &str = "ada@example.com";

/// A workspace connected to an identity provider whose key is ours to use.
struct Case {
    front: Front,
    acme: Acme,
    idp: SigningIdp,
}

impl Case {
    async fn start() -> anyhow::Result<Self> {
        let front = Front::start().await?;
        let acme = front.workspace("acme").await?;
        let idp =
            SigningIdp::generate("acme", "2020-01-01T00:00:00Z".parse()?, "2100-01-01T00:00:00Z".parse()?)?;
        let metadata = idp.metadata_xml(IDP, SSO);
        let reply = front.change(&acme, "/security/sso", &json!({ "metadata_xml": metadata })).await?;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        Ok(Self { front, acme, idp })
    }

    fn spec(&self) -> ResponseSpec {
        let origin = origin("acme");
        let (acs, audience) = (format!("{origin}/auth/saml/acs"), format!("{origin}/saml/metadata"));
        let mut spec = ResponseSpec::okta(self.front.clock.now(), IDP, &acs, &audience, ADA);
        let attribute = |name: &str, values: &[&str]| Attribute {
            name: name.to_owned(),
            values: values.iter().map(|&v| v.into()).collect(),
        };
        spec.attributes = vec![
            attribute("firstName", &["Ada"]),
            attribute("department", &[" R&D <east> ", "Zoë's \"team\"", ""]),
        ];
        spec
    }

    async fn post(&self, xml: &str) -> anyhow::Result<Reply> {
        let form = [("SAMLResponse", STANDARD.encode(xml))];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post("/auth/saml/acs")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/html");
        self.front.send("acme", request.body(Body::from(form))?).await
    }

    /// What the sign-in log says of the last attempt: its outcome and its last two checks.
    async fn logged(&self) -> anyhow::Result<(String, Vec<Value>)> {
        let log = self.front.read(&self.acme, "/security/sso/log").await?;
        let attempt = &log["attempts"][0];
        assert!(!attempt.to_string().contains(ADA), "the log holds ids, never names");
        let checks = attempt["checks"].as_array().unwrap();
        Ok((attempt["outcome"].as_str().unwrap().to_owned(), checks[checks.len() - 2..].to_vec()))
    }
}

#[tokio::test]
async fn what_both_accept_signs_in_and_the_log_names_both() -> anyhow::Result<()> {
    let case = Case::start().await?;
    for (serial, sign) in [Sign::Response, Sign::Assertion, Sign::Both].into_iter().enumerate() {
        let mut spec = case.spec();
        (spec.sign, spec.assertion_id) = (sign, format!("id{serial}"));
        let reply = case.post(&case.idp.response(&spec)?).await?;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{sign:?}: {reply:?}, {:?}", case.logged().await?);
        assert!(reply.cookie("atm_session").is_some());
        let (outcome, checks) = case.logged().await?;
        assert_eq!(outcome, "signed_in");
        assert_eq!((&checks[0]["name"], &checks[0]["passed"]), (&json!("samael.accepts"), &json!(true)));
        assert_eq!((&checks[1]["name"], &checks[1]["passed"]), (&json!("samael.agrees"), &json!(true)));
    }
    Ok(())
}

/// Two attribute statements with the authentication between them: the schema allows it, samael does not.
#[tokio::test]
async fn what_only_the_first_accepts_signs_nobody_in() -> anyhow::Result<()> {
    let case = Case::start().await?;
    let mut spec = case.spec();
    spec.sign = Sign::Nothing;
    let xml = spec.to_xml();
    let begin = xml.find("<saml2:AttributeStatement").unwrap();
    let end = xml.find("</saml2:Assertion>").unwrap();
    let xml = xml.replacen("<saml2:AuthnStatement", &format!("{}<saml2:AuthnStatement", &xml[begin..end]), 1);
    let reply = case.post(&case.idp.sign(&xml, &spec.assertion_id)?).await?;

    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{reply:?}");
    assert!(reply.set_cookie("atm_session").is_none() && !reply.body.contains("saml."), "{reply:?}");
    let (outcome, checks) = case.logged().await?;
    assert_eq!(outcome, "saml.second_opinion");
    assert_eq!((&checks[1]["name"], &checks[1]["passed"]), (&json!("samael.accepts"), &json!(false)));
    assert!(!checks[0]["name"].as_str().unwrap().starts_with("samael"), "all of ours passed before");
    Ok(())
}

type Change = fn(&mut Identity);

/// Whatever samael reads differently is another identity.
#[tokio::test]
async fn every_claim_must_be_the_same() -> anyhow::Result<()> {
    let case = Case::start().await?;
    let spec = case.spec().answering(REQUEST);
    let form = STANDARD.encode(case.idp.response(&spec)?);
    let idp = IdpMetadata::parse(case.idp.metadata_xml(IDP, SSO).as_bytes())?;
    let expect = Expectations {
        sp_entity_id: &spec.audience_restrictions[0][0],
        acs_url: spec.recipient.as_deref().unwrap(),
        ..expectations(&idp, case.front.clock.now())
    };
    let identity = saml::verify(&form, &expect).outcome?;
    let last = |read: &Identity| second::opinion(&form, read, &expect).pop().unwrap();
    assert!(last(&identity).passed);

    let changes: [(&str, Change); 7] = [
        ("another NameID", |read| read.name_id = "eve@example.com".to_owned()),
        ("another NameID", |read| read.name_id.make_ascii_uppercase()),
        ("another issuer", |read| read.issuer.push('/')),
        ("another assertion id", |read| read.assertion_id.push('0')),
        ("another InResponseTo", |read| read.in_response_to = Some("_request2".to_owned())),
        ("another SessionIndex", |read| read.session_index = None),
        ("another attribute", |read| read.attributes[0].1[0].push('x')),
    ];
    for (want, change) in changes {
        let mut read = identity.clone();
        change(&mut read);
        let check = last(&read);
        assert_eq!((check.got.as_str(), check.passed), (want, false));
    }
    Ok(())
}
