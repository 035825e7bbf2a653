//! Programs that run other programs: what runs in them is told apart by its own name. The lists are `hosts.txt`.

/// The lists, each behind its heading.
const HOSTS: &str = include_str!("hosts.txt");

/// Says whether a process of this name runs other people's programs, as an interpreter or a loader does.
pub fn is_host_binary(binary: &str) -> bool {
    is_listed("[binaries]", binary)
}

/// Says whether an application with this id runs others, which all have that id.
pub fn is_host_id(id: &str) -> bool {
    is_listed("[ids]", id)
}

fn is_listed(heading: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    patterns(heading).any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    })
}

fn patterns(heading: &str) -> impl Iterator<Item = &'static str> {
    let lines = HOSTS.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = lines.filter(|line| !line.starts_with('#'));
    let list = lines.skip_while(move |line| *line != heading).skip(1);
    list.take_while(|line| !line.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_programs() {
        for host in ["wine64-preloader", "Python3.11", "electron28", "java", "AppRun.wrapped"] {
            assert!(is_host_binary(host), "{host}");
        }
        for program in ["firefox", "javaws-player", "winetricks", "", "com.valvesoftware.steam"] {
            assert!(!is_host_binary(program), "{program}");
        }
        assert!(is_host_id("com.valvesoftware.Steam") && !is_host_id("org.mozilla.firefox"));
        assert!(!is_host_id("java") && !is_host_id(""));
    }

    #[test]
    fn no_host_is_listed_twice_or_covered_by_another() {
        for heading in ["[binaries]", "[ids]"] {
            let all: Vec<&str> = patterns(heading).collect();
            assert!(all.len() > 5, "{heading}: {all:?}");
            for (at, one) in all.iter().enumerate() {
                assert_eq!(*one, one.to_lowercase());
                let others = all.iter().enumerate().filter(|(other, _)| *other != at);
                for (_, other) in others {
                    let covers =
                        other.strip_suffix('*').is_some_and(|start| one.starts_with(start));
                    assert!(one != other && !covers, "{one} is in {other}");
                }
            }
        }
    }
}
