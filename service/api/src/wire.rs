//! How rows and codes become open dictionaries and are read from them, field by field.
//!
//! Each key is written once, in a `row!`, `record!` or `codes!`. A row is read leniently: what is missing or of another
//! type takes its default. A record and a coded value are read strictly: what is not understood as a whole is not
//! understood at all, and the reader falls back to the sentence beside it.

use std::{collections::BTreeMap, str::FromStr};

use zbus::{OwnedVariant, Variant};

use crate::types::Dict;

/// A value that stands under a key of an open dictionary.
pub trait Field: Sized {
    /// Returns the value as it stands on the wire; `None` where its key is left out.
    fn write(&self) -> Option<OwnedVariant>;

    /// Reads the value, however often it is wrapped; `None` where it is of another type or not known.
    fn read(value: &Variant<'_>) -> Option<Self>;

    /// Returns the value that a missing key stands for, where it stands for one.
    fn missing() -> Option<Self> {
        None
    }
}

/// A row of an open dictionary.
pub trait Row: Sized {
    /// Reads a row; what is missing, of another type or not known takes its default.
    fn read_row(dict: &Dict) -> Self;
}

/// A word of an enumeration, or one that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word<T> {
    /// One that is known.
    Known(T),
    /// Another, as it stands on the wire; **not** safe to show.
    Unknown(String),
}

impl<T: Copy> Word<T> {
    /// Returns the value, where it is known.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Unknown(_) => None,
        }
    }
}

impl<T: FromStr> Word<T> {
    /// Reads a word.
    pub fn of(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Unknown(text.to_owned()), Self::Known)
    }
}

impl<T: AsRef<str>> Word<T> {
    /// Returns the word as it stands on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(value) => value.as_ref(),
            Self::Unknown(word) => word,
        }
    }
}

