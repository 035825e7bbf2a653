//! Who may know whom: the rooms of ARCHITECTURE.md as data.

/// A crate of ours.
pub(crate) struct Crate {
    /// As code names it.
    pub(crate) name: &'static str,
    /// Folder with its Cargo.toml.
    pub(crate) folder: &'static str,
    /// The crates of ours that its sources may name.
    pub(crate) may: &'static [&'static str],
    /// The crates of ours that its tests, benches and examples may name beside those.
    pub(crate) tests_may: &'static [&'static str],
}

/// Modules of a crate that stand at the same height.
pub(crate) struct Room {
    /// Folder with the crate's Cargo.toml.
    pub(crate) folder: &'static str,
    /// Paths from the crate's root; `*` are all that no other row names.
    pub(crate) modules: &'static [&'static str],
    /// The modules that they may import beside themselves and what is below them; `*` are all.
    pub(crate) may: &'static [&'static str],
}

/// A library that only some places may name.
pub(crate) struct Library {
    /// As code names it.
    pub(crate) names: &'static [&'static str],
    /// Beginnings of paths of files; `!` before one forbids it, and then all others are free.
    pub(crate) places: &'static [&'static str],
    /// Why, as the end of a sentence.
    pub(crate) rule: &'static str,
}

/// An import that stands though no row allows it; the list can only shrink.
pub(crate) struct Exception {
    /// The file that imports.
    pub(crate) file: &'static str,
    /// What it imports: a module of the crate, or a library.
    pub(crate) name: &'static str,
    /// Why it stands, and what ends it.
    pub(crate) reason: &'static str,
}

pub(crate) const CRATES: &[Crate] = &[
    Crate {
        name: "headroom_dsp",
        folder: "service/dsp",
        may: &[],
        tests_may: &["headroom_testkit"],
    },
    Crate { name: "headroom_api", folder: "service/api", may: &[], tests_may: &[] },
    Crate { name: "headroom_bus", folder: "service/bus", may: &["headroom_api"], tests_may: &[] },
    Crate {
        name: "headroom_profile",
        folder: "service/profile",
        may: &["headroom_api", "headroom_dsp"],
        tests_may: &[],
    },
    Crate {
        name: "headroom_state",
        folder: "service/state",
        may: &["headroom_api", "headroom_dsp", "headroom_profile"],
        tests_may: &[],
    },
    Crate {
        name: "headroom_history",
        folder: "service/history",
        may: &["headroom_api"],
        tests_may: &["headroom_dsp", "headroom_testkit"],
    },
    Crate {
        name: "headroom_service",
        folder: "service",
        may: &[
            "headroom_api",
            "headroom_bus",
            "headroom_dsp",
            "headroom_history",
            "headroom_profile",
            "headroom_state",
            "headroom_words",
        ],
        tests_may: &["headroom_testkit"],
    },
    Crate {
        name: "headroom_client",
        folder: "service/client",
        may: &["headroom_api", "headroom_profile"],
        tests_may: &[],
    },
    Crate {
        name: "headroom_install",
        folder: "service/install",
        may: &["headroom_api", "headroom_client", "headroom_profile"],
        tests_may: &[],
    },
    Crate {
        name: "headroom_doctor",
        folder: "service/doctor",
        may: &["headroom_api", "headroom_client", "headroom_install", "headroom_profile"],
        tests_may: &[],
    },
    Crate {
        name: "headroom",
        folder: "service/cli",
        may: &[
            "headroom_api",
            "headroom_client",
            "headroom_doctor",
            "headroom_dsp",
            "headroom_install",
            "headroom_profile",
        ],
        tests_may: &["headroom_testkit"],
    },
    Crate {
        name: "headroom_testkit",
        folder: "service/testkit",
        may: &["headroom_api", "headroom_bus", "headroom_profile"],
        tests_may: &[],
    },
    Crate {
        name: "headroom_fuzz",
        folder: "service/fuzz",
        may: &[
            "headroom_api",
            "headroom_dsp",
            "headroom_profile",
            "headroom_service",
            "headroom_state",
        ],
        tests_may: &[],
    },
    Crate {
        name: "headroom_panel",
        folder: "panel",
        may: &["headroom_api", "headroom_words"],
        tests_may: &["headroom_testkit"],
    },
    Crate {
        name: "headroom_tray",
        folder: "panel/tray",
        may: &["headroom_api", "headroom_words"],
        tests_may: &["headroom_testkit"],
    },
    Crate { name: "headroom_words", folder: "panel/words", may: &["headroom_api"], tests_may: &[] },
];

const fn room(
    folder: &'static str,
    modules: &'static [&'static str],
    may: &'static [&'static str],
) -> Room {
    Room { folder, modules, may }
}

