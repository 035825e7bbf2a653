//! One setting: its name, unit, range and default, a way to change it, and a way back.

use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;

use super::{Asker, FollowSwitch, icon_button, plain_row, setting_words as words};
use crate::{
    i18n::{number, quantity, tr, trf},
    model::{Ask, Setting, Value},
    widgets::{a11y, number::Number},
};

/// The row of one setting.
#[derive(Debug)]
pub(crate) struct SettingRow {
    key: String,
    rows: Vec<adw::ActionRow>,
    reset: gtk::Button,
    control: Control,
}

#[derive(Debug)]
enum Control {
    Switch(FollowSwitch),
    Number(Number),
    Words(WordList),
    /// A number, or a word in its place: the switch chooses the word.
    Both(FollowSwitch, Number, String),
}

impl SettingRow {
    pub(crate) fn new(setting: &Setting, asker: &Asker) -> Self {
        let key = setting.key.clone();
        let row = plain_row();
        let title = words::title(&key).unwrap_or_else(|| key.clone());
        row.set_title(&title);
        row.set_subtitle_lines(0);
        row.set_title_lines(0);
        row.set_tooltip_text(Some(&tooltip(setting)));
        let reset = icon_button(
            "edit-undo-symbolic",
            &trf("Reset {setting} to the profile's value", &[("setting", &title)]),
        );
        reset.connect_clicked({
            let (asker, key) = (asker.clone(), key.clone());
            move |_| asker.ask(Ask::ResetSetting(key.clone()))
        });
        row.add_suffix(&reset);
        let control = Control::new(setting, &title, asker);
        let rows = control.put_into(row, &title);
        let this = Self { key, rows, reset, control };
        this.show(setting);
        this
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The row, or the two of a number that can be left to the service.
    pub(crate) fn widgets(&self) -> &[adw::ActionRow] {
        &self.rows
    }

    /// Shows the value in force.
    pub(crate) fn show(&self, setting: &Setting) {
        if let Some(row) = self.rows.last() {
            row.set_subtitle(&subtitle(setting));
        }
        self.reset.set_visible(setting.changed);
        match (&self.control, &setting.value) {
            (Control::Switch(switch), Value::Bool(on)) => switch.show(*on),
            (Control::Number(field), Value::Number(number)) => field.show(*number),
            (Control::Words(list), Value::Text(word)) => list.show(word),
            (Control::Both(switch, field, _), Value::Number(number)) => {
                switch.show(false);
                field.widget().set_sensitive(true);
                field.show(*number);
            }
            (Control::Both(switch, field, _), Value::Text(_)) => {
                switch.show(true);
                field.widget().set_sensitive(false);
            }
            _ => {}
        }
    }
}

impl Control {
    fn new(setting: &Setting, title: &str, asker: &Asker) -> Self {
        let set = {
            let (asker, key) = (asker.clone(), setting.key.clone());
            Rc::new(move |value| asker.ask(Ask::SetSetting { key: key.clone(), value }))
        };
        match (setting.range(), setting.options.as_slice()) {
            (None, []) => {
                // Its row names it.
                Self::Switch(FollowSwitch::new(move |on| set(Value::Bool(on))))
            }
            (None, options) => Self::Words(WordList::new(&setting.key, options, title, set)),
            (Some(range), []) => Self::Number(number_field(setting, range, title, set)),
            (Some(range), options) => {
                let field = number_field(setting, range, title, Rc::clone(&set) as _);
                let (word, spin) = (options[0].clone(), field.widget().clone());
                let switch = FollowSwitch::new(move |automatic| {
                    set(if automatic {
                        Value::Text(word.clone())
                    } else {
                        Value::Number(spin.value())
                    });
                });
                Self::Both(switch, field, options[0].clone())
            }
        }
    }

