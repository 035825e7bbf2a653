//! What comes with the device that is played to: the loudest that it may play, what meets a jump of its volume, its profile,
//! and how much louder or softer it is.

use std::{cell::RefCell, rc::Rc};

use adw::prelude::*;
use gtk::glib;
use headroom_api::{DeviceRow, FailurePolicy, JumpGuard};
use headroom_words::profile_name;

use super::{Asker, icon_button, plain_row, set_mnemonic, setting_words::option};
use crate::{
    i18n::{quantity, tr, trf},
    model::{Ask, Panel, Value},
    widgets::{a11y, number::Number},
};

/// What an offset may be, in dB.
const OFFSET_DB: (f64, f64) = (-12.0, 12.0);
/// What meets a jump, in the order in which it is offered.
const GUARDS: [JumpGuard; 3] = [JumpGuard::Slow, JumpGuard::Hold, JumpGuard::Off];

/// What becomes of sound that is not protected, behind what the profile says.
const POLICIES: [FailurePolicy; 2] = [FailurePolicy::Open, FailurePolicy::Quiet];

/// The device that the rows are about; empty without one.
type Device = Rc<RefCell<String>>;

/// The group of the device; not there while nothing is played to.
#[derive(Debug)]
pub(crate) struct DeviceGroup {
    group: adw::PreferencesGroup,
    device: Device,
    maximum: adw::ActionRow,
    forget: gtk::Button,
    guard: Choice,
    profile: Choice,
    profiles: Rc<RefCell<Vec<String>>>,
    offset: Number,
    failure: Choice,
}

impl DeviceGroup {
    pub(crate) fn new(asker: &Asker) -> Self {
        let device = Device::default();
        let group =
            adw::PreferencesGroup::builder().title(tr("This device")).visible(false).build();
        let (maximum, forget) = maximum_row(asker, &device);
        let set = |key: &'static str| {
            let (asker, device) = (asker.clone(), Rc::clone(&device));
            move |value: Option<Value>| {
                let (device, key) = (device.borrow().clone(), key.to_owned());
                asker.ask(match value {
                    Some(value) => Ask::SetDevice { device, key, value },
                    None => Ask::ResetDevice { device, key },
                });
            }
        };

        let choose = set("guard");
        let guard = Choice::new(&tr("When its volume jumps"), move |at| {
            let word = GUARDS.get(at).map(|guard| guard.as_str().to_owned());
            choose(word.map(Value::Text));
        });
        guard.offer(&[tr("Let it through slowly"), tr("Hold it"), tr("Let it be")]);
        guard.row.set_subtitle(&tr(
            "More than 6 dB at once: a headset that comes back at full volume, a slip of the hand",
        ));

        let profiles = Rc::new(RefCell::new(Vec::<String>::new()));
        let (choose, names) = (set("profile"), Rc::clone(&profiles));
        let profile = Choice::new(&tr("Profile that comes with it"), move |at| {
            let name = at.checked_sub(1).and_then(|at| names.borrow().get(at).cloned());
            choose(name.map(Value::Text));
        });

        let choose = set("offset-db");
        let title = tr("Louder or softer here");
        let offset = Number::new(OFFSET_DB, 0.5, (&title, "dB"), move |offset_db| {
            choose((offset_db != 0.0).then_some(Value::Number(offset_db)));
        });
        let offset_row = plain_row();
        offset_row.set_title(&title);
        offset_row.set_title_lines(0);
        offset_row.set_subtitle(&tr("In dB, of all that is protected"));
        offset_row.set_subtitle_lines(0);
        offset_row.add_suffix(offset.widget());
        let choose = set("failure");
        let failure = Choice::new(&tr("When Headroom fails"), move |at| {
            let word = at.checked_sub(1).and_then(|at| POLICIES.get(at));
            choose(word.map(|policy| Value::Text(policy.as_str().to_owned())));
        });
        let policies = POLICIES.map(|policy| option("failure.policy", policy.as_str()));
        let as_elsewhere = tr("As the settings say");
        failure.offer(&[as_elsewhere].into_iter().chain(policies).collect::<Vec<_>>());
        for row in [&maximum, &guard.row, &profile.row, &offset_row, &failure.row] {
            group.add(row);
        }
        Self { group, device, maximum, forget, guard, profile, profiles, offset, failure }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    /// Shows the device, and what was chosen for it.
    pub(crate) fn show(&self, panel: &Panel) {
        let output = panel.output();
        self.device.replace(output.name.clone());
        // A service that does not know of devices' choices is not asked for any.
        let chosen = panel.device_row().filter(|_| !output.name.is_empty());
        self.group.set_visible(chosen.is_some());
        let Some(chosen) = chosen else { return };
        let name = if output.description.is_empty() { &output.name } else { &output.description };
        self.group.set_description(Some(&glib::markup_escape_text(name)));
        self.show_maximum(&chosen);
        let guard = chosen.guard.and_then(|guard| guard.known()).unwrap_or_default();
        self.guard.show(GUARDS.iter().position(|known| *known == guard));
        let names: Vec<String> = panel.profiles().iter().map(|(name, _)| name.clone()).collect();
        if *self.profiles.borrow() != names {
            let shown = names.iter().map(|name| profile_name(name));
            self.profile
                .offer(&[tr("The one chosen above")].into_iter().chain(shown).collect::<Vec<_>>());
            self.profiles.replace(names.clone());
        }
        let at = chosen.profile.as_ref().map(|own| names.iter().position(|name| name == own));
        self.profile.show(at.map_or(Some(0), |at| at.map(|at| at + 1)));
        self.offset.show(chosen.offset_db.unwrap_or(0.0));
        let policy = chosen.failure.map(|policy| policy.known());
        self.failure.show(match policy {
            None => Some(0),
            Some(policy) => {
                POLICIES.iter().position(|known| Some(*known) == policy).map(|at| at + 1)
            }
        });
    }

