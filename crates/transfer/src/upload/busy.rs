//! How often, and after which pauses, a worker is asked again that refuses because it is busy.

use backon::ExponentialBuilder;
use meganet_net::{NetError, Refusal};
use std::time::Duration;

/// Six more times, over about five seconds. The jitter keeps uploads that were refused together from returning together.
pub(super) const RETRIES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(250))
    .with_max_delay(Duration::from_secs(2))
    .with_factor(1.5)
    .with_max_times(6)
    .with_jitter();

/// Whether the worker refused only because it is busy.
pub(super) fn is_busy(error: &NetError) -> bool {
    matches!(error, NetError::Refused(Refusal::Busy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_without_room_is_left_out_at_once() {
        let full = [
            Refusal::OverCapacity { free: 0 },
            Refusal::DiskFull { free: 0 },
            Refusal::UploadsFull { free: 0 },
            Refusal::ShareUsedUp,
        ];
        for refusal in full {
            assert!(!is_busy(&NetError::Refused(refusal)), "{refusal}");
        }
        assert!(is_busy(&NetError::Refused(Refusal::Busy)));
    }
}
