//! The panel's own widgets: gauges and a chart, drawn with the theme's colours.
//!
//! They belong to GTK's main thread. They are told readings and draw them; they know neither the bus nor the
//! model, and they do no work while they are hidden or nothing moves.

pub mod a11y;
mod caption;
mod chart_face;
pub(crate) mod delayed;
mod fit_line;
mod gain_bar;
mod gauge;
mod gauge_face;
mod history;
mod loudness_chart;
pub(crate) mod number;
mod paint;
mod palette;
mod scale;
mod sentence;
mod spoken;
mod text;
mod ticker;
mod true_peak_bar;
pub mod wheel;

pub use fit_line::FitLine;
pub use gain_bar::GainBar;
pub use gauge::Gauge;
pub use loudness_chart::LoudnessChart;
pub use sentence::Sentence;
pub use true_peak_bar::TruePeakBar;
