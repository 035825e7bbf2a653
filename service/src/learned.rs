//! How loud each application plays, as its chain has learned it: remembered, so that the first second
//! of a known application is right.
//!
//! Learned on the control thread, written by the writer thread, to which a copy goes and from which it comes back. A
//! file of its own holds names of applications and a level each, and nothing else; losing it costs a second of learning,
//! so nobody waits for a disk.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use headroom_api::{Error, Result, quotable};
use headroom_profile::read_regular_text;
use serde::{Deserialize, Serialize};
use tracing::{debug, warn};

use crate::{state::AppKey, store::lock};

/// Most applications that are remembered: the newest.
pub const MAX_LEARNED: usize = 200;
/// Shortest time between two writes.
pub const WRITE_EVERY: Duration = Duration::from_mins(1);
/// What a level must have moved by to be written again, in LU.
const WORTH_WRITING_LU: f32 = 0.5;
/// What a programme can be, in LUFS.
const ACCEPTED_LUFS: std::ops::RangeInclusive<f32> = -70.0..=10.0;
/// No file of ours is as long as this.
const MAX_FILE_BYTES: u64 = 1 << 20;
const VERSION: u32 = 1;

/// What was learned of applications.
#[derive(Clone, Debug)]
pub struct Learned {
    path: PathBuf,
    /// The newest last.
    levels: Vec<(AppKey, f32)>,
    /// What the file does not have yet, of each application: another service of this home may have
    /// written it meanwhile, and nobody's is lost.
    news: BTreeMap<AppKey, News>,
    written_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum News {
    Learned(f32),
    Forgotten,
}

#[derive(Debug, Deserialize, Serialize)]
struct LevelsFile {
    version: u32,
    #[serde(default)]
    levels: Vec<Row>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Row {
    app: String,
    programme_lufs: f32,
}

impl Learned {
    /// Reads what was learned before; a file that cannot be read is forgotten.
    pub fn load(path: PathBuf) -> Self {
        let levels = read_or_forget(&path);
        Self { path, levels, news: BTreeMap::new(), written_at: None }
    }

    /// Returns the programme level of an application, in LUFS, if it is known.
    pub fn of(&self, app: &AppKey) -> Option<f32> {
        self.levels.iter().find(|(known, _)| known == app).map(|(_, lufs)| *lufs)
    }

    /// Remembers the programme level of an application, in LUFS.
    pub fn learn(&mut self, app: &AppKey, programme_lufs: f32) {
        if !ACCEPTED_LUFS.contains(&programme_lufs) {
            return;
        }
        let place = self.levels.iter().position(|(known, _)| known == app);
        let before = place.map(|place| self.levels.remove(place).1);
        let is_news =
            before.is_none_or(|before| (before - programme_lufs).abs() >= WORTH_WRITING_LU);
        // Otherwise what is in the file stays: by small moves it would be written for ever.
        let lufs = before.filter(|_| !is_news).unwrap_or(programme_lufs);
        self.levels.push((app.clone(), lufs));
        if is_news {
            self.news.insert(app.clone(), News::Learned(lufs));
        }
        let excess = self.levels.len().saturating_sub(MAX_LEARNED);
        self.levels.drain(..excess);
    }

    /// Forgets an application by its name, whatever its case, or with an empty name all of them;
    /// returns how many were known.
    pub fn forget(&mut self, app: &str) -> usize {
        // What another service has learned is forgotten with it.
        self.follow();
        let name = app.to_lowercase();
        let is_meant = |known: &AppKey| name.is_empty() || known.to_string() == name;
        let forgotten: Vec<_> = self.levels.extract_if(.., |(known, _)| is_meant(known)).collect();
        self.news.extend(forgotten.iter().map(|(app, _)| (app.clone(), News::Forgotten)));
        forgotten.len()
    }

    /// Hands out a copy to be written, unless there is nothing new, or that was done less than
    /// [`WRITE_EVERY`] ago. It is to [`come back`](Self::take_back).
    pub fn hand_out_when_due(&mut self, now: Instant) -> Option<Self> {
        let is_due = self.written_at.is_none_or(|at| now.duration_since(at) >= WRITE_EVERY);
        if self.news.is_empty() || !is_due {
            return None;
        }
        self.written_at = Some(now);
        Some(self.hand_out())
    }

    /// Hands out a copy that has the news, which are none here any more.
    #[must_use]
    pub fn hand_out(&mut self) -> Self {
        let copy = self.clone();
        self.news.clear();
        copy
    }

    /// Takes a copy back that was written, or could not be, and has what others have learned: what was
    /// learned here since then is on top of it.
    pub fn take_back(&mut self, copy: Self) {
        let mut levels = copy.levels;
        levels.retain(|(app, _)| !self.news.contains_key(app));
        let learned =
            |(app, _): &&(AppKey, f32)| matches!(self.news.get(app), Some(News::Learned(_)));
        levels.extend(self.levels.iter().filter(learned).cloned());
        levels.drain(..levels.len().saturating_sub(MAX_LEARNED));
        self.levels = levels;
        let newer = std::mem::replace(&mut self.news, copy.news);
        self.news.extend(newer);
    }

