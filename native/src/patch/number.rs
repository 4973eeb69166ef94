//! Numbers of the command line.

/// A finite number.
pub(super) fn number(given: &str) -> Result<f64, String> {
    let number: f64 = given.parse().map_err(|_| format!("{given} is no number"))?;
    if number.is_finite() {
        Ok(number)
    } else {
        Err(format!("{given} is not finite"))
    }
}
