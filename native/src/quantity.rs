//! How numbers of results are written: shares in per cent, everything else as it is.

use cliprobe::probe::Metric;
use cliprobe::score::Interval;

/// The unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A share of items, written in per cent.
    Share,
    /// Kendall's τ, a mean difference of cosines.
    Plain,
}

impl Unit {
    pub(crate) fn of(metric: &Metric) -> Self {
        let within = metric.chance.is_some() || (0.0..=1.0).contains(&metric.value);
        if within {
            Self::named(&metric.name)
        } else {
            Self::Plain
        }
    }

    /// By what the metric is called.
    pub(crate) fn named(metric: &str) -> Self {
        if metric.contains('τ') || metric.contains('|') {
            Self::Plain
        } else {
            Self::Share
        }
    }

    /// `63.50 %` or `0.8912`.
    pub(crate) fn value(self, x: f64) -> String {
        match self {
            Self::Share => format!("{:.2} %", 100.0 * x),
            Self::Plain => format!("{x:.4}"),
        }
    }

    /// `61.02 – 65.91`, without the unit.
    pub(crate) fn interval(self, interval: Interval) -> String {
        match self {
            Self::Share => format!("{:.2} – {:.2}", 100.0 * interval.low, 100.0 * interval.high),
            Self::Plain => format!("{:.4} – {:.4}", interval.low, interval.high),
        }
    }

    /// A difference with its sign, `+1.25` points or `−0.0312`.
    pub(crate) fn difference(self, x: f64) -> String {
        let text = match self {
            Self::Share => format!("{:+.2}", 100.0 * x),
            Self::Plain => format!("{x:+.4}"),
        };
        text.replace('-', "−")
    }

    /// The interval of a difference.
    pub(crate) fn difference_interval(self, interval: Interval) -> String {
        format!(
            "{} … {}",
            self.difference(interval.low),
            self.difference(interval.high)
        )
    }
}

/// A p-value as papers print it.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "< 0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}
