//! The world as it goes over the bus, and what is published when it changes.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use headroom_api::{
    By, CatchRow, ChainKind, Dict, Error, Explanation, ExplanationRow, OutputRow, ProblemRow,
    Reason, Result, StreamRow, Treatment, TreatmentRow, Word, names::INTERFACE,
};
use zbus::{
    OwnedVariant, Variant, fdo::Properties, names::InterfaceName, object_server::SignalEmitter,
};

use super::{Stream, World, control::Control, value};

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

    pub(super) fn treatment_dicts(&self) -> HashMap<String, Dict> {
        self.treatments.iter().map(|(app, row)| (app.clone(), row.to_dict())).collect()
    }

    pub(super) fn schedule_dicts(&self) -> HashMap<String, Dict> {
        self.schedules.iter().map(|(profile, row)| (profile.clone(), row.to_dict())).collect()
    }

    /// Returns whether a stream plays through its application's own chain.
    pub fn is_in_chain(&self, stream: &Stream) -> bool {
        self.route(stream).0 == "processed"
    }

    /// Returns what the application of a stream gets, and by how much louder or softer, in dB.
    pub fn treatment(&self, stream: &Stream) -> (Word<Treatment>, f64) {
        match self.chosen(stream) {
            None => (stream.treatment.into(), stream.offset_db),
            Some((_, own)) if own.treatment.known() == Some(Treatment::Automatic) => {
                (stream.treatment.into(), own.offset_db)
            }
            Some((_, own)) => (own.treatment.clone(), own.offset_db),
        }
    }

    /// Returns whether app volume control acts on a stream.
    pub fn is_levelled(&self, stream: &Stream) -> bool {
        stream.level && self.chosen(stream).is_none()
    }

    fn chosen(&self, stream: &Stream) -> Option<(&String, &TreatmentRow)> {
        self.treatments.iter().find(|(app, _)| stream.is_of(app))
    }

    /// Route and reason.
    fn route(&self, stream: &Stream) -> (&'static str, Reason) {
        let own = self.chosen(stream).and_then(|(app, own)| Some((app, own.treatment.known()?)));
        match own.filter(|(_, treatment)| *treatment != Treatment::Automatic) {
            None => (stream.route, stream.why.clone()),
            Some((app, treatment)) => {
                let (by, route) = (Some(By::User { app: app.clone() }), treatment.route());
                (route.as_str(), Reason { by, route: Some(route), ..Reason::default() })
            }
        }
    }

    fn stream_row(&self, id: u64, stream: &Stream) -> StreamRow {
        let (route, why) = self.route(stream);
        let (treatment, offset_db) = self.treatment(stream);
        let chain = if route == "processed" { ChainKind::App } else { ChainKind::None };
        StreamRow {
            id,
            app: stream.app.clone(),
            media: stream.media.clone(),
            icon: stream.icon.clone(),
            binary: stream.binary.clone(),
            role: stream.role.clone(),
            channels: 2,
            rate_hz: 48_000,
            route: Word::of(route),
            reason: why.to_string(),
            why: Some(why),
            chain: chain.into(),
            device: stream.device.clone(),
            playing: stream.playing,
            level: self.is_levelled(stream),
            offset_db,
            strength: stream.strength,
            treatment,
            volume_percent: stream.volume_percent,
            muted: stream.volume_percent.map(|_| stream.muted),
        }
    }

    fn stream_dict(&self, id: u64, stream: &Stream) -> Dict {
        self.stream_row(id, stream).to_dict()
    }

    pub(super) fn explain(&self, id: u64) -> Result<Dict> {
        let none = || Error::NoSuchStream(format!("no stream has the id {id}"));
        let stream = self.streams.get(&id).ok_or_else(none)?;
        let said = stream.explanation.clone().unwrap_or_else(|| {
            let matched = BTreeMap::from([("application.name".to_owned(), stream.app.clone())]);
            let more = ExplanationRow {
                rule: "the default route".to_owned(),
                file: "built-in default.toml".to_owned(),
                line: 12,
                patterns: matched.clone(),
                matched,
                level_reason: "it is on in the profile".to_owned(),
                level_db: -3.0,
                since_usec: 1_000_000,
                ..ExplanationRow::default()
            };
            Explanation { more, ..Explanation::default() }
        });
        Ok(Explanation { stream: self.stream_row(id, stream), ..said }.to_dict())
    }

    /// The device that is played to, as it goes over the bus.
    pub(super) fn output_dict(&self) -> Dict {
        if self.output == OutputRow::default() { Dict::new() } else { self.output.to_dict() }
    }

    /// The properties whose changes are published, by name.
    fn properties(&self) -> BTreeMap<&'static str, OwnedVariant> {
        BTreeMap::from([
            ("State", value(self.state)),
            ("Problems", value(self.problems.iter().map(ProblemRow::to_dict).collect::<Vec<_>>())),
            ("Bypass", value(self.bypass)),
            ("BypassUntil", value(self.bypass_until_usec)),
            ("CompareUntil", value(self.compare_until_usec)),
            ("Introduced", value(self.introduced)),
            ("HistoryEnabled", value(self.history_enabled)),
            ("ActiveProfile", value(self.active_profile.clone())),
            ("ProfileBy", value(self.profile_by.as_str())),
            ("ProfileUntil", value(self.profile_until_usec)),
            ("Schedules", value(self.schedule_dicts())),
            ("Profiles", value(self.profile_lines())),
            ("Chains", value(self.chaining().as_str())),
            ("Devices", value(self.protection().as_str())),
            ("Treatments", value(self.treatment_dicts())),
            ("ExposureEnabled", value(self.exposure_enabled)),
            ("ExposureWarnings", value(self.exposure_warnings)),
            ("DeviceSettings", value(self.device_settings.clone())),
            ("Streams", value(self.stream_dicts())),
            ("Output", value(self.output_dict())),
            ("Outputs", value(self.outputs.iter().map(OutputRow::to_dict).collect::<Vec<_>>())),
        ])
    }

    /// Returns what clients are sent, as it is now.
    pub(super) fn published(&self) -> Published {
        let stream = |(id, stream): (&u64, &Stream)| (*id, self.stream_dict(*id, stream));
        Published {
            properties: self.properties(),
            settings: self.values(),
            streams: self.streams.iter().map(stream).collect(),
            catches: self.catches.clone(),
        }
    }
}

/// What clients are sent.
#[derive(Debug)]
pub(super) struct Published {
    properties: BTreeMap<&'static str, OwnedVariant>,
    settings: BTreeMap<String, OwnedVariant>,
    streams: BTreeMap<u64, Dict>,
    catches: Vec<CatchRow>,
}

impl Published {
    /// Tells what is not as it was before.
    pub(super) async fn publish(
        self,
        before: Self,
        emitter: &SignalEmitter<'_>,
    ) -> zbus::Result<()> {
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
        for row in self.catches.iter().rev().filter(|row| !before.catches.contains(row)) {
            Control::caught(emitter, row.to_dict()).await?;
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
