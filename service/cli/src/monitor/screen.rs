//! `headroom monitor` on the whole screen: news, keys, time and signals in, pictures and calls out.
//!
//! Owns the terminal while it runs. Nothing is drawn that did not change, and never more often than
//! [`FRAME`]; while nothing moves there is no timer.

use std::{
    convert::Infallible,
    io,
    pin::{Pin, pin},
    process::ExitCode,
    time::Duration,
};

use crossterm::event::{Event, EventStream};
use headroom_api::{ControlProxy, Explanation};
use tokio::{
    select,
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Instant, sleep_until, timeout},
};
use zbus::Connection;

use super::{
    feed::{self, News, Wanted},
    input,
    model::{Action, Link, Model, Request},
    terminal::{Screen, require_terminal},
};
use crate::{
    failure::Failure,
    link::{call, connect, next, proxy},
};

/// Least time between two pictures: 25 a second.
const FRAME: Duration = Duration::from_millis(40);
/// How long the way out waits for the service.
const FAREWELL: Duration = Duration::from_millis(300);

/// Shows the service and steers it until the user has enough.
pub(crate) async fn run(meters_hz: f64) -> Result<ExitCode, Failure> {
    // Before the terminal is taken, so that no signal finds it taken and us dead.
    let mut signals = Signals::listen()?;
    require_terminal()?;
    let connection = connect().await?;
    let control = proxy(&connection).await?;
    let mut screen = Screen::take()?;
    let (news_in, mut news) = unbounded_channel();
    let (answers_in, mut answers) = unbounded_channel();
    let (actions, mut actions_out) = unbounded_channel();
    let wanted = Wanted { meters_hz: Some(meters_hz), settings: true, patient: true };
    let follow = pin!(follow(&connection, wanted, news_in));
    let work = pin!(work(&control, &mut actions_out, &answers_in));
    let mut background = Background { follow, work };
    let mut window = Window {
        model: Model::default(),
        keys: EventStream::new(),
        actions,
        is_due: true,
        drawn_at: Instant::now(),
        moved_at: Instant::now(),
    };
    loop {
        window.draw(&mut screen)?;
        let next_draw = window.drawn_at + FRAME;
        let request = select! {
            failure = background.run() => return Err(failure),
            Some(item) = news.recv() => {
                window.tell(item);
                // Everything that is there makes one picture.
                while let Ok(item) = news.try_recv() {
                    window.tell(item);
                }
                Request::Nothing
            }
            Some((action, answer)) = answers.recv() => {
                window.catch_up();
                window.model.settle(&action, answer);
                window.is_due = true;
                Request::Nothing
            }
            event = next(&mut window.keys) => window.event(event)?,
            request = signals.next() => request,
            () = sleep_until(next_draw), if window.is_due || window.model.is_moving() => Request::Nothing,
        };
        match request {
            Request::Nothing => {}
            Request::Quit => return Ok(ExitCode::SUCCESS),
            Request::Redraw => {
                screen.retake()?;
                window.is_due = true;
            }
            Request::Suspend => {
                // Readings that nobody reads are not asked for. A service that is away has none, and the
                // call would start it.
                let is_subscribed = window.model.link == Link::Up;
                if is_subscribed {
                    let _ = timeout(FAREWELL, control.unsubscribe_meters()).await;
                }
                screen.suspend()?;
                if is_subscribed {
                    let _ = timeout(FAREWELL, control.subscribe_meters(meters_hz)).await;
                }
                window.moved_at = Instant::now();
                window.is_due = true;
            }
            Request::Call(action) => window.send(action),
        }
    }
}

/// What is looked at, and whether it must be drawn.
struct Window {
    model: Model,
    keys: EventStream,
    actions: UnboundedSender<Action>,
    /// Something changed since the last picture.
    is_due: bool,
    drawn_at: Instant,
    moved_at: Instant,
}

impl Window {
    fn tell(&mut self, news: News) {
        self.catch_up();
        if let News::Meters(_, bus, streams) = &news {
            // Equal readings are no change; what moves is seen as time goes on.
            self.is_due |= self.model.read_meters(bus, streams);
            return;
        }
        self.is_due = true;
        if let Some(action) = self.model.apply(news) {
            self.send(action);
        }
    }

