//! Seeds with random faults, the same ones in every run; `scripts/fuzz` looks further, led by what the bytes reach.

use headroom_fuzz::{TARGETS, seeds};

/// Texts that are tried for each target.
const ROUNDS: usize = 2_000;
const MOST_FAULTS: usize = 6;
const LONGEST_BYTES: usize = 8_192;

/// A xorshift generator: Marsaglia 2003, "Xorshift RNGs".
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// Makes one fault: a bit, a byte, a piece that is missing, doubled, or another seed's.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len());
    let end = (at + 1 + random.below(32)).min(bytes.len());
    match random.below(6) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
        1 if !bytes.is_empty() => {
            bytes[at] = [0, 0xff, 0x7f, 0x80, b'"', b'\n'][random.below(6)];
        }
        2 => drop(bytes.drain(at.min(end)..end)),
        3 => {
            let piece = bytes[at.min(end)..end].to_vec();
            bytes.splice(at..at, piece);
        }
        4 if !other.is_empty() => {
            let from = random.below(other.len());
            let piece = &other[from..(from + 1 + random.below(64)).min(other.len())];
            bytes.splice(at..at, piece.iter().copied());
        }
        _ => bytes.truncate(at),
    }
    bytes.truncate(LONGEST_BYTES);
}

#[test]
fn seeds_with_faults_pass_their_targets() {
    for (name, check) in TARGETS {
        let seeds: Vec<_> = seeds(name).expect("the seeds can be read").into_values().collect();
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for round in 0..ROUNDS {
            let mut bytes = seeds[random.below(seeds.len())].clone();
            for _ in 0..=random.below(MOST_FAULTS) {
                mutate(&mut bytes, &seeds[random.below(seeds.len())], &mut random);
            }
            let tried = std::panic::catch_unwind(|| check(&bytes));
            assert!(tried.is_ok(), "{name}, round {round}: {:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
