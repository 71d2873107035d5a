//! Which tokens there are, whom each looks at, and where information can have come from.

use axum::Json;
use serde::{Deserialize, Serialize};

use crate::{
    explain,
    lab::{Answer, Numbers, Seen, Told},
    serve::refused::Refused,
};

/// What there is of tokens.
#[derive(Serialize)]
pub(super) struct Tokens {
    /// Blocks with attention; 0 for a network without.
    blocks: usize,
    heads: usize,
    /// Patches along a side.
    side: usize,
    /// Side of a patch, in pixels.
    patch: usize,
    /// Class tokens and registers, which go before the patches.
    before: usize,
    /// Of which these show nothing of the photo.
    registers: usize,
    /// Numbers of a token.
    width: usize,
    /// Whether there are positions.
    positions: bool,
}

/// Tokens of a network, from its attention.
struct TokenGrid {
    tokens: usize,
    side: usize,
    before: usize,
}

impl TokenGrid {
    fn of(seen: &Seen) -> Option<Self> {
        let first = seen.record.attention.first()?;
        let tokens = first.shape[1];
        let side = (tokens - first.registers).isqrt();
        Some(Self { tokens, side, before: tokens - side * side })
    }
}

fn without(network: &str) -> Refused {
    Refused::unusable(format!("{network} has no attention: choose a Vision Transformer"))
}

pub(super) async fn tokens(Told { lab, looked, .. }: Told) -> Answer<Json<Tokens>> {
    let seen = lab.seen(&looked).await?;
    let record = &seen.record;
    let Some(TokenGrid { side, before, .. }) = TokenGrid::of(&seen) else {
        let none = Tokens {
            blocks: 0,
            heads: 0,
            side: 0,
            patch: 0,
            before: 0,
            registers: 0,
            width: 0,
            positions: false,
        };
        return Ok(Json(none));
    };
    Ok(Json(Tokens {
        blocks: record.attention.len(),
        heads: record.attention[0].shape[0],
        side,
        patch: seen.image.width() / side,
        before,
        registers: record.attention[0].registers,
        width: record.layer("patch_embedding").map_or(0, |layer| layer.shape[1]),
        positions: record.layer("position_embedding").is_some(),
    }))
}

/// Whose attention: a patch by its row and column, or without them the token that the answer is read from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    patch: Option<[usize; 2]>,
}

/// What the numbers are: for each block and head what is taken from each patch, row by row; then, where
/// there are positions, how similar that of each patch is to the asker's.
#[derive(Serialize)]
pub(super) struct Header {
    blocks: usize,
    heads: usize,
    side: usize,
    /// Of each block and head: what is taken from class tokens and registers.
    elsewhere: Vec<f64>,
    /// Of each block and head: all shares, added up.
    sums: Vec<f64>,
    /// Whether positions follow.
    positions: bool,
    /// Whether the asker is the class token.
    is_class_token: bool,
}

pub(super) async fn attention(
    Told { lab, looked, asked: Asked { patch } }: Told<Asked>,
) -> Answer<Numbers<Header>> {
    let seen = lab.seen(&looked).await?;
    let layout = TokenGrid::of(&seen).ok_or_else(|| without(&looked.network))?;
    let TokenGrid { tokens, side, before } = layout;
    let registers = seen.record.attention[0].registers;
    let is_class_token = patch.is_none() && before > registers;
    let queries = match patch {
        Some([row, column]) if row < side && column < side => {
            let token = before + row * side + column;
            token..token + 1
        }
        Some([row, column]) => {
            return Err(Refused::bad(format!(
                "row {row}, column {column}: there are {side} × {side} patches"
            )));
        }
        // Without a class token, the answer is read from all patches alike.
        None if is_class_token => 0..1,
        None => before..tokens,
    };
    let (mut values, mut elsewhere, mut sums) = (Vec::new(), Vec::new(), Vec::new());
    for head in seen.record.attention.iter().flat_map(|layer| layer.values.chunks(tokens * tokens))
    {
        let share = |key: usize| {
            let shares = queries.clone().map(|query| f64::from(head[query * tokens + key]));
            shares.sum::<f64>() / queries.len() as f64
        };
        let shares: Vec<f64> = (0..tokens).map(share).collect();
        elsewhere.push(shares[..before].iter().sum());
        sums.push(shares.iter().sum());
        values.extend(shares[before..].iter().map(|share| *share as f32));
    }
    let similar = patch.and_then(|[row, column]| similarity(&seen, row * side + column, side));
    let positions = similar.is_some();
    values.extend(similar.into_iter().flatten());
    let blocks = seen.record.attention.len();
    let heads = seen.record.attention[0].shape[0];
    Ok(Numbers {
        header: Header { blocks, heads, side, elsewhere, sums, positions, is_class_token },
        values,
    })
}

/// The cosine between the position of a patch and that of every patch.
fn similarity(seen: &Seen, place: usize, side: usize) -> Option<Vec<f32>> {
    let layer = seen.record.layer("position_embedding")?;
    let width = *layer.shape.last()?;
    let first = (layer.values.len() / width).checked_sub(side * side)?;
    let vectors: Vec<&[f32]> = layer.values.chunks(width).skip(first).collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let own = vectors[place];
    let cosine = |other: &&[f32]| {
        dot(own, other) / (dot(own, own) * dot(other, other)).sqrt().max(f32::MIN_POSITIVE)
    };
    Some(vectors.iter().map(cosine).collect())
}

#[derive(Serialize)]
pub(super) struct Side {
    side: usize,
}

/// How much of each patch can have reached the answer through all blocks, by attention rollout.
pub(super) async fn rollout(Told { lab, looked, .. }: Told) -> Answer<Numbers<Side>> {
    let seen = lab.seen(&looked).await?;
    let TokenGrid { side, .. } = TokenGrid::of(&seen).ok_or_else(|| without(&looked.network))?;
    let map = explain::rollout(&seen.record.attention);
    Ok(Numbers { header: Side { side }, values: map.values })
}
