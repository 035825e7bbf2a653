//! Owns the run-time choice between the portable and the AVX2 build of a kernel.
//!
//! Runs on the audio thread. Both builds come from the same source and use no fused
//! multiply-add, so they give the same bits; only the width of the vectors differs.
#![allow(unsafe_code)]

/// A loop that is compiled once for the baseline processor and once with AVX2.
///
/// `run` and everything it calls must be `#[inline(always)]`, or the AVX2 build falls back to
/// baseline code.
pub(crate) trait Kernel {
    /// What the loop returns.
    type Output;
    /// Runs the loop.
    fn run(self) -> Self::Output;
}

/// The instruction set that kernels use on this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Level {
    avx2: bool,
}

impl Level {
    /// Finds the best instruction set of this machine.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        let avx2 = std::arch::is_x86_feature_detected!("avx2");
        #[cfg(not(target_arch = "x86_64"))]
        let avx2 = false;
        Self { avx2 }
    }

    /// Chooses the baseline build.
    pub(crate) const fn portable() -> Self {
        Self { avx2: false }
    }

    /// Runs `kernel` with the chosen instruction set.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        if self.avx2 {
            // SAFETY: `avx2` is set by `detect` only, after the processor has reported AVX2.
            return unsafe { run_avx2(kernel) };
        }
        kernel.run()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}
