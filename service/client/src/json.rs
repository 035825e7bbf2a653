//! Values of the bus as JSON.

use headroom_api::Dict;
use serde_json::{Map, Value};
use zbus::Variant;

/// Rounds a level for display; never to a negative zero.
pub fn round_db(db: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (db * scale).round() / scale + 0.0
}

/// Returns a number of the bus as JSON; what JSON cannot say becomes null.
pub fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Returns an open dictionary as JSON; keys are sorted.
pub fn dict_json(dict: &Dict) -> Value {
    Value::Object(dict.iter().map(|(key, value)| (key.clone(), variant_json(value))).collect())
}

/// Returns a value of the bus as JSON.
pub fn variant_json(value: &Variant<'_>) -> Value {
    match value {
        Variant::U8(value) => (*value).into(),
        Variant::Bool(value) => (*value).into(),
        Variant::I16(value) => (*value).into(),
        Variant::U16(value) => (*value).into(),
        Variant::I32(value) => (*value).into(),
        Variant::U32(value) => (*value).into(),
        Variant::I64(value) => (*value).into(),
        Variant::U64(value) => (*value).into(),
        Variant::F64(value) => number(*value),
        Variant::Str(value) => value.as_str().into(),
        Variant::ObjectPath(value) => value.as_str().into(),
        Variant::Signature(value) => value.to_string().into(),
        Variant::Variant(value) => variant_json(value),
        Variant::Array(values) => values.iter().map(variant_json).collect(),
        Variant::Structure(values) => values.fields().iter().map(variant_json).collect(),
        Variant::Dict(dict) => {
            let entry = |(key, value): (&Variant<'_>, &Variant<'_>)| {
                let key = match variant_json(key) {
                    Value::String(key) => key,
                    key => key.to_string(),
                };
                (key, variant_json(value))
            };
            Value::Object(dict.iter().map(entry).collect::<Map<_, _>>())
        }
        Variant::Fd(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn every_wire_type_has_a_json_form() {
        let nested: HashMap<String, Variant<'_>> = HashMap::from([
            ("d".to_owned(), Variant::new(-120.0)),
            ("v".to_owned(), Variant::Variant(Box::new(Variant::new(true)))),
            ("a".to_owned(), Variant::new(vec![1_u32, 2])),
            ("s".to_owned(), Variant::new(("x", 7_u64))),
        ]);
        let value = variant_json(&Variant::new(nested));
        assert_eq!(value, json!({"a": [1, 2], "d": -120.0, "s": ["x", 7], "v": true}));
    }

    #[test]
    fn nothing_rounds_to_a_negative_zero() {
        assert_eq!(format!("{:.2}", round_db(-0.000_3, 2)), "0.00");
        assert_eq!(format!("{:.2}", round_db(-0.126, 2)), "-0.13");
    }

    #[test]
    fn numbers_that_json_lacks_become_null() {
        assert_eq!(number(f64::NAN), Value::Null);
        assert_eq!(number(f64::INFINITY), Value::Null);
        assert_eq!(number(-0.1), json!(-0.1));
    }
}
