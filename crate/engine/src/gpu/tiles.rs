//! How matrix products are divided among workgroups, for results of few, some and many rows.

use super::arithmetic::Arithmetic;
use cliprobe_clip::tensors::ElementType;

/// The part of a matrix product that one workgroup computes, and how its threads share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Tile {
    /// Rows of the result.
    pub(super) m: u32,
    /// Columns of the result.
    pub(super) n: u32,
    /// Terms of the sums that pass through workgroup memory at a time: a multiple of 8, beyond 16 of 16,
    /// and of 32 where products are of 8-bit numbers.
    pub(super) k: u32,
    /// Rows of one thread.
    pub(super) thread_m: u32,
    /// Columns of one thread.
    pub(super) thread_n: u32,
}

impl Tile {
    pub(super) fn threads_m(self) -> u32 {
        self.m / self.thread_m
    }

    pub(super) fn threads_n(self) -> u32 {
        self.n / self.thread_n
    }

    /// What a row of an operand is in workgroup memory: so many vectors of four numbers, or words of
    /// blocks of 8-bit ones.
    pub(super) fn row_items(self, arithmetic: Arithmetic) -> u32 {
        match arithmetic {
            Arithmetic::F32 | Arithmetic::F16 => self.k / 4,
            Arithmetic::Int8 => self.k / 32 * 9,
        }
    }

    /// From a row there to the next; odd, so that neighbouring threads read different banks.
    pub(super) fn row_stride(self, arithmetic: Arithmetic) -> u32 {
        self.row_items(arithmetic) | 1
    }
}

/// `m×n×k`, then a thread's part of it.
impl std::fmt::Display for Tile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { m, n, k, .. } = self;
        write!(f, "{m}x{n}x{k}/{}x{}", self.thread_m, self.thread_n)
    }
}

/// How many rows a result has: what a tile is chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowClass {
    /// A few: pooled rows, a word or two.
    Thin,
    /// Tens: an image, some captions.
    Medium,
    /// Hundreds and more.
    Wide,
}

impl RowClass {
    pub(super) const ALL: [Self; 3] = [Self::Thin, Self::Medium, Self::Wide];

    pub(super) fn of(rows: u32) -> Self {
        match rows {
            0..16 => Self::Thin,
            16..128 => Self::Medium,
            _ => Self::Wide,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Thin => "thin",
            Self::Medium => "medium",
            Self::Wide => "wide",
        }
    }

    /// Rows that tiles of the class are compared at.
    pub(super) fn typical_rows(self) -> u32 {
        match self {
            Self::Thin => 8,
            Self::Medium => 50,
            Self::Wide => 800,
        }
    }

    /// Tiles to choose among, the standard one first. Each fits in 16 KiB of workgroup memory and has
    /// at most 256 threads. Narrow numbers leave room for more.
    pub(super) fn candidates(self, arithmetic: Arithmetic) -> &'static [Tile] {
        const fn t(m: u32, n: u32, k: u32, thread_m: u32, thread_n: u32) -> Tile {
            Tile {
                m,
                n,
                k,
                thread_m,
                thread_n,
            }
        }
        const THIN: [Tile; 3] = [t(8, 32, 64, 2, 2), t(8, 64, 32, 2, 4), t(4, 64, 32, 1, 4)];
        const MEDIUM: [Tile; 3] = [
            t(32, 32, 32, 4, 4),
            t(32, 64, 16, 4, 4),
            t(64, 32, 32, 8, 4),
        ];
        const MEDIUM_NARROW: [Tile; 4] = [
            t(32, 32, 32, 4, 4),
            t(32, 64, 32, 4, 4),
            t(64, 32, 32, 8, 4),
            t(64, 64, 32, 4, 4),
        ];
        const WIDE: [Tile; 4] = [
            t(64, 64, 16, 8, 8),
            t(64, 64, 16, 4, 4),
            t(128, 64, 16, 8, 8),
            t(128, 128, 8, 8, 8),
        ];
        const WIDE_F16: [Tile; 5] = [
            t(64, 64, 16, 8, 8),
            t(64, 64, 32, 8, 8),
            t(64, 64, 32, 4, 4),
            t(128, 64, 32, 8, 8),
            t(128, 128, 16, 8, 8),
        ];
        const WIDE_INT8: [Tile; 4] = [
            t(64, 64, 32, 8, 8),
            t(64, 64, 64, 4, 4),
            t(128, 64, 32, 8, 8),
            t(128, 128, 32, 8, 8),
        ];
        match (self, arithmetic) {
            (Self::Thin, _) => &THIN,
            (Self::Medium, Arithmetic::F32) => &MEDIUM,
            (Self::Medium, _) => &MEDIUM_NARROW,
            (Self::Wide, Arithmetic::F32) => &WIDE,
            (Self::Wide, Arithmetic::F16) => &WIDE_F16,
            (Self::Wide, Arithmetic::Int8) => &WIDE_INT8,
        }
    }
}

/// What a kernel of a matrix product depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Product {
    /// The type of the weights.
    pub(super) element: ElementType,
    pub(super) arithmetic: Arithmetic,
    pub(super) tile: Tile,
}

