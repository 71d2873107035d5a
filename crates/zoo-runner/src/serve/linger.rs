//! A connection whose end the client lives to see.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How long a client may go on sending once the server has said all.
const LINGER: Duration = Duration::from_secs(2);

/// A stream that reads, before it is closed, what its client still sends. Closed with bytes unread, the
/// system would reset the connection, and clients that send all of a body before they look for an answer,
/// such as browsers and nginx, would not learn why it was refused.
pub struct Lingering<S> {
    stream: S,
    /// When to close in any case, once the client has been seen to send.
    until: Option<Pin<Box<Sleep>>>,
}

impl<S> Lingering<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, until: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.until.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let mut scrap = [0; 8192];
        loop {
            let mut scrap = ReadBuf::new(&mut scrap);
            match (Pin::new(&mut this.stream).poll_read(cx, &mut scrap), &mut this.until) {
                (Poll::Ready(Ok(())), until) if !scrap.filled().is_empty() => {
                    let until = until.get_or_insert_with(|| Box::pin(sleep(LINGER)));
                    if until.deadline() <= Instant::now() {
                        return Poll::Ready(Ok(()));
                    }
                }
                (Poll::Pending, Some(until)) => return until.as_mut().poll(cx).map(Ok),
                // Nothing is under way, or the client has gone.
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}
