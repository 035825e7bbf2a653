//! The shares of a ceiling that the bus and devices' chains hold.
//!
//! Which chain has which share is decided on the control thread. One thing does not wait for that: as soon
//! as the default device moves, every chain keeps to half until the control thread has judged. The session
//! manager makes its links then, and on a busy machine the control thread may hear of it after the first
//! sound. Lives on the loop thread.

use std::{cell::RefCell, rc::Rc};

use super::{DEFAULT_DEVICE_KEY, MetadataName};
use crate::rt::Share;

/// The shares of all chains that hold a ceiling; clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Ceilings {
    shares: Rc<RefCell<Vec<Share>>>,
}

impl Ceilings {
    /// Takes in which chains there are.
    pub(super) fn follow(&self, shares: impl Iterator<Item = Share>) {
        *self.shares.borrow_mut() = shares.collect();
    }

    /// Takes in that a key of a metadata object has been written.
    pub(super) fn hear(&self, name: MetadataName, key: Option<&str>) {
        let shares = self.shares.borrow();
        if name == MetadataName::Default && key == Some(DEFAULT_DEVICE_KEY) && shares.len() > 1 {
            shares.iter().for_each(|share| share.store(2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_keep_to_half_when_the_default_device_moves() {
        let (ceilings, shares) = (Ceilings::default(), [Share::default(), Share::default()]);
        ceilings.follow(shares[..1].iter().cloned());
        ceilings.hear(MetadataName::Default, Some(DEFAULT_DEVICE_KEY));
        assert_eq!(shares[0].chains(), 1, "a chain alone has the ceiling alone");
        ceilings.follow(shares.iter().cloned());
        for (name, key) in
            [(MetadataName::Default, "target.object"), (MetadataName::Filters, DEFAULT_DEVICE_KEY)]
        {
            ceilings.hear(name, Some(key));
        }
        assert_eq!(shares.each_ref().map(Share::chains), [1, 1]);
        ceilings.hear(MetadataName::Default, Some(DEFAULT_DEVICE_KEY));
        assert_eq!(shares.each_ref().map(Share::chains), [2, 2]);
    }
}
