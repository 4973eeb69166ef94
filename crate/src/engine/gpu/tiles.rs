//! How matrix products are divided among workgroups, for results of few, some and many rows.

/// The part of a matrix product that one workgroup computes, and how its threads share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Tile {
    /// Rows of the result.
    pub(super) m: u32,
    /// Columns of the result.
    pub(super) n: u32,
    /// Terms of the sums that pass through workgroup memory at a time; a multiple of 8.
    pub(super) k: u32,
    /// Rows of one thread.
    pub(super) thread_m: u32,
    /// Columns of one thread.
    pub(super) thread_n: u32,
}

impl Tile {
    const fn new(m: u32, n: u32, k: u32, thread_m: u32, thread_n: u32) -> Self {
        Self {
            m,
            n,
            k,
            thread_m,
            thread_n,
        }
    }

    pub(super) fn threads_m(self) -> u32 {
        self.m / self.thread_m
    }

    pub(super) fn threads_n(self) -> u32 {
        self.n / self.thread_n
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
    /// Tens: a picture, some captions.
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
    /// at most 256 threads.
    pub(super) fn candidates(self) -> &'static [Tile] {
        const THIN: [Tile; 3] = [
            Tile::new(8, 32, 64, 2, 2),
            Tile::new(8, 64, 32, 2, 4),
            Tile::new(4, 64, 32, 1, 4),
        ];
        const MEDIUM: [Tile; 3] = [
            Tile::new(32, 32, 32, 4, 4),
            Tile::new(32, 64, 16, 4, 4),
            Tile::new(64, 32, 32, 8, 4),
        ];
        const WIDE: [Tile; 4] = [
            Tile::new(64, 64, 16, 8, 8),
            Tile::new(64, 64, 16, 4, 4),
            Tile::new(128, 64, 16, 8, 8),
            Tile::new(128, 128, 8, 8, 8),
        ];
        match self {
            Self::Thin => &THIN,
            Self::Medium => &MEDIUM,
            Self::Wide => &WIDE,
        }
    }
}

/// A tile for each class of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiles([Tile; 3]);

impl Default for Tiles {
    fn default() -> Self {
        Self(RowClass::ALL.map(|class| class.candidates()[0]))
    }
}

impl Tiles {
    pub(super) fn of(&self, class: RowClass) -> Tile {
        self.0[class as usize]
    }

    pub(super) fn set(&mut self, class: RowClass, tile: Tile) {
        self.0[class as usize] = tile;
    }

    pub(super) fn all(&self) -> [Tile; 3] {
        self.0
    }

    /// Reads what [`Tiles`] are displayed as; `None` of anything else, such as tiles of an older version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut tiles = Self::default();
        for class in RowClass::ALL {
            let (name, tile) = words.next()?.split_once('=')?;
            let known = class.candidates().iter().find(|t| t.to_string() == tile)?;
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
            write!(f, "{space}{}={}", class.name(), self.of(class))?;
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
        for class in RowClass::ALL {
            for tile in class.candidates() {
                let bytes = (tile.m + tile.n) * (tile.k / 4 + 1) * 16;
                assert!(bytes <= 16384, "{tile}: {bytes}");
                assert!(tile.threads_m() * tile.threads_n() <= 256, "{tile}");
                assert_eq!((tile.m % tile.thread_m, tile.n % tile.thread_n), (0, 0));
                assert_eq!(tile.k % 8, 0, "{tile}");
            }
        }
    }

    #[test]
    fn tiles_are_read_as_they_are_written() {
        let mut tiles = Tiles::default();
        assert_eq!(Tiles::parse(&tiles.to_string()), Some(tiles));
        tiles.set(RowClass::Wide, RowClass::Wide.candidates()[2]);
        let text = tiles.to_string();
        assert_eq!(Tiles::parse(&text).unwrap(), tiles);
        for wrong in [
            "",
            "thin=1x1x1/1x1",
            &text[..text.len() - 1],
            &format!("{text} x"),
        ] {
            assert_eq!(Tiles::parse(wrong), None, "{wrong}");
        }
    }
}
