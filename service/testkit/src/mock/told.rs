//! The world as it goes over the bus, and what is told when it becomes another.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use headroom_api::{Dict, Error, Result, dict_bool, dict_f64, names::INTERFACE};
use zbus::{
    OwnedVariant, Variant, fdo::Properties, names::InterfaceName, object_server::SignalEmitter,
};

use super::{Stream, World, control::Control, dict, value};

impl World {
    pub(super) fn profile_lines(&self) -> HashMap<String, String> {
        let line = |(name, profile): (&String, &super::Profile)| {
            (name.clone(), profile.description.clone())
        };
        self.profiles.iter().map(line).collect()
    }

    pub(super) fn stream_dicts(&self) -> Vec<Dict> {
        self.streams.iter().map(|(id, stream)| self.stream_dict(*id, stream)).collect()
    }

    /// Returns whether a stream plays through its application's own chain.
    pub fn is_in_chain(&self, stream: &Stream) -> bool {
        self.route(stream).0 == "processed" && self.tuning(stream).2
    }

    /// Returns what is wanted of the chain of a stream's application: offset in dB, strength from 0 to 1, whether
    /// it has one.
    pub fn tuning(&self, stream: &Stream) -> (f64, f64, bool) {
        let chosen = self.app_settings.iter().find(|(app, _)| stream.is_of(app));
        let chosen = chosen.map(|(_, chosen)| chosen);
        let number = |key| chosen.and_then(|chosen| dict_f64(chosen, key));
        let chain = chosen.and_then(|chosen| dict_bool(chosen, "chain"));
        (
            number("offset_db").unwrap_or(stream.offset_db),
            number("strength").unwrap_or(stream.strength),
            chain.unwrap_or(stream.own_chain),
        )
    }

    /// Returns whether level control acts on a stream.
    pub fn is_levelled(&self, stream: &Stream) -> bool {
        let choice = self.level_control.iter().find(|(app, _)| stream.is_of(app));
        choice.map_or(stream.level, |(_, on)| *on)
    }

