//! Whether what is set for one application's own chain acts now, or waits for something.

use super::{App, ChainKind, Chains, StreamRoute};

/// What an application's own settings wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// For the application to be protected.
    NotProtected,
    /// For a profile that evens out each application by itself.
    Together,
    /// For a profile that evens out anything.
    NothingEvenedOut,
    /// For the application to play to the default device: before another one, all are evened out together.
    OtherDevice,
}

/// What the profile in force does to applications; `None` where that is not known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InForce {
    pub(super) chains: Option<Chains>,
    /// Whether loudness is evened out: a leveller that may neither raise nor lower does not.
    pub(super) levels: Option<bool>,
    pub(super) compressor: Option<bool>,
}

/// Says what an application's own settings wait for; `None` while they act, as far as is known.
pub(super) fn waits(app: &App, in_force: InForce) -> Option<Waits> {
    let protected = || app.streams.iter().filter(|s| s.route == StreamRoute::Processed);
    if protected().next().is_none() {
        Some(Waits::NotProtected)
    } else if in_force.chains == Some(Chains::Shared) {
        Some(Waits::Together)
    } else if in_force.levels == Some(false) && in_force.compressor == Some(false) {
        Some(Waits::NothingEvenedOut)
    } else if protected().all(|stream| stream.through == Some(ChainKind::Device)) {
        Some(Waits::OtherDevice)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Stream, *};

    fn stream(route: StreamRoute, through: ChainKind) -> Stream {
        let through = Some(through);
        Stream { app: "mpv".to_owned(), route, through, ..Stream::default() }
    }

    fn judged(streams: &[Stream], in_force: InForce) -> Option<Waits> {
        let app = super::super::apps::group(streams, &[], &[], &[]).remove(0);
        waits(&app, in_force)
    }

    #[test]
    fn settings_of_a_protected_app_act_unless_something_is_known_against_it() {
        let streams = [stream(StreamRoute::Processed, ChainKind::App)];
        let per_app =
            InForce { chains: Some(Chains::PerApp), levels: Some(true), compressor: None };
        assert_eq!(judged(&streams, InForce::default()), None);
        assert_eq!(judged(&streams, per_app), None);
        let shared = InForce { chains: Some(Chains::Shared), ..per_app };
        assert_eq!(judged(&streams, shared), Some(Waits::Together));
        let limit_only = InForce { levels: Some(false), compressor: Some(false), ..per_app };
        assert_eq!(judged(&streams, limit_only), Some(Waits::NothingEvenedOut));
        let levelled = InForce { compressor: Some(true), ..limit_only };
        assert_eq!(judged(&streams, levelled), None);
    }

    #[test]
    fn one_protected_stream_on_the_bus_is_enough() {
        let device = stream(StreamRoute::Processed, ChainKind::Device);
        let bypassed = stream(StreamRoute::Bypass, ChainKind::None);
        let bus = stream(StreamRoute::Processed, ChainKind::Bus);
        let judge = |streams: &[Stream]| {
            let streams: Vec<_> =
                (1..).zip(streams).map(|(id, s)| Stream { id, ..s.clone() }).collect();
            judged(&streams, InForce::default())
        };
        assert_eq!(judge(std::slice::from_ref(&bypassed)), Some(Waits::NotProtected));
        assert_eq!(judge(&[bypassed.clone(), device.clone()]), Some(Waits::OtherDevice));
        assert_eq!(judge(&[bypassed, device, bus]), None);
    }
}
