//! What can be typed: commands, options, their help and examples.

mod app;
mod device;
mod doctor;
mod exposure;
mod history;
mod install;
mod length;
mod level;
mod monitor;
mod profile;
mod render;
mod schedule;
mod settings;
mod volume;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(crate) use self::{
    app::AppAction,
    device::DeviceAction,
    doctor::DoctorArgs,
    exposure::{CalibrateArgs, ExposureAction, ExposureArgs, SensitivityUnit, WarningsAction},
    history::{HistoryAction, HistoryArgs},
    install::{
        ApplyArgs, ChangeArgs, InstallAction, InstallStatusArgs, RecoverArgs, RemoveArgs,
        TargetArgs,
    },
    level::LevelAction,
    monitor::{MonitorArgs, MonitorTopic},
    profile::{MigrateArgs, ProfileAction, UseArgs},
    render::{Bits, RenderArgs},
    schedule::ScheduleAction,
    settings::{GetArgs, ResetArgs, SetArgs},
    volume::{VolumeArgs, VolumeStep},
};

/// A safety net between noisy applications and your ears.
#[derive(Debug, Parser)]
#[command(
    name = "headroom",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes:\n  0  done\n  1  refused or failed\n  2  wrong usage\n  3  the service cannot be reached\n\n\
                  Examples:\n  headroom status\n  headroom app set mpv leave-alone\n  headroom profile use night\n  \
                  headroom doctor"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what Headroom is doing, stream by stream
    #[command(
        after_help = "`headroom explain` says more of a stream, `headroom monitor` has gauges.\n\n\
                      Examples:\n  headroom status\n  headroom status --watch\n  \
                      headroom status --json | jq '.streams[].app'"
    )]
    Status(StatusArgs),
    /// Read what Headroom does to your system, and how to take it back
    #[command(
        after_help = "The panel says the same at its first start. The service need not run, and is not started for it.\n\n\
                      Examples:\n  headroom welcome"
    )]
    Welcome,
    /// Choose what single applications get: automatic, evened out, only limited, left alone
    #[command(
        after_help = "Every application has a chain of its own, while the active profile says chains = \"per-app\".\n\n\
                      Examples:\n  headroom app list\n  headroom app set mpv leave-alone\n  \
                      headroom app set firefox even-out --offset -3\n  headroom app unset firefox"
    )]
    App {
        #[command(subcommand)]
        action: AppAction,
    },
    /// Send everything straight to the device, or bring the protection back
    #[command(
        after_help = "It lasts until you log out (where your user lingers, see loginctl, until the machine restarts), or for as long as\n\
                      --for says: then the protection comes back by itself.\n\n\
                      Examples:\n  headroom bypass on\n  headroom bypass on --for 30m\n  headroom bypass toggle\n  \
                      headroom bypass status --json"
    )]
    Bypass(BypassArgs),
    /// Hear the difference: what plays, without levelling for some seconds and as loud as with it
    #[command(
        after_help = "Louder always sounds better, so both are equally loud; the ceiling holds and the cap stays. It ends by itself.\n\n\
                      Examples:\n  headroom compare\n  headroom compare 20s\n  headroom compare 0"
    )]
    Compare(CompareArgs),
    /// Show what was caught: when, of which application, how loud it was and how loud it came out
    #[command(
        after_help = "Kept are names of applications and devices, times and levels, never titles, for 400 days, in\n\
                      history.sqlite in Headroom's state folder, which only you can read. IN and OUT are the\n\
                      highest momentary loudness of a catch, and the mean of what an application played.\n\n\
                      Examples:\n  headroom history\n  headroom history --since 7d --app firefox\n  \
                      headroom history --since 2026-11-01 --until 2026-11-07 --csv > week.csv\n  \
                      headroom history --since 4w --plot\n  headroom history --since 4w --plot=month.svg\n  \
                      headroom history off"
    )]
    History(HistoryArgs),
    /// Show how much sound reached each device, week by week
    #[command(
        after_help = "Counted is the A-weighted energy of all that reaches a device, behind its volume, only while this is on.\n\
                      How loud that is at your ear nobody knows without a calibration: then it is a trend, from week to\n\
                      week. With one it is the sound dose of ITU-T H.870, of which 100 % are 80 dB(A) for 40 hours a week.\n\n\
                      Examples:\n  headroom exposure\n  headroom exposure on\n  headroom exposure --weeks 12 --json\n  \
                      headroom exposure warnings on\n  \
                      headroom exposure calibrate Headphones --sensitivity 106 --unit db-per-volt --volts 1"
    )]
    Exposure(ExposureArgs),
    /// Say why a stream is treated as it is
    #[command(
        after_help = "Examples:\n  headroom explain firefox\n  headroom explain 87\n  headroom explain mpv --json"
    )]
    Explain(ExplainArgs),
    /// Show or set how loud a stream is, or mute it, as the desktop's mixers do
    #[command(
        after_help = "It is the stream's own volume, which mixers show and the session manager remembers. It is heard in full and\n\
                      for good: no leveller takes it back. An application stands for all of its streams; a step ends at 0 and\n\
                      at 150. `toggle` mutes what is not muted.\n\n\
                      Examples:\n  headroom volume\n  headroom volume firefox 50\n  headroom volume mpv +5\n  \
                      headroom volume mpv -5%\n  headroom volume firefox mute\n  headroom volume firefox unmute --json"
    )]
    Volume(VolumeArgs),
    /// Choose what comes with single devices, and the loudest that they may play
    #[command(after_help = "Examples:\n  headroom device list\n  headroom device maximum\n  \
                      headroom device set default profile night\n  headroom device reset default")]
    Device {
        #[command(subcommand)]
        action: DeviceAction,
    },
    /// List profiles, show one, switch to one, or read them again
    #[command(
        after_help = "Your own profiles are the TOML files in $XDG_CONFIG_HOME/headroom/profiles, which is ~/.config/headroom/profiles \
                      for most. A line extends = \"default\" and what is to be different is all that one needs. Headroom notices when \
                      one is saved, and when the folder is made.\n\n\
                      Examples:\n  headroom profile list\n  headroom profile use night\n  headroom profile show default > mine.toml"
    )]
    Profile {
        #[command(subcommand)]
        action: ProfileAction,
    },
    /// Have profiles in force at certain times, or with the desktop's Night Light
    #[command(
        after_help = "While a scheduled time runs, its profile is in force on every device. What you choose with `headroom profile use`\n\
                      meanwhile stands until that time is over, or another one begins; then the profile comes back that you had\n\
                      chosen before. A sleep of the machine, another zone and summer time change nothing about the clock on the wall.\n\n\
                      Examples:\n  headroom schedule list\n  headroom schedule set night 22:00-07:00\n  \
                      headroom schedule set night --night-light\n  headroom schedule unset night"
    )]
    Schedule {
        #[command(subcommand)]
        action: ScheduleAction,
    },
    /// Show one setting, a section, or all of them
    #[command(
        after_help = "The bare value of one setting is printed for scripts; everything else is a table.\n\n\
                      Examples:\n  headroom get\n  headroom get limiter --long\n  \
                      headroom get limiter.ceiling_dbtp\n  headroom get --json"
    )]
    Get(GetArgs),
    /// Change one setting on top of the active profile
    #[command(
        after_help = "It acts at once, without a click, and is remembered with the profile it was made on.\n\n\
                      Examples:\n  headroom set limiter.ceiling_dbtp -1\n  headroom set compressor.enabled off\n  \
                      headroom set compressor.makeup_db auto\n  headroom set leveller.target_lufs \"-20 LUFS\""
    )]
    Set(SetArgs),
    /// Give settings that you changed back to the profile
    #[command(
        after_help = "Examples:\n  headroom reset limiter.ceiling_dbtp\n  headroom reset compressor\n  headroom reset --all"
    )]
    Reset(ResetArgs),
    /// See which applications have their volume tamed
    #[command(
        after_help = "App volume control lowers the volume of a loud stream and never raises it above yours.\n\
                      It works on streams that a rule bypasses, and adds no delay. The profile says whether it does:\n\
                      the settings below app_volume, and app_volume in a rule. What you have left alone with\n\
                      `headroom app set` it never touches.\n\n\
                      Examples:\n  headroom level list\n  headroom set app_volume.enabled true"
    )]
    Level {
        #[command(subcommand)]
        action: LevelAction,
    },
    Monitor(MonitorArgs),
    /// Run a WAV file through the chain, offline
    #[command(
        after_help = "Reads PCM of 16, 24 and 32 bits and 32-bit float, 1 to 8 channels, 44.1 to 192 kHz.\n\
                  The output is as long as the input and aligned with it. No service is needed.\n\n\
                  Examples:\n  headroom render loud.wav safe.wav\n  \
                  headroom render film.wav quiet.wav --profile night --set leveller.target_lufs=-24\n  \
                  headroom render loud.wav safe.wav --ceiling -1 --bits 24\n  \
                  headroom render loud.wav safe.wav --plot safe.svg --force"
    )]
    Render(RenderArgs),
    /// Check everything that Headroom needs, and say what to do
    #[command(
        after_help = "Exits with 1 when a check is bad. Starts nothing, changes nothing and sends nothing.\n\
                  With --report it exits with 0: the report is there, whatever is in it.\n\n\
                  Examples:\n  headroom doctor\n  headroom doctor --json | jq '.checks[] | select(.severity != \"ok\")'\n  \
                  headroom doctor --report > report.md"
    )]
    Doctor(DoctorArgs),
    /// Install without a package, look after it, and take it back
    #[command(
        after_help = "Exit codes of `status` say more than those of the other commands; see there.\n\n\
                      Examples:\n  headroom install apply\n  headroom install status\n  headroom install remove"
    )]
    Install {
        #[command(subcommand)]
        action: InstallAction,
    },
    /// Print the completions for a shell
    #[command(after_help = "A package and `headroom install apply` bring them along.\n\n\
                  Examples:\n  \
                  headroom completions bash > ~/.local/share/bash-completion/completions/headroom\n  \
                  headroom completions zsh > ~/.zfunc/_headroom\n  \
                  headroom completions fish > ~/.config/fish/completions/headroom.fish")]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for every command
    #[command(after_help = "A package and `headroom install apply` bring them along.\n\n\
                      Examples:\n  headroom man | man -l -\n  headroom man --dir ~/.local/share/man/man1")]
    Man(ManArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show it anew every second, until Ctrl-C
    #[arg(long, conflicts_with = "json")]
    pub(crate) watch: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct JsonArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, ClapArgs)]