    /// Writes what has changed; that it cannot is no loss that anybody has to hear of.
    pub fn save_quietly(&mut self) {
        if let Err(error) = self.save() {
            debug!(%error, "what was learned of applications was not kept");
        }
    }

    /// Forgets an application, or with an empty name all of them, in the file as well.
    ///
    /// # Errors
    /// When nothing is known of it, or the file cannot be written.
    pub fn forget_for_good(&mut self, app: &str) -> Result<()> {
        if self.forget(app) == 0 && !app.is_empty() {
            let why = format!(
                "nothing is remembered of '{}': it is the binary, the name or the id under which it played",
                quotable(app)
            );
            return Err(Error::NoSuchLevel(why));
        }
        self.save().map_err(|error| {
            Error::Failed(format!("it is forgotten, but its file could not be written: {error}"))
        })
    }

    /// Writes what has changed.
    ///
    /// # Errors
    /// When the file cannot be replaced; the old one is then still there.
    pub fn save(&mut self) -> io::Result<()> {
        if self.news.is_empty() {
            return Ok(());
        }
        let _lock = lock(&self.path.with_extension("lock"))?;
        self.follow();
        if self.levels.is_empty() {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => {
                    self.news.clear();
                    Ok(())
                }
            };
        }
        let row = |(app, lufs): &(AppKey, f32)| Row {
            app: app.as_str().to_owned(),
            programme_lufs: (lufs * 10.0).round() / 10.0,
        };
        let file = LevelsFile { version: VERSION, levels: self.levels.iter().map(row).collect() };
        replace(&self.path, &file)?;
        self.news.clear();
        Ok(())
    }

