//! Bars of one line, as text: what is full, what is marked.
//!
//! Shapes alone tell everything; colour is added by whoever draws.

use std::ops::Range;

/// Scale of the level bars, in dB: from barely audible to above full scale, where inputs may go.
pub(crate) const LEVEL_DB: Range<f64> = -60.0..6.0;
/// Scale of a reduction, in dB.
pub(crate) const REDUCTION_DB: f64 = 24.0;
/// Scale of a gain that goes both ways, in dB to each side.
pub(crate) const GAIN_DB: f64 = 18.0;

/// What a cell of a bar shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Empty,
    Half,
    /// The second half alone.
    LateHalf,
    Full,
    /// Between the mean and the peak.
    Light,
    /// The held peak.
    Hold,
    /// The ceiling.
    Ceiling,
    /// Zero, of a gain that goes both ways.
    Zero,
}

impl Part {
    /// Returns the character.
    pub(crate) fn symbol(self) -> char {
        match self {
            Self::Empty => '·',
            Self::Half => '▌',
            Self::LateHalf => '▐',
            Self::Full => '█',
            Self::Light => '░',
            Self::Hold => '│',
            Self::Ceiling => '┊',
            Self::Zero => '╎',
        }
    }
}

/// Returns where a level stands on a bar of `cells`, in half cells.
fn half_cells(db: f64, cells: usize) -> usize {
    let part = (db - LEVEL_DB.start) / (LEVEL_DB.end - LEVEL_DB.start);
    (part.clamp(0.0, 1.0) * 2.0 * cells as f64).round() as usize
}

/// Returns the cell in which a level stands.
fn cell(db: f64, cells: usize) -> Option<usize> {
    cells.checked_sub(1).map(|last| (half_cells(db, cells).saturating_sub(1) / 2).min(last))
}

fn fill(bar: &mut [Part], halves: usize) {
    bar.iter_mut().take(halves / 2).for_each(|part| *part = Part::Full);
    if halves % 2 == 1
        && let Some(part) = bar.get_mut(halves / 2)
    {
        *part = Part::Half;
    }
}

/// Returns a level with its held peak and, where there is one, the ceiling.
pub(crate) fn level(db: f64, hold_db: f64, ceiling_db: Option<f64>, cells: usize) -> Vec<Part> {
    let mut bar = vec![Part::Empty; cells];
    let mark = |bar: &mut Vec<Part>, db, part| {
        if let Some(part_there) = cell(db, cells).and_then(|index| bar.get_mut(index))
            && *part_there != Part::Full
        {
            *part_there = part;
        }
    };
    fill(&mut bar, half_cells(db, cells));
    if let Some(ceiling_db) = ceiling_db {
        mark(&mut bar, ceiling_db, Part::Ceiling);
    }
    if hold_db > LEVEL_DB.start {
        mark(&mut bar, hold_db, Part::Hold);
    }
    bar
}

/// Returns the peak and, darker, the mean of one stream.
pub(crate) fn peak_and_mean(peak_db: f64, rms_db: f64, cells: usize) -> Vec<Part> {
    let mut bar = vec![Part::Empty; cells];
    let peak = half_cells(peak_db, cells).div_ceil(2);
    bar.iter_mut().take(peak).for_each(|part| *part = Part::Light);
    fill(&mut bar, half_cells(rms_db, cells));
    bar
}

/// Returns a reduction, growing from the left.
pub(crate) fn reduction(db: f64, cells: usize) -> Vec<Part> {
    let mut bar = vec![Part::Empty; cells];
    fill(&mut bar, portion(-db, REDUCTION_DB, cells));
    bar
}

/// Returns a gain: a cut to the left of the middle, a boost to the right.
pub(crate) fn gain(db: f64, cells: usize) -> Vec<Part> {
    let mut bar = vec![Part::Empty; cells];
    let side = cells.saturating_sub(1) / 2;
    let Some(zero) = bar.get_mut(side) else { return bar };
    *zero = Part::Zero;
    if db > 0.0 {
        let halves = portion(db, GAIN_DB, side);
        fill(&mut bar[side + 1..], halves);
    } else {
        let halves = portion(-db, GAIN_DB, side);
        bar[..side].reverse();
        fill(&mut bar[..side], halves);
        bar[..side].reverse();
        if let Some(half) = bar[..side].iter_mut().find(|part| **part == Part::Half) {
            *half = Part::LateHalf;
        }
    }
    bar
}

/// Returns a part of a scale, in half cells; whatever is not nothing is seen.
fn portion(db: f64, scale_db: f64, cells: usize) -> usize {
    let halves = ((db / scale_db).clamp(0.0, 1.0) * 2.0 * cells as f64).round() as usize;
    if db >= 0.05 { halves.max(1).min(2 * cells) } else { halves }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bar: &[Part]) -> String {
        bar.iter().map(|part| part.symbol()).collect()
    }

    #[test]
    fn a_level_fills_from_the_left_and_marks_stay_in_sight() {
        assert_eq!(text(&level(-27.0, -27.0, None, 6)), "███···");
        assert_eq!(text(&level(-27.0, -5.0, None, 6)), "███·│·");
        assert_eq!(text(&level(-60.0, -120.0, Some(-0.1), 6)), "·····┊");
        assert_eq!(text(&level(40.0, 40.0, Some(-0.1), 6)), "██████");
    }

    #[test]
    fn a_peak_is_lighter_than_the_mean() {
        assert_eq!(text(&peak_and_mean(-16.0, -38.0, 6)), "██░░··");
        assert_eq!(text(&peak_and_mean(-120.0, -120.0, 3)), "···");
    }

    #[test]
    fn a_reduction_is_seen_however_small() {
        assert_eq!(text(&reduction(-0.1, 4)), "▌···");
        assert_eq!(text(&reduction(0.0, 4)), "····");
        assert_eq!(text(&reduction(-12.0, 4)), "██··");
        assert_eq!(text(&reduction(-99.0, 4)), "████");
    }

    #[test]
    fn a_gain_goes_both_ways_from_the_middle() {
        assert_eq!(text(&gain(0.0, 5)), "··╎··");
        assert_eq!(text(&gain(9.0, 5)), "··╎█·");
        assert_eq!(text(&gain(-9.0, 5)), "·█╎··");
        assert_eq!(text(&gain(-0.2, 5)), "·▐╎··");
        assert_eq!(text(&gain(99.0, 5)), "··╎██");
    }

    #[test]
    fn no_width_is_too_small() {
        for cells in 0..4 {
            for db in [-120.0, -0.1, 0.0, 3.0, 120.0] {
                assert_eq!(level(db, db, Some(db), cells).len(), cells);
                assert_eq!(peak_and_mean(db, db, cells).len(), cells);
                assert_eq!(reduction(db, cells).len(), cells);
                assert_eq!(gain(db, cells).len(), cells);
            }
        }
    }
}
