//! What a description of a D-Bus interface says, to hold one against another.
//!
//! Reads the manual, `data/org.headroom.Control.xml`, and what an object on the bus says of itself.
//! Text in, data out; it must not know what the members mean.

use std::collections::BTreeMap;

/// Returns the members of an interface, each with what must agree: its kind, its arguments' names,
/// types and directions, its access, whether its changes are told.
///
/// # Panics
/// When the text does not describe the interface.
pub fn members(xml: &str, interface: &str) -> BTreeMap<String, String> {
    let mut members = BTreeMap::new();
    let inside = xml.split_once(&format!("name=\"{interface}\"")).expect("the interface").1;
    let inside = inside.split_once("</interface>").expect("its end").0;
    let (mut current, mut in_comment) = (String::new(), false);
    for tag in inside.split('<').skip(1) {
        in_comment = (in_comment || tag.starts_with("!--")) && !tag.contains("-->");
        let attribute = |name: &str| {
            let rest = tag.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest)?;
            rest.split_once('"').map(|(value, _)| value)
        };
        let fact = match tag.split([' ', '>', '/']).next() {
            _ if in_comment => continue,
            Some(kind @ ("method" | "signal" | "property")) => {
                attribute("name").expect("a member has a name").clone_into(&mut current);
                let facts = ["type", "access"].map(|key| attribute(key).unwrap_or(""));
                format!("{kind} {}", facts.join(" "))
            }
            Some("arg") => {
                // Arguments of signals go out, whether or not that is said.
                let direction = attribute("direction").unwrap_or("out");
                let names = ["name", "type"].map(|key| attribute(key).unwrap_or(""));
                format!(" ({} {direction})", names.join(" "))
            }
            Some("annotation")
                if attribute("name")
                    == Some("org.freedesktop.DBus.Property.EmitsChangedSignal")
                    // The standard's default need not be written.
                    && attribute("value") != Some("true") =>
            {
                format!(" emits {}", attribute("value").unwrap_or(""))
            }
            _ => continue,
        };
        members.entry(current.clone()).or_insert_with(String::new).push_str(&fact);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_member_takes_and_gives_is_read_and_comments_are_not() {
        let xml = r#"<node><interface name="org.other"><method name="No"/></interface>
            <interface name="org.this">
            <!-- <method name="Commented"> has <b>no</b> place -->
            <method name="Ask"><arg name="key" type="s" direction="in"/>
              <arg name="value" type="v" direction="out"/></method>
            <signal name="Told"><arg name="id" type="t"/></signal>
            <property name="Fixed" type="u" access="read">
              <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
            </property></interface></node>"#;
        let expected = [
            ("Ask", "method   (key s in) (value v out)"),
            ("Fixed", "property u read emits const"),
            ("Told", "signal   (id t out)"),
        ];
        let expected = expected.map(|(name, facts)| (name.to_owned(), facts.to_owned()));
        assert_eq!(members(xml, "org.this"), BTreeMap::from(expected));
    }
}
