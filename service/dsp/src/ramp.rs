//! Owns the ramp that every settable value goes through; runs on the audio thread.

/// A value that moves to its target in a fixed number of frames, without a corner at either end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ramp {
    current: f32,
    start: f32,
    target: f32,
    frames: u32,
    remaining: u32,
}

impl Ramp {
    /// A ramp at rest.
    pub(crate) const fn at(value: f32) -> Self {
        Self { current: value, start: value, target: value, frames: 1, remaining: 0 }
    }

    /// Starts towards `target`; an equal target changes nothing.
    #[inline]
    pub(crate) fn set(&mut self, target: f32, frames: u32) {
        if target == self.target {
            return;
        }
        self.start = self.current;
        self.target = target;
        self.frames = frames.max(1);
        self.remaining = self.frames;
    }

    /// Jumps to the target.
    pub(crate) fn finish(&mut self) {
        *self = Self::at(self.target);
    }

    /// The value of the latest frame.
    pub(crate) fn value(&self) -> f32 {
        self.current
    }

    /// The value that it moves to or rests at.
    pub(crate) fn target(&self) -> f32 {
        self.target
    }

    /// Whether the value has arrived.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.remaining == 0
    }

    /// Writes one value per frame.
    #[inline(always)]
    pub(crate) fn fill(&mut self, out: &mut [f32]) {
        if self.remaining == 0 {
            out.fill(self.current);
            return;
        }
        for value in out {
            if self.remaining > 0 {
                self.remaining -= 1;
                // The share of the way that is left, eased at both ends.
                let left = self.remaining as f32 / self.frames as f32;
                let eased = left * left * (3.0 - 2.0 * left);
                self.current = self.target + eased * (self.start - self.target);
            }
            *value = self.current;
        }
    }
}

/// Length, in frames, of the ramp of a changed parameter (50 ms).
pub(crate) fn ramp_frames(rate_hz: u32) -> u32 {
    rate_hz / 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_arrives_exactly_whatever_the_pieces() {
        let mut whole = Ramp::at(1.0);
        whole.set(-3.0, 100);
        let mut pieces = whole;
        let mut a = [0.0; 130];
        whole.fill(&mut a);
        let mut b = [0.0; 130];
        for piece in b.chunks_mut(7) {
            pieces.fill(piece);
        }
        assert_eq!(a, b);
        assert!(a[99] == -3.0 && a[129] == -3.0 && a[98] > -3.0);
    }
}
