//! Every word of an enumeration survives the wire, and one that is not known is kept as it stands.

use std::{fmt::Debug, str::FromStr};

use headroom_api::{
    ChainKind, Chains, Devices, Doing, Field, Lag, LevellerPlace, Route, SafeModeCause,
    ServiceState, Severity, StreamRoute, Treatment, Word,
};
use zbus::Variant;

fn survive<T>(words: &[&str])
where
    T: AsRef<str> + Copy + Debug + Field + FromStr + PartialEq,
{
    assert!(words.len() > 1);
    for word in words {
        let value = T::read(&Variant::new(*word)).expect("a word of its own is known");
        assert_eq!(value.as_ref(), *word);
        let written = value.write().expect("a word can be written");
        assert_eq!(T::read(&written), Some(value));
        assert_eq!(Word::<T>::read(&written), Some(Word::Known(value)));
    }
    let unknown = Variant::new("of-tomorrow");
    assert_eq!(T::read(&unknown), None);
    let word = Word::<T>::read(&unknown).expect("any word is one");
    assert_eq!((word.known(), word.as_str()), (None, "of-tomorrow"));
    assert_eq!(Word::<T>::read(&Variant::new(7_u32)), None);
}

#[test]
fn every_word_survives_the_wire() {
    survive::<ChainKind>(ChainKind::ALL);
    survive::<Chains>(Chains::ALL);
    survive::<Devices>(Devices::ALL);
    survive::<Doing>(Doing::ALL);
    survive::<Lag>(Lag::ALL);
    survive::<LevellerPlace>(LevellerPlace::ALL);
    survive::<Route>(Route::ALL);
    survive::<SafeModeCause>(SafeModeCause::ALL);
    survive::<ServiceState>(ServiceState::ALL);
    survive::<Severity>(Severity::ALL);
    survive::<StreamRoute>(StreamRoute::ALL);
    survive::<Treatment>(Treatment::ALL);
}
