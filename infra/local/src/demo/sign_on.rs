//! SSO is set from the twin's metadata URL; people sign in from the workspace and from the dashboard; what
//! must not pass is tried.

use anyhow::{Context, ensure};
use okta_twin::{SamlApp, Signed, Tamper, When};
use serde_json::json;

use super::{Browser, CUSTOMER, Demo, People, directory::SAML_APP};

const CONNECT: &str = "The workspace's SSO is set from the twin's metadata URL";
const SIGN_ON: &str =
    "A person signs in from the workspace and from the Okta dashboard; what must not pass is refused";
const ACS: &str = "/auth/saml/acs";

impl Demo<'_> {
    pub(super) async fn sign_on(&mut self, people: &mut People) -> anyhow::Result<()> {
        if self.begins(CONNECT) {
            for email in [super::SECOND_ADMIN, super::COORDINATOR] {
                let name = json!({ "user": email, "action": "name" });
                people.sponsor.post(&mut self.narrator, "/security/break-glass", &name).await?.expect(200)?;
            }
            let origin = self.stack.origin(CUSTOMER);
            let app = SamlApp {
                acs_url: format!("{origin}{ACS}"),
                audience: format!("{origin}/saml/metadata"),
                ..SamlApp::default()
            };
            self.stack.twin.put_saml_app(SAML_APP, app);
            let metadata = json!({ "metadata_url": self.stack.twin.metadata_url(SAML_APP) });
            people.sponsor.post(&mut self.narrator, "/security/sso", &metadata).await?.expect(200)?;
            people.sponsor.get(&mut self.narrator, "/security/sso").await?.expect(200)?;
            self.state.finish(CONNECT)?;
        }
        let login = self.person()?;
        let mut engineer = self.visitor("engineer").await?;
        if !self.begins(SIGN_ON) {
            self.start_at_workspace(&mut engineer, &login).await?;
            people.engineer = Some(engineer);
            return Ok(());
        }
        self.start_at_workspace(&mut engineer, &login).await?;
        let home = engineer.get(&mut self.narrator, "/").await?.expect(200)?.json()?;
        self.narrator.note(&format!("{login} is signed in with the role {}", home["role"]));
        let role = self.linked_role(&login)?;
        ensure!(
            home["role"] == role,
            "want the role {role}, which the linked group gives, got {}",
            home["role"]
        );
        people.engineer = Some(engineer);

        let mut other = self.visitor("dashboard").await?;
        let response = self.start_at_dashboard(&mut other, &login).await?;
        let mut thief = self.visitor("replay").await?;
        thief
            .post_from(&mut self.narrator, self.stack.twin.base_url(), ACS, &[("SAMLResponse", &response)])
            .await?
            .expect(403)?;
        self.refusals(&login).await?;
        self.state.finish(SIGN_ON)
    }

    /// The twin's user that plays the customer's engineer: the first that was provisioned.
    pub(super) fn person(&self) -> anyhow::Result<String> {
        let mut active = self.stack.twin.users().into_iter().filter(|user| user.status == "ACTIVE");
        Ok(active.next().context("the twin has no active user")?.login)
    }

    /// A browser that was never here.
    ///
    /// # Errors
    /// The customer has no address.
    pub async fn visitor(&self, who: &str) -> anyhow::Result<Browser> {
        Browser::new(who, &self.stack.address(CUSTOMER).await?, &self.stack.origin(CUSTOMER))
    }

    /// SP-initiated: the workspace sends the browser to the twin, whose page posts the response back.
    pub async fn start_at_workspace(&mut self, browser: &mut Browser, login: &str) -> anyhow::Result<()> {
        let sent = browser.page(&mut self.narrator, "/auth/saml/login").await?.expect_any(&[302, 303])?;
        let location = sent.headers.get("location").context("no Location")?.to_str()?.to_owned();
        let path = location
            .strip_prefix(self.stack.twin.base_url())
            .context("the Location is not the twin's")?
            .to_owned();
        let mut at_twin = Browser::new("at Okta", self.stack.twin.base_url(), self.stack.twin.base_url())?;
        let page = at_twin.page(&mut self.narrator, &path).await?.expect(200)?;
        let field = |name: &str| field(&page.body, name);
        let (request, relay) = (field("request_id").context("no request id")?, field("relay_state"));
        let mut fields = vec![("login", login), ("request_id", request.as_str())];
        if let Some(relay) = &relay {
            fields.push(("relay_state", relay));
        }
        let path = path.split('?').next().unwrap_or_default().to_owned();
        let answer = at_twin
            .post_from(&mut self.narrator, self.stack.twin.base_url(), &path, &fields)
            .await?
            .expect(200)?;
        self.hand_over(browser, &answer.body).await.map(drop)
    }

    /// IdP-initiated: the dashboard's page posts a response that nobody asked for.
    pub async fn start_at_dashboard(&mut self, browser: &mut Browser, login: &str) -> anyhow::Result<String> {
        let (home, path) = (format!("/home/{SAML_APP}"), format!("/app/{SAML_APP}/sso/saml"));
        let mut at_twin = Browser::new("at Okta", self.stack.twin.base_url(), self.stack.twin.base_url())?;
        at_twin.page(&mut self.narrator, &home).await?.expect(200)?;
        let fields = [("login", login)];
        let answer = at_twin
            .post_from(&mut self.narrator, self.stack.twin.base_url(), &path, &fields)
            .await?
            .expect(200)?;
        self.hand_over(browser, &answer.body).await
    }

    /// Posts the twin's form to the workspace, as the browser would.
    async fn hand_over(&mut self, browser: &mut Browser, page: &str) -> anyhow::Result<String> {
        let response = field(page, "SAMLResponse").context("the twin gave no response")?;
        let relay = field(page, "RelayState");
        let mut fields = vec![("SAMLResponse", response.as_str())];
        if let Some(relay) = &relay {
            fields.push(("RelayState", relay));
        }
        browser
            .post_from(&mut self.narrator, self.stack.twin.base_url(), ACS, &fields)
            .await?
            .expect_any(&[302, 303])?;
        ensure!(browser.get(&mut self.narrator, "/").await?.status.is_success(), "no session was opened");
        Ok(response)
    }

    /// Nothing unsigned, expired, for another audience or by another key may pass.
    async fn refusals(&mut self, login: &str) -> anyhow::Result<()> {
        let tampered = [
            ("unsigned", Tamper { sign: Signed::Nothing, ..Tamper::default() }),
            ("expired", Tamper { when: When::Earlier, ..Tamper::default() }),
            ("early", Tamper { when: When::Later, ..Tamper::default() }),
            ("audience", Tamper { audience: Some("https://other.example/saml".into()), ..Tamper::default() }),
            (
                "recipient",
                Tamper { recipient: Some("https://other.example/acs".into()), ..Tamper::default() },
            ),
            ("issuer", Tamper { issuer: Some("https://other.example/idp".into()), ..Tamper::default() }),
            ("other key", Tamper { other_key: true, ..Tamper::default() }),
            ("altered", Tamper { altered_name: Some("admin@acme.example".into()), ..Tamper::default() }),
        ];
        for (who, tamper) in tampered {
            let signed = self.stack.twin.saml_response(SAML_APP, login, None, &tamper)?;
            let response = signed.context("the twin has no such app or user")?.saml_response;
            let mut browser = self.visitor(who).await?;
            let fields = [("SAMLResponse", response.as_str())];
            browser
                .post_from(&mut self.narrator, self.stack.twin.base_url(), ACS, &fields)
                .await?
                .expect(403)?;
            browser.get(&mut self.narrator, "/").await?.expect(401)?;
        }
        Ok(())
    }
}

/// The value of a hidden field of a page of the twin's.
fn field(page: &str, name: &str) -> Option<String> {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    let value = rest.split('"').next()?;
    Some(value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}
