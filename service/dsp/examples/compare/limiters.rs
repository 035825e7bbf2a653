//! The limiters that are compared, with their settings.

use headroom_dsp::{Chain, ChainParams, Layout, Lookahead, Spec};

use crate::{CEILING_DBTP, RATE_HZ, Stereo, ffmpeg};

/// A limiter, ours or another.
pub(crate) struct Limiter {
    /// Short name, a column's head.
    pub(crate) name: &'static str,
    /// What it is, and how it is set.
    pub(crate) what: String,
    /// What it is documented to hold back, in ms, where its files are shifted back by as much.
    pub(crate) buffer_ms: Option<u32>,
    engine: Engine,
}

enum Engine {
    Ours(ChainParams),
    Ffmpeg(String),
}

impl Limiter {
    fn ours(name: &'static str, what: &str, params: ChainParams) -> Self {
        Self { name, what: what.to_owned(), buffer_ms: None, engine: Engine::Ours(params) }
    }

    fn others(name: &'static str, filter: String) -> Self {
        let what = format!("ffmpeg -af '{filter}'");
        Self { name, what, buffer_ms: None, engine: Engine::Ffmpeg(filter) }
    }

    /// Limits a recording; returns the output and the cost in ns per frame.
    ///
    /// # Errors
    /// Why it cannot run, in one line.
    pub(crate) fn run(&self, input: &Stereo) -> Result<(Stereo, f64), String> {
        match &self.engine {
            Engine::Ours(params) => run_ours(*params, input),
            Engine::Ffmpeg(filter) => ffmpeg::run(filter, input),
        }
    }
}

fn run_ours(params: ChainParams, input: &Stereo) -> Result<(Stereo, f64), String> {
    const BLOCK_FRAMES: usize = 1024;
    let mut chain = Chain::new(params);
    let spec = Spec { rate_hz: RATE_HZ, layout: Layout::stereo() };
    chain.prepare(spec).map_err(|error| error.to_string())?;
    let mut output = input.clone();
    let [left, right] = &mut output;
    let start_ns = processor_time_ns()?;
    for (left, right) in left.chunks_mut(BLOCK_FRAMES).zip(right.chunks_mut(BLOCK_FRAMES)) {
        chain.process_in_place(&mut [left, right]);
    }
    let cost_ns = (processor_time_ns()? - start_ns) / input[0].len() as f64;
    Ok((output, cost_ns))
}

/// Processor time of this thread; other work of the machine does not count, as in ffmpeg's figure.
fn processor_time_ns() -> Result<f64, String> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat");
    let stat = stat.map_err(|error| format!("/proc/thread-self/schedstat: {error}"))?;
    let first = stat.split_whitespace().next().and_then(|ns| ns.parse().ok());
    first.ok_or_else(|| "/proc/thread-self/schedstat holds no time".to_owned())
}

/// Every limiter of the comparison; those of others at the same ceiling, with true-peak modes or
/// the most oversampling on, automatic gain off, and everything else as it comes.
pub(crate) fn limiters() -> Vec<Limiter> {
    let mut limiter_only = ChainParams::default();
    limiter_only.limiter.ceiling_dbtp = CEILING_DBTP as f32;
    limiter_only.leveller.enabled = false;
    limiter_only.compressor.enabled = false;
    limiter_only.limiter.soft.enabled = false;
    let mut low = limiter_only;
    low.limiter.lookahead = Lookahead::Low;
    let ceiling = 10.0_f64.powf(CEILING_DBTP / 20.0);
    let alimiter = format!("alimiter=limit={ceiling:.6}:level=0");
    let lv2 =
        |uri: &str, controls: &str| format!("lv2=p={}:c={controls}", uri.replace(':', r"\\:"));
    vec![
        Limiter::ours("headroom", "this crate's limiter, standard look-ahead", limiter_only),
        Limiter::ours("low", "this crate's limiter, low look-ahead", low),
        Limiter::others(
            "x42-dpl",
            lv2(
                "http://gareus.org/oss/lv2/dpl#stereo",
                &format!("threshold={CEILING_DBTP}|truepeak=1"),
            ),
        ),
        Limiter::others(
            "LSP",
            lv2(
                "http://lsp-plug.in/plugins/lv2/limiter_stereo",
                &format!("th={ceiling:.6}|boost=0|alr=0|ovs=20"),
            ),
        ),
        Limiter::others(
            "ZaMaximX2",
            format!(
                "ladspa=file=ZaMaximX2-ladspa:plugin=ZaMaximX2:c=c0=25|c1={CEILING_DBTP}|c2={CEILING_DBTP}"
            ),
        ),
        Limiter::others("alimiter", alimiter.clone()),
        Limiter::others("alim. 192k", format!("aresample=192000,{alimiter},aresample={RATE_HZ}")),
        Limiter {
            buffer_ms: Some(3000),
            ..Limiter::others(
                "loudnorm",
                format!("loudnorm=I=-14:LRA=11:TP={CEILING_DBTP},aresample={RATE_HZ}"),
            )
        },
    ]
}