    fn send(&mut self, action: Action) {
        // The worker lives as long as the window.
        let _ = self.actions.send(action);
        self.is_due = true;
    }

    fn event(&mut self, event: Option<io::Result<Event>>) -> io::Result<Request> {
        match event {
            // The terminal is gone.
            None => Ok(Request::Quit),
            Some(Err(error)) => Err(error),
            Some(Ok(Event::Resize(..))) => {
                self.is_due = true;
                Ok(Request::Nothing)
            }
            Some(Ok(event)) => match input::key(&event) {
                Some(key) => {
                    self.catch_up();
                    self.is_due = true;
                    Ok(self.model.press(key))
                }
                None => Ok(Request::Nothing),
            },
        }
    }

    /// Draws when there is something new and the last picture was seen long enough.
    fn draw(&mut self, screen: &mut Screen) -> io::Result<()> {
        let now = Instant::now();
        if now < self.drawn_at + FRAME {
            return Ok(());
        }
        self.catch_up();
        if self.is_due {
            let room = screen.room(&self.model);
            self.model.set_page(room.streams);
            self.model.hold_pane(room.pane_last_first);
            screen.draw(&self.model)?;
            self.is_due = false;
        }
        self.drawn_at = now;
        Ok(())
    }

    /// Lets the model's time pass up to now; before anything new comes in, or that would age at once.
    fn catch_up(&mut self) {
        let now = Instant::now();
        self.is_due |= self.model.advance(now - self.moved_at);
        self.moved_at = now;
    }
}

/// What goes on beside the window: neither ever ends well.
struct Background<'a, F, W> {
    follow: Pin<&'a mut F>,
    work: Pin<&'a mut W>,
}

impl<F, W> Background<'_, F, W>
where
    F: Future<Output = Result<Infallible, Failure>>,
    W: Future<Output = Infallible>,
{
    async fn run(&mut self) -> Failure {
        select! {
            outcome = &mut self.follow => match outcome {
                Ok(never) => match never {},
                Err(failure) => failure,
            },
            never = &mut self.work => match never {},
        }
    }
}

async fn follow(
    connection: &Connection,
    wanted: Wanted,
    news: UnboundedSender<News>,
) -> Result<Infallible, Failure> {
    feed::follow(connection, wanted, &mut |item| {
        // The window lives as long as this.
        let _ = news.send(item);
        Ok(())
    })
    .await
}

/// An answer: for `Explain` the explanation, or a sentence that says what went wrong.
type Answer = (Action, Result<Option<Box<Explanation>>, String>);

/// Does what the keys asked for, one after the other.
async fn work(
    control: &ControlProxy<'_>,
    actions: &mut UnboundedReceiver<Action>,
    answers: &UnboundedSender<Answer>,
) -> Infallible {
    loop {
        let Some(action) = actions.recv().await else { return std::future::pending().await };
        let answer = perform(control, &action).await.map_err(|failure| match failure {
            // The hint for a command line is none for a screen that recovers by itself.
            Failure::Unreachable(sentence) => sentence,
            failure => failure.to_string(),
        });
        // The window lives as long as this.
        let _ = answers.send((action, answer));
    }
}

async fn perform(
    control: &ControlProxy<'_>,
    action: &Action,
) -> Result<Option<Box<Explanation>>, Failure> {
    match action {
        Action::SetTreatment { app, treatment, offset_db } => {
            call(control.set_treatment(app, treatment.as_str(), *offset_db)).await?;
        }
        Action::UnsetTreatment { app } => call(control.unset_treatment(app)).await?,
        Action::SetBypass(on) => call(control.set_bypass(*on)).await?,
        Action::UseProfile(name) => call(control.set_active_profile(name)).await?,
        Action::Explain(id) => {
            let told = Explanation::from_dict(&call(control.explain(*id)).await?);
            return Ok(Some(Box::new(told)));
        }
    }
    Ok(None)
}

/// Signals that mean something to a program with a whole terminal.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    async fn next(&mut self) -> Request {
        select! {
            _ = self.interrupt.recv() => Request::Quit,
            _ = self.terminate.recv() => Request::Quit,
            _ = self.hang_up.recv() => Request::Quit,
            _ = self.stop.recv() => Request::Suspend,
            _ = self.go_on.recv() => Request::Redraw,
        }
    }
}
