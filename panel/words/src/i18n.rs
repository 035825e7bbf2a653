//! Texts, numbers and units in the user's language and locale.
//!
//! Runs on one thread, after the locale is set from the environment: by GTK (not before `RelmApp::new`), or by
//! [`set_locale`]. Owns the translation domain; must not hold texts, only look them up. Extraction reads the
//! sources (`po/update`): a text stands as one plain literal, on one line, in the call itself.

use std::ffi::{CStr, c_char};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gettextrs::{
    LocaleCategory, bind_textdomain_codeset, bindtextdomain, gettext, ngettext, pgettext,
    setlocale, textdomain,
};

/// Names the catalogue of all texts.
pub const DOMAIN: &str = "headroom";
/// Names the environment variable that says where the catalogues are.
pub const LOCALE_DIR_VARIABLE: &str = "HEADROOM_LOCALEDIR";

/// Shows in place of a number that there is none.
const NO_NUMBER: &str = "–";
const MINUS: char = '\u{2212}';
const NO_BREAK_SPACE: char = '\u{a0}';

/// Sets the process's locale from the environment, for a program without GTK.
///
/// # Safety
/// No other thread runs yet.
pub unsafe fn set_locale() {
    // SAFETY: by this function's own condition nobody reads the locale meanwhile.
    if unsafe { setlocale(LocaleCategory::LcAll, "") }.is_none() {
        tracing::warn!("the locale of the environment is not installed: texts stay English");
    }
}

/// Sets only the locale of texts from the environment, and leaves that of numbers: for a program whose libraries read and
/// write numbers.
///
/// # Safety
/// No other thread runs yet.
pub unsafe fn set_locale_of_texts() {
    for category in [LocaleCategory::LcCType, LocaleCategory::LcMessages] {
        // SAFETY: by this function's own condition nobody reads the locale meanwhile.
        if unsafe { setlocale(category, "") }.is_none() {
            tracing::warn!("the locale of the environment is not installed: texts stay English");
        }
    }
}

/// Binds the catalogue: from `HEADROOM_LOCALEDIR`, else from the folder that was compiled in under that
/// name, else from `../share/locale` beside the program's own folder, else from `/usr/share/locale`; without one,
/// texts stay English.
pub fn init() {
    let folder = std::env::var_os(LOCALE_DIR_VARIABLE)
        .filter(|folder| !folder.is_empty())
        .or_else(|| option_env!("HEADROOM_LOCALEDIR").map(Into::into))
        .map(PathBuf::from)
        .or_else(beside_the_program)
        .unwrap_or_else(|| PathBuf::from("/usr/share/locale"));
    let bound = bindtextdomain(DOMAIN, &folder)
        .and_then(|_| bind_textdomain_codeset(DOMAIN, "UTF-8"))
        .and_then(|_| textdomain(DOMAIN));
    if let Err(error) = bound {
        tracing::warn!("no translations from {}: {error}", folder.display());
    }
}

/// Returns the folder of the catalogues under the prefix that this program lies in, if there is one: that holds
/// for every prefix, and for one that has been moved.
fn beside_the_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folder = program.parent().and_then(Path::parent)?.join("share/locale");
    folder.is_dir().then_some(folder)
}

/// Translates a text.
pub fn tr(text: &str) -> String {
    // The empty text's translation is the catalogue's header.
    if text.is_empty() {
        return String::new();
    }
    gettext(text)
}

/// Translates a text and fills its `{name}` places.
pub fn trf(text: &str, values: &[(&str, &dyn Display)]) -> String {
    fill(&tr(text), values)
}

/// Translates a text that depends on a count, and fills `{n}` with it.
pub fn trn(singular: &str, plural: &str, n: u64) -> String {
    trnf(singular, plural, n, &[])
}

/// Translates a text that depends on a count, and fills `{n}` with it and the other `{name}` places.
pub fn trnf(singular: &str, plural: &str, n: u64, values: &[(&str, &dyn Display)]) -> String {
    // Plural rules look at the last digits and at small numbers only.
    let rule = u32::try_from(n).unwrap_or(1_000_000 + (n % 1_000_000) as u32);
    let count = number(n as f64, 0);
    let mut all: Vec<(&str, &dyn Display)> = vec![("n", &count)];
    all.extend_from_slice(values);
    fill(&ngettext(singular, plural, rule), &all)
}

/// Translates a text that means different things in different places; `context` tells the translator which.
pub fn trc(context: &str, text: &str) -> String {
    pgettext(context, text)
}

/// Translates a text with a context and fills its `{name}` places.
pub fn trcf(context: &str, text: &str, values: &[(&str, &dyn Display)]) -> String {
    fill(&trc(context, text), values)
}

