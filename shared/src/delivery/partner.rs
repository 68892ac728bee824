//! Who may lead an outside firm: its first administrator, who answers for the firm at every customer that lets it in.
//!
//! One rule: somebody whose firm nobody can check leads none. Being a partner gives nothing by itself; what its people
//! may read follows from a customer's approvals.

use super::Email;

/// The address is of a mail provider whose addresses anybody can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want an address at the partner's own domain, got one of a mail provider for anybody")]
pub struct FreeMail;

/// Whether `lead` may lead a partner.
pub fn vet_lead(lead: &Email) -> Result<(), FreeMail> {
    if is_free_mail(lead.domain()) { Err(FreeMail) } else { Ok(()) }
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

    fn vet(lead: &str) -> Result<(), FreeMail> {
        vet_lead(&Email::parse(lead).unwrap())
    }

    #[test]
    fn a_firm_of_its_own_may_lead() {
        for lead in ["a@partner.example", "a@partner.co.uk", "a@outlook.partner.example", "a@mygmail.com"] {
            assert_eq!(vet(lead), Ok(()), "{lead}");
        }
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
            assert_eq!(vet(lead), Err(FreeMail), "{lead}");
        }
    }
}
