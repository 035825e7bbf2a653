//! How Headroom is removed, by how it was set up.

use headroom_api::names::BUS_NAME;

use crate::{
    i18n::tr,
    model::{Deployment, Preset, Scope},
};

/// One way to remove Headroom.
#[derive(Debug)]
pub(super) struct Way {
    /// What it is for.
    pub(super) title: String,
    /// What to do, in words.
    pub(super) text: String,
    /// What to type instead, if there is something.
    pub(super) command: Option<String>,
}

/// The ways that fit; all of them where it is not known how Headroom was set up.
pub(super) fn ways(deployment: &Deployment) -> Vec<Way> {
    match deployment {
        Deployment::Known { preset: Preset::Package, .. } => vec![package()],
        Deployment::Known { preset: Preset::Flatpak, .. } => vec![flatpak()],
        Deployment::Known { preset: Preset::Other(_), .. } | Deployment::Unknown => {
            vec![install(&Scope::User, "default"), package(), flatpak()]
        }
        Deployment::Known { scope, name, .. } => vec![install(scope, name)],
    }
}

fn install(scope: &Scope, name: &str) -> Way {
    let mut command = "headroom install remove".to_owned();
    if *scope == Scope::System {
        command = format!("sudo {command} --scope system");
    }
    // A name that a shell could take for something else is left to the person.
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if name != "default" && is_plain {
        command = format!("{command} --name {name}");
    }
    Way {
        title: tr("Set up with “headroom install”"), text: String::new(), command: Some(command)
    }
}

fn package() -> Way {
    Way {
        title: tr("Installed as a package"),
        text: tr(
            "Remove the package “headroom” as you remove others. What it put on the machine goes with it.",
        ),
        command: None,
    }
}

fn flatpak() -> Way {
    Way {
        title: tr("Installed as a Flatpak"),
        text: String::new(),
        command: Some(format!("flatpak uninstall --delete-data {BUS_NAME}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(deployment: &str) -> Vec<Option<String>> {
        ways(&Deployment::read(deployment)).into_iter().map(|way| way.command).collect()
    }

    #[test]
    fn the_way_out_is_that_of_the_way_in() {
        let command = |text: &str| vec![Some(text.to_owned())];
        assert_eq!(commands("service/user/default"), command("headroom install remove"));
        assert_eq!(
            commands("watchdog/system/spare"),
            command("sudo headroom install remove --scope system --name spare")
        );
        assert_eq!(
            commands("flatpak/user/default"),
            command("flatpak uninstall --delete-data com.example.Headroom")
        );
        assert_eq!(commands("package/system/debian"), [None]);
        assert_eq!(commands("none").len(), 3);
    }

    #[test]
    fn a_name_is_never_more_than_a_name_to_a_shell() {
        assert_eq!(commands("service/user/a;b"), [Some("headroom install remove".to_owned())]);
    }
}