    /// Route and reason.
    fn route<'a>(&'a self, stream: &'a Stream) -> (&'a str, &'a str) {
        let own = self.routes.iter().find(|(app, _)| stream.is_of(app));
        own.map_or((stream.route, &stream.reason), |(_, route)| (route, "you set it"))
    }

    fn stream_dict(&self, id: u64, stream: &Stream) -> Dict {
        let (route, reason) = self.route(stream);
        let (offset_db, strength, own_chain) = self.tuning(stream);
        let chain = match route {
            "processed" if own_chain => "app",
            "processed" => "bus",
            _ => "none",
        };
        dict([
            ("id", Variant::new(id)),
            ("app", Variant::new(stream.app.as_str())),
            ("media", Variant::new(stream.media.as_str())),
            ("icon", Variant::new(stream.icon.as_str())),
            ("binary", Variant::new(stream.binary.as_str())),
            ("role", Variant::new(stream.role.as_str())),
            ("channels", Variant::new(2_u32)),
            ("rate", Variant::new(48_000_u32)),
            ("route", Variant::new(route)),
            ("reason", Variant::new(reason)),
            ("chain", Variant::new(chain)),
            ("device", Variant::new(stream.device.as_str())),
            ("playing", Variant::new(stream.playing)),
            ("level", Variant::new(self.is_levelled(stream))),
            ("offset-db", Variant::new(offset_db)),
            ("strength", Variant::new(strength)),
            ("own-chain", Variant::new(own_chain)),
        ])
    }

    pub(super) fn explain(&self, id: u64) -> Result<Dict> {
        let none = || Error::NoSuchStream(format!("no stream has the id {id}"));
        let stream = self.streams.get(&id).ok_or_else(none)?;
        let matched = HashMap::from([("application.name".to_owned(), stream.app.clone())]);
        let mut explanation = dict([
            ("stream", Variant::new(id)),
            ("rule", Variant::new("the default route")),
            ("file", Variant::new("built-in default.toml")),
            ("line", Variant::new(12_u32)),
            ("matched", Variant::new(matched.clone())),
            ("patterns", Variant::new(matched)),
            ("level-reason", Variant::new("the profile turns it on for calls")),
            ("level-db", Variant::new(-3.0)),
            ("since-usec", Variant::new(1_000_000_u64)),
        ]);
        let same = [
            "app",
            "route",
            "reason",
            "level",
            "offset-db",
            "strength",
            "own-chain",
            "chain",
            "device",
        ];
        let known = self.stream_dict(id, stream).into_iter();
        explanation.extend(known.filter(|(key, _)| same.contains(&key.as_str())));
        explanation.extend(stream.explanation.clone());
        Ok(explanation)
    }

    /// The properties whose changes are told, by name.
    fn properties(&self) -> BTreeMap<&'static str, OwnedVariant> {
        let table = |entries: &BTreeMap<String, Dict>| {
            entries.clone().into_iter().collect::<HashMap<String, Dict>>()
        };
        BTreeMap::from([
            ("State", value(self.state)),
            ("Problems", value(self.problems.clone())),
            ("Bypass", value(self.bypass)),
            ("Introduced", value(self.introduced)),
            ("ActiveProfile", value(self.active_profile.clone())),
            ("Profiles", value(self.profile_lines())),
            ("Routes", value(self.routes.clone())),
            ("LevelControl", value(self.level_control.clone())),
            ("AppSettings", value(table(&self.app_settings))),
            ("Streams", value(self.stream_dicts())),
            ("Output", value(self.output.clone())),
            ("Outputs", value(self.outputs.clone())),
        ])
    }

    /// Returns what clients are told of, as it is now.
    pub(super) fn told(&self) -> Told {
        let stream = |(id, stream): (&u64, &Stream)| (*id, self.stream_dict(*id, stream));
        Told {
            properties: self.properties(),
            settings: self.values(),
            streams: self.streams.iter().map(stream).collect(),
        }
    }
}

/// What clients are told of.
#[derive(Debug)]
pub(super) struct Told {
    properties: BTreeMap<&'static str, OwnedVariant>,
    settings: BTreeMap<String, OwnedVariant>,
    streams: BTreeMap<u64, Dict>,
}

impl Told {
    /// Leaves out a property that is told by somebody else.
    pub(super) fn without(mut self, property: Option<&str>) -> Self {
        self.properties.retain(|name, _| Some(*name) != property);
        self
    }

    /// Tells what is not as it was before.
    pub(super) async fn tell(self, before: Self, emitter: &SignalEmitter<'_>) -> zbus::Result<()> {
        for (id, stream) in &self.streams {
            match before.streams.get(id) {
                None => Control::stream_added(emitter, *id, stream.clone()).await?,
                Some(old) if old != stream => {
                    Control::stream_changed(emitter, *id, stream.clone()).await?;
                }
                Some(_) => {}
            }
        }
        for id in before.streams.keys().filter(|id| !self.streams.contains_key(id)) {
            Control::stream_removed(emitter, *id).await?;
        }
        let is_new =
            |(key, value): &(String, OwnedVariant)| before.settings.get(key) != Some(value);
        let settings: Dict = self.settings.into_iter().filter(is_new).collect();
        if !settings.is_empty() {
            Control::settings_changed(emitter, settings).await?;
        }
        let is_new =
            |(name, value): &(&str, OwnedVariant)| before.properties.get(name) != Some(value);
        let properties = self.properties.into_iter().filter(is_new);
        let properties: HashMap<&str, Variant<'_>> =
            properties.map(|(name, value)| (name, value.into())).collect();
        if properties.is_empty() {
            return Ok(());
        }
        let interface = InterfaceName::try_from(INTERFACE)?;
        Properties::properties_changed(emitter, interface, properties, Cow::Borrowed(&[])).await
    }
}
