//! Weights as the kernels read them, kept from one forward pass without gradients to the next.
//!
//! For a single image, transforming and packing the weights takes as long as the products. What is kept is
//! found by the memory of the weights that it was made of. A weak reference to that memory stands beside
//! it: while there is one, the address is given to nobody else, and whoever changes the tensor writes to
//! memory elsewhere, because `Arc::get_mut` refuses it and `Arc::make_mut` moves out. So nothing is ever
//! found for other weights than those it was made of.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use burn::{backend::TensorMetadata, tensor::Bytes};

use super::{panels::Packed, tensor::Flat};

/// Most rows of products for which packed weights are kept. With more, packing them again takes a few
/// hundredths of the time, and leaves large ones in the cache.
const ROWS: usize = 512;

/// Most numbers that are kept: 256 MB.
const MOST: usize = 64 << 20;

/// Whether packed weights are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Kept,
    Once,
}

/// How weights are packed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// Of a linear layer.
    Linear,
    /// Of a convolution in so many groups.
    Windows(usize),
    /// Transformed for Winograd's convolution.
    Winograd,
}

/// Where weights lie, and how they are packed.
type Key = (usize, usize, Vec<usize>, Form);

struct Entry {
    weights: Weak<Bytes>,
    /// Nothing of weights that have been met only once: most are used for a single batch.
    packed: Option<Arc<[Packed]>>,
}

static KEPT: Mutex<BTreeMap<Key, Entry>> = Mutex::new(BTreeMap::new());

fn kept() -> MutexGuard<'static, BTreeMap<Key, Entry>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Packing {
    /// The row-major `weights` for products of so many `rows`, as `pack` makes them, or has made them
    /// before.
    pub(crate) fn of(
        self,
        weights: &Flat,
        form: Form,
        rows: usize,
        pack: impl FnOnce() -> Vec<Packed>,
    ) -> Arc<[Packed]> {
        if self == Self::Once {
            return pack().into();
        }
        let memory = weights.data_arc();
        let place = Arc::as_ptr(&memory) as usize;
        let key = (place, weights.layout().start_offset(), weights.shape().to_vec(), form);
        let is_known = match kept().get(&key) {
            Some(Entry { packed: Some(packed), .. }) => return packed.clone(),
            entry => entry.is_some(),
        };
        let packed: Arc<[Packed]> = pack().into();
        if rows <= ROWS {
            let mut kept = kept();
            forget_lost(&mut kept);
            let all = kept.values().filter_map(|entry| entry.packed.as_deref());
            let fits = all.map(numbers).sum::<usize>() + numbers(&packed) <= MOST;
            let packed = (is_known && fits).then(|| packed.clone());
            kept.insert(key, Entry { weights: Arc::downgrade(&memory), packed });
        }
        packed
    }
}

/// Forgets what was made of weights that are no more: a training calls it, whose weights do not stay.
pub(crate) fn forget() {
    forget_lost(&mut kept());
}

fn forget_lost(kept: &mut BTreeMap<Key, Entry>) {
    kept.retain(|_, entry| entry.weights.strong_count() > 0);
}

fn numbers(packed: &[Packed]) -> usize {
    packed.iter().flat_map(|packed| &packed.panels).map(|(_, values)| values.len()).sum()
}
