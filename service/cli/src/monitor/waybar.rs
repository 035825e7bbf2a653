//! `headroom monitor --waybar`: one JSON object per line for waybar's custom module.
//!
//! A line is written when it differs from the last one, at most once a second. A service that is away
//! is a line like any other: a bar must not lose its module because of it.

use std::{cell::RefCell, process::ExitCode, time::Duration};

use headroom_api::StreamRoute;
use serde_json::{Value, json};
use tokio::{
    select,
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    feed::{self, Wanted},
    lines::{emit, until_reader_or_user_ends},
    model::{Link, Model},
    view::banner,
};
use crate::{failure::Failure, link::connect};

/// Least time between two lines.
const INTERVAL: Duration = Duration::from_secs(1);
/// Streams that the tooltip names; more are counted.
const NAMED_STREAMS: usize = 12;

/// Follows the service until the reader or the user ends it.
pub(crate) async fn run() -> Result<ExitCode, Failure> {
    until_reader_or_user_ends(Box::pin(async {
        let connection = connect().await?;
        let model = RefCell::new(Model::default());
        model.borrow_mut().set_page(NAMED_STREAMS);
        let changed = Notify::new();
        let wanted = Wanted { meters_hz: None, settings: false, patient: true };
        let mut tell = |news| {
            model.borrow_mut().apply(news);
            changed.notify_one();
            Ok(())
        };
        let write = async {
            let mut last = Value::Null;
            loop {
                changed.notified().await;
                let line = line(&model.borrow());
                if line != last {
                    emit(&line)?;
                    last = line;
                    sleep_until(Instant::now() + INTERVAL).await;
                }
            }
        };
        select! {
            outcome = feed::follow(&connection, wanted, &mut tell) => outcome,
            outcome = write => outcome,
        }
    }))
    .await
}

/// Returns what the bar shows.
fn line(model: &Model) -> Value {
    let (sentence, _) = banner(model);
    let class = class(model);
    let text = match class {
        "running" => model.profile.clone(),
        "alert" if model.state == "running" && !model.bypass => format!("{} !", model.profile),
        "alert" => "alert".to_owned(),
        "safe-mode" => "safe mode".to_owned(),
        other => other.to_owned(),
    };
    json!({
        "text": markup(&text),
        "tooltip": markup(&tooltip(model, &sentence)),
        "class": class,
        "percentage": percentage(model),
    })
}

fn class(model: &Model) -> &'static str {
    match &model.link {
        Link::Unknown | Link::Away => "offline",
        Link::Trouble(_) => "alert",
        Link::Up => match model.state.as_str() {
            // The user's own choice is not an alarm, whatever else is the matter.
            "bypassed" => "bypassed",
            "waiting" => "waiting",
            "safe-mode" => "safe-mode",
            "running" if model.bypass => "bypassed",
            "running" if model.problems.is_empty() => "running",
            _ => "alert",
        },
    }
}

fn tooltip(model: &Model, sentence: &str) -> String {
    let mut lines = vec![sentence.to_owned()];
    if !model.profile.is_empty() {
        lines.push(format!("Profile: {}", model.profile));
    }
    if !model.output.name.is_empty() {
        lines.push(format!("Output: {}", model.output.name));
    }
    for problem in &model.problems {
        lines.push(format!("Problem: {}", problem.text));
    }
    for (_, stream) in model.visible_streams() {
        lines.push(format!("{}: {}", stream.row.app, stream.row.route.as_str()));
    }
    let (_, above, below) = model.stream_counts();
    if above + below > 0 {
        lines.push(format!("and {} more", above + below));
    }
    lines.join("\n")
}

/// Returns how many of a hundred streams are protected; none playing is all of them.
fn percentage(model: &Model) -> u32 {
    let routes: Vec<_> = model.routes_of_streams().collect();
    if model.link != Link::Up || model.state != "running" || model.bypass {
        return 0;
    }
    let protected = routes.iter().filter(|route| **route == Some(StreamRoute::Processed)).count();
    match routes.len() {
        0 => 100,
        count => (protected * 100 / count) as u32,
    }
}

/// Escapes what would be markup in a label; control characters too, but for line breaks.
fn markup(text: &str) -> String {
    text.split('\n')
        .map(|line| {
            let line = headroom_api::visible(line);
            line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{
        feed::News,
        model::tests::{dict, problem, text, up},
    };

    #[test]
    fn a_bar_shows_the_profile_while_all_is_well() {
        let line = line(&up(3));
        assert_eq!(line["class"], "running");
        assert_eq!(line["text"], "default");
        assert_eq!(line["percentage"], 100);
        assert!(line["tooltip"].as_str().unwrap().contains("Profile: default\nOutput: Speakers"));
    }

    #[test]
    fn every_class_has_its_cause() {
        let mut model = Model::default();
        assert_eq!(line(&model)["class"], "offline");
        model.apply(News::Down);
        assert_eq!(line(&model)["class"], "offline");
        model.apply(News::Trouble("It hangs.".to_owned()));
        assert_eq!(line(&model)["class"], "alert");
        for (state, class) in [
            ("running", "running"),
            ("bypassed", "bypassed"),
            ("waiting", "waiting"),
            ("safe-mode", "safe-mode"),
            ("dancing", "alert"),
        ] {
            let mut model = up(0);
            model.apply(News::Properties(dict([("State", text(state))])));
            assert_eq!(line(&model)["class"], class);
        }
        let mut model = up(1);
        model.apply(News::Properties(problem("A & B <broke>.")));
        assert_eq!(line(&model)["class"], "alert");
        assert!(line(&model)["tooltip"].as_str().unwrap().contains("A &amp; B &lt;broke&gt;."));
    }

    #[test]
    fn application_names_are_no_markup_and_many_are_counted() {
        let mut model = up(30);
        model.set_page(NAMED_STREAMS);
        model.apply(News::StreamChanged(
            1,
            dict([("app", text("<b>x</b>\u{1b}")), ("route", text("bypass"))]),
        ));
        let line = line(&model);
        let tooltip = line["tooltip"].as_str().unwrap();
        assert!(tooltip.contains("&lt;b&gt;x&lt;/b&gt;\\u{1b}: bypass"), "{tooltip}");
        assert!(tooltip.ends_with("and 18 more"), "{tooltip}");
        assert_eq!(line["percentage"], 96);
    }
}
