//! What must not stand in a report: who uses this machine, and what it is called.

use std::{env, fs};

use crate::redact::Person;

/// Words of a passwd entry that name nobody.
const NOBODY: [&str; 10] = [
    "admin",
    "administrator",
    "debian",
    "default",
    "fedora",
    "linux",
    "live",
    "root",
    "ubuntu",
    "user",
];

impl Person {
    /// Finds out who runs this command, and where.
    pub(crate) fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let entry = passwd_entry(&text("/etc/passwd"), rustix::process::getuid().as_raw());
        let variables = ["USER", "LOGNAME", "SUDO_USER"].map(|name| env::var(name).ok());
        let hosts = [text("/proc/sys/kernel/hostname"), text("/etc/hostname")]
            .into_iter()
            .chain(env::var("HOSTNAME").ok());
        Self::new(
            entry,
            variables.into_iter().flatten(),
            env::var("HOME").ok(),
            hosts,
            &text("/etc/hosts"),
            &text("/etc/machine-id"),
        )
    }

    fn new(
        entry: Option<(String, String, String)>,
        users: impl Iterator<Item = String>,
        home: Option<String>,
        hosts: impl Iterator<Item = String>,
        hosts_file: &str,
        machine_id: &str,
    ) -> Self {
        let mut person = Self::default();
        let (name, full_name, passwd_home) = entry.unwrap_or_default();
        for user in users.chain([name]) {
            add(&mut person.users, &user);
        }
        let full_name = full_name.split(',').next().unwrap_or_default();
        for word in full_name.split_whitespace().chain([full_name]) {
            let is_somebody = word.chars().count() > 2
                && !NOBODY.iter().any(|nobody| word.eq_ignore_ascii_case(nobody));
            if is_somebody {
                add(&mut person.names, word);
            }
        }
        for home in home.into_iter().chain([passwd_home]) {
            if home.len() > 1 && home.starts_with('/') {
                add(&mut person.homes, home.trim_end_matches('/'));
            }
        }
        for host in hosts {
            let host = host.trim();
            add(&mut person.hosts, host);
            add(&mut person.hosts, host.split('.').next().unwrap_or_default());
            for line in hosts_file.lines().filter(|line| !line.starts_with('#')) {
                let names: Vec<&str> = line.split_whitespace().skip(1).collect();
                if names.iter().any(|name| name.eq_ignore_ascii_case(host)) {
                    for name in names {
                        add(&mut person.hosts, name);
                    }
                }
            }
        }
        person.hosts.retain(|host| !host.starts_with("localhost"));
        add(&mut person.ids, machine_id);
        person
    }
}

fn add(list: &mut Vec<String>, value: &str) {
    let value = value.trim();
    if !value.is_empty() && !list.iter().any(|known| known == value) {
        list.push(value.to_owned());
    }
}

/// Returns login name, full name and home of a user.
fn passwd_entry(file: &str, uid: u32) -> Option<(String, String, String)> {
    file.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, id, _, full_name, home, ..] = fields[..] else { return None };
        (id.parse() == Ok(uid)).then(|| (name.to_owned(), full_name.to_owned(), home.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_known_by_every_name_that_the_system_has() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nanna:x:7:7:Anna von Arnim,room 3,,:/home/anna:/bin/sh\n";
        assert_eq!(passwd_entry(passwd, 8), None);
        let person = Person::new(
            passwd_entry(passwd, 7),
            ["anna".to_owned(), "aarnim".to_owned()].into_iter(),
            Some("/data/anna/".to_owned()),
            ["tower.example.net\n".to_owned()].into_iter(),
            "127.0.0.1 localhost\n10.0.0.7 tower.example.net loud-box\n",
            "0123\n",
        );
        assert_eq!(person.users, ["anna", "aarnim"]);
        assert_eq!(person.names, ["Anna", "von", "Arnim", "Anna von Arnim"]);
        assert_eq!(person.homes, ["/data/anna", "/home/anna"]);
        assert_eq!(person.hosts, ["tower.example.net", "tower", "loud-box"]);
        assert_eq!(person.ids, ["0123"]);
    }

    #[test]
    fn a_machine_that_is_only_the_local_host_has_no_name() {
        let none = || std::iter::empty::<String>();
        let hosts = ["localhost".to_owned()].into_iter();
        let person = Person::new(None, none(), Some("/".to_owned()), hosts, "", "");
        assert!(person.hosts.is_empty() && person.homes.is_empty() && person.ids.is_empty());
    }
}
