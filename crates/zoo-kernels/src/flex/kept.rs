//! Weights as the kernels read them, kept from one forward pass without gradients to the next.
//!
//! For a single image, transforming and packing the weights takes as long as the products. What is kept is
//! found by the memory of the weights that it was made of. A weak reference to that memory stands beside
//! it: while there is one, the address is given to nobody else, and whoever changes the tensor writes to
//! memory elsewhere, because `Arc::get_mut` refuses it and `Arc::make_mut` moves out. So nothing is ever
//! found for other weights than those it was made of.

use std::{
    any::{Any, TypeId},
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use burn::{backend::TensorMetadata, tensor::Bytes};

use super::{panels::Packed, tensor::Flat};

/// What packed weights consist of.
pub(crate) trait Number: Send + Sync + 'static {
    /// Most rows of products for which they are kept. With more, packing them again takes a few hundredths
    /// of the time, and leaves large ones in the cache.
    const ROWS: usize;
}

impl Number for f32 {
    const ROWS: usize = 512;
}

/// Pairs in bf16. Products take half of the time, and what is kept half of the bytes, so that more rows gain.
impl Number for u32 {
    const ROWS: usize = 3000;
}

/// Numbers in weights that are kept only for products of [`FEW`] rows: those of AlexNet's first linear layers would
/// be a sixth of what its evaluation takes, and gain a few hundredths.
const LARGE: usize = 8 << 20;

/// Rows with which packing large weights takes about as long as the product.
const FEW: usize = 32;

/// The pass, among those that look for the same weights, from which on what they are packed to is kept:
/// whoever looks at a few images keeps none.
const PASS: usize = 4;

/// Most bytes that are kept.
const MOST: usize = 256 << 20;

/// Whether packed weights are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// From the fourth pass on, for products of few rows.
    Kept,
    /// From the first pass on, for products of any number of rows.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only pairs are packed so"))]
    AtOnce,
    /// Not at all.
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

/// Where weights lie, and how and to what they are packed.
type Key = (usize, usize, Vec<usize>, Form, TypeId);

struct Entry {
    weights: Weak<Bytes>,
    /// Passes that have looked for it since it was last too large.
    passes: usize,
    packed: Option<Kept>,
}

#[derive(Clone)]
struct Kept {
    packed: Arc<dyn Any + Send + Sync>,
    bytes: usize,
}

static KEPT: Mutex<BTreeMap<Key, Entry>> = Mutex::new(BTreeMap::new());

fn kept() -> MutexGuard<'static, BTreeMap<Key, Entry>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Packing {
    /// The row-major `weights` for products of so many `rows`, as `pack` makes them, or has made them
    /// before.
    pub(crate) fn of<T: Number>(
        self,
        weights: &Flat,
        form: Form,
        rows: usize,
        pack: impl Fn() -> Vec<Packed<T>>,
    ) -> Arc<Vec<Packed<T>>> {
        self.kept(weights, form, rows, &pack).unwrap_or_else(|| Arc::new(pack()))
    }

    /// The same for those that need not be packed: none if they are not kept.
    pub(crate) fn kept<T: Number>(
        self,
        weights: &Flat,
        form: Form,
        rows: usize,
        pack: impl Fn() -> Vec<Packed<T>>,
    ) -> Option<Arc<Vec<Packed<T>>>> {
        if self == Self::Once {
            return None;
        }
        let memory = weights.data_arc();
        let place = (Arc::as_ptr(&memory) as usize, weights.layout().start_offset());
        let key = (place.0, place.1, weights.shape().to_vec(), form, TypeId::of::<T>());
        let found = kept().get(&key).and_then(|entry| entry.packed.clone());
        if let Some(Kept { packed, .. }) = found {
            return packed.downcast().ok();
        }
        let most = if weights.layout().num_elements() > LARGE { FEW } else { T::ROWS };
        let due_at = match self {
            Self::Kept if rows > most => return None,
            Self::Kept => PASS,
            _ => 1,
        };
        if count_pass(&key, &memory) < due_at {
            return None;
        }
        let packed = Arc::new(pack());
        let bytes = packed.iter().flat_map(|packed| &packed.panels);
        let bytes = bytes.map(|(_, values)| size_of_val(&values[..])).sum();
        keep(&key, Kept { packed: packed.clone(), bytes });
        Some(packed)
    }
}

/// Counts a pass that looks for what is not kept.
fn count_pass(key: &Key, memory: &Arc<Bytes>) -> usize {
    let mut kept = kept();
    forget_lost(&mut kept);
    let weights = Arc::downgrade(memory);
    let entry = kept.entry(key.clone()).or_insert(Entry { weights, passes: 0, packed: None });
    entry.passes += 1;
    entry.passes
}

fn keep(key: &Key, found: Kept) {
    let mut kept = kept();
    let all = kept.values().filter_map(|entry| entry.packed.as_ref());
    let fits = all.map(|kept| kept.bytes).sum::<usize>() + found.bytes <= MOST;
    if let Some(entry) = kept.get_mut(key) {
        entry.passes = 0;
        entry.packed = fits.then_some(found);
    }
}

/// Forgets what was made of weights that are no more: a training calls it, whose weights do not stay.
pub(crate) fn forget() {
    forget_lost(&mut kept());
}

fn forget_lost(kept: &mut BTreeMap<Key, Entry>) {
    kept.retain(|_, entry| entry.weights.strong_count() > 0);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::flex::{panels::Panel, tensor::row_major};

    #[test]
    fn weights_are_packed_in_each_of_the_first_passes_and_then_no_more() {
        let times = Cell::new(0);
        let pack = || {
            times.set(times.get() + 1);
            let panel = Panel { first: 0, columns: 3, vectors: 1 };
            vec![Packed { panels: vec![(panel, vec![0.0_f32; 32])] }]
        };
        let weights = row_major(vec![1.0; 6], [2, 3]);
        for pass in 1..8 {
            Packing::Kept.of(&weights, Form::Linear, 1, pack);
            assert_eq!(times.get(), pass.min(PASS));
        }
        // Found for any number of rows, but neither in another form nor for other weights.
        assert!(Packing::Kept.kept(&weights, Form::Linear, usize::MAX, pack).is_some());
        assert!(Packing::Kept.kept(&weights, Form::Winograd, 1, pack).is_none());
        assert!(Packing::Once.kept(&weights, Form::Linear, 1, pack).is_none());
        let others = row_major(vec![1.0; 6], [2, 3]);
        for pass in 1..8 {
            let kept = Packing::Kept.kept(&others, Form::Linear, 1, pack);
            assert_eq!(kept.is_some(), pass >= PASS);
        }
        // Many rows alone keep nothing.
        let others = row_major(vec![1.0; 6], [2, 3]);
        for _ in 1..8 {
            assert!(Packing::Kept.kept(&others, Form::Linear, usize::MAX, pack).is_none());
        }
        assert_eq!(times.get(), PASS + 1);
    }
}
