//! What is read from a scenario, in and out: the figures of the table.

use crate::meter::Curve;
use crate::scenarios::Judge;
use crate::sound::{RATE_HZ, Sound};

/// The loudness that the profile steers to, in LUFS.
pub(crate) const TARGET_LUFS: f64 = -18.0;
/// How far above the speech before it a blast counts as exposure, in LU.
const EXPOSURE_ABOVE_LU: f64 = 4.0;

/// What came out of a system.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) curve: Curve,
    /// Of the same speech without the bang or the blast.
    pub(crate) without: Option<Curve>,
    /// THD+N of a tone while it is caught, and at rest, in dB.
    pub(crate) residues: Option<[f64; 2]>,
}

/// A figure by name.
pub(crate) type Figure = (&'static str, f64);

/// Reads the figures of one scenario.
pub(crate) fn figures(
    judge: &Judge,
    input: &Curve,
    heard: &Heard,
    target_lufs: f64,
) -> Vec<Figure> {
    let out = &heard.curve;
    match judge {
        Judge::Blast { onset, end, .. } => {
            let without = heard.without.as_ref().unwrap_or(out);
            blast(input, out, without, *onset, *end)
        }
        Judge::Over { onset, end } => {
            let (_, [short, momentary]) = jump(out, *onset, *end);
            vec![("over music 100 ms", short), ("over music momentary", momentary)]
        }
        Judge::First { onset } => vec![
            ("first 100 ms", out.highest(100, onset + 30, out.ms()) - target_lufs),
            ("first momentary", out.highest(400, *onset, out.ms()) - target_lufs),
        ],
        Judge::Playlist { clips } => playlist(input, out, clips),
        Judge::Pauses { pauses } => vec![("pause rise", pause_rise(input, out, pauses))],
        Judge::Bang { end, .. } => {
            let without = heard.without.as_ref().unwrap_or(out);
            vec![("bang duck", duck_ms(out, without, *end))]
        }
        Judge::Music { class } => music(class, input, out),
        Judge::Talkers { turns } => vec![("talkers", talkers(out, turns))],
        Judge::Tone { .. } => heard.residues.map_or_else(Vec::new, |[held, rest]| {
            vec![("tone caught", held), ("tone at rest", rest)]
        }),
        Judge::Crowd { end } => vec![("crowd back", crowd_back(input, out, *end, target_lufs))],
        Judge::Ambience { from } => {
            let from = (*from).max(out.ms().saturating_sub(5_000));
            vec![("ambience gain", out.lufs(from, out.ms()) - input.lufs(from, out.ms()))]
        }
    }
}

fn gain_db(input: &Curve, out: &Curve, from: usize, to: usize) -> f64 {
    out.lufs(from, to) - input.lufs(from, to)
}

/// How loud a system's output was before a blast, and how far above that the loudest 100 ms of it, from 30 ms after its
/// onset on, and its loudest 400 ms are.
fn jump(out: &Curve, onset: usize, end: usize) -> (f64, [f64; 2]) {
    let own = out.gated_lufs(onset - 6_000, onset);
    let above = |length, from| out.highest(length, from, end) - own;
    (own, [above(100, onset + 30), above(400, onset.saturating_sub(390))])
}

fn blast(input: &Curve, out: &Curve, without: &Curve, onset: usize, end: usize) -> Vec<Figure> {
    let (own, [short, momentary]) = jump(out, onset, end);
    let over = |limit: f64| {
        (onset..end)
            .step_by(10)
            .filter(|t| out.lufs(t.saturating_sub(200), t + 200) > own + limit)
            .count() as f64
            * 0.01
    };
    let exposure: f64 = (onset + 30..end.saturating_sub(100))
        .step_by(10)
        .map(|t| (out.lufs(t, t + 100) - own - EXPOSURE_ABOVE_LU).max(0.0) * 0.01)
        .sum();
    let back = recovery_s(input, out, without, onset, end);
    let mut figures = vec![
        ("blast 100 ms", short),
        ("blast momentary", momentary),
        ("blast over 6 LU", over(6.0)),
    ];
    figures.extend(match end - onset {
        0..=2_000 => [("exposure short", exposure), ("recovery short", back)],
        2_001..=5_000 => [("exposure middle", exposure), ("recovery middle", back)],
        _ => [("exposure 20 s", exposure), ("recovery 20 s", back)],
    });
    figures
}

/// Seconds after a blast until speech is, within 3 dB, what the system makes of it where there is no blast.
fn recovery_s(input: &Curve, out: &Curve, without: &Curve, onset: usize, end: usize) -> f64 {
    let spoken = input.gated_lufs(end, input.ms()) - 12.0;
    let length = end - onset;
    let last = (end..out.ms().min(without.ms() + length).saturating_sub(400))
        .step_by(20)
        .filter(|t| input.lufs(*t, t + 400) > spoken)
        .rfind(|t| {
            let usual = without.lufs(t - length, t - length + 400);
            (out.lufs(*t, t + 400) - usual).abs() > 3.0
        });
    last.map_or(0.0, |t| (t + 20 - end) as f64 / 1000.0)
}

fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

fn playlist(input: &Curve, out: &Curve, clips: &[(usize, usize)]) -> Vec<Figure> {
    let (mut heard, mut perfect) = (Vec::new(), Vec::new());
    for &(begin, end) in clips {
        let own = input.gated_lufs(begin, end);
        for t in (begin + 2_000..end.saturating_sub(3_000)).step_by(100) {
            heard.push(out.lufs(t, t + 3_000));
            perfect.push(input.lufs(t, t + 3_000) - own);
        }
    }
    let (heard, perfect) = (deviation(&heard), deviation(&perfect));
    vec![("evenness", heard), ("evenness over perfect", heard - perfect)]
}

fn pause_rise(input: &Curve, out: &Curve, pauses: &[(usize, usize)]) -> f64 {
    let rises = pauses.iter().flat_map(|&(begin, end)| {
        let spoken = gain_db(input, out, begin - 2_000, begin);
        (begin..end - 200).step_by(50).map(move |t| gain_db(input, out, t, t + 200) - spoken)
    });
    rises.fold(f64::NEG_INFINITY, f64::max)
}

/// How long after a bang the speech is more than 1 dB softer than without it, in ms.
fn duck_ms(out: &Curve, without: &Curve, end: usize) -> f64 {
    let last = (end..(end + 4_000).min(out.ms().saturating_sub(50)))
        .step_by(10)
        .filter(|t| without.lufs(*t, t + 50) > -50.0)
        .rfind(|t| out.lufs(*t, t + 50) < without.lufs(*t, t + 50) - 1.0);
    last.map_or(0.0, |t| (t + 50 - end) as f64)
}

fn music(class: &'static str, input: &Curve, out: &Curve) -> Vec<Figure> {
    let (range_in, range_out) = (input.range_lu(8_000), out.range_lu(8_000));
    let pump = pumping_db(input, out);
    let kept = range_out / range_in.max(0.1);
    match class {
        "music" if range_in < 9.0 => vec![("pump music", pump), ("LRA kept", kept)],
        "music" => vec![("pump wide music", pump), ("LRA kept, wide", kept)],
        "drums" => vec![("pump drums", pump)],
        "drops" => vec![("pump drops", pump)],
        "laughs" => vec![("pump laughs", pump)],
        _ => vec![("pump speech", pump), ("speech cut", cut_percent(input, out))],
    }
}

/// The gain every 20 ms; where nothing is heard, the one before.
fn gains(input: &Curve, out: &Curve) -> Vec<f64> {
    let mut last = 0.0;
    (0..out.ms().min(input.ms()).saturating_sub(20))
        .step_by(20)
        .map(|t| {
            if input.lufs(t, t + 20) > -60.0 {
                last = gain_db(input, out, t, t + 20);
            }
            last
        })
        .collect()
}

/// The rms of the gain between 0.3 and 10 Hz, from 15 s on.
fn pumping_db(input: &Curve, out: &Curve) -> f64 {
    let gains = gains(input, out);
    let mut high = Butterworth::new(0.3, true);
    let mut low = Butterworth::new(10.0, false);
    let from = 400.min(gains.len() / 4);
    let first = gains.get(from).copied().unwrap_or(0.0);
    let (mut sum, mut count) = (0.0, 0);
    for (n, gain) in gains.iter().enumerate().skip(from) {
        let moved = low.step(high.step(gain - first));
        if n >= 750.min(gains.len() / 2) {
            sum += moved * moved;
            count += 1;
        }
    }
    (sum / f64::from(count.max(1))).sqrt()
}

/// A second-order Butterworth filter at 50 Hz.
struct Butterworth {
    b: [f64; 3],
    a: [f64; 2],
    state: [f64; 2],
}

impl Butterworth {
    fn new(hz: f64, is_high_pass: bool) -> Self {
        let k = (std::f64::consts::PI * hz / 50.0).tan();
        let norm = 1.0 / (1.0 + std::f64::consts::SQRT_2 * k + k * k);
        let b = if is_high_pass {
            [norm, -2.0 * norm, norm]
        } else {
            [k * k * norm, 2.0 * k * k * norm, k * k * norm]
        };
        let a = [2.0 * (k * k - 1.0) * norm, (1.0 - std::f64::consts::SQRT_2 * k + k * k) * norm];
        Self { b, a, state: [0.0; 2] }
    }

    fn step(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.state[0];
        self.state[0] = self.b[1] * x - self.a[0] * y + self.state[1];
        self.state[1] = self.b[2] * x - self.a[1] * y;
        y
    }
}

/// The share of speech that is cut by more than 3 dB below its usual gain, in per cent.
fn cut_percent(input: &Curve, out: &Curve) -> f64 {
    let spoken: Vec<f64> = (10_000..out.ms().saturating_sub(20))
        .step_by(20)
        .filter(|t| input.lufs(*t, t + 20) > -45.0)
        .map(|t| gain_db(input, out, t, t + 20))
        .collect();
    let mut sorted = spoken.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    100.0 * spoken.iter().filter(|gain| **gain < usual - 3.0).count() as f64
        / spoken.len().max(1) as f64
}

/// How far two talkers are apart in what is heard, from 10 s on.
fn talkers(out: &Curve, turns: &[(usize, usize)]) -> f64 {
    let mean = |which: usize| {
        let levels: Vec<f64> = turns
            .iter()
            .enumerate()
            .filter(|(number, turn)| number % 2 == which && turn.0 >= 10_000)
            .map(|(_, &(begin, end))| out.gated_lufs(begin, end))
            .collect();
        levels.iter().sum::<f64>() / levels.len() as f64
    };
    (mean(0) - mean(1)).abs()
}

/// Seconds until soft speech after a crowd is no more than 3 LU below the target.
fn crowd_back(input: &Curve, out: &Curve, end: usize, target_lufs: f64) -> f64 {
    let spoken = input.gated_lufs(end, input.ms());
    let wanted = target_lufs - spoken;
    let last = (end..out.ms().saturating_sub(400))
        .step_by(20)
        .filter(|t| input.lufs(*t, t + 400) > spoken - 8.0)
        .rfind(|t| gain_db(input, out, *t, t + 400) < wanted - 3.0);
    last.map_or(0.0, |t| (t + 20 - end) as f64 / 1000.0)
}

/// Chebyshev polynomials by which the amplitudes of a tone may drift without a residue.
const DRIFT: usize = 6;

/// What is left of a tone or of several, in dB below them: least squares with amplitudes that may drift.
pub(crate) fn residue_db(sound: &Sound, hz: &[f64], from_ms: usize, ms: usize) -> f64 {
    let piece = sound.cut(from_ms, ms);
    let samples = &piece.planes[0];
    let count = samples.len() as f64;
    let size = 2 * DRIFT * hz.len() + 1;
    let basis = |n: usize, row: &mut [f64]| {
        let t = 2.0 * n as f64 / count - 1.0;
        for (row, hz) in row.chunks_exact_mut(2 * DRIFT).zip(hz) {
            let (sin, cos) = (std::f64::consts::TAU * hz / f64::from(RATE_HZ) * n as f64).sin_cos();
            let (mut now, mut next) = (1.0, t);
            for pair in row.chunks_exact_mut(2) {
                pair.copy_from_slice(&[now * sin, now * cos]);
                (now, next) = (next, 2.0 * t * next - now);
            }
        }
        row[size - 1] = 1.0;
    };
    let mut row = vec![0.0; size];
    let mut normal = vec![vec![0.0; size + 1]; size];
    for (n, x) in samples.iter().enumerate() {
        basis(n, &mut row);
        for i in 0..size {
            for j in 0..size {
                normal[i][j] += row[i] * row[j];
            }
            normal[i][size] += row[i] * f64::from(*x);
        }
    }
    for pivot in 0..size {
        for other in 0..size {
            if other != pivot {
                let factor = normal[other][pivot] / normal[pivot][pivot];
                for column in 0..=size {
                    normal[other][column] -= factor * normal[pivot][column];
                }
            }
        }
    }
    let share: Vec<f64> = (0..size).map(|i| normal[i][size] / normal[i][i]).collect();
    let (mut left, mut all) = (0.0, 0.0);
    for (n, x) in samples.iter().enumerate() {
        basis(n, &mut row);
        let fitted: f64 = row.iter().zip(&share).map(|(r, s)| r * s).sum();
        left += (f64::from(*x) - fitted).powi(2);
        all += f64::from(*x).powi(2);
    }
    10.0 * (left.max(1e-30) / all.max(1e-30)).log10()
}
