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

/// How long to wait for what a client may have sent before it saw that the server has said all.
const ROUND_TRIP: Duration = Duration::from_millis(250);
/// How long a client that goes on sending is heard.
const LINGER: Duration = Duration::from_secs(2);

/// A stream that reads, before it is closed, what its client still sends. Closed with bytes unread, the
/// system would reset the connection, and clients that send all of a body before they look for an answer,
/// such as browsers and nginx, would not learn why it was refused.
pub struct Lingering<S> {
    stream: S,
    /// Once the server has said all: when to close, and when to close in any case.
    until: Option<(Pin<Box<Sleep>>, Instant)>,
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
        let mut until = match this.until.take() {
            Some(until) => until,
            None => {
                ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                (Box::pin(sleep(ROUND_TRIP)), Instant::now() + LINGER)
            }
        };
        let mut scrap = [0; 8192];
        loop {
            let mut scrap = ReadBuf::new(&mut scrap);
            match Pin::new(&mut this.stream).poll_read(cx, &mut scrap) {
                Poll::Ready(Ok(())) if !scrap.filled().is_empty() && Instant::now() < until.1 => {
                    until.0.as_mut().reset(until.1);
                }
                Poll::Pending => {
                    let closed = until.0.as_mut().poll(cx);
                    this.until = Some(until);
                    return closed.map(Ok);
                }
                // The client has gone, or goes on for too long.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}
