//! A 128-bit digest of a state: two lanes of multiply-and-fold, as in wyhash (Wang Yi), over its bytes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// Which states have been met, and their numbers.
pub(crate) type Seen = HashMap<u128, u32, BuildHasherDefault<Taken>>;

pub(crate) fn digest(value: &impl Hash) -> u128 {
    let mut digest = Digest { word: 0, bits: 0, low: 0x9e37_79b9_7f4a_7c15, high: 0xc2b2_ae3d_27d4_eb4f };
    value.hash(&mut digest);
    digest.mix();
    (u128::from(digest.high) << 64) | u128::from(digest.low)
}

struct Digest {
    word: u64,
    bits: u32,
    low: u64,
    high: u64,
}

impl Digest {
    fn mix(&mut self) {
        let word = self.word ^ (u64::from(self.bits) << 56 >> 1);
        self.low = fold(self.low ^ word, 0xa076_1d64_78bd_642f);
        self.high = fold(self.high.rotate_left(23) ^ word, 0xe703_7ed1_a0b4_28db).wrapping_add(self.low);
        (self.word, self.bits) = (0, 0);
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (lower(product >> 64) ^ lower(product)).wrapping_add(b)
}

fn lower(wide: u128) -> u64 {
    u64::try_from(wide & u128::from(u64::MAX)).expect("it was cut to 64 bits")
}

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.low
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u8(*byte);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.word |= u64::from(byte) << self.bits;
        self.bits += 8;
        if self.bits == 56 {
            self.mix();
        }
    }

    fn write_usize(&mut self, length: usize) {
        self.write_u8(u8::try_from(length).expect("no list of a state is long"));
    }

    fn write_isize(&mut self, discriminant: isize) {
        self.write_u8(u8::try_from(discriminant).expect("no enum of a state has many variants"));
    }
}

/// The hash of a digest: its lower half.
#[derive(Default)]
pub(crate) struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only digests are hashed");
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = lower(digest);
    }
}
