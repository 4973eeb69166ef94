//! Entropy-coded bits and the Huffman codes in them (ITU-T T.81, annex F), forgiving what
//! libjpeg forgives: bits beyond the end are zero, a code that does not exist means 0.

#![expect(
    clippy::cast_possible_truncation,
    reason = "codes have at most 16 bits"
)]

/// Bits of one scan, from its first byte up to a marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, left-aligned; zeros follow the last.
    window: u64,
    /// How many of them are from the file.
    count: u32,
    /// Whether bits were asked for that the file does not have.
    exhausted: bool,
}

impl<'a> Bits<'a> {
    /// Bits from byte `at` on.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            window: 0,
            count: 0,
            exhausted: false,
        }
    }

    /// Whether bits were asked for that were not there.
    pub(super) fn exhausted(&self) -> bool {
        self.exhausted
    }

    /// The byte at which the scan's bits, whole bytes of them read ahead, end or will go on.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Drops what is left of the bits read ahead and goes on at byte `at`.
    pub(super) fn restart(&mut self, at: usize) {
        *self = Self::new(self.bytes, at);
    }

    /// Drops what is left of the bits read ahead and stands at byte `at`, where a marker is or
    /// the file ends: what is asked for from now on is not there.
    pub(super) fn stand_at(&mut self, at: usize) {
        let exhausted = self.exhausted;
        self.restart(at);
        self.exhausted = exhausted;
    }

    /// Reads ahead until 57 bits are there or a marker stands in the way.
    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at) {
                Some(0xff) => match self.bytes.get(self.at + 1) {
                    Some(0x00) => {
                        self.at += 1;
                        0xff
                    }
                    Some(0xff) => {
                        self.at += 1;
                        continue;
                    }
                    _ => return,
                },
                Some(&byte) => byte,
                None => return,
            };
            self.at += 1;
            self.window |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// Passes over bits that have been looked at.
    fn skip(&mut self, count: u32) {
        if count > self.count {
            self.exhausted = true;
            self.count = count;
        }
        self.window <<= count;
        self.count -= count;
    }

    /// The next 0 to 16 bits as a number.
    pub(super) fn take(&mut self, count: u32) -> u32 {
        if count == 0 {
            return 0;
        }
        if self.count < count {
            self.fill();
        }
        let bits = (self.window >> (64 - count)) as u32;
        self.skip(count);
        bits
    }

    /// A difference or coefficient of `size` bits: its first bit is its sign.
    pub(super) fn signed(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        let bits = self.take(size) as i32;
        if bits < 1 << (size - 1) {
            bits - (1 << size) + 1
        } else {
            bits
        }
    }

    /// The symbol of the code that comes next.
    pub(super) fn symbol(&mut self, table: &Huffman) -> u8 {
        if self.count < 17 {
            self.fill();
        }
        let (symbol, length) = table.short[(self.window >> (64 - SHORT)) as usize];
        if length > 0 {
            self.skip(u32::from(length));
            return symbol;
        }
        for length in SHORT + 1..=16 {
            let code = (self.window >> (64 - length)) as u32;
            let group = &table.groups[length as usize];
            if code < group.end {
                self.skip(length);
                let at = group.first_symbol + (code - group.first) as usize;
                return table.symbols.get(at).copied().unwrap_or_default();
            }
        }
        self.skip(17);
        0
    }
}

/// Codes of up to this many bits are looked up at once.
const SHORT: u32 = 9;

/// The codes of one length: numbers `first..end`.
#[derive(Clone, Copy, Default)]
struct Group {
    first: u32,
    end: u32,
    first_symbol: usize,
}

/// A code table.
#[derive(Clone)]
pub(super) struct Huffman {
    /// Symbol and length of the code that these bits begin with; length 0 if it is longer.
    short: Box<[(u8, u8); 1 << SHORT]>,
    groups: [Group; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// A table from the number of codes of each length, 1 to 16, and their symbols in order;
    /// `None` if there are not that many codes of that length.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut short = Box::new([(0, 0); 1 << SHORT]);
        let mut groups = [Group::default(); 17];
        let (mut code, mut first_symbol) = (0u32, 0usize);
        for (length, &count) in (1u32..).zip(counts) {
            let end = code + u32::from(count);
            if end > 1 << length {
                return None;
            }
            groups[length as usize] = Group {
                first: code,
                end,
                first_symbol,
            };
            if length <= SHORT {
                for (code, &symbol) in (code..end).zip(symbols.get(first_symbol..)?) {
                    let from = (code << (SHORT - length)) as usize;
                    short[from..from + (1 << (SHORT - length))].fill((symbol, length as u8));
                }
            }
            first_symbol += usize::from(count);
            code = end << 1;
        }
        (first_symbol == symbols.len()).then(|| Self {
            short,
            groups,
            symbols: symbols.to_vec(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn codes_short_and_long_are_found() {
        // 0 → 5; 10 → 6; then one code of 12 bits, 110000000000 → 7.
        let mut counts = [0; 16];
        (counts[0], counts[1], counts[11]) = (1, 1, 1);
        let table = Huffman::new(&counts, &[5, 6, 7]).unwrap();
        let mut bits = Bits::new(&[0b0101_1000, 0b0000_0000], 0);
        let read: Vec<u8> = (0..4).map(|_| bits.symbol(&table)).collect();
        assert_eq!(read, [5, 6, 7, 5]);
        assert!(!bits.exhausted());
        assert_eq!(bits.symbol(&table), 5, "zeros follow the end");
        assert!(bits.exhausted());
    }

    #[test]
    fn more_codes_than_bits_allow_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Huffman::new(&counts, &[1, 2, 3]).is_none());
        counts[0] = 2;
        assert!(Huffman::new(&counts, &[1]).is_none());
    }

    #[test]
    fn stuffed_bytes_are_bits_and_markers_are_not() {
        let mut bits = Bits::new(&[0xff, 0x00, 0xff, 0xd9], 0);
        assert_eq!(bits.take(8), 0xff);
        assert_eq!(bits.take(4), 0);
        assert!(bits.exhausted());
        assert_eq!(bits.position(), 2);
    }

    #[test]
    fn the_sign_is_the_first_bit() {
        let mut bits = Bits::new(&[0b0100_1101], 0);
        assert_eq!(bits.signed(1), -1);
        assert_eq!(bits.signed(1), 1);
        assert_eq!(bits.signed(2), -3);
        assert_eq!(bits.signed(2), 3);
        assert_eq!(bits.signed(2), -2);
    }
}
