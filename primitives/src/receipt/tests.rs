#![allow(clippy::unwrap_used)]

use super::*;
use alloc::{collections::BTreeSet, format, string::ToString};

fn statement() -> ReceiptStatement {
    let batch = BatchSummary { root: [3; 32], objects: 2, bytes: 4096 };
    ReceiptStatement { genesis: [1; 32], group: 7, slot: 3, expiry: 9, owner: [2; 32], batch, valid_until: 77 }
}

#[test]
fn what_is_signed_is_the_domain_and_the_statement() {
    let bytes = statement().signed_bytes();
    let statement_bytes = bytes.strip_prefix(RECEIPT_DOMAIN).unwrap();
    assert_eq!(statement_bytes.len(), 32 + 4 + 1 + 4 + 32 + 32 + 4 + 8 + 4);
    assert_eq!(ReceiptStatement::decode(&mut &*statement_bytes), Ok(statement()));
}

#[test]
fn a_receipt_for_anything_else_has_other_bytes() {
    let base = statement();
    let others = [
        base,
        ReceiptStatement { genesis: [9; 32], ..base },
        ReceiptStatement { group: 8, ..base },
        ReceiptStatement { slot: 4, ..base },
        ReceiptStatement { expiry: 10, ..base },
        ReceiptStatement { owner: [9; 32], ..base },
        ReceiptStatement { batch: BatchSummary { root: [9; 32], ..base.batch }, ..base },
        ReceiptStatement { batch: BatchSummary { objects: 3, ..base.batch }, ..base },
        ReceiptStatement { batch: BatchSummary { bytes: 4097, ..base.batch }, ..base },
        ReceiptStatement { valid_until: 78, ..base },
    ];
    let bytes: BTreeSet<_> = others.iter().map(ReceiptStatement::signed_bytes).collect();
    assert_eq!(bytes.len(), others.len());
}

#[test]
fn registration_and_receipts_sign_different_bytes() {
    let bytes = worker_signed_bytes(&[1; 32], &[2; 32]);
    assert_eq!(bytes.len(), WORKER_DOMAIN.len() + 64);
    assert!(!bytes.starts_with(RECEIPT_DOMAIN) && !statement().signed_bytes().starts_with(WORKER_DOMAIN));
}

#[test]
fn keys_and_signatures_are_hex() {
    let key = PeerKey([0xab; 32]);
    assert_eq!(key.to_string(), format!("0x{}", "ab".repeat(32)));
    assert_eq!(key.to_string().parse(), Ok(key));
    assert_eq!("AB".repeat(32).parse(), Ok(key));
    for bad in ["", "0x", &"ab".repeat(31), &"ab".repeat(33), &"zz".repeat(32)] {
        assert_eq!(bad.parse::<PeerKey>(), Err(HexError(32)), "{bad}");
    }
    let receipt = Receipt { slot: 1, signature: PeerSignature([1; 64]) };
    let json = serde_json::to_string(&receipt).unwrap();
    assert_eq!(serde_json::from_str::<Receipt>(&json).unwrap(), receipt);
}
