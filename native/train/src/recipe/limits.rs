//! Limits of a recipe's numbers. A slip such as a width of 10⁹ must not fill the memory.

use anyhow::{Result, ensure};

/// Refuses a number outside of its range, with the key's name.
pub(super) fn within(key: &str, value: usize, least: usize, most: usize) -> Result<()> {
    ensure!(
        value >= least,
        "{key} is {value}; it must be at least {least}"
    );
    ensure!(value <= most, "{key} is {value}; it must be at most {most}");
    Ok(())
}

/// Refuses a number that is not positive and finite.
pub(super) fn positive(key: &str, value: f64) -> Result<()> {
    ensure!(
        value.is_finite() && value > 0.0,
        "{key} is {value}; it must be positive"
    );
    Ok(())
}

/// Refuses a number that is negative or not finite.
pub(super) fn not_negative(key: &str, value: f64) -> Result<()> {
    ensure!(
        value.is_finite() && value >= 0.0,
        "{key} is {value}; it must not be negative"
    );
    Ok(())
}
