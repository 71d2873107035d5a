//! What comes in: bodies within a budget of memory, and images decoded a few at a time.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
};
use futures_util::StreamExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};
use zoo_data::{DecodeLimits, Image, Undecodable};

use super::refused::Refused;

/// Bytes of one permit of the budget.
const UNIT: usize = 1024;
/// Bytes that are set aside for a body before it comes, at most.
const FIRST: usize = 8 << 10;
/// Bodies that the budget has room for, of the longest allowed.
const BODIES: usize = 3;
/// Images that are decoded where they come in, since that takes less time than to hand them on.
const TINY: DecodeLimits = DecodeLimits { side: 256, pixels: 1 << 16, bytes: 1 << 20 };
/// The memory that images take together which are decoded side by side, in bytes.
const SMALL_IMAGES: u64 = 128 << 20;
/// The memory that decoding a larger image takes at least, of which there is one at a time.
const LARGE_IMAGE: u64 = 192 << 20;

/// Bounds what requests may take of the server's memory.
pub struct Intake {
    max_body: usize,
    budget: Arc<Semaphore>,
    /// Images that are decoded side by side; one that takes more waits for its turn in `large`.
    small: Arc<Semaphore>,
    small_limits: DecodeLimits,
    large: Arc<Semaphore>,
    large_limits: DecodeLimits,
}

/// A body, and its share of the budget.
pub struct Held {
    pub bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

impl Intake {
    pub fn new(max_body: usize, max_pixels: u64) -> Self {
        let lanes = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 16);
        let small = SMALL_IMAGES / lanes as u64;
        let limits = DecodeLimits { pixels: max_pixels, ..DecodeLimits::default() };
        // Three bytes a pixel and the file: what a photo takes that is not progressive.
        let large = LARGE_IMAGE.max(3 * max_pixels + max_body as u64);
        Self {
            max_body,
            budget: Arc::new(Semaphore::new((BODIES * max_body).div_ceil(UNIT))),
            small: Arc::new(Semaphore::new(lanes)),
            small_limits: DecodeLimits { bytes: small, ..limits },
            large: Arc::new(Semaphore::new(1)),
            large_limits: DecodeLimits { bytes: large, ..limits },
        }
    }

    /// Reads a body.
    ///
    /// # Errors
    ///
    /// 413 if it is too long, 415 if it is compressed, 503 if the server holds as much as it may, 400 if
    /// the client stops sending.
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Held, Refused> {
        let encoding = headers.get(header::CONTENT_ENCODING);
        if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
            let message = format!(
                "a body with the content encoding {encoding:?} is not taken: send it as it is"
            );
            return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let stated = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let stated: Option<usize> = stated.and_then(|length| length.parse().ok());
        self.check_length(stated.unwrap_or(0))?;
        let mut bytes = Vec::with_capacity(stated.unwrap_or(0).min(FIRST));
        let mut share: Option<OwnedSemaphorePermit> = None;
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk =
                chunk.map_err(|error| Refused::bad(format!("the body ends too early: {error}")))?;
            self.check_length(bytes.len() + chunk.len())?;
            let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let more = (bytes.len() + chunk.len()).div_ceil(UNIT).saturating_sub(held);
            let room = self.budget.clone().try_acquire_many_owned(more as u32);
            let room = room.map_err(|_| {
                Refused::busy("the server holds as many bodies as it has memory for", 1)
            })?;
            match &mut share {
                Some(share) => share.merge(room),
                None => share = Some(room),
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Held { bytes: Bytes::from(bytes), _share: share })
    }

    fn check_length(&self, length: usize) -> Result<(), Refused> {
        match length > self.max_body {
            true => Err(Refused::too_large(format!(
                "the body has more than {} bytes, the most that --max-body allows",
                self.max_body
            ))),
            false => Ok(()),
        }
    }

    /// Decodes an image, and makes of it what `then` does, on a thread for such work.
    ///
    /// # Errors
    ///
    /// 413 if it has too many pixels, 422 if it cannot be read.
    pub async fn decode<T: Send + 'static>(
        &self,
        file: Bytes,
        then: impl Fn(Image) -> T + Clone + Send + 'static,
    ) -> Result<T, Refused> {
        match Image::decode_within(&file, &TINY) {
            Ok(image) => return Ok(then(image)),
            Err(Undecodable::Damaged(reason)) => return Err(Refused::unusable(reason)),
            Err(Undecodable::TooLarge(_)) => {}
        }
        let lanes = [(&self.small, self.small_limits), (&self.large, self.large_limits)];
        let mut refused = None;
        for (lane, limits) in lanes {
            let turn = lane.clone().acquire_owned().await.map_err(|_| cut_short())?;
            let (file, then) = (file.clone(), then.clone());
            let decode = move || {
                let _turn = turn;
                Image::decode_within(&file, &limits).map(then)
            };
            match spawn_blocking(decode).await.map_err(|_| cut_short())? {
                Ok(made) => return Ok(made),
                Err(Undecodable::Damaged(reason)) => return Err(Refused::unusable(reason)),
                Err(Undecodable::TooLarge(reason)) => refused = Some(reason),
            }
        }
        let reason = refused.unwrap_or_default();
        Err(Refused::too_large(format!("{reason}; see --max-pixels")))
    }

    /// Does other work that takes memory and time, such as reading numbers from JSON.
    ///
    /// # Errors
    ///
    /// Those of `work`.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let turn = self.small.clone().acquire_owned().await.map_err(|_| cut_short())?;
        let work = move || {
            let _turn = turn;
            work()
        };
        spawn_blocking(work).await.map_err(|_| cut_short())?
    }
}

/// Of work that panicked.
fn cut_short() -> Refused {
    Refused::failed("the request could not be worked on")
}
