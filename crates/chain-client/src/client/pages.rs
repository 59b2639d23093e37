//! Reading a list to its end.

use crate::error::ChainError;
use std::future::Future;

/// Reads pages until one is empty. `page` gets the last item so far, and returns the page after it.
pub(super) async fn all_pages<T, F>(mut page: impl FnMut(Option<&T>) -> F + Send) -> Result<Vec<T>, ChainError>
where
    F: Future<Output = Result<Vec<T>, ChainError>> + Send,
    T: Send,
{
    let mut all = Vec::new();
    loop {
        let next = page(all.last());
        let items = next.await?;
        if items.is_empty() {
            return Ok(all);
        }
        all.extend(items);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn pages_are_read_until_one_is_empty() {
        let list: Vec<u32> = (0..7).collect();
        let all = all_pages(|last: Option<&u32>| {
            let after = last.map_or(0, |last| usize::try_from(last + 1).unwrap());
            let page = list.iter().copied().skip(after).take(3).collect();
            async move { Ok(page) }
        });
        assert_eq!(all.await.unwrap(), list);
        let error = all_pages(|_: Option<&u32>| async { Err(ChainError::NoCalls) }).await;
        assert_eq!(error, Err(ChainError::NoCalls));
    }
}
