//! A virtual screen in a private session, and the pictures that are taken of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use headroom_testkit::session::{Process, Session};

use crate::bus::{self, wait_for};

/// Where the desktop's own files for activation are.
const SERVICES: &str = "/usr/share/dbus-1/services";
/// GTK without what differs from run to run: no animations, and one button that lets a window be narrow.
const SETTINGS: &str = "[Settings]\ngtk-enable-animations=0\ngtk-decoration-layout=:close\n\
                        gtk-font-name=Cantarell 11\ngtk-cursor-blink=0\n";

/// A private session with a screen.
pub(crate) struct Desktop {
    display: String,
    pub(crate) connection: zbus::Connection,
    _screen: Process,
    pub(crate) session: Session,
}

impl Desktop {
    /// A screen and a bus, without any sound.
    pub(crate) fn silent() -> Self {
        Self::over(Session::builder().wireplumber(false).start().unwrap())
    }

    /// A screen in this session.
    pub(crate) fn over(session: Session) -> Self {
        // The session's bus starts nothing of the machine's, but for the accessibility bus.
        let own = session.data_home().join("dbus-1/services");
        fs::create_dir_all(&own).unwrap();
        let accessibility = "org.a11y.Bus.service";
        fs::copy(Path::new(SERVICES).join(accessibility), own.join(accessibility))
            .expect("at-spi2-core is installed");
        let settings = session.config_home().join("gtk-4.0");
        fs::create_dir_all(&settings).unwrap();
        fs::write(settings.join("settings.ini"), SETTINGS).unwrap();

        let mut server = session.command("Xvfb");
        // It would start over when a panel ends, and turn away the next one meanwhile.
        server.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "900x3000x24",
            "-nolisten",
            "tcp",
            "-noreset",
        ]);
        let screen = session.spawn(&server, "Xvfb").unwrap();
        let number = wait_for("the virtual screen", || {
            assert!(screen.is_running(), "Xvfb has ended: {}", screen.log());
            let log = screen.log();
            let complete = log.rsplit_once('\n')?.0.to_owned();
            complete.lines().find_map(|line| line.trim().parse::<u32>().ok())
        });
        let connection = bus::connect(&session.bus_address());
        Self { display: format!(":{number}"), connection, _screen: screen, session }
    }

    /// A command in the session that can draw on its screen.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.session.command(program);
        for key in ["LANGUAGE", "LANG", "GTK_A11Y", "AT_SPI_BUS_ADDRESS", "NO_AT_BRIDGE"] {
            command.env_remove(key);
        }
        command
            .env("DISPLAY", &self.display)
            .env("GDK_BACKEND", "x11")
            .env("GSK_RENDERER", "cairo")
            .env("GSETTINGS_BACKEND", "memory");
        command
    }

    /// Runs a program on the screen to its end and returns what it printed, trimmed.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        self.attempt(program, arguments).unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// As [`Self::run`]; returns what the program complains of when it fails.
    fn attempt(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let output = self.command(program).args(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(format!("{program} {arguments:?}: {}", text(&output.stderr)))
        }
    }

    /// Lets the bus start the service by running this command.
    pub(crate) fn make_activatable(&self, command: &str) {
        let name = headroom_api::names::BUS_NAME;
        let file = self.session.data_home().join(format!("dbus-1/services/{name}.service"));
        fs::write(file, format!("[D-BUS Service]\nName={name}\nExec={command}\n")).unwrap();
        self.reload_bus();
    }

    /// The bus looks at its files anew; it may not notice by itself in time.
    fn reload_bus(&self) {
        bus::block(async {
            let bus = zbus::fdo::DBusProxy::new(&self.connection).await.unwrap();
            bus.reload_config().await.unwrap();
        });
    }

    /// Takes a picture of the window of this id, as soon as something is drawn in it.
    pub(crate) fn picture(&self, window: &str, name: &str) {
        /// An empty window has a few, a page with text has hundreds.
        const FEWEST_COLOURS: u32 = 32;
        let file = gallery().join(format!("{name}.png"));
        let path = file.to_string_lossy().into_owned();
        let mut drawn = 0;
        // Gauges move, so that no two pictures need to agree; what was drawn twice has had its frame.
        wait_for("a picture of something", || {
            // A window that changes its size in that moment gives none.
            if let Err(errors) = self.attempt("import", &["-window", window, &path]) {
                println!("{errors}");
                return None;
            }
            let colours = self.run("identify", &["-format", "%k", &path]);
            drawn += u32::from(colours.parse::<u32>().unwrap() >= FEWEST_COLOURS);
            (drawn >= 2).then_some(())
        });
    }
}

/// The folder of the pictures, which git ignores.
pub(crate) fn gallery() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../artifacts/panel");
    fs::create_dir_all(&folder).unwrap();
    folder.canonicalize().unwrap()
}
