//! Errors as people read them: our own begin in lower case and end without a full stop.

/// With a capital letter at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// An error's "want this, got that" as a next step.
pub(crate) fn sentence(error: &str) -> String {
    capitalised(error) + "."
}
