//! A PipeWire client with one stream, on a loop thread of its own.
//!
//! Owns the thread; the stream's process callback runs on the client's data thread and must not
//! allocate or lock. The rest of the kit sees the stream only through [`Client`].

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use pipewire::{
    channel::{Receiver, Sender, channel},
    context::ContextRc,
    core::PW_ID_CORE,
    main_loop::MainLoopRc,
    properties::PropertiesBox,
    spa::{
        param::audio::{AudioFormat, AudioInfoRaw},
        pod::{Object, Pod, Value, serialize::PodSerializer},
        sys,
        utils::Direction,
    },
    stream::{Stream, StreamFlags, StreamRc, StreamState},
};

use super::{Session, wait::wait_for};
use crate::layout::Position;

/// What a stream is to be.
pub(super) struct StreamSpec {
    pub(super) direction: Direction,
    pub(super) flags: StreamFlags,
    pub(super) positions: Vec<Position>,
    /// `None` takes the graph's.
    pub(super) rate_hz: Option<u32>,
    /// Values are bytes: a program need not speak UTF-8.
    pub(super) props: Vec<(String, Vec<u8>)>,
}

/// What is known of a stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Status {
    pub(super) node_id: Option<u32>,
    pub(super) serial: Option<u64>,
    pub(super) rate_hz: Option<u32>,
    pub(super) is_streaming: bool,
    pub(super) error: Option<String>,
}

/// A connected client; dropping it takes its stream out of the graph.
pub(super) struct Client {
    stop: Sender<()>,
    status: Arc<Mutex<Status>>,
    thread: Option<JoinHandle<()>>,
}

impl Client {
    /// Connects a stream and waits until it exists in the graph.
    ///
    /// `data` moves to the data thread and is handed to `process` in every cycle.
    pub(super) fn start<D: Send + 'static>(
        session: &Session,
        spec: StreamSpec,
        data: D,
        process: fn(&Stream, &mut D),
    ) -> Result<Self> {
        let (stop, stopped) = channel();
        let status = Arc::new(Mutex::new(Status::default()));
        let paths = (session.pipewire_socket(), session.pipewire_config_dir().join("client.conf"));
        let shared = status.clone();
        let thread = thread::Builder::new().name("testkit-client".into()).spawn(move || {
            if let Err(error) = run(stopped, paths, &spec, &shared, data, process) {
                lock(&shared).error = Some(format!("{error:#}"));
            }
            lock(&shared).is_streaming = false;
        })?;
        let client = Self { stop, status, thread: Some(thread) };
        client.wait("the stream's node", super::READY_TIMEOUT, |status| status.serial.map(drop))?;
        Ok(client)
    }

    pub(super) fn status(&self) -> Status {
        lock(&self.status).clone()
    }

    /// Waits for a status; fails at once when the stream has failed.
    pub(super) fn wait<T>(
        &self,
        what: &str,
        timeout: Duration,
        mut probe: impl FnMut(&Status) -> Option<T>,
    ) -> Result<T> {
        wait_for(what, timeout, || {
            let status = self.status();
            match &status.error {
                Some(error) => Some(Err(anyhow!("the stream failed: {error}"))),
                None => probe(&status).map(Ok),
            }
        })?
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // The loop may have ended by itself, on an error.
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(status: &Mutex<Status>) -> MutexGuard<'_, Status> {
    status.lock().unwrap_or_else(PoisonError::into_inner)
}

fn properties(pairs: &[(String, Vec<u8>)]) -> PropertiesBox {
    let mut props = PropertiesBox::new();
    for (key, value) in pairs {
        props.insert(key.as_str(), value.as_slice());
    }
    props
}