impl<T> Default for Word<T> {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

impl<T> From<T> for Word<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: FromStr + AsRef<str>> Field for Word<T> {
    fn write(&self) -> Option<OwnedVariant> {
        owned(self.as_str())
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        text(value).map(Self::of)
    }
}

impl Field for String {
    fn write(&self) -> Option<OwnedVariant> {
        owned(self.as_str())
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        text(value).map(str::to_owned)
    }
}

impl Field for bool {
    fn write(&self) -> Option<OwnedVariant> {
        owned(*self)
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        match plain(value) {
            Variant::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

impl Field for u32 {
    fn write(&self) -> Option<OwnedVariant> {
        owned(*self)
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        u64::read(value).map(|value| Self::try_from(value).unwrap_or(Self::MAX))
    }
}

impl Field for u64 {
    fn write(&self) -> Option<OwnedVariant> {
        owned(*self)
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        match plain(value) {
            Variant::U8(value) => Some((*value).into()),
            Variant::U16(value) => Some((*value).into()),
            Variant::U32(value) => Some((*value).into()),
            Variant::U64(value) => Some(*value),
            _ => None,
        }
    }
}

/// A number; one that is not finite counts as missing.
impl Field for f64 {
    fn write(&self) -> Option<OwnedVariant> {
        owned(*self)
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        let number = match plain(value) {
            Variant::F64(value) => *value,
            Variant::I32(value) => (*value).into(),
            Variant::I64(value) => *value as Self,
            value => u64::read(value)? as Self,
        };
        number.is_finite().then_some(number)
    }
}

impl Field for Vec<String> {
    fn write(&self) -> Option<OwnedVariant> {
        if self.is_empty() { None } else { owned(self.clone()) }
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        items(value)?.iter().map(String::read).collect()
    }

    fn missing() -> Option<Self> {
        Some(Self::new())
    }
}

impl Field for BTreeMap<String, String> {
    fn write(&self) -> Option<OwnedVariant> {
        owned(self.clone())
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        entries(value)?.map(|(key, value)| Some((key.to_owned(), String::read(value)?))).collect()
    }
}

impl<T: Field> Field for Option<T> {
    fn write(&self) -> Option<OwnedVariant> {
        self.as_ref().and_then(T::write)
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        T::read(value).map(Some)
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

/// Any value: a boolean, a number or a word.
impl Field for OwnedVariant {
    fn write(&self) -> Option<OwnedVariant> {
        self.try_clone().ok()
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        plain(value).try_to_owned().ok()
    }
}

/// Returns a value as a dictionary holds it.
pub(crate) fn owned<'a>(value: impl Into<Variant<'a>>) -> Option<OwnedVariant> {
    // Fails for a value that holds a file descriptor only; there is none here.
    OwnedVariant::try_from(value.into()).ok()
}

/// Writes a field under its key.
pub(crate) fn put(dict: &mut Dict, key: &str, field: &impl Field) {
    if let Some(value) = field.write() {
        dict.insert(key.to_owned(), value);
    }
}

/// Reads a field that has to be understood, or may be missing.
pub(crate) fn get<T: Field>(dict: &Dict, key: &str) -> Option<T> {
    dict.get(key).map_or_else(T::missing, |value| T::read(value))
}

/// Returns what a variant holds, however often it is wrapped.
pub(crate) fn plain<'a>(value: &'a Variant<'a>) -> &'a Variant<'a> {
    match value {
        Variant::Variant(inner) => plain(inner),
        value => value,
    }
}

fn text<'a>(value: &'a Variant<'a>) -> Option<&'a str> {
    match plain(value) {
        Variant::Str(text) => Some(text.as_str()),
        _ => None,
    }
}

fn items<'a>(value: &'a Variant<'a>) -> Option<&'a [Variant<'a>]> {
    match plain(value) {
        Variant::Array(items) => Some(items.inner()),
        _ => None,
    }
}

fn entries<'a>(value: &'a Variant<'a>) -> Option<impl Iterator<Item = (&'a str, &'a Variant<'a>)>> {
    match plain(value) {
        Variant::Dict(dict) => {
            let dict: &'a zbus::wire::Dict<'a, 'a> = dict;
            Some(dict.iter().filter_map(|(key, value)| Some((text(key)?, plain(value)))))
        }
        _ => None,
    }
}

/// Reads an open dictionary; values that cannot be kept are left out.
pub fn read_dict(value: &Variant<'_>) -> Option<Dict> {
    let entry =
        |(key, value): (&str, &Variant<'_>)| Some((key.to_owned(), value.try_to_owned().ok()?));
    Some(entries(value)?.filter_map(entry).collect())
}

/// Reads every item of an array that is understood.
pub fn read_items<T: Field>(value: &Variant<'_>) -> Option<Vec<T>> {
    Some(items(value)?.iter().filter_map(T::read).collect())
}

/// Reads every entry of a table whose value is understood.
pub fn read_table<T: Field>(value: &Variant<'_>) -> Option<Vec<(String, T)>> {
    let entry = |(key, value): (&str, &Variant<'_>)| Some((key.to_owned(), T::read(value)?));
    Some(entries(value)?.filter_map(entry).collect())
}

impl Field for Dict {
    fn write(&self) -> Option<OwnedVariant> {
        owned(self.clone())
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        read_dict(value)
    }
}

/// Declares a row: a structure whose fields stand under keys of an open dictionary and that is read leniently.
macro_rules! row {
    (@default) => { Default::default() };
    (@default $default:expr) => { $default };
    ($(#[$meta:meta])* $vis:vis $name:ident {
        $($(#[$fmeta:meta])* $field:ident: $kind:ty = $key:literal $(or $default:expr)?),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name { $($(#[$fmeta])* pub $field: $kind),+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $crate::wire::row!(@default $($default)?)),+ }
            }
        }

        impl $name {
            /// Every key that it may have.
            pub const KEYS: &'static [&'static str] = &[$($key),+];

            /// Returns the row as it stands on the wire.
            pub fn to_dict(&self) -> $crate::Dict {
                let mut dict = $crate::Dict::new();
                $($crate::wire::put(&mut dict, $key, &self.$field);)+
                dict
            }

            /// Reads a row; what is missing, of another type or not known takes its default.
            pub fn from_dict(dict: &$crate::Dict) -> Self {
                let usual = Self::default();
                Self { $($field: $crate::wire::get(dict, $key).unwrap_or(usual.$field)),+ }
            }
        }

        impl $crate::wire::Row for $name {
            fn read_row(dict: &$crate::Dict) -> Self {
                Self::from_dict(dict)
            }
        }

        impl $crate::wire::Field for $name {
            fn write(&self) -> Option<zbus::OwnedVariant> {
                $crate::wire::Field::write(&self.to_dict())
            }

            fn read(value: &zbus::Variant<'_>) -> Option<Self> {
                $crate::wire::read_dict(value).map(|dict| Self::from_dict(&dict))
            }
        }
    };
}

/// Declares a record: a structure whose fields stand under keys of an open dictionary and that is read strictly.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$fmeta:meta])* $field:ident: $kind:ty = $key:literal),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$fmeta])* pub $field: $kind),+ }

        impl $name {
            /// Returns the codes and arguments as they stand on the wire.
            pub fn to_dict(&self) -> $crate::Dict {
                let mut dict = $crate::Dict::new();
                $($crate::wire::put(&mut dict, $key, &self.$field);)+
                dict
            }

            /// Reads codes and arguments; `None` where any of them is not understood.
            pub fn from_dict(dict: &$crate::Dict) -> Option<Self> {
                Some(Self { $($field: $crate::wire::get(dict, $key)?),+ })
            }
        }

        impl $crate::wire::Field for $name {
            fn write(&self) -> Option<zbus::OwnedVariant> {
                $crate::wire::Field::write(&self.to_dict())
            }

            fn read(value: &zbus::Variant<'_>) -> Option<Self> {
                $crate::wire::read_dict(value).and_then(|dict| Self::from_dict(&dict))
            }
        }
    };
}

/// Declares an enumeration whose variants have arguments: a dictionary with the variant's word under `code`, and its
/// arguments beside it. It is read strictly.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$vmeta:meta])* $variant:ident = $code:literal $({
            $($(#[$fmeta:meta])* $field:ident: $kind:ty = $key:literal),+ $(,)?
        })?),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$vmeta])* $variant $({ $($(#[$fmeta])* $field: $kind),+ })?),+
        }

        impl $name {
            /// Every code as it stands on the wire.
            pub const CODES: &'static [&'static str] = &[$($code),+];

            /// Returns the code as it stands on the wire.
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$variant $({ $($field: _),+ })? => $code),+ }
            }

            /// Returns the code and its arguments as they stand on the wire.
            pub fn to_dict(&self) -> $crate::Dict {
                let mut dict = $crate::Dict::new();
                $crate::wire::put(&mut dict, $crate::wire::CODE, &self.code().to_owned());
                match self {
                    $(Self::$variant $({ $($field),+ })? => {
                        $($($crate::wire::put(&mut dict, $key, $field);)+)?
                    })+
                }
                dict
            }

            /// Reads a code and its arguments; `None` where any of them is not understood.
            pub fn from_dict(dict: &$crate::Dict) -> Option<Self> {
                let code: String = $crate::wire::get(dict, $crate::wire::CODE)?;
                match code.as_str() {
                    $($code => Some(Self::$variant $({
                        $($field: $crate::wire::get(dict, $key)?),+
                    })?),)+
                    _ => None,
                }
            }
        }

        impl $crate::wire::Field for $name {
            fn write(&self) -> Option<zbus::OwnedVariant> {
                $crate::wire::Field::write(&self.to_dict())
            }

            fn read(value: &zbus::Variant<'_>) -> Option<Self> {
                $crate::wire::read_dict(value).and_then(|dict| Self::from_dict(&dict))
            }
        }
    };
}

