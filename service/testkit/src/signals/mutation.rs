//! Random changes to a sequence of samples, for a search of the worst one.

use super::Rng;

/// Returns `sequence` changed at random: some signs or values, the level of a stretch, or two
/// places exchanged. New values are at most 1.5 times `level`.
pub fn sequence_mutated(sequence: &[f32], level: f64, rng: &mut Rng) -> Vec<f32> {
    let mut next = sequence.to_vec();
    let length = next.len();
    let count = (1 + rng.below(8)).min(length);
    match rng.below(4) {
        0 => {
            for _ in 0..count {
                let at = rng.below(length);
                next[at] = -next[at];
            }
        }
        1 => {
            for _ in 0..count {
                next[rng.below(length)] = (1.5 * level * (2.0 * rng.uniform() - 1.0)) as f32;
            }
        }
        2 => {
            let start = rng.below(length - count + 1);
            let gain = 2.0 * rng.uniform() as f32;
            next[start..start + count].iter_mut().for_each(|x| *x *= gain);
        }
        _ => next.swap(rng.below(length), rng.below(length)),
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_the_length_and_most_of_the_sequence() {
        let mut rng = Rng::new(1);
        let mut changed = 0;
        for _ in 0..200 {
            let next = sequence_mutated(&[1.0; 64], 1.0, &mut rng);
            assert_eq!(next.len(), 64);
            let differences = next.iter().filter(|&&x| x != 1.0).count();
            assert!(differences <= 8);
            changed += usize::from(differences > 0);
        }
        assert!(changed > 100);
    }
}
