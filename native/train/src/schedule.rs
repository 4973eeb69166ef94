//! The learning rate of a step: linear warm-up, then as the recipe says.

use super::recipe::{LrSchedule, OptimizerRecipe};

/// Learning rate as a function of the step alone, so that a resumed run needs no state for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    peak: f64,
    warmup: u64,
    steps: u64,
    after: LrSchedule,
}

impl Schedule {
    /// `peak` is reached after `warmup` steps; zero would be reached at step `steps`.
    pub(crate) fn new(peak: f64, warmup: u64, steps: u64, after: LrSchedule) -> Self {
        Self {
            peak,
            warmup,
            steps,
            after,
        }
    }

    /// The schedule of a run of `steps` updates. What the recipe leaves open is completed before.
    pub(crate) fn of(recipe: &OptimizerRecipe, steps: u64) -> Self {
        Self::new(
            recipe.learning_rate.unwrap_or_default(),
            recipe.warmup_steps.unwrap_or_default(),
            steps,
            recipe.schedule,
        )
    }

    /// Rate of the step with this number, counted from 0 (open_clip's `scheduler.py`:
    /// the first step already moves, at `peak / warmup`).
    pub(crate) fn rate(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak * (step + 1) as f64 / self.warmup as f64;
        }
        let passed = (step - self.warmup) as f64;
        let total = self.steps.saturating_sub(self.warmup).max(1) as f64;
        let progress = (passed / total).min(1.0);
        self.peak
            * match self.after {
                LrSchedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
                LrSchedule::Linear => 1.0 - progress,
                LrSchedule::Constant => 1.0,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_in_equal_steps_to_the_peak() {
        let schedule = Schedule::new(1e-3, 4, 104, LrSchedule::Cosine);
        let rates: Vec<f64> = (0..5).map(|step| schedule.rate(step)).collect();
        assert_eq!(rates, [0.25e-3, 0.5e-3, 0.75e-3, 1e-3, 1e-3]);
    }

    #[test]
    fn halves_midway_and_ends_at_zero() {
        let schedule = Schedule::new(2.0, 4, 104, LrSchedule::Cosine);
        assert!((schedule.rate(54) - 1.0).abs() < 1e-12);
        assert!(schedule.rate(103) > 0.0);
        assert!(schedule.rate(104).abs() < 1e-12);
        assert_eq!(schedule.rate(1000), schedule.rate(104));
    }

    #[test]
    fn never_rises_after_the_warmup() {
        let schedule = Schedule::new(1.0, 10, 500, LrSchedule::Cosine);
        for step in 10..499 {
            assert!(schedule.rate(step + 1) < schedule.rate(step), "at {step}");
        }
    }

    #[test]
    fn needs_no_warmup() {
        assert_eq!(Schedule::new(1.0, 0, 10, LrSchedule::Cosine).rate(0), 1.0);
    }

    #[test]
    fn other_schedules() {
        let linear = Schedule::new(2.0, 4, 104, LrSchedule::Linear);
        assert!((linear.rate(29) - 1.5).abs() < 1e-12);
        assert!(linear.rate(104).abs() < 1e-12);
        let constant = Schedule::new(2.0, 4, 104, LrSchedule::Constant);
        assert_eq!((constant.rate(0), constant.rate(103)), (0.5, 2.0));
    }
}
