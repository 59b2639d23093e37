//! The cost of small shards, which are values of a worker's index: bytes written and read for each byte stored.
//!
//! The baseline is RocksDB with the values in the tables of their keys, as any other value. There compaction moves every value
//! several times. Bytes are those given to the system's calls by this process, with the log. Values are written once, some are
//! removed as objects expire, and others take their place.

use crate::report::Report;
use anyhow::{Context, Result, bail, ensure};
use meganet_worker::store::{
    INLINE_MAX,
    engine::{Batch, Durability, Engine, Table},
    rocks::RocksEngine,
};
use rand::{Rng, RngCore, SeedableRng, rngs::StdRng, seq::SliceRandom};
use rocksdb::{BlockBasedOptions, Cache, DB, DBCompressionType, Options};
use std::{fs, path::Path};

/// Length of a key: an object and a shard.
const KEY: usize = 33;
/// Values that are committed together, durably.
const BATCH: usize = 16;
/// Values that are read at random.
const READS: usize = 1_000;
/// Most bytes that are written for each byte stored, divided by those of the baseline.
const MOST_WRITTEN: f64 = 0.8;

/// One way to keep values.
trait Values: Sized {
    fn open(path: &Path) -> Result<Self>;
    /// Commits values durably; `None` removes one.
    fn commit(&self, writes: &[([u8; KEY], Option<Vec<u8>>)]) -> Result<()>;
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;
}

/// The worker's index.
struct Index(RocksEngine);

impl Values for Index {
    fn open(path: &Path) -> Result<Self> {
        Ok(Self(RocksEngine::open(path)?))
    }

    fn commit(&self, writes: &[([u8; KEY], Option<Vec<u8>>)]) -> Result<()> {
        let mut batch = Batch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.put(Table::Inline, key.to_vec(), value.clone()),
                None => batch.delete(Table::Inline, key.to_vec()),
            }
        }
        Ok(self.0.commit(batch, Durability::Synced)?)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(Table::Inline, key)?)
    }
}

/// The baseline: the same budgets, and values in the tables of their keys.
struct InTables(DB);

impl Values for InTables {
    fn open(path: &Path) -> Result<Self> {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&Cache::new_lru_cache(24 << 20));
        blocks.set_cache_index_and_filter_blocks(true);
        blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
        blocks.set_bloom_filter(10.0, false);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_block_based_table_factory(&blocks);
        options.set_compression_type(DBCompressionType::None);
        options.set_write_buffer_size(8 << 20);
        options.set_max_write_buffer_number(2);
        options.set_max_background_jobs(2);
        options.set_max_open_files(256);
        Ok(Self(DB::open(&options, path)?))
    }

    fn commit(&self, writes: &[([u8; KEY], Option<Vec<u8>>)]) -> Result<()> {
        let mut batch = rocksdb::WriteBatch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
        let mut options = rocksdb::WriteOptions::default();
        options.set_sync(true);
        Ok(self.0.write_opt(batch, &options)?)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(key)?)
    }
}

/// Counts of bytes and calls from a file of `/proc`.
struct Io {
    read_calls: u64,
    read: u64,
    written: u64,
}

impl Io {
    fn of(path: &str) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("{path}: the system does not count reads"))?;
        let count = |key: &str| -> Result<u64> {
            let value = text.lines().find_map(|line| line.strip_prefix(key)).with_context(|| format!("no {key}"))?;
            Ok(value.trim().parse()?)
        };
        Ok(Self { read_calls: count("syscr:")?, read: count("rchar:")?, written: count("wchar:")? })
    }
}

/// The cost of one way to keep values.
struct Cost {
    /// Bytes written for each byte stored.
    written: f64,
    /// Calls to read for each value.
    calls: f64,
    /// Bytes read for each byte of a value.
    read: f64,
    /// Bytes on disk for each byte that is kept.
    on_disk: f64,
}

