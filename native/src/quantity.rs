//! How numbers of results are written: shares in per cent, everything else as it is.

use cliprobe::probe::{Better, Unit};
use cliprobe::score::Interval;

/// A share in per cent with the sign, or four decimals.
pub(crate) fn value(unit: Unit, x: f64) -> String {
    match unit {
        Unit::Share => format!("{:.2} %", 100.0 * x),
        Unit::Correlation | Unit::Cosine => minus(&format!("{x:.4}")),
    }
}

/// `61.02 – 65.91`, without the unit.
pub(crate) fn interval(unit: Unit, interval: Interval) -> String {
    match unit {
        Unit::Share => format!("{:.2} – {:.2}", 100.0 * interval.low, 100.0 * interval.high),
        Unit::Correlation | Unit::Cosine => {
            minus(&format!("{:.4} – {:.4}", interval.low, interval.high))
        }
    }
}

/// A difference with its sign, `+1.25` points or `−0.0312`.
pub(crate) fn difference(unit: Unit, x: f64) -> String {
    minus(&match unit {
        Unit::Share => format!("{:+.2}", 100.0 * x),
        Unit::Correlation | Unit::Cosine => format!("{x:+.4}"),
    })
}

/// The interval of a difference.
pub(crate) fn difference_interval(unit: Unit, interval: Interval) -> String {
    format!(
        "{} … {}",
        difference(unit, interval.low),
        difference(unit, interval.high)
    )
}

/// Whether a change is for the better.
pub(crate) fn is_gain(better: Better, difference: f64) -> bool {
    match better {
        Better::Higher => difference > 0.0,
        Better::Lower => difference < 0.0,
    }
}

fn minus(text: &str) -> String {
    text.replace('-', "−")
}

/// A p-value as papers print it.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "< 0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_written_as_they_are_read() {
        let interval_of = Interval {
            low: -0.25,
            high: 0.5,
        };
        assert_eq!(value(Unit::Share, 0.635), "63.50 %");
        assert_eq!(value(Unit::Correlation, -0.8912), "−0.8912");
        assert_eq!(interval(Unit::Cosine, interval_of), "−0.2500 – 0.5000");
        assert_eq!(difference(Unit::Share, -0.0125), "−1.25");
        assert!(is_gain(Better::Lower, -0.1) && !is_gain(Better::Higher, -0.1));
    }
}
