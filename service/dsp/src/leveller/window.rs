//! Owns a rectangular window over hops; runs on the audio thread.

/// A rectangular window over hops.
#[derive(Clone, Debug)]
pub(super) struct Window<const N: usize> {
    pub(super) powers: [f64; N],
    pub(super) position: usize,
    sum: f64,
}

impl<const N: usize> Window<N> {
    /// Begins at a position: windows that begin apart are not renewed in the same hop.
    pub(super) const fn at(position: usize) -> Self {
        Self { powers: [0.0; N], position, sum: 0.0 }
    }

    #[inline]
    pub(super) fn push(&mut self, power: f64) {
        self.sum += power - self.powers[self.position];
        self.powers[self.position] = power;
        self.position += 1;
        if self.position == N {
            self.position = 0;
            self.renew();
        }
    }

    /// Adds everything up anew, so that no rounding error outlives a turn.
    pub(super) fn renew(&mut self) {
        self.sum = self.powers.iter().sum();
    }

    pub(super) fn mean(&self) -> f64 {
        self.sum / N as f64
    }

    /// Changes the latest hops by a ratio each, the latest first.
    pub(super) fn scale_latest(&mut self, ratios: &[f64]) {
        for (back, ratio) in ratios.iter().enumerate().take(N) {
            self.powers[(self.position + N - 1 - back) % N] *= ratio;
        }
        self.renew();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_after_a_blast_is_exact_within_a_turn() {
        let mut window = Window::<50>::at(7);
        for power in [0.01, 1e12, 0.3].into_iter().cycle().take(500) {
            window.push(power);
        }
        (0..100).for_each(|_| window.push(0.1));
        assert!((window.mean() - 0.1).abs() < 1e-12, "{}", window.mean());
    }

    #[test]
    fn mean_does_not_drift_in_a_day() {
        let mut window = Window::<400>::at(0);
        // A day has 86.4 million hops; an error that grows shows after a tenth of them.
        for hop in 0..8_640_000_u64 {
            window.push(f64::from((hop * 7_919 % 1_013) as u32) * 1e-4);
        }
        let exact = window.powers.iter().sum::<f64>() / 400.0;
        assert!((window.mean() / exact - 1.0).abs() < 1e-12);
    }
}
