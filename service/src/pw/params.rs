//! Reads parameters of foreign nodes, byte by byte and within bounds.
//!
//! A program may put anything into a parameter: values of other types, sizes that lie, structures
//! without end. The crate's own reader recurses and panics on some of it. What is read here is a flat
//! list of properties, each a value of a type that is known or nothing (SPA's pod format).

use pipewire::spa::{pod::Pod, sys};

/// Bytes of a pod's header: size of its body and type.
const HEADER_BYTES: usize = 8;
/// Most channels that a list of volumes may have; PipeWire itself has 64, or 128 since 1.6.
const MAX_VALUES: usize = 256;

/// An object's properties, in its own order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Properties<'a>(&'a [u8]);

/// A property's value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    type_: u32,
    body: &'a [u8],
}

impl<'a> Properties<'a> {
    /// Reads a parameter that PipeWire hands over; `None` when it is no object.
    pub(super) fn of(pod: &'a Pod) -> Option<Self> {
        Self::read(pod.as_bytes())
    }

    /// Reads the bytes of a pod.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (value, _) = Value::read(bytes)?;
        // Type and id of the object stand before its properties.
        (value.type_ == sys::SPA_TYPE_Object).then(|| value.body.get(8..).map(Self))?
    }

    /// Returns the first property with this key.
    pub(super) fn get(self, key: u32) -> Option<Value<'a>> {
        let mut rest = self.0;
        loop {
            let found = word(rest, 0)?;
            // Key and flags stand before the value.
            let (value, size) = Value::read(rest.get(8..)?)?;
            if found == key {
                return Some(value);
            }
            rest = rest.get(8 + size.next_multiple_of(8)..)?;
        }
    }
}

impl<'a> Value<'a> {
    /// Reads a pod at the beginning of `bytes`; returns it with its size.
    fn read(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let size = usize::try_from(word(bytes, 0)?).ok()?;
        let type_ = word(bytes, 4)?;
        let end = HEADER_BYTES.checked_add(size)?;
        let body = bytes.get(HEADER_BYTES..end)?;
        Some((Self { type_, body }, end))
    }

    /// Returns a switch.
    pub(super) fn bool(self) -> Option<bool> {
        (self.type_ == sys::SPA_TYPE_Bool).then(|| word(self.body, 0)).flatten().map(|it| it != 0)
    }

    /// Returns a finite number; of a range, the preferred one.
    pub(super) fn float(self) -> Option<f32> {
        let bits = match self.type_ {
            sys::SPA_TYPE_Float => word(self.body, 0)?,
            sys::SPA_TYPE_Choice if word(self.body, 12)? == sys::SPA_TYPE_Float => {
                word(self.body, 16)?
            }
            _ => return None,
        };
        Some(f32::from_bits(bits)).filter(|value| value.is_finite())
    }

    /// Returns a number that stands for something; of a choice, the preferred one.
    pub(super) fn id(self) -> Option<u32> {
        match self.type_ {
            sys::SPA_TYPE_Id => word(self.body, 0),
            // Kind and flags of the choice, then what each element is, then the elements.
            sys::SPA_TYPE_Choice if word(self.body, 12)? == sys::SPA_TYPE_Id => word(self.body, 16),
            _ => None,
        }
    }

