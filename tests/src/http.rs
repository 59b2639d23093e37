//! Reads sites through the gateway, as browsers do, and sends requests that no browser would.

use anyhow::{Context, Result, bail, ensure};
use futures::StreamExt;
use std::{
    io::Read,
    path::Path,
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Percent-encodes a path for a URL, except letters, digits and `-_.~/`.
pub fn escape(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The version of the site in the header `X-Mega-Version` of an answer.
pub fn version_of(response: &reqwest::Response) -> Result<u64> {
    let version = response.headers().get("x-mega-version").context("an answer names its version")?;
    Ok(version.to_str()?.parse()?)
}

/// Reads through one gateway.
#[derive(Clone, Debug)]
pub struct Browser {
    http: reqwest::Client,
    port: u16,
}

impl Browser {
    /// For the gateway on `port` of this machine. Resolves these names itself, since not every resolver maps `*.localhost` to
    /// this machine, as RFC 6761 asks.
    pub fn new(port: u16, labels: &[&str]) -> Result<Self> {
        let mut builder = reqwest::Client::builder().timeout(Duration::from_secs(300)).no_proxy();
        for label in labels {
            builder = builder.resolve(&format!("{label}.mega.localhost"), ([127, 0, 0, 1], port).into());
        }
        Ok(Browser { http: builder.build()?, port })
    }

    /// The URL of a file.
    pub fn url(&self, label: &str, path: &str) -> String {
        format!("http://{label}.mega.localhost:{}/{}", self.port, escape(path))
    }

    /// A request, not sent yet.
    pub fn request(&self, method: reqwest::Method, label: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(label, path))
    }

    /// Sends a GET that must succeed, and returns the body.
    pub async fn get(&self, label: &str, path: &str) -> Result<Vec<u8>> {
        let response =
            self.http.get(self.url(label, path)).send().await.with_context(|| format!("GET {label}/{path}"))?;
        let status = response.status();
        let body = response.bytes().await.with_context(|| format!("the body of {label}/{path}"))?;
        ensure!(status.is_success(), "GET {label}/{path} answered {status}: {}", String::from_utf8_lossy(&body));
        Ok(body.to_vec())
    }

    /// Waits until the gateway serves this version of a name or a newer one: it caches names for some seconds.
    pub async fn wait_version(&self, label: &str, version: u64) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let response = self.http.head(self.url(label, "")).send().await?;
            let now = version_of(&response)?;
            if now >= version {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the gateway still serves version {now} of {label}, not {version}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Time from the request to the first byte of the body.
    pub async fn first_byte(&self, label: &str, path: &str) -> Result<Duration> {
        let started = Instant::now();
        let response = self.http.get(self.url(label, path)).send().await?.error_for_status()?;
        let mut body = response.bytes_stream();
        body.next().await.context("the file is empty")??;
        Ok(started.elapsed())
    }

    /// Compares an answer with a file on disk, a piece at a time; returns the number of bytes.
    pub async fn same(&self, label: &str, path: &str, file: &Path) -> Result<u64> {
        let response =
            self.http.get(self.url(label, path)).send().await.with_context(|| format!("GET {label}/{path}"))?;
        let status = response.status();
        ensure!(
            status.is_success(),
            "GET {label}/{path} answered {status}: {}",
            response.text().await.unwrap_or_default()
        );
        let mut wanted = std::fs::File::open(file)?;
        let mut body = response.bytes_stream();
        let mut total = 0;
        let mut buffer = Vec::new();
        while let Some(piece) = body.next().await {
            let piece = piece.with_context(|| format!("{label}/{path} broke off after {total} bytes"))?;
            buffer.resize(piece.len(), 0);
            wanted.read_exact(&mut buffer).with_context(|| format!("{label}/{path} is longer than it was"))?;
            ensure!(buffer == piece, "{label}/{path} differs after byte {total}");
            total += u64::try_from(piece.len())?;
        }
        ensure!(wanted.read(&mut [0])? == 0, "{label}/{path} is shorter than it was: {total} bytes");
        Ok(total)
    }

    /// Compares every file below `dir`; returns the number of files and of bytes.
    pub async fn same_folder(&self, label: &str, dir: &Path) -> Result<(usize, u64)> {
        let files = crate::folder::list(dir)?;
        // As many at once as a browser opens.
        let count = files.len();
        let results: Vec<Result<u64>> = futures::stream::iter(files.into_keys())
            .map(|path| async move { self.same(label, &path, &dir.join(&path)).await })
            .buffer_unordered(6)
            .collect()
            .await;
        let mut bytes = 0;
        for result in results {
            bytes += result?;
        }
        Ok((count, bytes))
    }
}

/// Sends raw bytes and reads until the server closes the connection.
pub async fn raw(port: u16, request: &[u8]) -> Result<String> {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    if let Ok(Err(error)) = read {
        ensure!(!answer.is_empty(), "no answer before the connection broke: {error}");
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Sends a request one byte at a time, and returns how long the server kept the connection open: at most a minute.
pub async fn slow_drip(port: u16, host: &str) -> Result<Duration> {
    let started = Instant::now();
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Slow: ").as_bytes()).await?;
    let mut byte = [0];
    while started.elapsed() < Duration::from_secs(60) {
        if stream.write_all(b"a").await.is_err() {
            return Ok(started.elapsed());
        }
        match tokio::time::timeout(Duration::from_millis(500), stream.read(&mut byte)).await {
            Ok(Ok(_)) | Ok(Err(_)) => return Ok(started.elapsed()),
            Err(_) => {}
        }
    }
    bail!("a request that never ends still holds its connection after {} s", started.elapsed().as_secs())
}
