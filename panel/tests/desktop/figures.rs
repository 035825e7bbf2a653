//! What the panel costs, printed; only absurd figures fail.

use std::time::{Duration, Instant};

use crate::{
    bus::eventually,
    desktop::Desktop,
    fake::{start_mock, worlds},
    panel::{Look, Panel},
};

/// How long each figure is taken for.
const SPAN: Duration = Duration::from_secs(4);

/// Wake-ups per second of the thread that draws, and share of a core of the whole panel, over the span.
fn measure(panel: &Panel<'_>) -> (f64, f64) {
    let (start, busy_s, woken) = (Instant::now(), panel.busy_s(), panel.wake_ups());
    std::thread::sleep(SPAN);
    let span_s = start.elapsed().as_secs_f64();
    ((panel.wake_ups() - woken) / span_s, (panel.busy_s() - busy_s) / span_s * 100.0)
}

#[test]
fn twenty_gauges_cost_a_small_share_of_a_core() {
    let desktop = Desktop::silent();
    let fake = start_mock(&desktop, worlds::idle());
    let panel = Panel::looking(&desktop, Look { size: Some("720x1180"), ..Look::default() });
    panel.wait_seen("Nothing is playing");
    let (idle_wakes, idle) = measure(&panel);
    fake.change(|world| world.streams = worlds::with_streams(20).streams);
    panel.wait_says("Game 14");
    eventually("a subscription", || !fake.seen().subscribers.is_empty());
    let (wakes, busy) = measure(&panel);
    println!(
        "panel: {busy:.1} % of a core and {wakes:.0} wake-ups/s with 20 streams on the screen, {idle:.1} % and \
         {idle_wakes:.0} with none, {:.0} MB of its own",
        panel.memory_mb()
    );
    assert!(busy < 60.0, "20 streams cost {busy:.1} % of a core");
    assert!(idle < 10.0, "an idle window costs {idle:.1} % of a core");
}
