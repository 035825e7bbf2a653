//! What the user has chosen for an application, as a row of `Treatments`.

use crate::{
    types::Treatment,
    wire::{Word, row},
};

row! {
    /// An entry of `Treatments`, by application.
    pub TreatmentRow {
        /// What it gets.
        treatment: Word<Treatment> = "treatment",
        /// How much louder or softer than the others it comes out, in dB.
        offset_db: f64 = "offset-db",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dict;

    #[test]
    fn treatment_survives_the_wire_known_or_not() {
        for treatment in Treatment::ALL.iter().chain(&["louder-still"]) {
            let row = TreatmentRow { treatment: Word::of(treatment), offset_db: -3.5 };
            let dict = row.to_dict();
            assert_eq!(TreatmentRow::from_dict(&dict), row);
            assert_eq!(dict.len(), TreatmentRow::KEYS.len());
        }
        assert_eq!(Word::<Treatment>::of("louder-still").known(), None);
        assert_eq!(TreatmentRow::from_dict(&Dict::new()).treatment.known(), None);
    }
}