#[allow(clippy::cast_precision_loss)]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn measure<V: Values>(bytes: u64, seed: u64) -> Result<Cost> {
    let mut random = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().context("no folder for the values")?;
    let before = Io::of("/proc/self/io")?.written;
    let (mut stored, mut kept) = (0_u64, Vec::new());
    let values = V::open(folder.path())?;
    let mut put = |kept: &mut Vec<[u8; KEY]>, until: u64, random: &mut StdRng| -> Result<()> {
        let goal = stored.saturating_add(until);
        while stored < goal {
            let mut writes = Vec::new();
            for _ in 0..BATCH {
                let (mut key, len) = ([0; KEY], usize::try_from(random.random_range(16 * 1024..=INLINE_MAX))?);
                random.fill_bytes(&mut key);
                let mut value = vec![0; len];
                random.fill_bytes(&mut value);
                kept.push(key);
                stored = stored.saturating_add(u64::try_from(len)?);
                writes.push((key, Some(value)));
            }
            values.commit(&writes)?;
        }
        Ok(())
    };
    put(&mut kept, bytes, &mut random)?;
    // A third expires, and others come.
    kept.shuffle(&mut random);
    let gone = kept.split_off(kept.len() - kept.len() / 3);
    for keys in gone.chunks(BATCH) {
        values.commit(&keys.iter().map(|key| (*key, None)).collect::<Vec<_>>())?;
    }
    put(&mut kept, bytes / 3, &mut random)?;
    drop(values);
    // Opened once more, so that nothing is read from memory.
    let values = V::open(folder.path())?;
    kept.shuffle(&mut random);
    let (first, mut read) = (Io::of("/proc/thread-self/io")?, 0_u64);
    for key in kept.iter().take(READS) {
        let value = values.get(key)?.context("a value is lost")?;
        read = read.saturating_add(u64::try_from(value.len())?);
    }
    let last = Io::of("/proc/thread-self/io")?;
    for key in gone.iter().take(READS) {
        ensure!(values.get(key)?.is_none(), "a removed value is still there");
    }
    let reads = u64::try_from(kept.len().min(READS))?;
    drop(values);
    Ok(Cost {
        written: ratio(Io::of("/proc/self/io")?.written.saturating_sub(before), stored),
        calls: ratio(last.read_calls.saturating_sub(first.read_calls), reads),
        read: ratio(last.read.saturating_sub(first.read), read),
        on_disk: ratio(size(folder.path())?, bytes),
    })
}

fn size(folder: &Path) -> Result<u64> {
    let mut size = 0_u64;
    for entry in fs::read_dir(folder)? {
        size = size.saturating_add(entry?.metadata()?.len());
    }
    Ok(size)
}

/// Stores `mib` MiB of small shards both ways, adds the figures to the report, and returns the missed targets.
///
/// # Errors
/// If a value is lost, the disk fails, or the system does not count bytes.
pub fn bench(mib: u64, seed: u64, report: &mut Report) -> Result<Vec<String>> {
    let Some(bytes) = mib.checked_mul(1 << 20).filter(|bytes| *bytes > 0) else { bail!("{mib} MiB cannot be stored") };
    let baseline = measure::<InTables>(bytes, seed)?;
    let index = measure::<Index>(bytes, seed)?;
    for (name, cost) in [("baseline", &baseline), ("index", &index)] {
        report.figure(format!("{name}_written_per_byte"), cost.written);
        report.figure(format!("{name}_disk_per_byte"), cost.on_disk);
        report.figure(format!("{name}_reads_per_value"), cost.calls);
        report.figure(format!("{name}_read_per_byte"), cost.read);
    }
    let ratio = index.written / baseline.written;
    report.figure("written_ratio", ratio);
    // Little is compacted in a small store.
    let missed = mib >= 512 && ratio > MOST_WRITTEN;
    Ok(missed.then(|| format!("written_ratio {ratio:.2} is over {MOST_WRITTEN}")).into_iter().collect())
}
