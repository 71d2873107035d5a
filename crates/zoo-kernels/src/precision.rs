//! What matrix products and convolutions compute in.
//!
//! Mixed precision in the sense of PyTorch's autocast: whoever runs a network says so once, for the
//! thread, and the layers pass it on to their kernels as an argument. A kernel that is asked for
//! gradients keeps it for its backward pass, which may run when the scope has been left.

use std::{cell::Cell, marker::PhantomData};

thread_local! {
    static CURRENT: Cell<Precision> = const { Cell::new(Precision::F32) };
}

/// The type to which the operands of matrix products and convolutions are rounded. Sums, outputs and
/// all other operations are f32 in either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32 bits: nothing is rounded.
    #[default]
    F32,
    /// bfloat16, the upper half of an f32: its range, with 8 bits of significand instead of 24. Operands
    /// are rounded to the nearest, halves to even.
    Bf16,
}

/// While it lives, its thread computes in a precision; then again in that of before.
#[must_use = "the precision of before comes back as soon as this is dropped"]
#[derive(Debug)]
pub struct Scope {
    before: Precision,
    /// It belongs to its thread.
    thread: PhantomData<*const ()>,
}

impl Precision {
    /// Every precision.
    pub const ALL: [Self; 2] = [Self::F32, Self::Bf16];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    /// That of the layers which this thread calls: [`F32`](Self::F32) outside any scope.
    pub fn current() -> Self {
        CURRENT.get()
    }

    /// Has the layers that this thread calls compute in it.
    ///
    /// ```
    /// use zoo_kernels::Precision;
    ///
    /// let scope = Precision::Bf16.enter();
    /// assert_eq!(Precision::current(), Precision::Bf16);
    /// drop(scope);
    /// assert_eq!(Precision::current(), Precision::F32);
    /// ```
    pub fn enter(self) -> Scope {
        Scope { before: CURRENT.replace(self), thread: PhantomData }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_nest_and_belong_to_their_thread() {
        let outer = Precision::Bf16.enter();
        {
            let _inner = Precision::F32.enter();
            assert_eq!(Precision::current(), Precision::F32);
        }
        assert_eq!(Precision::current(), Precision::Bf16);
        let elsewhere = std::thread::spawn(Precision::current).join().unwrap();
        assert_eq!(elsewhere, Precision::F32);
        drop(outer);
        assert_eq!(Precision::current(), Precision::F32);
    }
}
