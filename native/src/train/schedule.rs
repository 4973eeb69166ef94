//! The learning rate of a step: linear warm-up, then a half cosine down to zero.

use super::recipe::Recipe;

/// Learning rate as a function of the step alone, so that a resumed run needs no state for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    peak: f64,
    warm_up: u64,
    steps: u64,
}

impl Schedule {
    /// `peak` is reached after `warm_up` steps; zero would be reached at step `steps`.
    pub(crate) fn new(peak: f64, warm_up: u64, steps: u64) -> Self {
        Self {
            peak,
            warm_up,
            steps,
        }
    }

    pub(crate) fn of(recipe: &Recipe) -> Self {
        Self::new(
            recipe.optimizer.learning_rate,
            recipe.optimizer.warm_up,
            recipe.steps,
        )
    }

    /// Rate of the step with this number, counted from 0 (open_clip's `scheduler.py`:
    /// the first step already moves, at `peak / warm_up`).
    pub(crate) fn rate(&self, step: u64) -> f64 {
        if step < self.warm_up {
            return self.peak * (step + 1) as f64 / self.warm_up as f64;
        }
        let passed = (step - self.warm_up) as f64;
        let total = self.steps.saturating_sub(self.warm_up).max(1) as f64;
        let progress = (passed / total).min(1.0);
        0.5 * (1.0 + (std::f64::consts::PI * progress).cos()) * self.peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_in_equal_steps_to_the_peak() {
        let schedule = Schedule::new(1e-3, 4, 104);
        let rates: Vec<f64> = (0..5).map(|step| schedule.rate(step)).collect();
        assert_eq!(rates, [0.25e-3, 0.5e-3, 0.75e-3, 1e-3, 1e-3]);
    }

    #[test]
    fn halves_midway_and_ends_at_zero() {
        let schedule = Schedule::new(2.0, 4, 104);
        assert!((schedule.rate(54) - 1.0).abs() < 1e-12);
        assert!(schedule.rate(103) > 0.0);
        assert!(schedule.rate(104).abs() < 1e-12);
        assert_eq!(schedule.rate(1000), schedule.rate(104));
    }

    #[test]
    fn never_rises_after_the_warm_up() {
        let schedule = Schedule::new(1.0, 10, 500);
        for step in 10..499 {
            assert!(schedule.rate(step + 1) < schedule.rate(step), "at {step}");
        }
    }

    #[test]
    fn needs_no_warm_up() {
        assert_eq!(Schedule::new(1.0, 0, 10).rate(0), 1.0);
    }
}
