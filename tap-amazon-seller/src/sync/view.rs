//! The live view of a run: lines at the foot of the terminal, below the log.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Lines that are drawn over and over. They go away with it.
pub(super) struct View {
    screen: MultiProgress,
    lines: Vec<ProgressBar>,
}

impl View {
    /// Begins, and has the log make room for it.
    pub(super) fn open() -> Self {
        let view = Self::on(ProgressDrawTarget::stderr());
        let screen = view.screen.clone();
        singer::log::share_terminal(move |write| screen.suspend(write));
        view
    }

    fn on(target: ProgressDrawTarget) -> Self {
        Self { screen: MultiProgress::with_draw_target(target), lines: Vec::new() }
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

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, TermLike};

    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_log_stands_whole_above_the_view_and_alone_after_it() {
        let terminal = InMemoryTerm::new(6, 24);
        let mut view = View::on(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
        view.draw(texts(&["reports: 1 of 3", "US sales  1 of 3"]));
        for line in ["one line", "and another"] {
            view.screen.suspend(|| terminal.write_line(line)).unwrap();
        }
        view.draw(texts(&["reports: 2 of 3", "US sales  2 of 3, and more than fits"]));
        let shown = terminal.contents();
        let lines: Vec<_> = shown.lines().map(str::trim_end).collect();
        assert_eq!(
            lines,
            ["one line", "and another", "reports: 2 of 3", "US sales  2 of 3, and mo"]
        );
        drop(view);
        assert_eq!(terminal.contents(), "one line\nand another");
    }
}
