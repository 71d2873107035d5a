//! Progress on stderr: bars at a terminal, plain lines elsewhere, nothing where silence is asked.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How much to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Nothing.
    Nothing,
    /// A line now and then.
    Lines,
    /// Bars that move.
    Bars,
}

impl Show {
    /// What suits stderr, unless silence is asked.
    pub fn on_stderr(quiet: bool) -> Self {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Self::Nothing,
            (false, true) => Self::Bars,
            (false, false) => Self::Lines,
        }
    }

    /// A bar over `length` images.
    pub fn bar(self, what: &'static str, length: usize) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(length as u64), self.target());
        bar.with_style(style("{msg} {bar:30} {pos}/{len} images {per_sec}, {eta} left"))
            .with_message(what)
    }

    /// A bar over `length` steps, whose message says what is being done.
    pub fn steps(self, length: usize) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(length as u64), self.target());
        bar.with_style(style("{bar:30} {percent:>3} %, {eta} left  {msg}"))
    }

    /// A line of text with the time that has gone.
    pub fn spinner(self) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, self.target());
        bar.with_style(style("{spinner} {elapsed} {wide_msg}"))
    }

    /// A bar over the bytes of a file, of which the number may not be known.
    pub fn bytes_bar(self, what: String, length: Option<u64>) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(length, self.target());
        bar.with_style(style("{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left"))
            .with_message(what)
    }

    /// Where bars are drawn, if they are.
    pub(crate) fn target(self) -> ProgressDrawTarget {
        match self {
            Self::Bars => ProgressDrawTarget::stderr(),
            Self::Lines | Self::Nothing => ProgressDrawTarget::hidden(),
        }
    }
}

/// A bar's style, with `per_sec` in images.
pub(crate) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("templates are literal")
        .progress_chars("=> ")
        .with_key("per_sec", |state: &indicatif::ProgressState, f: &mut dyn std::fmt::Write| {
            let _ = write!(f, "{:.0} images/s", state.per_sec());
        })
}
