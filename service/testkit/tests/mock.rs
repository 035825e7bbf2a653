//! `headroom-mock` on a private bus, read by the interface's own proxy.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use headroom_api::{ControlProxy, Treatment, TreatmentRow};
use headroom_testkit::{mock::PrivateBus, scenarios::Scenario};
use zbus::{connection::Builder, proxy::CacheProperties};

/// Longest wait for anything that must happen.
const DEADLINE: Duration = Duration::from_mins(1);

/// The program; ends with the test.
struct Program(Child);

impl Program {
    fn start(bus: &PrivateBus, arguments: &[&str]) -> Self {
        let program = Command::new(env!("CARGO_BIN_EXE_headroom-mock"))
            .args(["--bus", &bus.address()])
            .args(arguments)
            .stderr(Stdio::null())
            .spawn();
        Self(program.unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks until the answer is as wanted.
async fn wait<T, F: Future<Output = zbus::Result<T>>>(
    what: &str,
    ask: impl Fn() -> F,
    is_so: impl Fn(&T) -> bool,
) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Ok(answer) = ask().await
            && is_so(&answer)
        {
            return answer;
        }
        assert!(Instant::now() < end, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn mock_answers_with_its_scenario_and_keeps_choices() {
    for scenario in Scenario::ALL {
        let bus = PrivateBus::start();
        let _program = Program::start(&bus, &[scenario.name()]);
        let connection = Builder::address(bus.address().as_str()).build().await.unwrap();
        let control = ControlProxy::builder(&connection)
            .cache_properties(CacheProperties::No)
            .build()
            .await
            .unwrap();
        let world = scenario.world();
        let state = wait("the program", || control.state(), |_| true).await;
        assert_eq!(state, world.state, "{}", scenario.name());
        let streams = control.streams().await.unwrap();
        assert_eq!(streams.len(), world.streams.len(), "{}", scenario.name());
        let problems = control.problems().await.unwrap();
        assert_eq!(problems.len(), world.problems.len(), "{}", scenario.name());
        control.set_treatment("mpv", "limit-only", -3.0).await.unwrap();
        let chosen = TreatmentRow::from_dict(&control.treatments().await.unwrap()["mpv"]);
        assert_eq!(chosen.treatment.known(), Some(Treatment::LimitOnly));
    }
}

#[tokio::test]
async fn mock_moves_gauges_while_somebody_looks() {
    let bus = PrivateBus::start();
    let _program = Program::start(&bus, &["speech"]);
    let connection = Builder::address(bus.address().as_str()).build().await.unwrap();
    // With an object server the library answers pings: without an answer nobody is sent readings.
    connection.object_server();
    let control = ControlProxy::new(&connection).await.unwrap();
    wait("the program", || control.state(), |_| true).await;
    let mut meters = control.receive_meters().await.unwrap();
    control.subscribe_meters(30.0).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let next = std::future::poll_fn(|context| {
            zbus::export::futures_core::Stream::poll_next(std::pin::Pin::new(&mut meters), context)
        });
        let reading = tokio::time::timeout(DEADLINE, next).await.unwrap().unwrap();
        seen.push(reading.args().unwrap().bus()["momentary-lufs"]);
    }
    seen.dedup();
    assert!(seen.len() > 1, "gauges stand still: {seen:?}");
}

#[test]
fn mock_names_its_scenarios_in_its_help() {
    let help = Command::new(env!("CARGO_BIN_EXE_headroom-mock")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for scenario in Scenario::ALL {
        assert!(help.contains(scenario.name()), "{help}");
    }
    let wrong = Command::new(env!("CARGO_BIN_EXE_headroom-mock")).arg("loud").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}
