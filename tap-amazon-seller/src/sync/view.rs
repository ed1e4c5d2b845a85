//! The live view of a run: lines at the foot of the terminal, below the log.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Lines that are drawn over and over. They go away with it.
pub(super) struct View {
    screen: MultiProgress,
    lines: Vec<ProgressBar>,
}

impl View {
    /// Begins, and has the log make room for it.
    pub(super) fn open() -> Self {
        let screen = MultiProgress::new();
        let shared = screen.clone();
        singer::log::share_terminal(move |write| shared.suspend(write));
        Self { screen, lines: Vec::new() }
    }

    /// Shows these lines instead of those before; what does not fit on the terminal is cut.
    pub(super) fn draw(&mut self, texts: Vec<String>) {
        for (number, text) in texts.into_iter().enumerate() {
            if let Some(line) = self.lines.get(number) {
                line.set_message(text);
            } else {
                let style = ProgressStyle::with_template("{wide_msg}");
                let line = ProgressBar::new_spinner()
                    .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                let line = self.screen.add(line);
                line.set_message(text);
                self.lines.push(line);
            }
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // There is nowhere left to complain when the terminal has gone.
        let _ = self.screen.clear();
    }
}