/// Key of the word that tells coded values apart.
pub(crate) const CODE: &str = "code";

pub(crate) use {codes, record, row};

#[cfg(test)]
mod tests {
    #![allow(dead_code, unreachable_pub, reason = "a row has all that rows have")]

    use super::*;

    row! {
        /// A row.
        Row {
            /// A number.
            number: f64 = "number",
            /// A count that is usually one.
            count: u32 = "count" or 1,
            /// A word that may be missing.
            word: Option<String> = "word",
        }
    }

    #[test]
    fn value_of_another_type_counts_as_missing() {
        let mut dict = Dict::new();
        put(&mut dict, "number", &"loud".to_owned());
        put(&mut dict, "count", &true);
        put(&mut dict, "unknown", &7_u32);
        assert_eq!(Row::from_dict(&dict), Row { number: 0.0, count: 1, word: None });
    }

    #[test]
    fn value_is_read_however_often_it_is_wrapped() {
        let wrapped = Variant::Variant(Box::new(Variant::Variant(Box::new(Variant::new(3_u8)))));
        let dict = Dict::from([("count".to_owned(), wrapped.try_into_owned().unwrap())]);
        assert_eq!(Row::from_dict(&dict).count, 3);
    }

    #[test]
    fn number_that_is_not_finite_counts_as_missing() {
        for number in [f64::NAN, f64::INFINITY] {
            assert_eq!(f64::read(&Variant::new(number)), None);
        }
        assert_eq!(f64::read(&Variant::new(-2_i32)), Some(-2.0));
        assert_eq!(u32::read(&Variant::new(u64::MAX)), Some(u32::MAX));
    }

    #[test]
    fn word_that_is_not_known_is_kept_as_it_stands() {
        let word = Word::<crate::Route>::of("sideways");
        assert_eq!((word.known(), word.as_str()), (None, "sideways"));
        assert_eq!(Word::of("bypass"), Word::Known(crate::Route::Bypass));
    }
}