    fn show_maximum(&self, chosen: &DeviceRow) {
        self.forget.set_visible(chosen.maximum_lufs.is_some());
        let text = match chosen.maximum_lufs {
            Some(lufs) => trf(
                "Never louder than it was when you set it ({loudness}), whatever the volume",
                &[("loudness", &quantity(lufs, 1, "LUFS"))],
            ),
            None => tr("Play what is as loud as it may get, then set it: no volume gets louder."),
        };
        if self.maximum.subtitle().as_deref() != Some(&*text) {
            self.maximum.set_subtitle(&text);
        }
    }
}

/// The row that stores the loudest that the device may play, and the button that forgets it.
fn maximum_row(asker: &Asker, device: &Device) -> (adw::ActionRow, gtk::Button) {
    let row = plain_row();
    row.set_title(&tr("This is my maximum"));
    row.set_title_lines(0);
    row.set_subtitle_lines(0);
    let forget = icon_button("edit-undo-symbolic", &tr("Forget the maximum"));
    forget.connect_clicked({
        let (asker, device) = (asker.clone(), Rc::clone(device));
        move |_| {
            let (device, key) = (device.borrow().clone(), "maximum-lufs".to_owned());
            asker.ask(Ask::ResetDevice { device, key });
        }
    });
    let set = gtk::Button::builder().valign(gtk::Align::Center).build();
    set_mnemonic(&set, &tr("S_et"));
    a11y::set_label(&set, &tr("This is my maximum"));
    set.connect_clicked({
        let (asker, device) = (asker.clone(), Rc::clone(device));
        move |_| asker.ask(Ask::SetMaximum(device.borrow().clone()))
    });
    row.add_suffix(&forget);
    row.add_suffix(&set);
    (row, forget)
}

/// A row with a list that follows the service and not the hand.
#[derive(Debug)]
pub(super) struct Choice {
    row: adw::ActionRow,
    drop: gtk::DropDown,
    handler: glib::SignalHandlerId,
}

impl Choice {
    pub(super) fn new(title: &str, choose: impl Fn(usize) + 'static) -> Self {
        let row = plain_row();
        row.set_title(title);
        row.set_title_lines(0);
        row.set_subtitle_lines(0);
        let drop =
            gtk::DropDown::builder().valign(gtk::Align::Center).factory(&short_texts()).build();
        a11y::set_label(&drop, title);
        // The button within is what screen readers meet.
        if let Some(button) = drop.first_child() {
            a11y::set_label(&button, title);
        }
        let handler = drop.connect_selected_notify(move |drop| {
            if drop.selected() != gtk::INVALID_LIST_POSITION {
                choose(drop.selected() as usize);
            }
        });
        row.add_suffix(&drop);
        Self { row, drop, handler }
    }

    pub(super) fn row(&self) -> &adw::ActionRow {
        &self.row
    }

    fn quietly(&self, change: impl FnOnce(&gtk::DropDown)) {
        self.drop.block_signal(&self.handler);
        change(&self.drop);
        self.drop.unblock_signal(&self.handler);
    }

    pub(super) fn offer(&self, texts: &[String]) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.quietly(|drop| drop.set_model(Some(&gtk::StringList::new(&texts))));
    }

    pub(super) fn show(&self, at: Option<usize>) {
        let at = at.and_then(|at| u32::try_from(at).ok()).unwrap_or(gtk::INVALID_LIST_POSITION);
        if self.drop.selected() != at {
            self.quietly(|drop| drop.set_selected(at));
        }
    }
}

/// Makes what a list shows shorter than its text where there is no room for it.
fn short_texts() -> gtk::SignalListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    factory.connect_setup(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
        let end = gtk::pango::EllipsizeMode::End;
        item.set_child(Some(
            &gtk::Label::builder().xalign(0.0).width_chars(7).ellipsize(end).build(),
        ));
    });
    factory.connect_bind(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
        let text = item.item().and_downcast::<gtk::StringObject>();
        let label = item.child().and_downcast::<gtk::Label>();
        if let (Some(label), Some(text)) = (label, text) {
            label.set_label(&text.string());
        }
    });
    factory
}
