//! What kind of machine and session this is.

use std::{env, fs};

use crate::tools::run;

/// Returns what kind of machine and session this is, as names and values.
pub(crate) async fn machine() -> Vec<(&'static str, String)> {
    let systemd = run("systemctl", &["--version"]).await.unwrap_or_default();
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let all = [
        ("system", pretty_name(&release)),
        ("kernel", kernel.trim().to_owned()),
        ("architecture", env::consts::ARCH.to_owned()),
        ("systemd", systemd.lines().next().unwrap_or_default().to_owned()),
        ("desktop", variable("XDG_CURRENT_DESKTOP")),
        ("session", variable("XDG_SESSION_TYPE")),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// Returns the system's name in the text of os-release.
fn pretty_name(text: &str) -> String {
    text.lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map_or_else(String::new, |name| name.trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_name_is_read_with_or_without_quotes() {
        assert_eq!(pretty_name("ID=x\nPRETTY_NAME=\"Debian 12\"\n"), "Debian 12");
        assert_eq!(pretty_name("PRETTY_NAME=Arch"), "Arch");
        assert_eq!(pretty_name(""), "");
    }
}