/// Fills the `{name}` places of a text, in one pass: a value is never searched for places.
///
/// A place without a value stays as it is.
pub fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        rest = &rest[open..];
        let place = rest.find('}').and_then(|close| {
            let value = values.iter().find(|(name, _)| *name == &rest[1..close])?;
            Some((close, value.1))
        });
        if let Some((close, value)) = place {
            filled.push_str(&value.to_string());
            rest = &rest[close + 1..];
        } else {
            filled.push('{');
            rest = &rest[1..];
        }
    }
    filled.push_str(rest);
    filled
}

/// Writes a number as the locale does, with a real minus sign and that many decimals.
///
/// A negative number that rounds to zero is zero; what is not a number is a dash.
pub fn number(value: f64, decimals: usize) -> String {
    Figures::of_the_locale().write(value, decimals)
}

/// Writes a number as [`number`] does, with its sign even where it is positive.
pub fn signed_number(value: f64, decimals: usize) -> String {
    let digits = number(value, decimals);
    let rounds_to_zero = !digits.contains(|digit| matches!(digit, '1'..='9'));
    if value > 0.0 && !rounds_to_zero { format!("+{digits}") } else { digits }
}

/// Writes decibels with one decimal and the unit.
pub fn db(value: f64) -> String {
    quantity(value, 1, "dB")
}

/// Writes a change in decibels with one decimal, its sign and the unit.
pub fn change_db(value: f64) -> String {
    measure(&signed_number(value, 1), "dB")
}

/// Writes a number with its unit, held together by a no-break space.
///
/// Knows `dB`, `dBFS`, `dBTP`, `LUFS`, `LU`, `dB/s`, `ms`, `s`, `µs`, `Hz`, `kHz`, `%` and `:1`; another unit is
/// written as it is, and an empty one not at all.
pub fn quantity(value: f64, decimals: usize, unit: &str) -> String {
    measure(&number(value, decimals), unit)
}

/// Puts a unit to digits that are written already.
pub fn measure(digits: &str, unit: &str) -> String {
    let pattern = match unit {
        "" => return digits.to_owned(),
        "dB" => trc("unit", "{value} dB"),
        "dBFS" => trc("unit", "{value} dBFS"),
        "dBTP" => trc("unit", "{value} dBTP"),
        "LUFS" => trc("unit", "{value} LUFS"),
        "LU" => trc("unit", "{value} LU"),
        "dB/s" => trc("unit", "{value} dB/s"),
        "ms" => trc("unit", "{value} ms"),
        "s" => trc("unit", "{value} s"),
        "µs" | "us" => trc("unit", "{value} µs"),
        "Hz" => trc("unit", "{value} Hz"),
        "kHz" => trc("unit", "{value} kHz"),
        "%" => trc("unit", "{value}%"),
        ":1" => trc("ratio", "{value}:1"),
        other => format!("{{value}} {other}"),
    };
    let pattern = pattern.replace(' ', NO_BREAK_SPACE.encode_utf8(&mut [0; 4]));
    fill(&pattern, &[("value", &digits)])
}

/// How a locale writes numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Figures {
    decimal: String,
    separator: String,
    /// Sizes of the groups from the decimal sign leftwards; the last one repeats, none at all is no grouping.
    groups: Vec<usize>,
}

impl Figures {
    /// Returns what the process's locale says, as it was when first asked.
    fn of_the_locale() -> &'static Self {
        static FIGURES: OnceLock<Figures> = OnceLock::new();
        FIGURES.get_or_init(Self::read)
    }

    fn read() -> Self {
        // SAFETY: localeconv is not safe beside setlocale and other calls of itself. The locale is set once, at
        // the start, before this module is used, and this runs once.
        let locale = unsafe { libc::localeconv().as_ref() };
        let Some(locale) = locale else {
            return Self::plain();
        };
        // SAFETY: the members are strings of the C library that live until the locale changes; they are copied.
        let (decimal, separator, groups) = unsafe {
            (
                text_of(locale.decimal_point),
                text_of(locale.thousands_sep),
                bytes_of(locale.grouping),
            )
        };
        if decimal.is_empty() {
            return Self::plain();
        }
        Self { decimal, separator, groups: groups_of(groups) }
    }

    fn plain() -> Self {
        Self { decimal: ".".to_owned(), separator: String::new(), groups: Vec::new() }
    }

    fn write(&self, value: f64, decimals: usize) -> String {
        if value.is_nan() {
            return NO_NUMBER.to_owned();
        }
        if value.is_infinite() {
            let sign = if value < 0.0 { MINUS.to_string() } else { String::new() };
            return sign + "∞";
        }
        let digits = format!("{:.decimals$}", value.abs());
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let mut text = String::with_capacity(digits.len() + 8);
        if value < 0.0 && digits.contains(|digit| matches!(digit, '1'..='9')) {
            text.push(MINUS);
        }
        text.push_str(&self.grouped(whole));
        if !fraction.is_empty() {
            text.push_str(&self.decimal);
            text.push_str(fraction);
        }
        text
    }

    fn grouped(&self, whole: &str) -> String {
        let mut sizes = self.groups.iter();
        let mut size = sizes.next().copied().unwrap_or(0);
        let mut left = whole;
        let mut parts = Vec::new();
        while size > 0 && left.len() > size {
            let (before, group) = left.split_at(left.len() - size);
            parts.push(group);
            left = before;
            size = sizes.next().copied().unwrap_or(size);
        }
        parts.push(left);
        parts.reverse();
        parts.join(&self.separator)
    }
}

