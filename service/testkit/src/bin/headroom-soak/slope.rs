//! Whether readings rise over time: a line by least squares, and how sure it is.

/// Half the width of a 99 % interval of many readings, in standard errors.
const STANDARD_ERRORS: f64 = 2.58;
/// What rises by less than this part of itself in an hour does not count.
const LEAST_PART_PER_HOUR: f64 = 0.005;

/// A line through readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slope {
    pub(crate) mean: f64,
    pub(crate) per_hour: f64,
    /// Half the width of its 99 % interval.
    pub(crate) uncertainty: f64,
}

impl Slope {
    /// Tells whether it goes up, beyond chance and beyond what matters.
    pub(crate) fn rises(&self) -> bool {
        self.per_hour - self.uncertainty > LEAST_PART_PER_HOUR * self.mean
    }
}

/// Fits one slope through readings of several lives, each (hours, reading), where each life has a level of its own.
///
/// `None` where there are too few of them.
pub(crate) fn common_slope(lives: &[Vec<(f64, f64)>]) -> Option<Slope> {
    let centre = |life: &[(f64, f64)]| {
        let count = life.len() as f64;
        let sum = life.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / count, sum.1 / count)
    };
    let (mut xx, mut xy, mut yy, mut count, mut total) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let lives: Vec<_> = lives.iter().filter(|life| life.len() > 1).collect();
    for life in &lives {
        let (x, y) = centre(life);
        for point in *life {
            xx += (point.0 - x).powi(2);
            xy += (point.0 - x) * (point.1 - y);
            yy += (point.1 - y).powi(2);
            count += 1.0;
            total += point.1;
        }
    }
    let freedom = count - lives.len() as f64 - 1.0;
    if freedom < 3.0 || xx <= 0.0 {
        return None;
    }
    let per_hour = xy / xx;
    let residue = (yy - per_hour * xy).max(0.0);
    let uncertainty = STANDARD_ERRORS * (residue / freedom / xx).sqrt();
    Some(Slope { mean: total / count, per_hour, uncertainty })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(level: f64, per_hour: f64, noise: f64) -> Vec<(f64, f64)> {
        let reading = |n: u32| {
            let hours = f64::from(n) / 20.0;
            let sign = if n.is_multiple_of(2) { 1.0 } else { -1.0 };
            (hours, level + per_hour * hours + noise * sign)
        };
        (0..20).map(reading).collect()
    }

    #[test]
    fn slope_is_that_of_lives_at_other_levels() {
        let slope = common_slope(&[life(100.0, 5.0, 0.0), life(900.0, 5.0, 0.0)]).unwrap();
        assert!((slope.per_hour - 5.0).abs() < 1e-9 && slope.uncertainty < 1e-6, "{slope:?}");
        assert!((slope.mean - 502.375).abs() < 1e-9 && slope.rises());
    }

    #[test]
    fn noise_and_constants_do_not_rise() {
        for level in [life(100.0, 0.0, 0.0), life(100.0, 0.0, 8.0), life(100.0, -9.0, 1.0)] {
            assert!(!common_slope(&[level]).unwrap().rises());
        }
        assert!(common_slope(&[life(100.0, 9.0, 1.0)]).unwrap().rises());
        assert_eq!(common_slope(&[vec![(0.0, 1.0), (1.0, 2.0)]]), None);
    }
}