    /// Takes in what stands in the file now, and what it does not have yet on top.
    fn follow(&mut self) {
        let mut levels = read_or_forget(&self.path);
        levels.retain(|(app, _)| !self.news.contains_key(app));
        // What was heard here last is the newest.
        for (app, _) in &self.levels {
            if let Some(News::Learned(lufs)) = self.news.get(app) {
                levels.push((app.clone(), *lufs));
            } else if let Some(place) = levels.iter().position(|(known, _)| known == app) {
                let row = levels.remove(place);
                levels.push(row);
            }
        }
        self.levels = levels;
        let excess = self.levels.len().saturating_sub(MAX_LEARNED);
        self.levels.drain(..excess);
    }
}

/// Replaces the file whole. Nothing is flushed to the disk: after a power cut it is learned anew.
fn replace(path: &Path, content: &LevelsFile) -> io::Result<()> {
    let text = toml::to_string(content).map_err(io::Error::other)?;
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    let draft = path.with_extension(format!("toml.{}", std::process::id()));
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let header = "# Written by Headroom: how loud each application plays. `headroom app forget` empties it.\n";
    file.write_all(header.as_bytes())?;
    file.write_all(text.as_bytes())?;
    fs::rename(&draft, path)
}

/// Reads the file; one that cannot be read is forgotten.
fn read_or_forget(path: &Path) -> Vec<(AppKey, f32)> {
    match read(path) {
        Ok(levels) => levels,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            warn!(path = %path.display(), %error, "what was learned of applications is lost");
            Vec::new()
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<(AppKey, f32)>> {
    let text = read_regular_text(path, MAX_FILE_BYTES)?;
    let file: LevelsFile = toml::from_str(&text).map_err(|e| io::Error::other(e.message()))?;
    if file.version != VERSION {
        return Err(io::Error::other(format!("it has version {}", file.version)));
    }
    let known = file.levels.into_iter().filter(|row| ACCEPTED_LUFS.contains(&row.programme_lufs));
    let known = known.filter_map(|row| Some((AppKey::parse(&row.app)?, row.programme_lufs)));
    let mut levels: Vec<_> = known.collect();
    levels.drain(..levels.len().saturating_sub(MAX_LEARNED));
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn app(name: &str) -> AppKey {
        AppKey::parse(&format!("binary:{name}")).unwrap()
    }

    fn place() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("headroom/levels.toml");
        (dir, path)
    }

    #[test]
    fn levels_survive_a_restart_readable_by_their_owner_alone() {
        let (_dir, path) = place();
        let mut learned = Learned::load(path.clone());
        for name in ["mpv", "a \"b\" = c", "[levels]", "ünï", "x:y"] {
            learned.learn(&app(name), -23.14);
        }
        learned.save().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let names =
            fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["levels.lock", "levels.toml"], "no draft is left");
        let again = Learned::load(path);
        assert_eq!(again.levels.len(), 5);
        assert_eq!(again.of(&app("ünï")), Some(-23.1));
        assert_eq!(again.of(&app("vlc")), None);
    }

    #[test]
    fn newest_levels_are_kept_when_there_are_too_many() {
        let (_dir, path) = place();
        let mut learned = Learned::load(path.clone());
        learned.learn(&app("first"), -20.0);
        for n in 0..MAX_LEARNED {
            learned.learn(&app(&format!("app{n}")), -20.0);
            // Played again and again, it is among the newest.
            learned.learn(&app("first"), -20.1);
        }
        learned.save().unwrap();
        let again = Learned::load(path);
        assert_eq!(again.levels.len(), MAX_LEARNED);
        assert!(again.of(&app("first")).is_some() && again.of(&app("app0")).is_none());
    }

    #[test]
    fn copy_is_handed_out_once_a_minute_and_only_for_news() {
        let (_dir, path) = place();
        let mut learned = Learned::load(path);
        let start = Instant::now();
        assert!(learned.hand_out_when_due(start).is_none(), "nothing was learned");
        learned.learn(&app("mpv"), -20.0);
        assert!(learned.hand_out_when_due(start).is_some());
        learned.learn(&app("mpv"), -10.0);
        assert!(learned.hand_out_when_due(start + WRITE_EVERY / 2).is_none());
        assert!(learned.hand_out_when_due(start + WRITE_EVERY).is_some());
        for n in 0..10 {
            learned.learn(&app("mpv"), -10.0 + 0.04 * n as f32);
        }
        let later = start + 3 * WRITE_EVERY;
        assert!(learned.hand_out_when_due(later).is_none(), "nothing worth a write was learned");
    }

    #[test]
    fn what_is_learned_while_a_copy_is_written_stays() {
        let (_dir, path) = place();
        let mut there = Learned::load(path.clone());
        there.learn(&app("theirs"), -30.0);
        there.save().unwrap();
        let mut learned = Learned::load(path.clone());
        learned.learn(&app("before"), -20.0);
        learned.learn(&app("both"), -20.0);
        let mut copy = learned.hand_out();
        learned.learn(&app("both"), -10.0);
        learned.learn(&app("after"), -10.0);
        copy.save().unwrap();
        learned.take_back(copy);
        let known = ["theirs", "before", "both", "after"].map(|name| learned.of(&app(name)));
        assert_eq!(known, [Some(-30.0), Some(-20.0), Some(-10.0), Some(-10.0)]);
        learned.hand_out().save().unwrap();
        let again = Learned::load(path);
        assert_eq!(again.levels.len(), 4);
        assert_eq!(again.of(&app("both")), Some(-10.0));
        // A copy that could not be written has its news still.
        learned.learn(&app("before"), -5.0);
        let unwritten = learned.hand_out();
        assert!(learned.news.is_empty());
        learned.take_back(unwritten);
        assert_eq!(learned.news.len(), 1);
    }

    #[test]
    fn forgotten_application_leaves_the_file() {
        let (_dir, path) = place();
        let mut learned = Learned::load(path.clone());
        learned.learn(&app("mpv"), -20.0);
        learned.learn(&AppKey::parse("id:org.videolan.vlc").unwrap(), -12.0);
        learned.save().unwrap();
        assert_eq!(learned.forget("MPV"), 1);
        assert_eq!(learned.forget("nobody"), 0);
        learned.save().unwrap();
        assert!(!fs::read_to_string(&path).unwrap().contains("mpv"));
        assert_eq!(learned.forget(""), 1);
        learned.save().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn two_services_on_one_home_lose_no_level() {
        let (_dir, path) = place();
        let mut here = Learned::load(path.clone());
        let mut there = Learned::load(path.clone());
        here.learn(&app("mpv"), -20.0);
        there.learn(&app("vlc"), -12.0);
        here.save().unwrap();
        there.save().unwrap();
        let both = |path: &Path| {
            let known = Learned::load(path.to_owned());
            [known.of(&app("mpv")), known.of(&app("vlc"))]
        };
        assert_eq!(both(&path), [Some(-20.0), Some(-12.0)]);
        // What one forgets, the other does not bring back.
        assert_eq!(here.forget("vlc"), 1, "it is the other's");
        here.save().unwrap();
        there.learn(&app("mpv"), -15.0);
        there.save().unwrap();
        assert_eq!(both(&path), [Some(-15.0), None]);
        assert_eq!(there.of(&app("vlc")), None);
    }

    #[test]
    fn file_that_makes_no_sense_is_forgotten() {
        for text in [
            "version = 2\n",
            "version = 1\nlevels = 3\n",
            "\u{0}",
            "version = 1\n[[levels]]\napp = \"mpv\"\nprogramme_lufs = -20.0\n",
            "version = 1\n[[levels]]\napp = \"binary:mpv\"\nprogramme_lufs = nan\n",
            "version = 1\n[[levels]]\napp = \"binary:mpv\"\nprogramme_lufs = 1e30\n",
        ] {
            let (_dir, path) = place();
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            let mut learned = Learned::load(path);
            assert!(learned.levels.is_empty(), "{text}");
            learned.learn(&app("mpv"), f32::NAN);
            assert!(learned.levels.is_empty());
        }
        let (dir, _) = place();
        assert!(Learned::load(dir.path().to_owned()).levels.is_empty(), "a folder");
    }
}
