//! Channel positions, as PipeWire names them, and the usual layouts.
//!
//! Pure data; used by the meter for its weights and by the session for its devices and streams.

use std::{fmt, str::FromStr};

/// A loudspeaker position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// The only channel.
    Mono,
    /// Front left, 30 degrees.
    FrontLeft,
    /// Front right, 30 degrees.
    FrontRight,
    /// Front centre.
    FrontCenter,
    /// Low-frequency effects.
    Lfe,
    /// Side left, 90 to 110 degrees.
    SideLeft,
    /// Side right, 90 to 110 degrees.
    SideRight,
    /// Rear left, 110 to 150 degrees.
    RearLeft,
    /// Rear right, 110 to 150 degrees.
    RearRight,
    /// A numbered channel without a place.
    Aux(u8),
}

impl Position {
    /// Returns PipeWire's name of the position, as in `audio.position`.
    pub fn name(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Mono => "MONO",
            Self::FrontLeft => "FL",
            Self::FrontRight => "FR",
            Self::FrontCenter => "FC",
            Self::Lfe => "LFE",
            Self::SideLeft => "SL",
            Self::SideRight => "SR",
            Self::RearLeft => "RL",
            Self::RearRight => "RR",
            Self::Aux(number) => return write!(f, "AUX{number}"),
        };
        f.write_str(name)
    }
}

/// A text that names no position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsePositionError(String);

impl fmt::Display for ParsePositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a channel position", self.0.escape_debug())
    }
}

impl std::error::Error for ParsePositionError {}

impl FromStr for Position {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "MONO" => Self::Mono,
            "FL" => Self::FrontLeft,
            "FR" => Self::FrontRight,
            "FC" => Self::FrontCenter,
            "LFE" => Self::Lfe,
            "SL" => Self::SideLeft,
            "SR" => Self::SideRight,
            "RL" => Self::RearLeft,
            "RR" => Self::RearRight,
            _ => text
                .strip_prefix("AUX")
                .and_then(|number| number.parse().ok())
                .map(Self::Aux)
                .ok_or_else(|| ParsePositionError(text.to_owned()))?,
        })
    }
}

/// Returns the usual layout of `channels` channels: mono, stereo, 5.1, 7.1, otherwise numbered.
///
/// The order is PipeWire's: `FL FR FC LFE RL RR SL SR` for 7.1 and `FL FR FC LFE SL SR` for 5.1.
pub fn usual_layout(channels: usize) -> Vec<Position> {
    use Position::{
        FrontCenter, FrontLeft, FrontRight, Lfe, Mono, RearLeft, RearRight, SideLeft, SideRight,
    };
    match channels {
        1 => vec![Mono],
        2 => vec![FrontLeft, FrontRight],
        6 => vec![FrontLeft, FrontRight, FrontCenter, Lfe, SideLeft, SideRight],
        8 => {
            vec![FrontLeft, FrontRight, FrontCenter, Lfe, RearLeft, RearRight, SideLeft, SideRight]
        }
        other => (0..other).map(|number| Position::Aux(number as u8)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_usual_layouts_are_read_back_from_names() {
        for channels in 1..=8 {
            for position in usual_layout(channels) {
                assert_eq!(position.name().parse(), Ok(position));
            }
        }
        assert!("BL".parse::<Position>().is_err());
    }
}
