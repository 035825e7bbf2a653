//! The window of keyboard shortcuts.

use gtk::glib;

use crate::i18n::tr;

/// Makes the window. GTK 4.8 can make it only from a description.
pub(super) fn window() -> gtk::ShortcutsWindow {
    let groups = [
        (
            tr("Protection"),
            vec![
                ("app.bypass", tr("Turn protection on or off")),
                ("app.reload-profiles", tr("Reload profiles")),
            ],
        ),
        (
            tr("Pages"),
            vec![
                ("app.page::apps", tr("Apps")),
                ("app.page::protection", tr("Protection")),
                ("app.page::history", tr("History")),
                ("app.page::diagnostics", tr("Diagnostics")),
                ("app.settings", tr("Settings")),
            ],
        ),
        (
            tr("Window"),
            vec![
                ("win.show-help-overlay", tr("Keyboard shortcuts")),
                ("window.close", tr("Close the window")),
                ("app.quit", tr("Quit")),
            ],
        ),
    ];
    let mut xml = String::from(
        "<interface><object class='GtkShortcutsWindow' id='shortcuts'><property name='modal'>1</property>\
         <child><object class='GtkShortcutsSection'><property name='section-name'>all</property>",
    );
    for (title, shortcuts) in groups {
        xml += "<child><object class='GtkShortcutsGroup'>";
        xml += &property("title", &title);
        for (action, title) in shortcuts {
            xml += "<child><object class='GtkShortcutsShortcut'>";
            xml += &property("title", &title);
            xml += &property("action-name", action);
            xml += "</object></child>";
        }
        xml += "</object></child>";
    }
    xml += "</object></child></object></interface>";
    gtk::Builder::from_string(&xml).object("shortcuts").expect("the description above has it")
}

fn property(name: &str, value: &str) -> String {
    format!("<property name='{name}'>{}</property>", glib::markup_escape_text(value))
}
