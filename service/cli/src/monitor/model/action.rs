//! What a key press asks for.

use headroom_api::Route;

/// A request to the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    SetRoute { app: String, route: Route },
    UnsetRoute { app: String },
    SetLevel { app: String, on: bool },
    SetBypass(bool),
    UseProfile(String),
    Explain(u64),
}

impl Action {
    /// Returns what is being done, for the status line.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::SetRoute { app, route } => format!("Setting the route of {app} to {route} ..."),
            Self::UnsetRoute { app } => format!("Forgetting your route for {app} ..."),
            Self::SetLevel { app, on: true } => {
                format!("Turning app volume control of {app} on ...")
            }
            Self::SetLevel { app, on: false } => {
                format!("Turning app volume control of {app} off ...")
            }
            Self::SetBypass(true) => "Sending everything straight to the device ...".to_owned(),
            Self::SetBypass(false) => "Bringing the protection back ...".to_owned(),
            Self::UseProfile(name) => format!("Switching to the profile {name} ..."),
            Self::Explain(_) => "Asking why ...".to_owned(),
        }
    }
}

/// What the run loop is to do after a key press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Nothing,
    Call(Action),
    Redraw,
    Suspend,
    Quit,
}
