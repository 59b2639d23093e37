//! Keeping the ends of shard files whole: a file is adopted by its footer when the index is lost.

use super::{
    Store, StoreError, footer,
    keys::ShardKey,
    records::{Place, ShardRecord},
    write::Placing,
};

/// The result of [`Store::mend_footer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mending {
    /// The footer is whole, or the shard has no file whose end could be mended.
    Unneeded,
    /// The footer was damaged, and is whole and durable now.
    Mended,
    /// The footer is damaged, and the disk cannot write it there again.
    Failed,
}

impl Store {
    /// Compares the footer of a shard's file with the index, and writes it again if they differ. The bytes of the shard
    /// are not touched.
    pub fn mend_footer(&self, key: &ShardKey) -> Result<Mending, StoreError> {
        // At first without a lock: nearly all are whole.
        match self.footer_of(key)? {
            Some((len, footer)) if !self.files.ends_with(key, len, &footer)? => {}
            _ => return Ok(Mending::Unneeded),
        }
        let _rows = self.shared();
        let Some(_placing) = Placing::begin(self, *key) else { return Ok(Mending::Unneeded) };
        // The shard may have been removed, or stored again, meanwhile.
        let Some((len, footer)) = self.footer_of(key)? else { return Ok(Mending::Unneeded) };
        // Where bytes of the shard are missing, a footer would only hide that.
        if self.files.ends_with(key, len, &footer)? || !self.files.has(key, len)? {
            return Ok(Mending::Unneeded);
        }
        Ok(if self.files.end_with(key, len, &footer)? { Mending::Mended } else { Mending::Failed })
    }

    /// The length of a shard that has a file, and the footer that the file should have. `None` also if the object's row
    /// contradicts itself: nothing is written on its word.
    fn footer_of(&self, key: &ShardKey) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let in_file = |record: &ShardRecord| record.place == Place::File && !record.damaged;
        let Some(record) = self.shard(key)?.filter(in_file) else { return Ok(None) };
        let object = self.object(&key.object)?.filter(|object| footer::fits(object, record.len));
        Ok(object.map(|object| (record.len, footer::encode(record.group, &object))))
    }
}
