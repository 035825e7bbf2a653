//! Shows every widget in several states, moving, to be looked at and to measure what a frame costs.
//!
//! ```text
//! cargo run --example gallery -- [--gauges N] [--still] [--idle] [--width PX] [--rtl] [--focus] [--text PERCENT]
//!                                [--seconds S] [--png FILE] [--cost]
//! ```
//! `--still` feeds one reading and then none, `--idle` none at all; `--gauges` shows that many streams and nothing else;
//! `--png` writes a picture after `--seconds` and ends; `--cost` prints the share of one core that the process took over
//! `--seconds`, after a second of settling. `ADW_DEBUG_COLOR_SCHEME=prefer-dark` and `ADW_DEBUG_HIGH_CONTRAST=1` work.

use std::{cell::Cell, path::PathBuf, process::ExitCode, rc::Rc, time::Duration};

use adw::prelude::*;
use gtk::glib;
use headroom_panel::{
    i18n,
    widgets::{GainBar, Gauge, LoudnessChart, TruePeakBar, a11y},
};

/// Readings per second, as the panel asks for them.
const READINGS_HZ: f64 = 20.0;

/// What the widgets are told.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Feed {
    Moving,
    Once,
    Never,
}

#[derive(Debug, Clone)]
struct Options {
    gauges: Option<usize>,
    feed: Feed,
    width: i32,
    rtl: bool,
    focus: bool,
    text_percent: i32,
    seconds: f64,
    png: Option<PathBuf>,
    cost: bool,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            gauges: None,
            feed: Feed::Moving,
            width: 560,
            rtl: false,
            focus: false,
            text_percent: 100,
            seconds: 4.0,
            png: None,
            cost: false,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} wants a value"));
            let wrong = |error: &dyn std::fmt::Display| format!("{word}: {error}");
            match word.as_str() {
                "--still" => options.feed = Feed::Once,
                "--idle" => options.feed = Feed::Never,
                "--focus" => options.focus = true,
                "--rtl" => options.rtl = true,
                "--cost" => options.cost = true,
                "--png" => options.png = Some(value()?.into()),
                "--gauges" => {
                    options.gauges = Some(value()?.parse().map_err(|error| wrong(&error))?);
                }
                "--width" => options.width = value()?.parse().map_err(|error| wrong(&error))?,
                "--text" => {
                    options.text_percent = value()?.parse().map_err(|error| wrong(&error))?;
                }
                "--seconds" => options.seconds = value()?.parse().map_err(|error| wrong(&error))?,
                _ => return Err(format!("unknown option {word}")),
            }
        }
        Ok(options)
    }
}

/// What the gallery shows and feeds.
struct Gallery {
    gauges: Vec<Gauge>,
    bars: Vec<GainBar>,
    true_peak: TruePeakBar,
    chart: LoudnessChart,
}

