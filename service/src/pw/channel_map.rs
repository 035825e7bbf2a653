//! Channel names and PipeWire's numbers for them.

use pipewire::spa::sys;

const NAMED: [(&str, u32); 19] = [
    ("MONO", sys::SPA_AUDIO_CHANNEL_MONO),
    ("FL", sys::SPA_AUDIO_CHANNEL_FL),
    ("FR", sys::SPA_AUDIO_CHANNEL_FR),
    ("FC", sys::SPA_AUDIO_CHANNEL_FC),
    ("LFE", sys::SPA_AUDIO_CHANNEL_LFE),
    ("SL", sys::SPA_AUDIO_CHANNEL_SL),
    ("SR", sys::SPA_AUDIO_CHANNEL_SR),
    ("RL", sys::SPA_AUDIO_CHANNEL_RL),
    ("RR", sys::SPA_AUDIO_CHANNEL_RR),
    ("RC", sys::SPA_AUDIO_CHANNEL_RC),
    ("FLC", sys::SPA_AUDIO_CHANNEL_FLC),
    ("FRC", sys::SPA_AUDIO_CHANNEL_FRC),
    ("TFL", sys::SPA_AUDIO_CHANNEL_TFL),
    ("TFR", sys::SPA_AUDIO_CHANNEL_TFR),
    ("TFC", sys::SPA_AUDIO_CHANNEL_TFC),
    ("TRL", sys::SPA_AUDIO_CHANNEL_TRL),
    ("TRR", sys::SPA_AUDIO_CHANNEL_TRR),
    ("TRC", sys::SPA_AUDIO_CHANNEL_TRC),
    ("TC", sys::SPA_AUDIO_CHANNEL_TC),
];

/// Returns PipeWire's number for a channel name; `UNKNOWN` for a name that has none.
pub(super) fn channel_id(name: &str) -> u32 {
    if let Some((_, id)) = NAMED.iter().find(|(known, _)| *known == name) {
        return *id;
    }
    name.strip_prefix("AUX")
        .and_then(|number| number.parse::<u32>().ok())
        .filter(|number| *number < 64)
        .map_or(sys::SPA_AUDIO_CHANNEL_UNKNOWN, |number| sys::SPA_AUDIO_CHANNEL_AUX0 + number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_pipewires() {
        assert_eq!(channel_id("FL"), sys::SPA_AUDIO_CHANNEL_FL);
        assert_eq!(channel_id("AUX3"), sys::SPA_AUDIO_CHANNEL_AUX3);
        assert_eq!(channel_id("AUX99999"), sys::SPA_AUDIO_CHANNEL_UNKNOWN);
        assert_eq!(channel_id(""), sys::SPA_AUDIO_CHANNEL_UNKNOWN);
    }
}