pub(crate) const ROOMS: &[Room] = &[
    // The state: from the vocabulary to the judge, and what follows from the judgement.
    room("service/state", &["layout"], &[]),
    room("service/state", &["event"], &["layout"]),
    room("service/state", &["identity", "pins", "record", "smart_filter"], &["event"]),
    room("service/state", &["graph"], &["event", "identity", "layout", "smart_filter"]),
    room("service/state", &["effects", "quiet"], &["event", "graph"]),
    room("service/state", &["choices"], &["identity"]),
    room("service/state", &["decision"], &["choices", "identity"]),
    room("service/state", &["reason"], &["decision"]),
    room("service/state", &["desired"], &["choices", "decision", "event", "identity", "pins"]),
    room("service/state", &["ledger"], &["event", "graph", "pins"]),
    room(
        "service/state",
        &["survey"],
        &["decision", "desired", "event", "graph", "identity", "ledger"],
    ),
    room("service/state", &["device_settings"], &[]),
    room("service/state", &["place"], &["desired", "event", "identity", "ledger", "survey"]),
    room("service/state", &["pool"], &["event", "graph", "smart_filter"]),
    room("service/state", &["shares"], &["event", "graph", "layout", "smart_filter"]),
    room("service/state", &["apps"], &["event", "graph", "identity", "layout", "pool"]),
    room(
        "service/state",
        &["devices"],
        &["desired", "event", "graph", "ledger", "place", "pool", "smart_filter", "survey"],
    ),
    room(
        "service/state",
        &["ownership"],
        &[
            "apps", "devices", "effects", "event", "fixed", "graph", "layout", "ledger", "pins",
            "pool", "quiet",
        ],
    ),
    room(
        "service/state",
        &["streams"],
        &[
            "decision",
            "desired",
            "devices",
            "effects",
            "event",
            "graph",
            "identity",
            "ledger",
            "ownership",
            "place",
            "survey",
        ],
    ),
    room("service/state", &["stale"], &["effects", "event", "streams"]),
    room("service/state", &["amplification"], &["event", "graph"]),
    room("service/state", &["fixed"], &["event", "graph", "place", "survey"]),
    room("service/state", &["volumes"], &["apps", "event", "streams"]),
    room("service/state", &["plan"], &["*"]),
    // The service: from what knows nothing to `daemon`, which knows all.
    room(
        "service",
        &["clock", "data_thread", "descriptors", "ready", "rt", "supervision", "watch"],
        &[],
    ),
    room("service", &["alarm"], &["clock", "ready"]),
    room("service", &["zone_watch"], &["ready"]),
    room("service", &["app_volume", "starvation", "volume_guard"], &["rt"]),
    room("service", &["pw"], &["clock", "rt", "volume_guard"]),
    room("service", &["failures"], &["clock"]),
    room("service", &["historian"], &["clock"]),
    room("service", &["policy", "schedules"], &[]),
    room("service", &["learned"], &["store"]),
    room("service", &["store"], &["policy", "schedules"]),
    room("service", &["pins"], &["store", "watch"]),
    room("service", &["writer"], &["learned", "store"]),
    room("service", &["guardian"], &["data_thread", "pins", "pw", "rt", "store"]),
    room(
        "service",
        &["control"],
        &["clock", "data_thread", "policy", "rt", "schedules", "supervision"],
    ),
    room("service", &["daemon"], &["*"]),
    // The command line: what is typed, what is printed, and commands, which know both.
    room("service/cli", &["args"], &[]),
    room("service/cli", &["failure", "output"], &[]),
    room("service/cli", &["monitor::feed", "monitor::input"], &["failure"]),
    room("service/cli", &["monitor::model"], &["monitor::feed", "monitor::input"]),
    room(
        "service/cli",
        &["monitor::view"],
        &[
            "explain",
            "monitor::feed",
            "monitor::input",
            "monitor::model",
            "output",
            "status",
            "streams",
        ],
    ),
    room("service/cli", &["monitor"], &["args", "failure", "output", "status", "streams"]),
    room("service/cli", &["shell", "man"], &["args", "failure", "output"]),
    room("service/cli", &["install"], &["args", "failure", "man", "output", "shell", "status"]),
    room("service/cli", &["history"], &["args", "failure", "output", "render"]),
    room("service/cli", &["exposure"], &["args", "device", "failure", "output"]),
    room("service/cli", &["doctor", "render"], &["args", "failure", "output", "settings"]),
    room(
        "service/cli",
        &["*"],
        &[
            "args", "bypass", "failure", "listing", "migrate", "output", "schedule", "settings",
            "status", "streams",
        ],
    ),
    // Doctor: facts are found, then judged, then pasted.
    room("service/doctor", &["check", "tools"], &[]),
    room("service/doctor", &["redact"], &[]),
    room("service/doctor", &["facts"], &["redact", "tools"]),
    room("service/doctor", &["judge"], &["check", "facts"]),
    room("service/doctor", &["place"], &["facts"]),
    room("service/doctor", &["examine", "material", "paste"], &["*"]),
    // The panel: `app` knows the others, none knows `app`.
    room("panel", &["ballistics", "model"], &[]),
    room("panel", &["link"], &["model"]),
    room("panel", &["widgets"], &["ballistics"]),
    room("panel", &["pages"], &["model", "widgets"]),
    room("panel", &["app"], &["*"]),
    // What window, tray and service share: the catalogue, and what is said with it.
    room("panel/words", &["i18n"], &[]),
    room("panel/words", &["codes", "notices"], &["i18n"]),
    // The tray: what is known, what it looks like, and those who speak to the bus.
    room("panel/tray", &["bus", "desktop", "model"], &[]),
    room("panel/tray", &["host", "view"], &["model"]),
    room("panel/tray", &["item", "menu"], &["host", "model", "view"]),
    room("panel/tray", &["link"], &["bus", "model"]),
    room("panel/tray", &["watcher"], &["bus"]),
    room("panel/tray", &["shortcut"], &["bus", "host", "model"]),
    room("panel/tray", &["app"], &["*"]),
];

