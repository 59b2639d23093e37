//! The SDK's encoding of a trie's nodes.
//!
//! A node begins with its kind and the number of nibbles of its partial key in one variable-length header, then the partial
//! key. A leaf continues with its value; a branch with a bitmap of its children, its value if it has one, and the children.
//! Values and children are either inline, after their length, or the hash of a node of their own.

use super::Blake2;
use crate::header::Hash;
use codec::{Compact, Decode, Encode};
use hash_db::Hasher;
use meganet_primitives::convert::{to_u32, to_usize};
use std::{borrow::Borrow, ops::Range};
use trie_db::{
    ChildReference,
    nibble_ops::{NIBBLE_LENGTH, NIBBLE_PER_BYTE, number_padding, pad_left},
    node::{NibbleSlicePlan, NodeHandlePlan, NodePlan, Value, ValuePlan},
};

/// The node of a trie without values. As a first byte in a compact proof it announces that the value of the node after it
/// follows as an item of its own.
const EMPTY: u8 = 0;
const ESCAPE: u8 = 1;

/// Why bytes are not a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// They end early.
    #[error("it ends early")]
    Short,
    /// The first byte is not a kind of node.
    #[error("its kind is unknown")]
    Kind,
    /// A partial key of an odd number of nibbles does not begin with a zero nibble.
    #[error("its key is not padded with zero")]
    Padding,
    /// A branch without a child.
    #[error("it is a branch without children")]
    Childless,
}

/// The kind of a node: the highest bits of its first byte. The rest of the byte begins the number of nibbles.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Leaf,
    Branch,
    BranchWithValue,
    LeafWithHash,
    BranchWithHash,
}

impl Kind {
    /// Returns the prefix and the number of its bits.
    fn prefix(self) -> (u8, u32) {
        match self {
            Self::Leaf => (0b01 << 6, 2),
            Self::Branch => (0b10 << 6, 2),
            Self::BranchWithValue => (0b11 << 6, 2),
            Self::LeafWithHash => (0b001 << 5, 3),
            Self::BranchWithHash => (0b0001 << 4, 4),
        }
    }

    fn of(first: u8) -> Option<Self> {
        let kinds = [Self::Leaf, Self::Branch, Self::BranchWithValue, Self::LeafWithHash, Self::BranchWithHash];
        kinds.into_iter().find(|kind| {
            let (prefix, bits) = kind.prefix();
            first >> (8 - bits) == prefix >> (8 - bits)
        })
    }

    fn is_leaf(self) -> bool {
        matches!(self, Self::Leaf | Self::LeafWithHash)
    }
}

/// Bytes of a node that were not read yet, by their place.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, len: usize) -> Result<Range<usize>, NodeError> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len()).ok_or(NodeError::Short)?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    fn byte(&mut self) -> Result<u8, NodeError> {
        let range = self.take(1)?;
        Ok(self.bytes[range.start])
    }

    /// Reads the kind and the number of nibbles.
    fn header(&mut self) -> Result<(Kind, usize), NodeError> {
        let first = self.byte()?;
        let kind = Kind::of(first).ok_or(NodeError::Kind)?;
        let most = u8::MAX >> kind.prefix().1;
        let mut count = usize::from(first & most);
        if count < usize::from(most) {
            return Ok((kind, count));
        }
        count -= 1;
        loop {
            match self.byte()? {
                u8::MAX => count += usize::from(u8::MAX),
                last => return Ok((kind, count + usize::from(last) + 1)),
            }
        }
    }

    fn partial(&mut self, nibbles: usize) -> Result<NibbleSlicePlan, NodeError> {
        if !nibbles.is_multiple_of(NIBBLE_PER_BYTE) && pad_left(*self.bytes.get(self.at).ok_or(NodeError::Short)?) != 0
        {
            return Err(NodeError::Padding);
        }
        Ok(NibbleSlicePlan::new(self.take(nibbles.div_ceil(NIBBLE_PER_BYTE))?, number_padding(nibbles)))
    }

    /// Reads bytes after their length.
    fn sized(&mut self) -> Result<Range<usize>, NodeError> {
        let mut rest = &self.bytes[self.at..];
        let len = Compact::<u32>::decode(&mut rest).map_err(|_| NodeError::Short)?.0;
        self.at = self.bytes.len() - rest.len();
        self.take(to_usize(len.into()))
    }

    fn value(&mut self, hashed: bool) -> Result<ValuePlan, NodeError> {
        if hashed { self.take(Blake2::LENGTH).map(ValuePlan::Node) } else { self.sized().map(ValuePlan::Inline) }
    }

    fn child(&mut self) -> Result<NodeHandlePlan, NodeError> {
        let range = self.sized()?;
        Ok(if range.len() == Blake2::LENGTH { NodeHandlePlan::Hash(range) } else { NodeHandlePlan::Inline(range) })
    }
}

