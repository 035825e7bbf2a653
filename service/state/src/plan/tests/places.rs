//! Where a stream belongs, as a table: what is known of it, what is wanted, its placement.

use super::*;

/// What is written in a stream's target: type and value.
type Target = Option<(&'static str, &'static str)>;

const NOTHING: &[(&str, &str)] = &[];
const ASKS: &[(&str, &str)] = &[("target.object", "hw")];
const LISTENS: &[(&str, &str)] =
    &[("media.class", "Stream/Input/Audio"), ("stream.monitor", "true")];
const RECORDS: &[(&str, &str)] =
    &[("media.class", "Stream/Input/Audio"), ("stream.capture.sink", "true")];
const FIXED: &[(&str, &str)] = &[("node.dont-reconnect", "true")];
const TAIL: &[(&str, &str)] = &[("node.link-group", "filter-chain-1")];
const NAMELESS: &[(&str, &str)] = &[("client.id", "77")];

fn placement(
    props: &[(&str, &str)],
    target: Target,
    encoded: bool,
    desired: Desired<'_>,
) -> Placement {
    let mut graph = ready_graph();
    stream(&mut graph, STREAM, "mpv", props);
    let info = NodeInfo { encoded, ..graph.node(STREAM).unwrap().clone() };
    graph.apply(GraphEvent::Node { id: STREAM, info });
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, target);
    let survey = Survey::take(&graph, desired, &Ownership::default().ledger);
    place(&survey.cases[0], desired)
}

#[test]
fn stream_belongs_where_the_table_says() {
    use Placement::{Bus, Device, Fixed, Free, Immovable, Listening, Pinned, Remembered, Tail};
    let (routes, bypass) = (Routes::default(), bypass_of("mpv"));
    let per_app = profile("mine", "chains = \"per-app\"");
    let pins = Pins::parse("Output/Audio:application.name:mpv={\"target\":\"headset\"}");
    let [even_out, limit_only] =
        [Treatment::EvenOut, Treatment::LimitOnly].map(|it| chosen("mpv", it));

    let shared = desired(&routes);
    let own = Desired { profile: &per_app, ..shared };
    let straight = Desired { treatments: &bypass, ..own };
    let off = Desired { bypass: true, ..own };
    let app = Placement::App(AppKey::parse("name:mpv").unwrap());
    let (user, taken_back) = (Some(("Spa:Id", "40")), Some(("Spa:Id", "-1")));
    let by_name = Some((TARGET_TYPE, "hw"));
    for (what, props, target, wanted, place) in [
        ("processed, shared", NOTHING, None, shared, Bus),
        ("processed, per app", NOTHING, None, own, app.clone()),
        ("evened out", NOTHING, None, Desired { treatments: &even_out, ..own }, app.clone()),
        ("only limited", NOTHING, None, Desired { treatments: &limit_only, ..own }, app.clone()),
        ("of an unknown application", NAMELESS, None, own, Bus),
        ("bypassed", NOTHING, None, straight, Device),
        ("everything bypassed", NOTHING, None, off, Bus),
        (
            "everything and itself bypassed",
            NOTHING,
            None,
            Desired { bypass: true, ..straight },
            Device,
        ),
        ("in safe mode", NOTHING, None, Desired { dormant: true, ..off }, Free),
        ("pinned by its user", NOTHING, user, own, Pinned),
        ("pinned by a name that is not ours", NOTHING, by_name, straight, Pinned),
        ("pinned by itself", ASKS, None, own, Pinned),
        ("pinned by itself, let go by its user", ASKS, taken_back, own, app),
        ("pinned in safe mode", NOTHING, user, Desired { dormant: true, ..off }, Pinned),
        ("remembered", NOTHING, None, Desired { pins: &pins, ..own }, Remembered),
        ("remembered, bypassed", NOTHING, None, Desired { pins: &pins, ..straight }, Remembered),
        ("remembered and pinned", NOTHING, user, Desired { pins: &pins, ..own }, Pinned),
        ("listening", LISTENS, user, straight, Immovable(Held::Listener)),
        ("recording", RECORDS, None, own, Listening),
        ("recording a device of its choice", RECORDS, user, own, Immovable(Held::Listener)),
        (
            "recording in safe mode",
            RECORDS,
            None,
            Desired { dormant: true, ..off },
            Immovable(Held::Listener),
        ),
        ("immovable", FIXED, None, own, Fixed),
        ("immovable, bypassed", FIXED, None, straight, Fixed),
        ("immovable, pinned", FIXED, user, own, Pinned),
        ("a device tail", TAIL, None, own, Tail),
        ("a device tail, bypassed", TAIL, None, straight, Device),
        ("a device tail, pinned", TAIL, user, own, Pinned),
    ] {
        assert_eq!(placement(props, target, false, wanted), place, "{what}");
    }
    assert_eq!(placement(NOTHING, user, true, own), Immovable(Held::Encoded));
}