impl Product {
    /// Every product that a tile can be chosen for.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let arithmetics = |element| {
            (Arithmetic::ALL.into_iter())
                .filter(move |arithmetic| arithmetic.with(element) == *arithmetic)
        };
        ElementType::GGUF
            .into_iter()
            .flat_map(move |element| {
                arithmetics(element).map(move |arithmetic| (element, arithmetic))
            })
            .flat_map(|(element, arithmetic)| Self::candidates(element, arithmetic))
    }

    /// Those among which to choose for weights of a type.
    pub(super) fn candidates(
        element: ElementType,
        arithmetic: Arithmetic,
    ) -> impl Iterator<Item = Self> {
        RowClass::ALL
            .into_iter()
            .flat_map(move |class| class.candidates(arithmetic))
            .map(move |&tile| Self {
                element,
                arithmetic,
                tile,
            })
    }
}

/// In which arithmetic products are computed, and a tile for each class of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    arithmetic: Arithmetic,
    by_class: [Tile; 3],
}

impl Tiles {
    /// The same on every device.
    pub(super) fn standard(arithmetic: Arithmetic) -> Self {
        Self {
            arithmetic,
            by_class: RowClass::ALL.map(|class| class.candidates(arithmetic)[0]),
        }
    }

    /// The arithmetic that was wished for.
    pub(super) fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    pub(super) fn set(&mut self, class: RowClass, tile: Tile) {
        self.by_class[class as usize] = tile;
    }

    /// The products of a matrix whose weights are of a type, by class. Where the arithmetic cannot
    /// take the type, the standard tiles of the one that can.
    pub(super) fn products(&self, element: ElementType) -> [Product; 3] {
        let arithmetic = self.arithmetic.with(element);
        let tiles = if arithmetic == self.arithmetic {
            *self
        } else {
            Self::standard(arithmetic)
        };
        tiles.by_class.map(|tile| Product {
            element,
            arithmetic,
            tile,
        })
    }

    /// Reads what [`Tiles`] are displayed as; `None` of anything else, such as tiles of an older version.
    pub(super) fn parse(text: &str, arithmetic: Arithmetic) -> Option<Self> {
        let mut words = text.split(' ');
        let mut tiles = Self::standard(arithmetic);
        for class in RowClass::ALL {
            let (name, tile) = words.next()?.split_once('=')?;
            let mut candidates = class.candidates(arithmetic).iter();
            let known = candidates.find(|t| t.to_string() == tile)?;
            if name != class.name() {
                return None;
            }
            tiles.set(class, *known);
        }
        words.next().is_none().then_some(tiles)
    }
}

/// `thin=… medium=… wide=…`.
impl std::fmt::Display for Tiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, class) in RowClass::ALL.into_iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{}={}", class.name(), self.by_class[index])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_tile_fits_every_device() {
        for Product {
            arithmetic, tile, ..
        } in Product::all()
        {
            let item_bytes = match arithmetic {
                Arithmetic::F32 => 16,
                Arithmetic::F16 => 8,
                Arithmetic::Int8 => 4,
            };
            let bytes = (tile.m + tile.n) * tile.row_stride(arithmetic) * item_bytes;
            assert!(bytes <= 16384, "{tile}, {arithmetic}: {bytes}");
            assert!(tile.threads_m() * tile.threads_n() <= 256, "{tile}");
            assert_eq!((tile.m % tile.thread_m, tile.n % tile.thread_n), (0, 0));
            let step = match arithmetic {
                Arithmetic::Int8 => 32,
                _ if tile.k > 16 => 16,
                _ => 8,
            };
            assert_eq!(tile.k % step, 0, "{tile}, {arithmetic}");
        }
    }

    #[test]
    fn tiles_are_read_as_they_are_written() {
        for arithmetic in Arithmetic::ALL {
            let mut tiles = Tiles::standard(arithmetic);
            assert_eq!(Tiles::parse(&tiles.to_string(), arithmetic), Some(tiles));
            tiles.set(RowClass::Wide, RowClass::Wide.candidates(arithmetic)[2]);
            let text = tiles.to_string();
            assert_eq!(Tiles::parse(&text, arithmetic).unwrap(), tiles);
            for wrong in [
                "",
                "thin=1x1x1/1x1",
                &text[..text.len() - 1],
                &format!("{text} x"),
            ] {
                assert_eq!(Tiles::parse(wrong, arithmetic), None, "{wrong}");
            }
        }
        let of_int8 = Tiles::standard(Arithmetic::Int8).to_string();
        assert_eq!(Tiles::parse(&of_int8, Arithmetic::F32), None);
    }

    #[test]
    fn only_q8_0_is_multiplied_in_int8() {
        let tiles = Tiles::standard(Arithmetic::Int8);
        let arithmetic = |element| tiles.products(element)[0].arithmetic;
        assert_eq!(arithmetic(ElementType::Q8_0), Arithmetic::Int8);
        assert_eq!(arithmetic(ElementType::Q4_0), Arithmetic::F32);
    }
}
