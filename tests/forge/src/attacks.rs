//! Every attack, in one hand and on one signed part at a time.

mod claims;
mod document;
mod keys;
mod names;
mod scene;
mod signature;
mod wrapping;

pub use scene::{EVE, Scene};

use crate::Forged;

/// Attacks of one kind, with their rows.
type Family = (&'static [&'static str], fn(&Scene<'_>) -> Vec<Forged>);

const FAMILIES: &[Family] = &[
    (wrapping::ROWS, wrapping::all),
    (&["A10"], signature::references),
    (&["A11", "A12"], signature::transforms),
    (&["A13", "A14"], signature::ids),
    (&["A15", "A16"], signature::inside_signed_info),
    (&["A15", "A17"], signature::around_signed_info),
    (&["A19", "A20"], keys::strangers),
    (&["A23", "A24"], keys::algorithms),
    (&["A21", "A22"], claims::parties),
    (&["A27", "A28", "A30", "A31"], claims::times),
    (&["A35", "A36", "A37"], claims::addresses),
    (&["A29", "A39", "A40"], claims::missing_and_double),
    (&["A58"], claims::encrypted),
    (&["A42", "A43", "A49"], names::all),
    (&["A48", "A50"], document::all),
    (&["A51"], document::limits),
];

impl Scene<'_> {
    /// Every attack.
    pub fn attacks(&self) -> Vec<Forged> {
        self.attacks_of(&|_| true)
    }

    /// The attacks of one row of the catalogue, such as `A01`.
    pub fn row(&self, row: &str) -> Vec<Forged> {
        self.attacks_of(&|other| other == row)
    }

    fn attacks_of(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<Forged> {
        let families = FAMILIES.iter().filter(|(rows, _)| rows.iter().any(|row| wanted(row)));
        families.flat_map(|(_, family)| family(self)).filter(|forged| wanted(forged.row)).collect()
    }
}
