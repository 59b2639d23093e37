//! The command `meganet-worker jobs`: asks a running worker for its background jobs.

use crate::background::JobInfo;
use serde::Deserialize;
use std::{
    fmt::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Characters of an error that are shown in the table.
const ERROR_WIDTH: usize = 60;

/// Why the jobs cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Nothing listens at the address.
    #[error(
        "no worker answers at http://{address}/health: {reason}. Start the worker, or give the address that it serves health on with --http"
    )]
    NoWorker {
        /// The address.
        address: SocketAddr,
        /// The error of the request, with its causes.
        reason: String,
    },
    /// Something else than a worker of this version answers.
    #[error(
        "http://{address}/health does not answer like a worker of this version: {reason}. Check --http, and update the older of the two programs"
    )]
    NotAWorker {
        /// The address.
        address: SocketAddr,
        /// The parser's error.
        reason: String,
    },
}

/// The part of the health page that lists jobs.
#[derive(Deserialize)]
struct Page {
    jobs: Vec<JobInfo>,
}

/// Asks the worker that serves its health on `address` for its jobs, whether it is healthy or not.
///
/// # Errors
/// [`ListError`].
pub async fn jobs(address: SocketAddr) -> Result<Vec<JobInfo>, ListError> {
    let address = reachable(address);
    let no_worker = |error: reqwest::Error| ListError::NoWorker { address, reason: causes(&error) };
    let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build().map_err(no_worker)?;
    let answer = client.get(format!("http://{address}/health")).send().await.map_err(no_worker)?;
    let text = answer.text().await.map_err(no_worker)?;
    let page: Page =
        serde_json::from_str(&text).map_err(|error| ListError::NotAWorker { address, reason: error.to_string() })?;
    Ok(page.jobs)
}

/// An address to listen on as an address to connect to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// An error with all its causes: reqwest's own text does not say why a connection failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// The jobs as a table for people.
pub fn table(jobs: &[JobInfo]) -> String {
    let header = ["JOB", "STATE", "FOR", "RESTARTS", "PROGRESS", "LAST ERROR"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(jobs.iter().map(row)).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..6).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn row(job: &JobInfo) -> [String; 6] {
    let progress = match (&job.progress, job.queue) {
        (Some(progress), Some(queue)) => format!("{progress}, {queue} queued"),
        (Some(progress), None) => progress.clone(),
        (None, Some(queue)) => format!("{queue} queued"),
        (None, None) => "-".to_owned(),
    };
    let error = match (&job.last_error, job.last_error_age_s) {
        (Some(error), Some(age)) => format!("{} ago: {}", span(age), shortened(error)),
        (Some(error), None) => shortened(error),
        (None, _) => "-".to_owned(),
    };
    let state = job.state.name().to_owned();
    [job.name.clone(), state, span(job.state_age_s), job.restarts.to_string(), progress, error]
}

fn shortened(error: &str) -> String {
    let mut chars = error.chars();
    let mut text: String = chars.by_ref().take(ERROR_WIDTH).collect();
    if chars.next().is_some() {
        text.push_str("...");
    }
    text
}

/// Seconds in the largest unit of which there are at least two.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::background::JobState;

    fn job(name: &str, last_error: Option<&str>) -> JobInfo {
        JobInfo {
            name: name.to_owned(),
            state: JobState::Idle,
            state_age_s: 7,
            steps: 3,
            restarts: 1,
            failures: 0,
            last_error: last_error.map(str::to_owned),
            last_error_age_s: last_error.map(|_| 7200),
            progress: Some("block 12".to_owned()),
            queue: None,
        }
    }

    #[test]
    fn a_table_has_a_line_for_each_job() {
        let rebuild = JobInfo { queue: Some(3), progress: None, ..job("rebuild", Some(&"x".repeat(100))) };
        let text = table(&[job("follow", None), rebuild]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "JOB      STATE  FOR  RESTARTS  PROGRESS  LAST ERROR");
        assert_eq!(lines[1], "follow   idle   7s   1         block 12  -");
        assert_eq!(lines[2], format!("rebuild  idle   7s   1         3 queued  2h ago: {}...", "x".repeat(60)));
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn spans_are_short() {
        assert_eq!([0, 119, 120, 7199, 7200, 172_800].map(span), ["0s", "119s", "2m", "119m", "2h", "2d"]);
    }

    #[tokio::test]
    async fn without_a_worker_the_error_says_what_to_do() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = jobs(address).await.unwrap_err();
        assert!(matches!(error, ListError::NoWorker { .. }), "{error}");
        assert!(error.to_string().contains("--http"), "{error}");
    }

    #[test]
    fn an_address_to_listen_on_is_reached_on_this_machine() {
        assert_eq!(reachable("0.0.0.0:1".parse().unwrap()).to_string(), "127.0.0.1:1");
        assert_eq!(reachable("[::]:1".parse().unwrap()).to_string(), "[::1]:1");
        assert_eq!(reachable("10.0.0.1:1".parse().unwrap()).to_string(), "10.0.0.1:1");
    }
}
