//! Outside firms and their people.
//!
//! One rule: a partner user belongs to exactly one partner, and what the user may read follows from that partner's
//! approvals, never from a group. Being a partner gives nothing by itself.

use serde::{Deserialize, Serialize};

use super::{Email, PartnerId, email::ascii_domain};
use crate::tenant::UserId;

/// An outside firm, as one customer knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    pub id: PartnerId,
    pub name: String,
    /// Who answers for the firm.
    pub lead: Email,
    pub active: bool,
}

/// A person of exactly one partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerUser {
    pub user: UserId,
    pub partner: PartnerId,
    pub email: Email,
    pub active: bool,
}

impl PartnerUser {
    /// Whether this person may act as `partner` at all: the routing fact `recipient_active`.
    pub fn is_active_at(&self, partner: &Partner) -> bool {
        self.active && partner.active && self.partner == partner.id
    }
}

/// Who manages the users of partners: of one, or of several. Managing them is not reading as them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerAdmin {
    pub user: UserId,
    pub partners: Vec<PartnerId>,
}

impl PartnerAdmin {
    /// Whether this admin manages the users of `partner`.
    pub fn manages(&self, partner: &PartnerId) -> bool {
        self.partners.contains(partner)
    }
}

/// Why somebody cannot be a partner's lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeadError {
    #[error("want an address at the partner's own domain, got one of a mail provider for anybody")]
    FreeMail,
    #[error("want an address outside the customer's own domains")]
    CustomerDomain,
    #[error("a domain of the customer cannot be read")]
    UnreadableDomain,
}

/// Whether `lead` may lead a partner of a customer with the domains `customer_domains`: a firm of its own, and
/// neither the customer itself nor somebody whose firm nobody can check.
pub fn vet_lead<'a>(
    lead: &Email,
    customer_domains: impl IntoIterator<Item = &'a str>,
) -> Result<(), LeadError> {
    if is_free_mail(lead.domain()) {
        return Err(LeadError::FreeMail);
    }
    for domain in customer_domains {
        let domain = ascii_domain(domain).ok_or(LeadError::UnreadableDomain)?;
        if is_within(lead.domain(), &domain) || is_within(&domain, lead.domain()) {
            return Err(LeadError::CustomerDomain);
        }
    }
    Ok(())
}

/// Whether `domain` is `parent` or below it.
fn is_within(domain: &str, parent: &str) -> bool {
    domain == parent || domain.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

/// Providers whose addresses anybody can have. Not complete, and it need not be: the lead is one hurdle, the
/// customer's approval is the wall.
const FREE_MAIL: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "duck.com",
    "fastmail.com",
    "fastmail.fm",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "googlemail.com",
    "hey.com",
    "hushmail.com",
    "icloud.com",
    "inbox.com",
    "laposte.net",
    "libero.it",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "rocketmail.com",
    "sina.com",
    "t-online.de",
    "tutanota.com",
    "tuta.io",
    "web.de",
    "ya.ru",
    "yeah.net",
    "ymail.com",
    "zoho.com",
];

/// Providers with the same name under many countries (`yahoo.co.uk`, `hotmail.fr`).
const FREE_MAIL_NAMES: &[&str] = &["aol", "gmx", "hotmail", "live", "outlook", "yahoo", "yandex"];

fn is_free_mail(domain: &str) -> bool {
    if FREE_MAIL.iter().any(|free| is_within(domain, free)) {
        return true;
    }
    let labels: Vec<_> = domain.split('.').collect();
    match labels.as_slice() {
        [.., name, _] if FREE_MAIL_NAMES.contains(name) => true,
        [.., name, "co" | "com" | "ne" | "or", country] => {
            country.len() == 2 && FREE_MAIL_NAMES.contains(name)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vet(lead: &str, customer: &[&str]) -> Result<(), LeadError> {
        vet_lead(&Email::parse(lead).unwrap(), customer.iter().copied())
    }

    #[test]
    fn a_firm_of_its_own_may_lead() {
        for lead in ["a@partner.example", "a@notacme.example", "a@outlook.partner.example", "a@mygmail.com"] {
            assert_eq!(vet(lead, &["acme.example", "ACME.test"]), Ok(()), "{lead}");
        }
        assert_eq!(vet("a@partner.co.uk", &["acme.co.uk"]), Ok(()));
    }

    #[test]
    fn free_mail_may_not() {
        for lead in [
            "a@gmail.com",
            "a@GMAIL.com",
            "a@mail.gmail.com",
            "a@yahoo.co.uk",
            "a@yahoo.com.br",
            "a@hotmail.fr",
            "a@outlook.de",
            "a@x.yahoo.de",
            "a@gmx.net",
            "a@proton.me",
            "a@yahoo.co.jp",
            "a@\u{ff47}mail.com",
        ] {
            assert_eq!(vet(lead, &[]), Err(LeadError::FreeMail), "{lead}");
        }
    }

    #[test]
    fn the_customer_itself_may_not_nor_a_domain_above_or_below() {
        for lead in ["a@acme.example", "a@ACME.EXAMPLE", "a@it.acme.example"] {
            assert_eq!(vet(lead, &["x.example", "Acme.Example"]), Err(LeadError::CustomerDomain), "{lead}");
        }
        assert_eq!(vet("a@acme.example", &["mail.acme.example"]), Err(LeadError::CustomerDomain));
        assert_eq!(vet("a@b\u{fc}cher.example", &["xn--bcher-kva.example"]), Err(LeadError::CustomerDomain));
        assert_eq!(vet("a@partner.example", &[""]), Err(LeadError::UnreadableDomain));
    }

    #[test]
    fn a_user_acts_for_its_one_active_partner() {
        let email = Email::parse("a@partner.example").unwrap();
        let partner = |id: &str, active| Partner {
            id: PartnerId::new(id),
            name: "Partner".into(),
            lead: email.clone(),
            active,
        };
        let user = |active| PartnerUser {
            user: UserId::new("u1"),
            partner: PartnerId::new("p1"),
            email: email.clone(),
            active,
        };
        assert!(user(true).is_active_at(&partner("p1", true)));
        assert!(!user(true).is_active_at(&partner("p2", true)));
        assert!(!user(true).is_active_at(&partner("p1", false)));
        assert!(!user(false).is_active_at(&partner("p1", true)));
        let admin = PartnerAdmin {
            user: UserId::new("u2"),
            partners: vec![PartnerId::new("p1"), PartnerId::new("p3")],
        };
        assert!(admin.manages(&PartnerId::new("p3")) && !admin.manages(&PartnerId::new("p2")));
    }
}
