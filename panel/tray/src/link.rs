//! The way to the service: what it says becomes [`News`], and what a person wants is asked of it.
//!
//! Runs as one future. It follows the service across its restarts and asks nothing at intervals: the bus tells. A service
//! that hangs is noticed when something is asked of it, and its late answer brings it back. It is started by the bus when
//! a person wants it, and at no other time: calls go to the connection that owns the name.

use std::{collections::VecDeque, convert::Infallible, future::Future, pin::Pin, time::Duration};

use headroom_api::{
    CatchRow, Caught, ControlProxy, Dict, Field, Word,
    names::{BUS_NAME, INTERFACE, OBJECT_PATH},
    read_items, read_table, visible_lines,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    time::{Instant, sleep_until, timeout},
};
use zbus::{
    Connection, Error, MatchRule, MessageStream, Variant,
    fdo::{self, DBusProxy, NameOwnerChangedStream, PropertiesChanged, PropertiesProxy},
    message::Type,
    names::{BusName, InterfaceName, OwnedUniqueName, WellKnownName},
    proxy::CacheProperties,
};

use crate::{
    bus::{gone, next},
    model::{Ask, Fact, News, Presence},
};

/// What a service in good health needs for any answer, with much to spare.
const ANSWER: Duration = Duration::from_secs(3);
/// Longest wait for a service that is being started: a little more than a bus itself waits.
const START: Duration = Duration::from_secs(30);