fn run<D: Send + 'static>(
    stopped: Receiver<()>,
    (socket, client_config): (PathBuf, PathBuf),
    spec: &StreamSpec,
    status: &Arc<Mutex<Status>>,
    data: D,
    process: fn(&Stream, &mut D),
) -> Result<()> {
    pipewire::init();
    let main_loop = MainLoopRc::new(None)?;
    // An application's identity is its connection's as well as its stream's.
    let mut context_props = properties(&spec.props);
    context_props.insert("config.name", client_config.to_string_lossy().as_ref());
    let context = ContextRc::new(&main_loop, Some(context_props))?;
    let mut core_props = properties(&spec.props);
    core_props.insert("remote.name", socket.to_string_lossy().as_ref());
    let core = context.connect_rc(Some(core_props)).context("cannot connect to PipeWire")?;
    let (quitter, failed) = (main_loop.clone(), status.clone());
    let _core_listener = core
        .add_listener_local()
        .error(move |id, _, _, message| {
            if id == PW_ID_CORE {
                lock(&failed).error = Some(message.to_owned());
                quitter.quit();
            }
        })
        .register();

    let name = spec.props.iter().find(|(key, _)| key == "node.name");
    let name = name.map_or_else(|| "testkit".into(), |(_, name)| String::from_utf8_lossy(name));
    let stream = StreamRc::new(core, &name, properties(&spec.props))?;
    // Two listeners: what the loop thread touches is not what the data thread touches.
    let _status_listener = stream
        .add_local_listener_with_user_data(status.clone())
        .state_changed(|stream, status, _, new| note_state(stream, status, &new))
        .param_changed(|_, status, id, param| {
            let mut info = AudioInfoRaw::new();
            if id == sys::SPA_PARAM_Format
                && let Some(param) = param
                && info.parse(param).is_ok()
            {
                lock(status).rate_hz = Some(info.rate());
            }
        })
        .register()?;
    let _process_listener =
        stream.add_local_listener_with_user_data(data).process(process).register()?;
    let format = format_pod(&spec.positions, spec.rate_hz)?;
    let pod = Pod::from_bytes(&format).context("the format is no pod")?;
    stream.connect(spec.direction, None, spec.flags, &mut [pod])?;
    let quitter = main_loop.clone();
    let _stopper = stopped.attach(main_loop.loop_(), move |()| quitter.quit());
    main_loop.run();
    // Off the data thread first, so that no callback runs while the listeners go.
    stream.disconnect()?;
    Ok(())
}

fn note_state(stream: &Stream, status: &Mutex<Status>, new: &StreamState) {
    let mut status = lock(status);
    status.is_streaming = *new == StreamState::Streaming;
    match new {
        StreamState::Error(error) => status.error = Some(error.clone()),
        StreamState::Paused | StreamState::Streaming => {
            status.node_id = Some(stream.node_id());
            let serial = stream.properties().get("object.serial");
            status.serial = serial.and_then(|serial| serial.parse().ok());
        }
        StreamState::Unconnected | StreamState::Connecting => {}
    }
}

/// Planar floats; without a rate, whichever the graph has.
fn format_pod(positions: &[Position], rate_hz: Option<u32>) -> Result<Vec<u8>> {
    let mut info = AudioInfoRaw::new();
    info.set_format(AudioFormat::F32P);
    info.set_rate(rate_hz.unwrap_or(0));
    info.set_channels(u32::try_from(positions.len())?);
    let mut ids = [0; sys::SPA_AUDIO_MAX_CHANNELS as usize];
    for (slot, position) in ids.iter_mut().zip(positions) {
        *slot = channel_id(*position);
    }
    info.set_position(ids);
    let object = Value::Object(Object {
        type_: sys::SPA_TYPE_OBJECT_Format,
        id: sys::SPA_PARAM_EnumFormat,
        properties: info.into(),
    });
    let (cursor, _) = PodSerializer::serialize(std::io::Cursor::new(Vec::new()), &object)
        .map_err(|error| anyhow!("cannot write the format: {error:?}"))?;
    Ok(cursor.into_inner())
}

fn channel_id(position: Position) -> u32 {
    match position {
        Position::Mono => sys::SPA_AUDIO_CHANNEL_MONO,
        Position::FrontLeft => sys::SPA_AUDIO_CHANNEL_FL,
        Position::FrontRight => sys::SPA_AUDIO_CHANNEL_FR,
        Position::FrontCenter => sys::SPA_AUDIO_CHANNEL_FC,
        Position::Lfe => sys::SPA_AUDIO_CHANNEL_LFE,
        Position::SideLeft => sys::SPA_AUDIO_CHANNEL_SL,
        Position::SideRight => sys::SPA_AUDIO_CHANNEL_SR,
        Position::RearLeft => sys::SPA_AUDIO_CHANNEL_RL,
        Position::RearRight => sys::SPA_AUDIO_CHANNEL_RR,
        Position::Aux(number) => sys::SPA_AUDIO_CHANNEL_AUX0 + u32::from(number),
    }
}

/// Size of a sample in a stream's buffers, in bytes.
pub(super) const SAMPLE_BYTES: usize = size_of::<f32>();