pub(crate) struct BypassArgs {
    #[arg(value_enum)]
    pub(crate) action: BypassAction,
    /// For so long only: 90s, 30m or 2h, at most a day; with "on"
    #[arg(long = "for", value_name = "TIME", value_parser = length::off_seconds)]
    pub(crate) seconds: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, ClapArgs)]
pub(crate) struct CompareArgs {
    /// How long it is heard without, at most 30s; 0 ends it
    #[arg(value_name = "TIME", default_value = "10s", value_parser = length::compare_seconds)]
    pub(crate) seconds: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BypassAction {
    /// Everything goes straight to the device
    On,
    /// Streams are protected again
    Off,
    /// The other of the two
    Toggle,
    /// Print "on" or "off", and for how long
    Status,
}

#[derive(Clone, Copy, Debug, ClapArgs)]
pub(crate) struct CompletionsArgs {
    #[arg(value_enum, required_unless_present = "names")]
    pub(crate) shell: Option<Shell>,
    /// Print the names that the service knows instead, one to a line: the scripts ask for them
    #[arg(long, value_enum, value_name = "KIND", conflicts_with = "shell")]
    pub(crate) names: Option<Names>,
}

/// A kind of names that can be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Names {
    /// Applications that play or that something is chosen for
    Apps,
    /// Profiles
    Profiles,
    /// Settings, by their dotted keys
    Settings,
}