impl Gallery {
    fn build(options: &Options) -> (Self, gtk::Widget) {
        let page = gtk::Box::new(gtk::Orientation::Vertical, 18);
        for set_margin in [gtk::Widget::set_margin_top, gtk::Widget::set_margin_bottom] {
            set_margin(page.upcast_ref(), 18);
        }
        page.set_margin_start(12);
        page.set_margin_end(12);
        let streams = adw::PreferencesGroup::builder().title("Streams").build();
        page.append(&streams);
        let names = ["Firefox", "A voice chat with a long name", "Silent", "Too loud", "Untouched"];
        let gauges: Vec<Gauge> = (0..options.gauges.unwrap_or(names.len()))
            .map(|index| {
                let name = names[index % names.len()];
                let gauge = Gauge::new();
                gauge.set_name(name);
                gauge.set_sensitive(name != "Untouched");
                let title = gtk::Label::builder().label(name).xalign(0.0).wrap(true).build();
                let row = gtk::Box::new(gtk::Orientation::Vertical, 6);
                row.append(&title);
                row.append(&gauge);
                for set_margin in [
                    gtk::Widget::set_margin_top,
                    gtk::Widget::set_margin_bottom,
                    gtk::Widget::set_margin_start,
                    gtk::Widget::set_margin_end,
                ] {
                    set_margin(row.upcast_ref(), 12);
                }
                streams.add(&adw::PreferencesRow::builder().child(&row).activatable(false).build());
                gauge
            })
            .collect();
        let bars = vec![GainBar::bipolar(12.0), GainBar::reduction(20.0), GainBar::reduction(20.0)];
        for (bar, label) in bars.iter().zip(["Loudness", "Compressor", "Limiter"]) {
            bar.set_label(label);
        }
        let true_peak = TruePeakBar::new();
        true_peak.set_label("Loudest moment at the output");
        true_peak.set_ceiling_dbtp(-1.0);
        let chart = LoudnessChart::new();
        chart.set_target_lufs(Some(-18.0));
        if options.gauges.is_none() {
            let stages = gtk::Box::new(gtk::Orientation::Vertical, 12);
            stages.add_css_class("card");
            stages.set_margin_bottom(6);
            let inner = gtk::Box::new(gtk::Orientation::Vertical, 12);
            for bar in &bars {
                inner.append(bar);
            }
            inner.append(&true_peak);
            inner.append(&chart);
            for set_margin in [
                gtk::Widget::set_margin_top,
                gtk::Widget::set_margin_bottom,
                gtk::Widget::set_margin_start,
                gtk::Widget::set_margin_end,
            ] {
                set_margin(inner.upcast_ref(), 12);
            }
            stages.append(&inner);
            page.append(&stages);
        }
        let clamp = adw::Clamp::builder().child(&page).build();
        (Self { gauges, bars, true_peak, chart }, clamp.upcast())
    }

    /// Feeds every widget what it would be told `at_s` seconds after the start.
    fn feed(&self, at_s: f64) {
        for (index, gauge) in self.gauges.iter().enumerate() {
            let phase = index as f64 * 0.7;
            let beat = ((at_s * 4.1 + phase).sin() * (at_s * 1.3 + phase * 2.0).cos()).abs();
            let (peak_dbfs, gain_db) = match index % 5 {
                2 => (f64::NEG_INFINITY, 0.0),
                3 => (-2.0 + 3.0 * beat, -9.0 - 6.0 * beat),
                _ => (-22.0 + 16.0 * beat, -5.0 * beat),
            };
            gauge.set_levels(peak_dbfs, peak_dbfs - 11.0);
            gauge.set_gain_db(Some(gain_db));
        }
        for (index, bar) in self.bars.iter().enumerate() {
            let swing = (at_s * (0.4 + index as f64)).sin();
            bar.set_gain_db(if index == 0 { 6.0 * swing } else { -7.0 * swing.max(0.0) });
        }
        let peak_dbtp = -1.4 - 8.0 * (at_s * 3.0).cos().abs();
        self.true_peak.set_true_peak_dbtp(peak_dbtp, -1.3);
    }

    fn fill_chart(&self) {
        let now_us = glib::monotonic_time();
        for step in (0..360).rev() {
            let age_s = f64::from(step) / 2.0;
            // A pause, as when the service was away.
            if (70.0..85.0).contains(&age_s) {
                continue;
            }
            let input_lufs = -20.0 + 8.0 * (age_s / 9.0).sin() + 3.0 * (age_s / 2.3).sin();
            let output_lufs = -18.0 + 1.5 * (age_s / 9.0).sin();
            let silent = (120.0..130.0).contains(&age_s);
            let at_us = now_us - (age_s * 1e6) as i64;
            if silent {
                self.chart.push_at(at_us, f64::NEG_INFINITY, f64::NEG_INFINITY);
            } else {
                self.chart.push_at(at_us, input_lufs, output_lufs);
            }
        }
    }
}

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let app = adw::Application::builder().flags(gtk::gio::ApplicationFlags::NON_UNIQUE).build();
    app.connect_activate(move |app| show(app, &options));
    app.run_with_args::<&str>(&[]);
    ExitCode::SUCCESS
}

