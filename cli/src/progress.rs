//! Progress bars on stderr, if it is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use meganet_client::progress::{Progress, Stage};
use meganet_terminal::{print_aside, print_note};
use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Shows a bar for each stage; without a terminal only notes and waiting times.
pub struct Bars {
    current: Mutex<ProgressBar>,
    visible: bool,
}

impl Default for Bars {
    fn default() -> Self {
        Bars { current: Mutex::new(ProgressBar::hidden()), visible: std::io::stderr().is_terminal() }
    }
}

impl Bars {
    fn current(&self) -> ProgressBar {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Removes the bar, before results are printed.
    pub fn clear(&self) {
        self.current().finish_and_clear();
    }
}

impl Progress for Bars {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.finish_and_clear();
        if !self.visible {
            // Also a log should show why nothing happens for some blocks.
            if matches!(stage, Stage::Committing | Stage::WaitingForCommitment) {
                print_aside(&match total {
                    Some(1) => format!("{stage}: 1 block"),
                    Some(blocks) => format!("{stage}: {blocks} blocks"),
                    None => stage.to_string(),
                });
            }
            return;
        }
        let template = match (stage.counts_bytes(), total.is_some()) {
            (true, true) => "{msg:28} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
            (true, false) => "{msg:28} {spinner} {binary_bytes} {binary_bytes_per_sec}",
            (false, true) => "{msg:28} {wide_bar} {pos}/{len}",
            (false, false) => "{msg:28} {spinner}",
        };
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(stage.to_string());
        bar.enable_steady_tick(Duration::from_millis(150));
        *current = bar;
    }

    fn advance(&self, by: u64) {
        self.current().inc(by);
    }

    fn note(&self, text: &str) {
        self.current().suspend(|| print_note(text));
    }
}
