//! Owns the vectorisable base-2 logarithm and exponential; pure functions for the audio thread.
//!
//! Branch-free, so that loops over them become vector code, and without fused operations, so that
//! every build gives the same bits.

/// Octaves of the lowest gain that [`exp2`] returns.
const EXP2_MIN: f32 = -126.0;

/// Returns `2^x` with a relative error below 2e-7, exactly 1 at 0; `x` is held to ±126.
#[inline(always)]
pub(crate) fn exp2(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low mantissa bits.
    const ROUND: f32 = 12_582_912.0;
    let x = max(min(x, -EXP2_MIN), EXP2_MIN);
    let rounded = x + ROUND;
    let f = x - (rounded - ROUND);
    // Taylor series of 2^f, |f| <= 1/2.
    let mut p = 1.525_273_4e-5;
    p = p * f + 1.540_353e-4;
    p = p * f + 1.333_355_8e-3;
    p = p * f + 9.618_129e-3;
    p = p * f + 5.550_411e-2;
    p = p * f + 2.402_265e-1;
    p = p * f + 6.931_472e-1;
    p = p * f + 1.0;
    let exponent = rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    p * f32::from_bits(exponent)
}

/// Returns `log2 x` for positive `x` with an absolute error below 1e-6 near 1; about -127 at 0.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    // The bits of sqrt(1/2): the mantissa is taken from [sqrt(1/2), sqrt 2).
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF).cast_signed();
    let exponent = (shifted >> 23) as f32;
    let m = f32::from_bits((shifted.cast_unsigned() & 0x007f_ffff).wrapping_add(SQRT_HALF));
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    // 2/ln 2 (s + s^3/3 + s^5/5 + s^7/7)
    let p = ((0.412_198_6 * s2 + 0.577_078) * s2 + 0.961_796_7) * s2 + 2.885_39;
    exponent + s * p
}

/// The larger of two numbers that are not NaN; one vector instruction, unlike `f32::max`.
#[inline(always)]
pub(crate) fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The smaller of two numbers that are not NaN; one vector instruction, unlike `f32::min`.
#[inline(always)]
pub(crate) fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// Inputs are held to this magnitude (+120 dBFS).
const INPUT_MAX: f32 = 1_048_576.0;
/// Inputs below this magnitude (-300 dBFS) count as zero, which keeps subnormals out of the filters.
const INPUT_MIN: f32 = 1e-15;

/// Replaces what is not finite by zero, holds the rest to ±120 dBFS, and flushes what is inaudible.
#[inline(always)]
pub(crate) fn sanitise(x: f32) -> f32 {
    let magnitude = x.abs();
    // A NaN is in no range.
    if (INPUT_MIN..=f32::MAX).contains(&magnitude) {
        max(min(x, INPUT_MAX), -INPUT_MAX)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp2_is_exact_at_zero_and_close_elsewhere() {
        assert_eq!(exp2(0.0).to_bits(), 1.0_f32.to_bits());
        assert_eq!(exp2(-0.0).to_bits(), 1.0_f32.to_bits());
        for i in -4000..4000 {
            let x = i as f32 * 0.01;
            let expected = f64::from(x).exp2();
            assert!((f64::from(exp2(x)) / expected - 1.0).abs() < 2.5e-7, "{x}");
        }
        assert!(exp2(-1e9) > 0.0);
        assert!(exp2(1e9).is_finite());
    }

    #[test]
    fn log2_is_close_and_finite_at_zero() {
        for i in 1..20_000 {
            let x = i as f32 * 0.000_5;
            let error = (f64::from(log2(x)) - f64::from(x).log2()).abs();
            assert!(error < 1.5e-6, "{x} {error}");
        }
        assert!(log2(0.0) < -100.0 && log2(0.0).is_finite());
    }

    #[test]
    fn sanitise_leaves_finite_audio_alone() {
        for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40, -1e-16] {
            assert!(sanitise(x) == 0.0);
        }
        for x in [1.0, -0.5, 1e-14, -1000.0] {
            assert!(sanitise(x) == x);
        }
        assert!(sanitise(1e38) == INPUT_MAX && sanitise(-1e38) == -INPUT_MAX);
    }
}
