//! Work that takes a while.

use tokio::task::spawn_blocking;

use super::Answer;
use crate::serve::refused::Refused;

/// Does what takes a while where nobody waits for it but the asker.
///
/// # Errors
///
/// 500 if it panics.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
    spawn_blocking(work).await.map_err(|_| Refused::failed("the server could not work on this"))
}