fn show(app: &adw::Application, options: &Options) {
    i18n::init();
    if options.rtl {
        gtk::Widget::set_default_direction(gtk::TextDirection::Rtl);
    }
    if let Some(settings) = gtk::Settings::default() {
        settings.set_gtk_xft_dpi(96 * 1024 * options.text_percent / 100);
    }
    let (gallery, content) = Gallery::build(options);
    let window = adw::Window::builder()
        .application(app)
        .default_width(options.width)
        .title("Gallery")
        .content(&content)
        .build();
    a11y::set_description(&window, "Every widget of the panel");
    if options.gauges.is_none() {
        gallery.fill_chart();
    }
    window.present();
    if options.focus {
        gallery.chart.grab_focus();
        window.set_focus_visible(true);
    }
    let frames = count_frames(&gallery.chart, &gallery.gauges);
    match options.feed {
        Feed::Moving => feed_for_ever(gallery),
        Feed::Once => gallery.feed(1.0),
        Feed::Never => {}
    }
    finish_later(app, &window, options, frames);
}

fn feed_for_ever(gallery: Gallery) {
    let ticks = Cell::new(0_u32);
    glib::timeout_add_local(Duration::from_secs_f64(1.0 / READINGS_HZ), move || {
        let at_s = f64::from(ticks.replace(ticks.get() + 1)) / READINGS_HZ;
        gallery.feed(at_s);
        if ticks.get().is_multiple_of(10) {
            gallery.chart.push(-20.0 + 8.0 * (at_s / 9.0).sin(), -18.0 + 1.5 * (at_s / 9.0).sin());
        }
        glib::ControlFlow::Continue
    });
}

/// Counts the frames that the window's clock makes.
fn count_frames(chart: &LoudnessChart, gauges: &[Gauge]) -> Rc<Cell<u64>> {
    let frames = Rc::new(Cell::new(0));
    let widget: gtk::Widget =
        gauges.first().map_or_else(|| chart.clone().upcast(), |gauge| gauge.clone().upcast());
    if let Some(clock) = widget.frame_clock() {
        let frames = frames.clone();
        clock.connect_paint(move |_| frames.set(frames.get() + 1));
    }
    frames
}

fn finish_later(
    app: &adw::Application,
    window: &adw::Window,
    options: &Options,
    frames: Rc<Cell<u64>>,
) {
    let (app, window, options) = (app.clone(), window.clone(), options.clone());
    glib::timeout_add_local_once(Duration::from_secs(1), move || {
        let (cpu_s, painted) = (cpu_s(), frames.get());
        glib::timeout_add_local_once(Duration::from_secs_f64(options.seconds), move || {
            if let Some(file) = &options.png {
                match picture(&window, file) {
                    Ok((width, height)) => println!("{} {width}x{height}", file.display()),
                    Err(error) => eprintln!("{}: {error}", file.display()),
                }
            }
            if options.cost {
                let share = (self::cpu_s() - cpu_s) / options.seconds * 100.0;
                let rate = (frames.get() - painted) as f64 / options.seconds;
                println!("{share:.1} % of one core, {rate:.0} frames/s");
            }
            if options.cost || options.png.is_some() {
                app.quit();
            }
        });
    });
}

/// Returns the processor time that this process has taken, in seconds, or 0 where `/proc` does not tell.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // Fields 14 and 15, in ticks of a hundredth of a second.
    after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

fn picture(window: &adw::Window, file: &std::path::Path) -> Result<(i32, i32), String> {
    let paintable = gtk::WidgetPaintable::new(Some(window));
    let (width, height) = (paintable.intrinsic_width(), paintable.intrinsic_height());
    let snapshot = gtk::Snapshot::new();
    paintable.snapshot(&snapshot, f64::from(width), f64::from(height));
    let node = snapshot.to_node().ok_or("nothing was drawn")?;
    let renderer = window.renderer().ok_or("the window has no renderer")?;
    renderer.render_texture(&node, None).save_to_png(file).map_err(|error| error.to_string())?;
    Ok((width, height))
}
