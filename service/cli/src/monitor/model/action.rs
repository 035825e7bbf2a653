//! What a key press asks for.

use headroom_api::Treatment;

/// A request to the service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    SetTreatment { app: String, treatment: Treatment, offset_db: f64 },
    UnsetTreatment { app: String },
    SetBypass(bool),
    UseProfile(String),
    Explain(u64),
}

impl Action {
    /// Returns what is being done, for the status line.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::SetTreatment { app, treatment, .. } => {
                format!("Setting the treatment of {app} to {treatment} ...")
            }
            Self::UnsetTreatment { app } => format!("Forgetting your choice for {app} ..."),
            Self::SetBypass(true) => "Sending everything straight to the device ...".to_owned(),
            Self::SetBypass(false) => "Bringing the protection back ...".to_owned(),
            Self::UseProfile(name) => format!("Switching to the profile {name} ..."),
            Self::Explain(_) => "Asking why ...".to_owned(),
        }
    }
}

/// What the run loop is to do after a key press.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    Nothing,
    Call(Action),
    Redraw,
    Suspend,
    Quit,
}
