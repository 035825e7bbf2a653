//! Whether the introduction is on the screen.

use super::{Ask, Page, Panel};

/// The introduction: it comes by itself to a person who was not told yet, once, and again whenever it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    open: bool,
    offered: bool,
}

impl Introduction {
    /// Says whether it is on the screen.
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Opens it where the service says that nobody was told yet; says whether that is new.
    ///
    /// That somebody else has been told meanwhile does not take it away from who reads it. What was closed stays
    /// closed, also when the service could not keep that.
    pub fn follow(&mut self, panel: &Panel) -> bool {
        let offer =
            !self.offered && panel.introduced() == Some(false) && panel.page() == Page::Main;
        self.offered |= offer;
        let opens = offer && !self.open;
        self.open |= offer;
        opens
    }

    /// Opens it because a person wants to read it.
    pub const fn open(&mut self) {
        self.open = true;
    }

    /// Closes it; returns what the service is to remember, if that is news to it.
    pub fn close(&mut self, panel: &Panel) -> Option<Ask> {
        let was_open = std::mem::take(&mut self.open);
        // Who closed it need not have it again from the next service of this session.
        self.offered |= was_open;
        (was_open && panel.introduced() == Some(false)).then_some(Ask::SetIntroduced(true))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Input, Presence, ServiceState},
        *,
    };

    fn panel(introduced: Option<bool>) -> Panel {
        let mut panel = Panel::default();
        let version = "0.1.0".to_owned();
        panel.apply(Input::Service(Presence::Running { version, api_version: 1 }));
        if let Some(introduced) = introduced {
            panel.apply(Input::Introduced(introduced));
        }
        panel.apply(Input::State(ServiceState::Running));
        panel
    }

    #[test]
    fn who_was_not_told_is_told_once() {
        let (mut introduction, mut panel) = (Introduction::default(), panel(Some(false)));
        assert!(introduction.follow(&panel) && introduction.is_open());
        assert!(!introduction.follow(&panel));
        assert_eq!(introduction.close(&panel), Some(Ask::SetIntroduced(true)));
        assert!(!introduction.is_open());
        // The service could not keep it: nobody is held up by that.
        assert!(!introduction.follow(&panel) && !introduction.is_open());
        panel.apply(Input::Introduced(true));
        introduction.open();
        assert!(introduction.is_open());
        assert_eq!(introduction.close(&panel), None);
    }

    #[test]
    fn it_does_not_vanish_from_under_a_reader() {
        let (mut introduction, mut panel) = (Introduction::default(), panel(Some(false)));
        introduction.follow(&panel);
        panel.apply(Input::Introduced(true));
        assert!(!introduction.follow(&panel) && introduction.is_open());
        assert_eq!(introduction.close(&panel), None);
    }

    #[test]
    fn who_was_told_and_who_has_no_service_is_left_in_peace() {
        for panel in [panel(Some(true)), panel(None), Panel::default()] {
            let mut introduction = Introduction::default();
            assert!(!introduction.follow(&panel) && !introduction.is_open());
            assert_eq!(introduction.close(&panel), None);
            introduction.open();
            assert!(introduction.is_open());
            assert_eq!(introduction.close(&panel), None);
        }
    }

    #[test]
    fn it_waits_behind_a_page_that_says_what_is_wrong() {
        let (mut introduction, mut panel) = (Introduction::default(), panel(Some(false)));
        panel.apply(Input::State(ServiceState::Waiting));
        assert!(!introduction.follow(&panel));
        panel.apply(Input::State(ServiceState::SafeMode));
        assert!(introduction.follow(&panel));
    }
}