/// Encodes and decodes nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeCodec;

impl trie_db::NodeCodec for NodeCodec {
    const ESCAPE_HEADER: Option<u8> = Some(ESCAPE);
    type Error = NodeError;
    type HashOut = Hash;

    fn hashed_null_node() -> Hash {
        Blake2::hash(Self::empty_node())
    }

    fn decode_plan(bytes: &[u8]) -> Result<NodePlan, NodeError> {
        if bytes.first() == Some(&EMPTY) {
            return Ok(NodePlan::Empty);
        }
        let mut reader = Reader { bytes, at: 0 };
        let (kind, nibbles) = reader.header()?;
        let partial = reader.partial(nibbles)?;
        if kind.is_leaf() {
            return Ok(NodePlan::Leaf { partial, value: reader.value(kind == Kind::LeafWithHash)? });
        }
        let bitmap = reader.take(2)?.map(|at| bytes[at]).rev().fold(0, |bits, byte| bits << 8 | u16::from(byte));
        if bitmap == 0 {
            return Err(NodeError::Childless);
        }
        let value = (kind != Kind::Branch).then(|| reader.value(kind == Kind::BranchWithHash)).transpose()?;
        let mut children = [const { None }; NIBBLE_LENGTH];
        for (index, child) in children.iter_mut().enumerate() {
            if bitmap >> index & 1 == 1 {
                *child = Some(reader.child()?);
            }
        }
        Ok(NodePlan::NibbledBranch { partial, value, children })
    }

    fn is_empty_node(bytes: &[u8]) -> bool {
        bytes == Self::empty_node()
    }

    fn empty_node() -> &'static [u8] {
        &[EMPTY]
    }

    fn leaf_node(partial: impl Iterator<Item = u8>, nibbles: usize, value: Value) -> Vec<u8> {
        let mut node = begin(if is_hash(&value) { Kind::LeafWithHash } else { Kind::Leaf }, nibbles, partial);
        put_value(&mut node, &value);
        node
    }

    fn extension_node(_: impl Iterator<Item = u8>, _: usize, _: ChildReference<Hash>) -> Vec<u8> {
        unreachable!("the layout has no extension nodes")
    }

    fn branch_node(_: impl Iterator<Item = impl Borrow<Option<ChildReference<Hash>>>>, _: Option<Value>) -> Vec<u8> {
        unreachable!("branches of the layout have a partial key")
    }

    fn branch_node_nibbled(
        partial: impl Iterator<Item = u8>,
        nibbles: usize,
        children: impl Iterator<Item = impl Borrow<Option<ChildReference<Hash>>>>,
        value: Option<Value>,
    ) -> Vec<u8> {
        let kind = match &value {
            None => Kind::Branch,
            Some(value) if is_hash(value) => Kind::BranchWithHash,
            Some(_) => Kind::BranchWithValue,
        };
        let mut node = begin(kind, nibbles, partial);
        let bitmap_at = node.len();
        node.extend([0; 2]);
        if let Some(value) = &value {
            put_value(&mut node, value);
        }
        let mut bitmap = 0u16;
        for (index, child) in children.enumerate() {
            match child.borrow() {
                Some(ChildReference::Hash(hash)) => hash.as_bytes().encode_to(&mut node),
                Some(ChildReference::Inline(bytes, len)) => bytes.as_ref()[..*len].encode_to(&mut node),
                None => continue,
            }
            bitmap |= 1 << index;
        }
        node[bitmap_at..bitmap_at + 2].copy_from_slice(&bitmap.to_le_bytes());
        node
    }
}

fn is_hash(value: &Value) -> bool {
    matches!(value, Value::Node(_))
}

/// Encodes the header and the partial key.
fn begin(kind: Kind, nibbles: usize, partial: impl Iterator<Item = u8>) -> Vec<u8> {
    let (prefix, bits) = kind.prefix();
    let most = u8::MAX >> bits;
    let mut node = Vec::with_capacity(nibbles / NIBBLE_PER_BYTE + 4);
    match u8::try_from(nibbles) {
        Ok(few) if few < most => node.push(prefix | few),
        _ => {
            node.push(prefix | most);
            let rest = nibbles - usize::from(most);
            node.extend(std::iter::repeat_n(u8::MAX, rest / 255));
            node.push(u8::try_from(rest % 255).unwrap_or_default());
        }
    }
    node.extend(partial);
    node
}

fn put_value(node: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Inline(bytes) => {
            Compact(to_u32(bytes.len())).encode_to(node);
            node.extend_from_slice(bytes);
        }
        Value::Node(hash) => node.extend_from_slice(hash),
    }
}
