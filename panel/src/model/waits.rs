//! Whether what is chosen for one application's own chain acts now, or waits for something.

use super::{App, ChainKind, Chains, StreamRoute};

/// What a choice for an application waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// For the application to be protected.
    NotProtected,
    /// For a profile that evens out each application by itself.
    Together,
    /// For the application to play to the default device: before another one, all are evened out together.
    OtherDevice,
}

/// Says what a choice for an application waits for; `None` while they act, as far as is known.
pub(super) fn waits(app: &App, chains: Option<Chains>) -> Option<Waits> {
    let protected = || app.streams.iter().filter(|s| s.route == StreamRoute::Processed);
    if protected().next().is_none() {
        Some(Waits::NotProtected)
    } else if chains == Some(Chains::Shared) {
        Some(Waits::Together)
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

    fn judged(streams: &[Stream], chains: Option<Chains>) -> Option<Waits> {
        let app = super::super::apps::group(streams, &[]).remove(0);
        waits(&app, chains)
    }

    #[test]
    fn choice_for_a_protected_app_acts_but_where_all_share_a_chain() {
        let streams = [stream(StreamRoute::Processed, ChainKind::App)];
        assert_eq!(judged(&streams, None), None);
        assert_eq!(judged(&streams, Some(Chains::PerApp)), None);
        assert_eq!(judged(&streams, Some(Chains::Shared)), Some(Waits::Together));
    }

    #[test]
    fn one_protected_stream_on_the_bus_is_enough() {
        let device = stream(StreamRoute::Processed, ChainKind::Device);
        let bypassed = stream(StreamRoute::Bypass, ChainKind::None);
        let bus = stream(StreamRoute::Processed, ChainKind::Bus);
        let judge = |streams: &[Stream]| {
            let streams: Vec<_> =
                (1..).zip(streams).map(|(id, s)| Stream { id, ..s.clone() }).collect();
            judged(&streams, None)
        };
        assert_eq!(judge(std::slice::from_ref(&bypassed)), Some(Waits::NotProtected));
        assert_eq!(judge(&[bypassed.clone(), device.clone()]), Some(Waits::OtherDevice));
        assert_eq!(judge(&[bypassed, device, bus]), None);
    }
}