    /// Returns a list of finite numbers, of at most [`MAX_VALUES`].
    pub(super) fn floats(self) -> Option<Vec<f32>> {
        let is_list = self.type_ == sys::SPA_TYPE_Array
            && word(self.body, 0)? == 4
            && word(self.body, 4)? == sys::SPA_TYPE_Float;
        let elements = self.body.get(8..).filter(|_| is_list)?;
        if elements.len() > 4 * MAX_VALUES {
            return None;
        }
        let (values, _) = elements.as_chunks::<4>();
        let values: Vec<f32> = values.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect();
        values.iter().all(|value| value.is_finite()).then_some(values)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_ne_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use headroom_testkit::signals::Rng;

    fn pod(type_: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(body.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend(type_.to_ne_bytes());
        bytes.extend(body);
        bytes
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    fn object(properties: &[(u32, Vec<u8>)]) -> Vec<u8> {
        let mut body = words(&[sys::SPA_TYPE_OBJECT_Props, 2]);
        for (key, value) in properties {
            body.extend(words(&[*key, 0]));
            body.extend(value);
            body.resize(body.len().next_multiple_of(8), 0);
        }
        pod(sys::SPA_TYPE_Object, &body)
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        let mut body = words(&[4, sys::SPA_TYPE_Float]);
        body.extend(values.iter().flat_map(|value| value.to_ne_bytes()));
        pod(sys::SPA_TYPE_Array, &body)
    }

    #[test]
    fn values_are_found_behind_others_of_any_size() {
        let bytes = object(&[
            (1, pod(77, &[1, 2, 3])),
            (2, pod(sys::SPA_TYPE_Bool, &words(&[1]))),
            (3, floats(&[0.5, 0.25, 1.0])),
            (4, pod(sys::SPA_TYPE_Id, &words(&[9]))),
            (5, pod(sys::SPA_TYPE_Choice, &words(&[3, 0, 4, sys::SPA_TYPE_Id, 8, 7]))),
        ]);
        let read = Properties::read(&bytes).unwrap();
        assert_eq!(read.get(2).and_then(Value::bool), Some(true));
        assert_eq!(read.get(3).and_then(Value::floats), Some(vec![0.5, 0.25, 1.0]));
        assert_eq!(read.get(4).and_then(Value::id), Some(9));
        assert_eq!(read.get(5).and_then(Value::id), Some(8));
        assert!(read.get(6).is_none() && read.get(1).unwrap().bool().is_none());
    }

    #[test]
    fn what_lies_about_itself_is_nothing() {
        let nested = (0..4_000).fold(words(&[0, 0]), |inner, _| {
            if inner.len() > 30_000 { inner } else { pod(sys::SPA_TYPE_Struct, &inner) }
        });
        let lists = [
            floats(&[f32::NAN]),
            floats(&[f32::INFINITY, 1.0]),
            floats(&vec![1.0; MAX_VALUES + 1]),
            pod(sys::SPA_TYPE_Array, &words(&[0, sys::SPA_TYPE_Float, 0])),
            pod(sys::SPA_TYPE_Array, &words(&[u32::MAX, sys::SPA_TYPE_Float, 0])),
            pod(sys::SPA_TYPE_Array, &[]),
            pod(sys::SPA_TYPE_Pointer, &[1; 3]),
            nested,
        ];
        for list in lists {
            let bytes = object(&[(3, list)]);
            let value = Properties::read(&bytes).unwrap().get(3).unwrap();
            assert_eq!(value.floats(), None);
            assert_eq!((value.bool(), value.id()), (None, None));
        }
        assert!(Properties::read(&pod(sys::SPA_TYPE_Struct, &[0; 64])).is_none());
        assert!(Properties::read(&pod(sys::SPA_TYPE_Object, &[0; 4])).is_none());
    }

    #[test]
    fn random_damage_is_read_without_a_panic() {
        let bytes = object(&[
            (2, pod(sys::SPA_TYPE_Bool, &words(&[1]))),
            (3, floats(&[0.5, 0.25])),
            (4, pod(sys::SPA_TYPE_Choice, &words(&[3, 0, 4, sys::SPA_TYPE_Id, 8, 7]))),
        ]);
        let mut rng = Rng::new(1);
        for _ in 0..20_000 {
            let mut damaged = bytes.clone();
            for _ in 0..4 {
                let at = rng.next_u64() as usize % damaged.len();
                damaged[at] = rng.next_u64() as u8;
            }
            damaged.truncate(rng.next_u64() as usize % (damaged.len() + 1));
            if let Some(read) = Properties::read(&damaged) {
                for key in 0..6 {
                    let value = read.get(key);
                    let _ = (value.and_then(Value::bool), value.and_then(Value::id));
                    assert!(value.and_then(Value::floats).is_none_or(|it| it.len() <= MAX_VALUES));
                }
            }
        }
    }
}
