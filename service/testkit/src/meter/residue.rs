//! What is left of a tone when the tone is taken out: clicks.

/// Returns the highest value of what is left when a tone and its slow changes are taken out,
/// relative to the tone, in dB.
///
/// Three notches at the tone's frequency, one behind the other, which pass the highest frequencies
/// at 0 dB: a step of the gain remains, a gain that changes slowly does not. The tone must sound
/// through the whole of `channel`: an onset is a click as well.
pub fn residue_db(channel: &[f32], rate_hz: u32, frequency_hz: f64) -> f64 {
    let cosine = (std::f64::consts::TAU * frequency_hz / f64::from(rate_hz)).cos();
    let mut x: Vec<f64> = channel.iter().map(|&x| f64::from(x)).collect();
    let tone = x.iter().map(|x| x * x).fold(0.0, f64::max);
    for _ in 0..3 {
        x = x.windows(3).map(|s| 0.25 * (s[0] - 2.0 * cosine * s[1] + s[2])).collect();
    }
    let residue = x.iter().map(|x| x * x).fold(0.0, f64::max);
    10.0 * (residue / tone).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals;

    #[test]
    fn a_step_of_the_gain_is_seen_and_a_slow_change_is_not() {
        let tone = signals::sine(48_000, 24_000, 997.0, 0.5);
        assert!(residue_db(&tone, 48_000, 997.0) < -120.0);
        let mut stepped = tone.clone();
        stepped[12_012..].iter_mut().for_each(|x| *x *= 0.89);
        assert!(residue_db(&stepped, 48_000, 997.0) > -60.0);
        let mut faded = tone;
        for (n, x) in faded.iter_mut().enumerate() {
            *x *= 1.0 - 0.5 * n as f32 / 24_000.0;
        }
        assert!(residue_db(&faded, 48_000, 997.0) < -110.0);
    }
}