pub(crate) const LIBRARIES: &[Library] = &[
    Library {
        names: &["pipewire", "pipewire_sys", "libspa", "libspa_sys", "spa"],
        places: &["service/src/pw", "service/tests/", "service/testkit/"],
        rule: "PipeWire's library is named by service/src/pw alone, and by tests",
    },
    Library {
        names: &["adw", "gdk", "gio", "glib", "gsk", "gtk", "pango", "relm4"],
        places: &[
            "panel/src/app",
            "panel/src/pages",
            "panel/src/widgets",
            "panel/src/main.rs",
            "panel/tests",
            "panel/examples",
        ],
        rule: "the panel's model and link know no widgets, and nobody else has any",
    },
    Library {
        names: &["gettextrs"],
        places: &["panel/words/src/i18n.rs"],
        rule: "texts are translated by panel/words/src/i18n.rs alone",
    },
    Library {
        names: &["zbus"],
        places: &[
            "!service/dsp/",
            "!service/profile/",
            "!service/src/rt",
            "!service/src/pw",
            "!service/state/",
            "!panel/src/model",
            "!panel/src/pages",
            "!panel/src/widgets",
            "!panel/src/app",
            "!panel/tray/src/model",
            "!panel/tray/src/view",
            "!panel/words/",
        ],
        rule: "the bus is named by what speaks to it, not by signal path, graph, rules and view",
    },
    Library {
        names: &["tokio"],
        places: &[
            "!service/dsp/",
            "!service/profile/",
            "!service/src/rt",
            "!service/state/",
            "!panel/src/model",
            "!panel/src/widgets",
            "!panel/src/pages",
            "!panel/tray/src/model",
            "!panel/tray/src/view",
            "!panel/words/",
        ],
        rule: "signal path, rules and models have no runtime",
    },
    Library {
        names: &["tracing"],
        places: &[
            "!service/dsp/",
            "!service/api/",
            "!service/bus/",
            "!service/profile/",
            "!service/state/",
            "!service/src/rt",
            "!service/client/",
            "!service/install/",
            "!service/doctor/",
        ],
        rule: "the data thread and the libraries of the command line keep no log",
    },
    Library {
        names: &["clap", "clap_complete", "clap_mangen"],
        places: &[
            "service/cli/",
            "service/src/main.rs",
            "service/testkit/src/bin/",
            "service/dsp/examples/",
            "service/benches/",
        ],
        rule: "arguments are parsed by programs, not by libraries",
    },
    Library {
        names: &["anstyle", "indicatif", "ratatui", "crossterm"],
        places: &["service/cli/", "service/testkit/src/bin/", "service/dsp/examples/"],
        rule: "a terminal is written to by programs alone",
    },
    Library {
        names: &["headroom_api", "headroom_profile"],
        places: &[
            "!service/testkit/src/meter",
            "!service/testkit/src/signals",
            "!service/testkit/src/session",
            "!service/testkit/src/login",
        ],
        rule: "what judges the product shares nothing with it",
    },
    Library {
        names: &["sd_notify"],
        places: &["service/src/supervision.rs", "service/src/daemon/", "service/tests/"],
        rule: "systemd is told by the daemon alone",
    },
];

pub(crate) const EXCEPTIONS: &[Exception] = &[];
