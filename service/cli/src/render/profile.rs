//! The chain's settings: those of a profile, changed by what was typed.

use std::path::Path;

use headroom_dsp::ChainParams;
use headroom_profile::{Library, Value, no_such_setting, settings, successor};

use crate::{
    args::RenderArgs,
    failure::Failure,
    paths::profile_directory,
    settings::{Form, Input, near},
};

/// Returns the settings to render with.
///
/// # Errors
/// `Refused`, when there is no such profile or its file has a fault; `Usage`, when `--set` makes no sense.
pub(super) fn params(args: &RenderArgs) -> Result<ChainParams, Failure> {
    let library = Library::load(profile_directory().as_deref());
    let faults = faults(&library, &args.profile);
    if !faults.is_empty() {
        return Err(Failure::Refused(faults.join("\n")));
    }
    let profile = library.get(&args.profile).ok_or_else(|| unknown(&library, &args.profile))?;
    let mut settings = profile.settings;
    for (key, text) in &args.set {
        change(&mut settings, key, text)?;
    }
    if let Some(ceiling_dbtp) = args.ceiling {
        settings.chain.limiter.ceiling_dbtp = ceiling_dbtp as f32;
    }
    Ok(settings.chain)
}

/// Returns what is wrong with the file of a profile: what it says is wanted, and nothing in its place.
fn faults(library: &Library, name: &str) -> Vec<String> {
    library
        .faults()
        .iter()
        .filter(|fault| {
            let path = Path::new(&fault.file);
            // Without the folder it is not known what the profile would say.
            path.file_stem().is_some_and(|stem| stem == name) || path.extension().is_none()
        })
        .map(|fault| {
            // The last part says what the service uses instead.
            let what = fault.sentence.rsplit_once("; ").map_or(&*fault.sentence, |(what, _)| what);
            format!("{what}; nothing was rendered.")
        })
        .collect()
}

fn unknown(library: &Library, name: &str) -> Failure {
    let names: Vec<&str> = library.iter().map(|profile| profile.name.as_str()).collect();
    let hint = near(name, names.iter().copied())
        .map_or(String::new(), |near| format!(" Did you mean {near}?"));
    let names = names.join(", ");
    Failure::Refused(format!(
        "No profile has the name '{name}' here; what exists is: {names}.{hint}"
    ))
}

fn change(values: &mut headroom_profile::Settings, key: &str, text: &str) -> Result<(), Failure> {
    let wrong = |why: &str| Failure::Usage(format!("--set {key}={text}: {why}."));
    let Some(info) = settings().iter().find(|info| info.key == key) else {
        if successor(key).is_some() {
            return Err(wrong(&no_such_setting(key)));
        }
        let hint = near(key, settings().iter().map(|info| info.key)).map_or_else(
            || "`headroom get` lists them".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        return Err(wrong(&format!("no setting has this key; {}", hint.trim_end_matches('.'))));
    };
    if key.starts_with("app_volume.") {
        return Err(wrong("app volume control moves the volume of streams, and a file is none"));
    }
    let input = Form::from(&info.kind)
        .parse(text)
        .map_err(|why| Failure::Usage(format!("--set {key}: {}.", why.trim_end_matches('.'))))?;
    let value = match input {
        Input::Switch(on) => Value::Switch(on),
        Input::Number(number) => Value::Number(number),
        Input::Word(word) => Value::Word(word),
    };
    values.set(key, &value).map_err(|error| wrong(&error.to_string()))
}
