//! A large file over real sockets, with little memory. In a process of its own, because it measures that process.

#![allow(clippy::unwrap_used, missing_docs)]

use meganet_client::{Existing, progress::Silent};
use meganet_testkit::{FaultyTown, noise};
use std::{
    fs,
    io::{BufWriter, Write},
    sync::atomic::Ordering,
    time::Instant,
};

const MIB: usize = 1024 * 1024;
const SIZE: usize = 300;

/// The most memory that this process ever had, in MiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Client and six workers together stay below what one process is allowed.
#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_megabytes_come_and_go_in_bounded_memory() {
    let mut world = FaultyTown::over_sockets().await;
    for worker in &world.workers {
        worker.faults.on_disk.store(true, Ordering::SeqCst);
    }
    world.file("small", b"small");
    let path = world.site().join("large");
    let mut file = BufWriter::new(fs::File::create(&path).unwrap());
    for part in 0..SIZE {
        file.write_all(&noise(part as u64, MIB)).unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    let before = peak();

    let began = Instant::now();
    let report = world.client.publish(&world.owner, &world.site(), "large", &world.options(), &Silent).await.unwrap();
    let (published, after_publish) = (began.elapsed(), peak());
    assert_eq!(report.upload.unwrap().summary.objects, 6);

    let out = world.dir.path().join("out");
    for round in 0..2 {
        let began = Instant::now();
        let site = world.client.open_name("large").await.unwrap();
        site.get_tree("", &out, Existing::Replace, &Silent).await.unwrap();
        println!("fetched in {:?}, peak {} MiB", began.elapsed(), peak());
        assert!(same(&path, &out.join("large")));
        if round == 0 {
            // Again without two of the three countries.
            world.kill(&[0, 1]).await;
            let survivors = [2, 3];
            world.kill(&survivors).await;
        }
    }
    println!("published {SIZE} MiB in {published:?}, peak {before} -> {after_publish} MiB");
    assert!(peak() < 300, "{} MiB", peak());
}

fn same(one: &std::path::Path, other: &std::path::Path) -> bool {
    use std::io::Read;
    let mut files = [fs::File::open(one).unwrap(), fs::File::open(other).unwrap()];
    let (mut a, mut b) = (vec![0; MIB], vec![0; MIB]);
    loop {
        let count = files[0].read(&mut a).unwrap();
        if count == 0 {
            return files[1].read(&mut b).unwrap() == 0;
        }
        if files[1].read_exact(&mut b[..count]).is_err() || a[..count] != b[..count] {
            return false;
        }
    }
}
