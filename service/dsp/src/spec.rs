//! Owns the description of a stream: rate and channel layout; plain data.

use crate::MAX_CHANNELS;

/// The lowest rate served, in hertz.
pub const MIN_RATE_HZ: u32 = 44_100;
/// The highest rate served, in hertz.
pub const MAX_RATE_HZ: u32 = 192_000;

/// The place of a channel around the listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Position {
    /// The only channel.
    Mono,
    /// Front left.
    FrontLeft,
    /// Front right.
    FrontRight,
    /// Front centre.
    FrontCenter,
    /// Low-frequency effects: limited, but not part of loudness.
    Lfe,
    /// Left, beside the listener.
    SideLeft,
    /// Right, beside the listener.
    SideRight,
    /// Left, behind the listener.
    RearLeft,
    /// Right, behind the listener.
    RearRight,
    /// Centre, behind the listener.
    RearCenter,
    /// Anywhere else.
    Other,
}

/// The positions of a stream's channels, in their order: one to eight of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    positions: [Position; MAX_CHANNELS],
    channels: u8,
}

impl Layout {
    /// Makes a layout of the given positions; `None` if there are none or more than eight.
    pub fn new(positions: &[Position]) -> Option<Self> {
        if positions.is_empty() || positions.len() > MAX_CHANNELS {
            return None;
        }
        let mut all = [Position::Other; MAX_CHANNELS];
        all[..positions.len()].copy_from_slice(positions);
        Some(Self { positions: all, channels: positions.len() as u8 })
    }

    /// One channel.
    pub fn mono() -> Self {
        Self::of(&[Position::Mono])
    }

    /// Left and right.
    pub fn stereo() -> Self {
        Self::of(&[Position::FrontLeft, Position::FrontRight])
    }

    /// Left, right, centre, low-frequency effects, and a surround pair.
    pub fn surround_5_1() -> Self {
        use Position::{FrontCenter, FrontLeft, FrontRight, Lfe, SideLeft, SideRight};
        Self::of(&[FrontLeft, FrontRight, FrontCenter, Lfe, SideLeft, SideRight])
    }

    /// Left, right, centre, low-frequency effects, a rear and a side pair.
    pub fn surround_7_1() -> Self {
        use Position::{
            FrontCenter, FrontLeft, FrontRight, Lfe, RearLeft, RearRight, SideLeft, SideRight,
        };
        Self::of(&[
            FrontLeft,
            FrontRight,
            FrontCenter,
            Lfe,
            RearLeft,
            RearRight,
            SideLeft,
            SideRight,
        ])
    }

    /// The usual layout of `channels` channels; `None` outside one to eight.
    pub fn from_count(channels: usize) -> Option<Self> {
        use Position::{
            FrontCenter, FrontLeft, FrontRight, Lfe, RearCenter, RearLeft, RearRight, SideLeft,
            SideRight,
        };
        match channels {
            1 => Some(Self::mono()),
            2 => Some(Self::stereo()),
            3 => Self::new(&[FrontLeft, FrontRight, FrontCenter]),
            4 => Self::new(&[FrontLeft, FrontRight, RearLeft, RearRight]),
            5 => Self::new(&[FrontLeft, FrontRight, FrontCenter, RearLeft, RearRight]),
            6 => Some(Self::surround_5_1()),
            7 => Self::new(&[
                FrontLeft,
                FrontRight,
                FrontCenter,
                Lfe,
                RearCenter,
                SideLeft,
                SideRight,
            ]),
            8 => Some(Self::surround_7_1()),
            _ => None,
        }
    }

    /// The positions, in channel order.
    pub fn positions(&self) -> &[Position] {
        &self.positions[..self.channels()]
    }

    /// The number of channels.
    pub fn channels(&self) -> usize {
        usize::from(self.channels)
    }

    /// A layout of positions that are known to be one to eight.
    fn of(positions: &[Position]) -> Self {
        let mut all = [Position::Other; MAX_CHANNELS];
        all[..positions.len()].copy_from_slice(positions);
        Self { positions: all, channels: positions.len() as u8 }
    }

    /// Loudness weights per channel (ITU-R BS.1770-5, tables 3 and 4).
    ///
    /// Channels between 60 and 120 degrees to the side weigh 1.41. A rear pair stands there when
    /// the layout has no side pair.
    pub(crate) fn loudness_weights(&self) -> [f64; MAX_CHANNELS] {
        use Position::{Lfe, RearLeft, RearRight, SideLeft, SideRight};
        let has_sides = self.positions().iter().any(|p| matches!(p, SideLeft | SideRight));
        let mut weights = [0.0; MAX_CHANNELS];
        for (weight, position) in weights.iter_mut().zip(self.positions()) {
            *weight = match position {
                Lfe => 0.0,
                SideLeft | SideRight => 1.41,
                RearLeft | RearRight if !has_sides => 1.41,
                _ => 1.0,
            };
        }
        weights
    }
}

/// What a chain is prepared for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spec {
    /// Frames per second, 44,100 to 192,000 Hz.
    pub rate_hz: u32,
    /// The channels.
    pub layout: Layout,
}

/// Why a processor cannot be prepared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrepareError {
    /// No filter design serves this rate.
    UnsupportedRate {
        /// The rate asked for, in hertz.
        rate_hz: u32,
    },
}

impl std::fmt::Display for PrepareError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnsupportedRate { rate_hz } => write!(
                f,
                "a rate of {rate_hz} Hz is not served: any from {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz is"
            ),
        }
    }
}

impl std::error::Error for PrepareError {}

/// Checks that `rate_hz` is served.
pub(crate) fn check_rate(rate_hz: u32) -> Result<(), PrepareError> {
    if (MIN_RATE_HZ..=MAX_RATE_HZ).contains(&rate_hz) {
        Ok(())
    } else {
        Err(PrepareError::UnsupportedRate { rate_hz })
    }
}
