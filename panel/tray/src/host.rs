//! What a desktop's tray passes on, and where it finds what it shows.

use crate::model::Act;

/// Path of the icon, where every host looks.
pub(crate) const ITEM_PATH: &str = "/StatusNotifierItem";
/// Path of the menu; some hosts refuse the root.
pub(crate) const MENU_PATH: &str = "/StatusNotifierItem/menu";

/// What a host passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Act(Act),
    /// Lets a window that is opened next come to the front.
    ActivationToken(String),
}
