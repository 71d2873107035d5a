//! The processor's vector instructions, chosen when the program runs.

use std::sync::LazyLock;

use pulp::{Arch, Scalar, Simd, WithSimd};

/// The environment variable that holds the kernels of this crate back: [`PAIRS`] (all but AMX, also where
/// AVX512-BF16 does not gain), `avx512` (all but 16-bit products), `avx2` or `plain`. Anything else is refused. Matrix products of the `gemm`
/// crate choose for themselves and do not obey it.
pub(crate) const CAP: &str = "ZOO_KERNELS_SIMD";

/// The value of [`CAP`] that leaves out AMX alone.
pub(crate) const PAIRS: &str = "avx512bf16";

#[derive(Clone, Copy)]
enum Level {
    Best(Arch),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    Plain,
}

static LEVEL: LazyLock<Level> = LazyLock::new(|| match std::env::var(CAP).as_deref() {
    Err(_) | Ok(PAIRS | "avx512") => Level::Best(Arch::new()),
    Ok("plain") => Level::Plain,
    #[cfg(target_arch = "x86_64")]
    Ok("avx2") => match pulp::x86::V3::try_new() {
        Some(simd) => Level::Avx2(simd),
        None => Level::Plain,
    },
    Ok(other) => panic!("{CAP} must be `avx512bf16`, `avx512`, `avx2` or `plain`, found `{other}`"),
});

/// Runs `operation` with the widest instructions that the processor has and [`CAP`] allows.
#[inline]
pub(crate) fn dispatch<O: WithSimd>(operation: O) -> O::Output {
    match *LEVEL {
        Level::Best(arch) => arch.dispatch(operation),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(simd) => Simd::vectorize(simd, operation),
        Level::Plain => Simd::vectorize(Scalar, operation),
    }
}

/// Declares a function whose body is compiled once for every instruction set and dispatched to at
/// run time. Its first parameter is the token of the instruction set, which callers leave out.
macro_rules! kernel {
    (@output) => { () };
    (@output $output:ty) => { $output };
    (
        $(#[$meta:meta])*
        $visibility:vis fn $name:ident<$S:ident>($simd:ident: $_S:ty $(, $argument:ident: $type:ty)* $(,)?) $(-> $output:ty)?
        $body:block
    ) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $visibility fn $name($($argument: $type),*) $(-> $output)? {
            struct Operation<A>(A);

            impl pulp::WithSimd for Operation<($($type,)*)> {
                type Output = kernel!(@output $($output)?);

                #[inline(always)]
                fn with_simd<$S: pulp::Simd>(self, $simd: $S) -> Self::Output {
                    let ($($argument,)*) = self.0;
                    $body
                }
            }

            $crate::flex::simd::dispatch(Operation(($($argument,)*)))
        }
    };
}
pub(crate) use kernel;

/// `a * b + c`, rounded once where the processor can.
#[inline(always)]
pub(crate) fn mul_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    simd.mul_add_e_f32s(a, b, c)
}

/// e to the power of `x`, within 2e-7 of it relatively; `x` is first cut to [-87, 88].
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = simd.min_f32s(simd.max_f32s(x, simd.splat_f32s(-87.0)), simd.splat_f32s(88.0));
    // Adding 1.5 * 2^23 rounds to an integer, which then stands in the sum's low bits.
    let magic = simd.splat_f32s(12_582_912.0);
    let shifted = mul_add(simd, x, simd.splat_f32s(std::f32::consts::LOG2_E), magic);
    let whole = simd.sub_f32s(shifted, magic);
    // ln 2 in two parts, so that the remainder is exact.
    let rest = mul_add(simd, whole, simd.splat_f32s(-0.693_359_4), x);
    let rest = mul_add(simd, whole, simd.splat_f32s(2.121_944_4e-4), rest);
    let mut sum = simd.splat_f32s(1.987_569_1e-4);
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = mul_add(simd, sum, rest, simd.splat_f32s(coefficient));
    }
    let fraction =
        simd.add_f32s(mul_add(simd, sum, simd.mul_f32s(rest, rest), rest), simd.splat_f32s(1.0));
    let bits = simd.add_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(127));
    let power = simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(23));
    simd.mul_f32s(fraction, simd.transmute_f32s_u32s(power))
}

/// The vector that `values`, at most as many as a vector holds, are the start of; the rest is 0.
#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    match S::as_simd_f32s(values).0.first() {
        Some(vector) => *vector,
        None => simd.partial_load_f32s(values),
    }
}