/// Reads the C library's list of group sizes: a value of 127 or more ends grouping, and so does no value.
fn groups_of(sizes: &[u8]) -> Vec<usize> {
    let mut groups = Vec::new();
    for &size in sizes {
        groups.push(if size >= 127 { 0 } else { usize::from(size) });
        if size >= 127 {
            break;
        }
    }
    groups
}

/// # Safety
/// `text` is null or a C string that lives for the call and as long as the result is used.
unsafe fn bytes_of<'a>(text: *const c_char) -> &'a [u8] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: not null, and a C string, by this function's own condition.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}

/// # Safety
/// As for `bytes_of`.
unsafe fn text_of(text: *const c_char) -> String {
    // SAFETY: the same condition.
    let bytes = unsafe { bytes_of(text) };
    // Where the locale is not in UTF-8, the one sign beyond ASCII that is in use is the no-break space.
    str::from_utf8(bytes).map_or_else(|_| NO_BREAK_SPACE.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn german() -> Figures {
        Figures { decimal: ",".into(), separator: ".".into(), groups: vec![3] }
    }

    #[test]
    fn numbers_have_the_locales_signs_and_a_real_minus() {
        assert_eq!(german().write(-12.34, 1), "−12,3");
        assert_eq!(german().write(48_000.0, 0), "48.000");
        assert_eq!(german().write(1_234_567.5, 2), "1.234.567,50");
        assert_eq!(german().write(999.0, 0), "999");
        assert_eq!(Figures::plain().write(48_000.5, 1), "48000.5");
    }

    #[test]
    fn groups_need_not_be_of_one_size() {
        let indian =
            Figures { decimal: ".".into(), separator: ",".into(), groups: groups_of(&[3, 2]) };
        assert_eq!(indian.write(12_345_678.0, 0), "1,23,45,678");
        let once = Figures { groups: groups_of(&[3, 127]), ..german() };
        assert_eq!(once.write(12_345_678.0, 0), "12345.678");
    }

    #[test]
    fn what_rounds_to_zero_has_no_sign() {
        assert_eq!(german().write(-0.04, 1), "0,0");
        assert_eq!(signed_number(0.04, 1), "0.0");
        assert_eq!(signed_number(0.4, 1), "+0.4");
        assert_eq!(signed_number(-0.4, 1), "−0.4");
    }

    #[test]
    fn what_is_no_number_is_shown_as_such() {
        assert_eq!(german().write(f64::NAN, 1), "–");
        assert_eq!(german().write(f64::NEG_INFINITY, 1), "−∞");
    }

    #[test]
    fn units_do_not_part_from_their_number() {
        assert_eq!(db(-3.0), "−3.0\u{a0}dB");
        assert_eq!(change_db(3.0), "+3.0\u{a0}dB");
        assert_eq!(quantity(4.0, 0, ":1"), "4:1");
        assert_eq!(quantity(50.0, 0, "%"), "50%");
        assert_eq!(quantity(2.5, 1, "sone"), "2.5\u{a0}sone");
        assert_eq!(quantity(2.0, 0, ""), "2");
    }

    #[test]
    fn a_value_is_never_searched_for_places() {
        let filled = fill("{app} plays {media}", &[("app", &"{media}"), ("media", &3)]);
        assert_eq!(filled, "{media} plays 3");
        assert_eq!(fill("{missing} {", &[("other", &1)]), "{missing} {");
    }

    #[test]
    fn texts_without_a_catalogue_stay_english() {
        assert_eq!(tr(""), "");
        assert_eq!(trf("Level {db}", &[("db", &db(1.0))]), "Level 1.0\u{a0}dB");
        assert_eq!(trn("{n} sound", "{n} sounds", 1), "1 sound");
        assert_eq!(trn("{n} sound", "{n} sounds", 5_000_000_000), "5000000000 sounds");
        assert_eq!(trc("switch", "On"), "On");
    }
}
