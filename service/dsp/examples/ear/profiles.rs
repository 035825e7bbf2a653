//! The shipped profiles' settings of the signal path.

use headroom_dsp::ChainParams;

use crate::systems::System;

/// A column for each shipped profile.
pub(crate) fn all() -> Vec<System> {
    vec![System::headroom("default", -18.0, ChainParams::default())]
}
