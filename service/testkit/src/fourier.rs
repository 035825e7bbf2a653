//! Real Fourier transforms of a power of two, one at a time.

use realfft::{RealFftPlanner, num_complex::Complex64};

/// Transforms `samples`, padded with zeros to `size`; returns `size / 2 + 1` bins.
pub(crate) fn forward(samples: &[f32], size: usize) -> Vec<Complex64> {
    let plan = RealFftPlanner::<f64>::new().plan_fft_forward(size);
    let mut time = plan.make_input_vec();
    for (slot, &sample) in time.iter_mut().zip(samples) {
        *slot = f64::from(sample);
    }
    let mut spectrum = plan.make_output_vec();
    plan.process(&mut time, &mut spectrum).expect("the plan made both buffers");
    spectrum
}

/// Transforms back without scaling; the imaginary parts of the first and last bin do not count.
pub(crate) fn inverse(mut spectrum: Vec<Complex64>) -> Vec<f64> {
    let size = (spectrum.len() - 1) * 2;
    let plan = RealFftPlanner::<f64>::new().plan_fft_inverse(size);
    spectrum[0].im = 0.0;
    spectrum[size / 2].im = 0.0;
    let mut time = plan.make_output_vec();
    plan.process(&mut spectrum, &mut time).expect("the edge bins are real");
    time
}
