//! Words that a person probably meant.

/// The known word nearest to an unknown one, if any comes near.
pub(crate) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::damerau_levenshtein(unknown, known), known))
        .min()
        .filter(|(distance, known)| distance * 2 <= known.len().max(unknown.len()))
        .map(|(_, known)| known)
}

/// The expected key nearest to the unknown one, if any comes near, from serde's
/// "unknown field `x`, expected one of `a`, `b`": the names stand between backticks.
pub(super) fn nearest_key(message: &str) -> Option<&str> {
    let mut names = message
        .starts_with("unknown ")
        .then(|| message.split('`').skip(1).step_by(2))?;
    let unknown = names.next()?;
    nearest(unknown, names)
}