/// A shell that completions are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// GNU Bash, with bash-completion
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// Id of a stream, or the name or binary of an application
    #[arg(value_name = "STREAM|APP", allow_hyphen_values = true)]
    pub(crate) stream: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ManArgs {
    /// Write headroom.1 and a page for every command into this folder
    #[arg(long)]
    pub(crate) dir: Option<std::path::PathBuf>,
}

/// Parses a number and holds it against a range.
///
/// # Errors
/// A sentence for clap, when the text is no number or is outside.
pub(crate) fn parse_within(
    text: &str,
    range: &std::ops::RangeInclusive<f64>,
    unit: &str,
) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("not a number of {unit}"))?;
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(format!("out of range: accepted are {} to {} {unit}", range.start(), range.end()))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_has_help_with_an_example() {
        fn check(command: &clap::Command) {
            if command.get_subcommands().next().is_none() || command.get_name() == "headroom" {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("headroom"), "{} has no example", command.get_name());
            }
            for sub in command.get_subcommands() {
                check(sub);
            }
        }
        check(&Args::command());
    }

    /// Splits a line as a shell does, as far as the examples need it; a pipe or a redirection ends it.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quote = None;
        for character in line.chars() {
            match (character, quote) {
                ('"' | '\'', None) => quote = Some(character),
                (character, Some(open)) if character == open => quote = None,
                ('|' | '>', None) => break,
                (' ', None) => words.push(String::new()),
                (character, _) => words.last_mut().unwrap().push(character),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_example_is_a_line_that_is_understood() {
        fn check(command: &clap::Command) -> usize {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines = help.lines().filter(|line| line.starts_with("  headroom"));
            let mut count = 0;
            for line in lines {
                let words = words(line.trim());
                if let Err(error) = Args::try_parse_from(&words) {
                    panic!("{line}: {error}");
                }
                count += 1;
            }
            count + command.get_subcommands().map(check).sum::<usize>()
        }
        assert!(check(&Args::command()) > 40);
    }

    #[test]
    fn negative_numbers_are_values_and_not_options() {
        let args =
            Args::try_parse_from(["headroom", "render", "a", "b", "--ceiling", "-1.5"]).unwrap();
        let Command::Render(args) = args.command else { panic!("not render") };
        assert_eq!(args.ceiling, Some(-1.5));
    }

    #[test]
    fn numbers_out_of_range_are_wrong_usage() {
        for bad in ["0", "-13", "nan", "inf", "loud", "-0.09", ""] {
            let parsed = Args::try_parse_from(["headroom", "render", "a", "b", "--ceiling", bad]);
            assert_eq!(parsed.unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}