    fn put_into(&self, row: adw::ActionRow, title: &str) -> Vec<adw::ActionRow> {
        match self {
            Self::Switch(switch) => {
                row.add_suffix(switch.widget());
                row.set_activatable_widget(Some(switch.widget()));
            }
            Self::Number(field) => row.add_suffix(field.widget()),
            Self::Words(list) => row.add_suffix(&list.drop),
            Self::Both(switch, field, word) => {
                let first = plain_row();
                let title = if word == "off" {
                    trf("{setting}: off", &[("setting", &title)])
                } else {
                    trf("{setting}: automatic", &[("setting", &title)])
                };
                first.set_title(&title);
                first.set_title_lines(0);
                first.add_suffix(switch.widget());
                first.set_activatable_widget(Some(switch.widget()));
                row.add_suffix(field.widget());
                return vec![first, row];
            }
        }
        vec![row]
    }
}

fn number_field(
    setting: &Setting,
    (min, max): (f64, f64),
    title: &str,
    set: Rc<dyn Fn(Value)>,
) -> Number {
    // What one click changes, by how wide the range is.
    let step = if max - min > 100.0 { 1.0 } else { 0.5 };
    let unit = setting.unit.as_deref().unwrap_or_default();
    Number::new((min, max), step, (title, unit), move |number| set(Value::Number(number)))
}

#[derive(Debug)]
struct WordList {
    drop: gtk::DropDown,
    handler: glib::SignalHandlerId,
    options: Vec<String>,
}

impl WordList {
    fn new(key: &str, options: &[String], title: &str, set: Rc<dyn Fn(Value)>) -> Self {
        let shown: Vec<String> = options.iter().map(|word| words::option(key, word)).collect();
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        let drop = gtk::DropDown::from_strings(&shown);
        drop.set_valign(gtk::Align::Center);
        a11y::set_label(&drop, title);
        // The button within is what screen readers meet.
        if let Some(button) = drop.first_child() {
            a11y::set_label(&button, title);
        }
        let handler = drop.connect_selected_notify({
            let options = options.to_vec();
            move |drop| {
                if let Some(word) = options.get(drop.selected() as usize) {
                    set(Value::Text(word.clone()));
                }
            }
        });
        Self { drop, handler, options: options.to_vec() }
    }

    fn show(&self, word: &str) {
        let at = self.options.iter().position(|option| option == word);
        let at = at.and_then(|at| u32::try_from(at).ok()).unwrap_or(gtk::INVALID_LIST_POSITION);
        if self.drop.selected() != at {
            self.drop.block_signal(&self.handler);
            self.drop.set_selected(at);
            self.drop.unblock_signal(&self.handler);
        }
    }
}

/// The value of a setting with its unit, for people.
fn value_words(setting: &Setting, value: &Value) -> String {
    match value {
        Value::Bool(true) => tr("on"),
        Value::Bool(false) => tr("off"),
        Value::Number(value) => quantity(*value, decimals(*value), unit_of(setting)),
        Value::Text(word) => words::option(&setting.key, word),
    }
}

fn unit_of(setting: &Setting) -> &str {
    let unit = setting.unit.as_deref().unwrap_or_default();
    if setting.key == "compressor.ratio" { ":1" } else { unit }
}

fn decimals(number: f64) -> usize {
    let tenths = number * 10.0;
    if (number - number.round()).abs() < 1e-6 {
        0
    } else if (tenths - tenths.round()).abs() < 1e-6 {
        1
    } else {
        2
    }
}

fn subtitle(setting: &Setting) -> String {
    let own = value_words(setting, &setting.default);
    match setting.range() {
        Some((min, max)) => {
            // The unit stands once.
            let (min, max) =
                (number(min, decimals(min)), value_words(setting, &Value::Number(max)));
            trf("{min} to {max}, profile: {own}", &[("min", &min), ("max", &max), ("own", &own)])
        }
        None => trf("Profile: {own}", &[("own", &own)]),
    }
}

fn tooltip(setting: &Setting) -> String {
    let what = words::description(&setting.key).unwrap_or_else(|| setting.description.clone());
    format!("{what}\n{}", setting.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_with_the_decimals_it_has() {
        assert_eq!(decimals(-18.0), 0);
        assert_eq!(decimals(-0.1), 1);
        assert_eq!(decimals(0.25), 2);
    }
}
