//! Which lines there are on a screen of some height, and in what order they give way.

/// A line of the screen; [`Line::Streams`] takes as many as are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Header,
    Device,
    Problems,
    Input,
    TruePeak,
    /// The application that is changed the most.
    Most,
    /// The last catch.
    Catch,
    Limiter,
    Loudness,
    Space,
    Heading,
    Streams,
    Detail,
    Keys,
}

/// From top to bottom.
const ORDER: [Line; 14] = [
    Line::Header,
    Line::Device,
    Line::Problems,
    Line::Input,
    Line::TruePeak,
    Line::Most,
    Line::Catch,
    Line::Limiter,
    Line::Loudness,
    Line::Space,
    Line::Heading,
    Line::Streams,
    Line::Detail,
    Line::Keys,
];

/// What comes first when the screen is low; the last ones are the first to go.
const NEEDED: [Line; 13] = [
    Line::Header,
    Line::Keys,
    Line::Problems,
    Line::Most,
    Line::Catch,
    Line::Heading,
    Line::Detail,
    Line::TruePeak,
    Line::Loudness,
    Line::Device,
    Line::Limiter,
    Line::Input,
    Line::Space,
];

/// Rows that the streams have before anything but the first two lines is shown.
const STREAMS_AT_LEAST: usize = 3;

/// Returns the lines from top to bottom, each with its first row and its number of rows.
pub(crate) fn layout(height: u16, has_problems: bool) -> Vec<(Line, u16, u16)> {
    let height = usize::from(height);
    let mut shown = Vec::new();
    let mut streams = height.min(1);
    for (place, line) in NEEDED.into_iter().enumerate() {
        if line == Line::Problems && !has_problems {
            continue;
        }
        if place == 2 {
            streams = height.saturating_sub(shown.len()).min(STREAMS_AT_LEAST);
        }
        if shown.len() + streams < height || (height > 0 && shown.is_empty()) {
            shown.push(line);
        }
    }
    let streams = height.saturating_sub(shown.len());
    let mut row = 0;
    let mut lines = Vec::new();
    for line in ORDER {
        let rows = match line {
            Line::Streams => streams,
            line => usize::from(shown.contains(&line)),
        };
        if rows > 0 {
            lines.push((line, row as u16, rows as u16));
            row += rows;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_of(lines: &[(Line, u16, u16)], wanted: Line) -> u16 {
        lines.iter().find(|(line, ..)| *line == wanted).map_or(0, |(_, _, rows)| *rows)
    }

    #[test]
    fn lines_fill_the_screen_without_gap_or_overlap() {
        for height in 0..100 {
            for has_problems in [false, true] {
                let lines = layout(height, has_problems);
                let mut next = 0;
                for (line, row, rows) in &lines {
                    assert_eq!(*row, next, "{line:?} at {height}");
                    next += rows;
                }
                assert_eq!(next, height);
            }
        }
    }

    #[test]
    fn eighty_by_twenty_four_has_everything() {
        let lines = layout(24, true);
        for line in ORDER {
            assert!(rows_of(&lines, line) > 0, "{line:?}");
        }
        assert!(rows_of(&lines, Line::Streams) >= 8);
    }

    #[test]
    fn what_matters_most_goes_last() {
        let lines = layout(10, true);
        assert_eq!(rows_of(&lines, Line::Streams), 3);
        for line in [Line::Header, Line::Keys, Line::Problems, Line::Most, Line::Catch] {
            assert_eq!(rows_of(&lines, line), 1, "{line:?}");
        }
        assert_eq!(layout(1, true), [(Line::Header, 0, 1)]);
        assert_eq!(layout(2, true).len(), 2);
    }
}
