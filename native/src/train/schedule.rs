//! The learning rate of a step: linear warm-up, then as the recipe says.

use serde::{Deserialize, Serialize};

use super::recipe::Recipe;

/// What follows the warm-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Course {
    /// Half a cosine down to zero.
    #[default]
    Cosine,
    /// A straight line down to zero.
    Linear,
    /// The peak to the end.
    Constant,
}

/// Learning rate as a function of the step alone, so that a resumed run needs no state for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    peak: f64,
    warm_up: u64,
    steps: u64,
    course: Course,
}

impl Schedule {
    /// `peak` is reached after `warm_up` steps; zero would be reached at step `steps`.
    pub(crate) fn new(peak: f64, warm_up: u64, steps: u64, course: Course) -> Self {
        Self {
            peak,
            warm_up,
            steps,
            course,
        }
    }

    pub(crate) fn of(recipe: &Recipe) -> Self {
        Self::new(
            recipe.optimizer.learning_rate,
            recipe.optimizer.warm_up,
            recipe.steps,
            recipe.optimizer.schedule,
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
        self.peak
            * match self.course {
                Course::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
                Course::Linear => 1.0 - progress,
                Course::Constant => 1.0,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_in_equal_steps_to_the_peak() {
        let schedule = Schedule::new(1e-3, 4, 104, Course::Cosine);
        let rates: Vec<f64> = (0..5).map(|step| schedule.rate(step)).collect();
        assert_eq!(rates, [0.25e-3, 0.5e-3, 0.75e-3, 1e-3, 1e-3]);
    }

    #[test]
    fn halves_midway_and_ends_at_zero() {
        let schedule = Schedule::new(2.0, 4, 104, Course::Cosine);
        assert!((schedule.rate(54) - 1.0).abs() < 1e-12);
        assert!(schedule.rate(103) > 0.0);
        assert!(schedule.rate(104).abs() < 1e-12);
        assert_eq!(schedule.rate(1000), schedule.rate(104));
    }

    #[test]
    fn never_rises_after_the_warm_up() {
        let schedule = Schedule::new(1.0, 10, 500, Course::Cosine);
        for step in 10..499 {
            assert!(schedule.rate(step + 1) < schedule.rate(step), "at {step}");
        }
    }

    #[test]
    fn needs_no_warm_up() {
        assert_eq!(Schedule::new(1.0, 0, 10, Course::Cosine).rate(0), 1.0);
    }

    #[test]
    fn other_courses() {
        let linear = Schedule::new(2.0, 4, 104, Course::Linear);
        assert!((linear.rate(29) - 1.5).abs() < 1e-12);
        assert!(linear.rate(104).abs() < 1e-12);
        let constant = Schedule::new(2.0, 4, 104, Course::Constant);
        assert_eq!((constant.rate(0), constant.rate(103)), (0.5, 2.0));
    }
}