/// Follows the service until the bus is gone.
///
/// # Errors
/// When the bus is gone.
pub(crate) async fn run(
    connection: &Connection,
    news: UnboundedSender<News>,
    mut asks: UnboundedReceiver<Ask>,
) -> Result<Infallible, Error> {
    let bus = DBusProxy::new(connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, BUS_NAME)]).await?;
    loop {
        match bus.get_name_owner(service_name()).await {
            Ok(owner) => {
                let mut session = Session::new(connection, &owner, &news).await?;
                session.follow(&owner, &mut owners, &mut asks).await?;
            }
            Err(fdo::Error::NameHasNoOwner(_)) => {
                wait(&bus, &mut owners, &news, &mut asks).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for another owner of the name, and has the service started when somebody wants it.
async fn wait(
    bus: &DBusProxy<'_>,
    owners: &mut NameOwnerChangedStream,
    news: &UnboundedSender<News>,
    asks: &mut UnboundedReceiver<Ask>,
) -> Result<(), Error> {
    loop {
        publish(news, News::Presence(Presence::Absent));
        tokio::select! {
            change = next(owners) => return change.map(|_| ()).ok_or_else(gone),
            ask = asks.recv() => match ask.ok_or_else(gone)? {
                Ask::Start => {}
                // A click on what has just gone.
                _ => continue,
            },
        }
        publish(news, News::Presence(Presence::Connecting));
        let name = WellKnownName::from_static_str(BUS_NAME)?;
        match timeout(START, bus.start_service_by_name(name, 0)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => publish(news, News::Refused(sentence(&error.into()))),
            Err(_) => publish(news, News::Refused(String::new())),
        }
    }
}

/// Something to ask of one service.
#[derive(Debug)]
enum Job {
    Everything,
    LastCatch,
    Ask(Ask),
}

/// What became of it.
enum Done {
    Everything(Result<Dict, Error>),
    LastCatch(Result<Vec<Dict>, Error>),
    Ask(Result<(), Error>),
}

/// One service, from its appearance to its end.
struct Session<'s> {
    news: &'s UnboundedSender<News>,
    control: ControlProxy<'static>,
    properties: PropertiesProxy<'static>,
    changes: MessageStream,
    catches: MessageStream,
    waiting: VecDeque<Job>,
    doing: Option<Pin<Box<dyn Future<Output = Done> + Send>>>,
    /// Until when what is asked for is to be answered.
    deadline: Option<Instant>,
    is_silent: bool,
}

impl<'s> Session<'s> {
    async fn new(
        connection: &Connection,
        owner: &OwnedUniqueName,
        news: &'s UnboundedSender<News>,
    ) -> Result<Self, Error> {
        publish(news, News::Presence(Presence::Connecting));
        let signals =
            || MatchRule::builder().msg_type(Type::Signal).sender(owner.as_str()).path(OBJECT_PATH);
        // Of all that changes, only this: streams come and go by signals of their own, which wake nobody here.
        let changes = signals().interface("org.freedesktop.DBus.Properties");
        let changes = changes.member("PropertiesChanged").arg(0, INTERFACE).build()?;
        let catches = signals().interface(INTERFACE).member("Caught").build()?;
        // Signals are asked for before anything is read, so that nothing falls in between.
        let changes = MessageStream::for_match_rule(changes, connection, None).await?;
        let catches = MessageStream::for_match_rule(catches, connection, None).await?;
        let control = ControlProxy::builder(connection).destination(owner.clone());
        let control = control.cache_properties(CacheProperties::No).build().await?;
        let properties = PropertiesProxy::builder(connection).destination(owner.clone());
        let properties = properties.path(OBJECT_PATH).cache_properties(CacheProperties::No);
        let properties = properties.build().await?;
        Ok(Self {
            news,
            control,
            properties,
            changes,
            catches,
            waiting: [Job::Everything, Job::LastCatch].into(),
            doing: None,
            deadline: None,
            is_silent: false,
        })
    }

    /// Tells what the service says and asks it for what is wanted, until it leaves.
    async fn follow(
        &mut self,
        owner: &OwnedUniqueName,
        owners: &mut NameOwnerChangedStream,
        asks: &mut UnboundedReceiver<Ask>,
    ) -> Result<(), Error> {
        loop {
            self.begin();
            let (late, is_awaited) =
                (self.deadline.unwrap_or_else(Instant::now), self.deadline.is_some());
            tokio::select! {
                // An answer is older than the signals that came with it.
                biased;
                done = finish(&mut self.doing) => self.settle(done),
                change = next(owners) => {
                    let change = change.ok_or_else(gone)?;
                    // A late word of this service's own appearance is not its end.
                    if change.args()?.new_owner().as_ref().is_none_or(|new| new != owner) {
                        return Ok(());
                    }
                }
                change = next(&mut self.changes) => {
                    let signal = PropertiesChanged::from_message(change.ok_or_else(gone)??);
                    if let Some(Ok(args)) = signal.as_ref().map(PropertiesChanged::args) {
                        let changed = args.changed_properties.iter();
                        self.hear(facts(changed.map(|(name, value)| (*name, value))));
                    }
                }
                caught = next(&mut self.catches) => {
                    let signal = Caught::from_message(caught.ok_or_else(gone)??);
                    if let Some(Ok(args)) = signal.as_ref().map(Caught::args) {
                        publish(self.news, News::Caught(CatchRow::from_dict(&args.catch)));
                    }
                }
                () = sleep_until(late), if is_awaited => self.fall_silent(),
                ask = asks.recv() => {
                    let ask = ask.ok_or_else(gone)?;
                    if self.is_silent {
                        // What waits for its answer already shows when it is back.
                    } else if ask == Ask::Look {
                        self.waiting.push_back(Job::LastCatch);
                    } else if ask != Ask::Start {
                        self.waiting.push_back(Job::Ask(ask));
                    }
                }
            }
        }
    }

    /// Begins the next job, if none is under way.
    fn begin(&mut self) {
        if self.doing.is_some() {
            return;
        }
        self.deadline = None;
        if let Some(job) = self.waiting.pop_front() {
            let (control, properties) = (self.control.clone(), self.properties.clone());
            self.doing = Some(Box::pin(carry_out(control, properties, job)));
            self.deadline = Some(Instant::now() + ANSWER);
        }
    }

    fn settle(&mut self, done: Done) {
        // To refuse is to answer; that it left is told by the bus.
        if std::mem::take(&mut self.is_silent) {
            self.waiting = [Job::Everything, Job::LastCatch].into();
        }
        match done {
            Done::Everything(Ok(all)) => {
                let all = all.iter().map(|(name, value)| (name.as_str(), &**value));
                self.hear(facts(all));
                publish(self.news, News::Presence(Presence::Present));
            }
            Done::LastCatch(Ok(rows)) => {
                let row = rows.first().map(CatchRow::from_dict);
                publish(self.news, News::LastCatch(row));
            }
            Done::Ask(Err(error)) => publish(self.news, News::Refused(sentence(&error))),
            Done::Everything(Err(error)) | Done::LastCatch(Err(error)) => {
                tracing::warn!(%error, "the service refuses a question");
            }
            Done::Ask(Ok(())) => {}
        }
    }

    fn hear(&self, facts: Vec<Fact>) {
        if !facts.is_empty() {
            publish(self.news, News::Facts(facts));
        }
    }

    /// What was wanted meanwhile is dropped: done minutes later, it would surprise.
    fn fall_silent(&mut self) {
        self.deadline = None;
        self.is_silent = true;
        self.waiting.clear();
        publish(self.news, News::Presence(Presence::Silent));
    }
}

async fn carry_out(
    control: ControlProxy<'static>,
    properties: PropertiesProxy<'static>,
    job: Job,
) -> Done {
    let ask = match job {
        Job::Everything => {
            let all = match InterfaceName::from_static_str(INTERFACE) {
                Ok(interface) => properties.get_all(interface).await.map_err(Into::into),
                Err(error) => Err(error),
            };
            return Done::Everything(all);
        }
        Job::LastCatch => return Done::LastCatch(control.catches(0, 1).await.map_err(plain)),
        Job::Ask(ask) => ask,
    };
    Done::Ask(match ask {
        Ask::SetBypass(bypass) => control.set_bypass(bypass).await,
        Ask::BypassFor(seconds) => control.bypass_for(seconds).await.map_err(plain),
        Ask::UseProfile(name) => control.set_active_profile(&name).await,
        Ask::Start | Ask::Look => Ok(()),
    })
}

/// Waits for the end of what is under way; never returns while there is nothing.
async fn finish(doing: &mut Option<Pin<Box<dyn Future<Output = Done> + Send>>>) -> Done {
    let done = match doing {
        Some(work) => work.await,
        None => std::future::pending().await,
    };
    *doing = None;
    done
}

/// Reads properties, whichever of them are there and known.
fn facts<'a>(all: impl Iterator<Item = (&'a str, &'a Variant<'a>)>) -> Vec<Fact> {
    let fact = |(name, value): (&str, &Variant<'_>)| {
        Some(match name {
            "State" => Fact::State(Word::read(value)?),
            "Problems" => Fact::Problems(read_items(value)?),
            "BypassUntil" => Fact::BypassUntil(u64::read(value)?),
            "ActiveProfile" => Fact::Profile(String::read(value)?),
            "Profiles" => {
                let named = |(name, _): (String, String)| name;
                Fact::Profiles(read_table(value)?.into_iter().map(named).collect())
            }
            _ => return None,
        })
    };
    all.filter_map(fact).collect()
}

fn plain(error: headroom_api::Error) -> Error {
    match error {
        headroom_api::Error::ZBus(error) => error,
        refusal => Error::Failure(refusal.message()),
    }
}

/// Returns what an error says to a person, safe to show.
fn sentence(error: &Error) -> String {
    let text = match error {
        Error::MethodError(_, Some(text), _) | Error::Failure(text) => text.clone(),
        Error::FDO(error) => match &**error {
            fdo::Error::ZBus(error) => return sentence(error),
            error => error.to_string(),
        },
        error => error.to_string(),
    };
    visible_lines(&text)
}

fn publish(news: &UnboundedSender<News>, what: News) {
    // Nobody listens any more when the program ends.
    let _ = news.send(what);
}

fn service_name() -> BusName<'static> {
    BusName::from_static_str(BUS_NAME).expect("the name is valid")
}
