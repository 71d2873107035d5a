//! What happens to a sum in a vector register before it is stored, so that no pass over memory is
//! needed for it.

use std::ops::Range;

use pulp::Simd;

use super::simd::{load, mul_add};

/// `sum * factor + addend + shortcut` of each column, and the ReLU of it.
#[derive(Clone, Copy)]
pub(crate) struct Epilogue<'a> {
    /// A factor for each column; none is 1.
    pub(crate) factors: Option<&'a [f32]>,
    /// An addend for each column.
    pub(crate) addends: &'a [f32],
    /// What is added to each element of the output, in its order; none is 0.
    pub(crate) shortcut: Option<&'a [f32]>,
    pub(crate) relu: bool,
}

impl<'a> Epilogue<'a> {
    /// Adds a bias to each column.
    pub(crate) fn bias(addends: &'a [f32]) -> Self {
        Self { factors: None, addends, shortcut: None, relu: false }
    }

    /// The bias of each column, where nothing else is done.
    #[inline(always)]
    pub(crate) fn mere_bias(self) -> Option<&'a [f32]> {
        let Self { factors, addends, shortcut, relu } = self;
        (factors.is_none() && shortcut.is_none() && !relu).then_some(addends)
    }

    /// The same for the output from element `start` on.
    #[inline(always)]
    pub(crate) fn starting_at(self, start: usize) -> Self {
        Self { shortcut: self.shortcut.map(|shortcut| &shortcut[start..]), ..self }
    }

    /// The same for `columns` columns from `first` on, where the output starts with the first of
    /// them.
    #[inline(always)]
    pub(crate) fn part(self, first: usize, columns: usize) -> Self {
        let part = |values: &'a [f32]| &values[first..first + columns];
        let Self { factors, addends, .. } = self;
        Self { factors: factors.map(part), addends: part(addends), ..self.starting_at(first) }
    }

    /// What becomes of the sums in `columns`, the first of which is stored to element `place`.
    #[inline(always)]
    pub(crate) fn apply<S: Simd>(
        &self,
        simd: S,
        sum: S::f32s,
        columns: Range<usize>,
        place: usize,
    ) -> S::f32s {
        self.at(simd, columns).apply(simd, sum, place)
    }

    /// The same for many sums of the same `columns`, whose factors and addends are read once.
    #[inline(always)]
    pub(crate) fn at<S: Simd>(&self, simd: S, columns: Range<usize>) -> Columns<'a, S> {
        Columns {
            factor: self.factors.map(|factors| load(simd, &factors[columns.clone()])),
            addend: load(simd, &self.addends[columns.clone()]),
            length: columns.len(),
            shortcut: self.shortcut,
            relu: self.relu,
        }
    }
}

/// An [`Epilogue`] of one vector of columns.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a, S: Simd> {
    factor: Option<S::f32s>,
    addend: S::f32s,
    length: usize,
    shortcut: Option<&'a [f32]>,
    relu: bool,
}

impl<S: Simd> Columns<'_, S> {
    /// What becomes of a sum that is stored to element `place` and those after it.
    #[inline(always)]
    pub(crate) fn apply(&self, simd: S, sum: S::f32s, place: usize) -> S::f32s {
        let mut value = match self.factor {
            Some(factor) => mul_add(simd, sum, factor, self.addend),
            None => simd.add_f32s(sum, self.addend),
        };
        if let Some(shortcut) = self.shortcut {
            value = simd.add_f32s(value, load(simd, &shortcut[place..place + self.length]));
        }
        if self.relu {
            let zero = simd.splat_f32s(0.0);
            value = simd.select_f32s(simd.less_than_f32s(value, zero), zero, value);
        }
        value
    }
}