/// Writes as much of `vector` as `values` has room for.
#[inline(always)]
pub(crate) fn store<S: Simd>(simd: S, values: &mut [f32], vector: S::f32s) {
    if values.len() == S::F32_LANES {
        S::as_mut_simd_f32s(values).0[0] = vector;
    } else {
        simd.partial_store_f32s(values, vector);
    }
}

/// The columns of a matrix, cut into vectors; the last may be shorter.
#[inline(always)]
pub(crate) fn columns<S: Simd>(
    _: S,
    columns: usize,
) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..columns).step_by(S::F32_LANES).map(move |start| start..columns.min(start + S::F32_LANES))
}

/// Puts `f(y)` in the place of every element of `y`.
///
/// Here and below `f` must be marked `#[inline(always)]`: a closure that stays a function of its
/// own would lose the instruction set.
#[inline(always)]
pub(crate) fn map<S: Simd>(simd: S, y: &mut [f32], f: impl Fn(S::f32s) -> S::f32s) {
    let (head, tail) = S::as_mut_simd_f32s(y);
    for y in head {
        *y = f(*y);
    }
    if !tail.is_empty() {
        let result = f(simd.partial_load_f32s(tail));
        simd.partial_store_f32s(tail, result);
    }
}

/// Replaces every element of `y` with `f(y, x)`, for the corresponding element of `x`.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
pub(crate) fn zip<S: Simd>(
    simd: S,
    y: &mut [f32],
    x: &[f32],
    f: impl Fn(S::f32s, S::f32s) -> S::f32s,
) {
    assert_eq!(y.len(), x.len());
    let (y_head, y_tail) = S::as_mut_simd_f32s(y);
    let (x_head, x_tail) = S::as_simd_f32s(x);
    for (y, x) in y_head.iter_mut().zip(x_head) {
        *y = f(*y, *x);
    }
    if !y_tail.is_empty() {
        let result = f(simd.partial_load_f32s(y_tail), simd.partial_load_f32s(x_tail));
        simd.partial_store_f32s(y_tail, result);
    }
}

/// The sum of `f(x)` over all elements `x`, added in an order that depends on the width of the
/// vectors only. `f(0)` must be 0.
#[inline(always)]
pub(crate) fn sum<S: Simd>(simd: S, x: &[f32], f: impl Fn(S::f32s) -> S::f32s) -> f32 {
    let (head, tail) = S::as_simd_f32s(x);
    let mut sums = [simd.splat_f32s(0.0); 4];
    let (fours, rest) = pulp::as_arrays::<4, _>(head);
    for four in fours {
        for (sum, x) in sums.iter_mut().zip(four) {
            *sum = simd.add_f32s(*sum, f(*x));
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum = simd.add_f32s(*sum, f(*x));
    }
    if !tail.is_empty() {
        sums[3] = simd.add_f32s(sums[3], f(simd.partial_load_f32s(tail)));
    }
    let [a, b, c, d] = sums;
    simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d)))
}

/// The sum of the products of the elements side by side.
#[inline(always)]
pub(crate) fn dot<S: Simd>(simd: S, x: &[f32], y: &[f32]) -> f32 {
    let (x_head, x_tail) = S::as_simd_f32s(x);
    let (y_head, y_tail) = S::as_simd_f32s(y);
    let mut sums = [simd.splat_f32s(0.0); 4];
    let (x_fours, x_rest) = pulp::as_arrays::<4, _>(x_head);
    let (y_fours, y_rest) = pulp::as_arrays::<4, _>(y_head);
    for (x, y) in x_fours.iter().zip(y_fours) {
        for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum = mul_add(simd, *x, *y, *sum);
        }
    }
    for (sum, (x, y)) in sums.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *sum = mul_add(simd, *x, *y, *sum);
    }
    if !x_tail.is_empty() {
        let (x, y) = (simd.partial_load_f32s(x_tail), simd.partial_load_f32s(y_tail));
        sums[3] = mul_add(simd, x, y, sums[3]);
    }
    let [a, b, c, d] = sums;
    simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d)))
}

/// The largest element, negative infinity of none.
#[inline(always)]
pub(crate) fn max<S: Simd>(simd: S, x: &[f32]) -> f32 {
    let (head, tail) = S::as_simd_f32s(x);
    let mut best = simd.splat_f32s(f32::NEG_INFINITY);
    for x in head {
        best = simd.max_f32s(best, *x);
    }
    tail.iter().copied().fold(simd.reduce_max_f32s(best), f32::max)
}
