//! Tables of captions on disk, also gzipped. The rows are read by the reader that questions use too
//! ([`cliprobe_probe::table`]); here no file can ask for more memory than its size warrants.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use cliprobe_probe::table::{Separator, TableError, TableReader};
use csv::StringRecord;
use flate2::read::MultiGzDecoder;

/// The most bytes of a row.
const MOST_ROW: u64 = 1 << 20;
/// A compressed table may unpack to this many bytes whatever its size …
const ALWAYS_UNPACKED: u64 = 64 << 20;
/// … and to this many times its size: text is seldom packed to less than a tenth.
const MOST_RATIO: u64 = 50;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An open table with its header.
pub struct TableFile {
    reader: TableReader<Limited>,
    name: String,
}

impl TableFile {
    /// Opens a table. Where no separator is given, the header shows it: the one under which it has
    /// one of these pairs of columns, else the one that occurs most often, else what the file's ending
    /// says (a comma for .csv, a tab otherwise, as OpenCLIP has it).
    ///
    /// # Errors
    /// A file that cannot be read, is not UTF-8 text, or has a header that does not end.
    pub fn open(path: &Path, separator: Option<u8>, columns: &[[&str; 2]]) -> Result<Self> {
        let name = path.display().to_string();
        let cannot = || format!("{name} cannot be read");
        let file = File::open(path).with_context(cannot)?;
        let size = file.metadata().with_context(cannot)?.len();
        let mut file = BufReader::new(file);
        let mut start = Vec::new();
        file.by_ref()
            .take(GZIP.len() as u64)
            .read_to_end(&mut start)
            .with_context(cannot)?;
        let is_packed = start == GZIP;
        let whole = Cursor::new(start).chain(file);
        let inner: Box<dyn Read + Send> = if is_packed {
            Box::new(Unpacked {
                inner: MultiGzDecoder::new(whole),
                left: ALWAYS_UNPACKED.max(size.saturating_mul(MOST_RATIO)),
            })
        } else {
            Box::new(whole)
        };
        let separator = separator.map_or(
            Separator::Find {
                columns,
                usual: usual_separator(path),
            },
            Separator::Given,
        );
        let left = 2 * MOST_ROW;
        match TableReader::new(Limited { inner, left }, separator) {
            Ok(reader) => Ok(Self { reader, name }),
            Err(error) => bail!("{name} {error}"),
        }
    }

    /// The names of the columns.
    pub fn header(&self) -> &StringRecord {
        self.reader.header()
    }

    /// The next row; an inner error is of this row alone.
    ///
    /// # Errors
    /// A file that ends in the middle or unpacks to too much, a row that is too long, and a quotation
    /// mark that swallows the rows after it.
    pub fn next_row(&mut self) -> Result<Option<Result<StringRecord>>> {
        // The reader looks ahead by a few kilobytes.
        self.reader.source_mut().left = 2 * MOST_ROW;
        let row = match self.reader.next_row() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(None),
            Err(error @ TableError::Row { .. }) => return Ok(Some(Err(anyhow!(error)))),
            Err(error) => bail!("{} {error}", self.name),
        };
        if let Some(field) = row.long_fields.iter().find(|field| field.holds_rows) {
            bail!(
                "{}: the quotation mark that opens in line {} is closed in line {} only, and the rows \
                 between would become part of its caption; close it in its line, or double it if it is \
                 part of the caption",
                self.name,
                field.from,
                field.to
            );
        }
        Ok(Some(Ok(row.fields)))
    }
}

fn usual_separator(path: &Path) -> u8 {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let is_csv = name.ends_with(".csv") || name.ends_with(".csv.gz");
    if is_csv { b',' } else { b'\t' }
}

/// Ends with an error when a row is too long.
struct Limited {
    inner: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(io::Error::other(format!(
                "a row is longer than {MOST_ROW} bytes; is a quotation mark not closed?"
            )));
        };
        self.left = left;
        Ok(read)
    }
}

/// Ends with an error when a compressed file unpacks to too much.
struct Unpacked<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(io::Error::other(format!(
                "it unpacks to more than {MOST_RATIO} times its size, as no table of captions does"
            )));
        };
        self.left = left;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn rows(name: &str, bytes: &[u8]) -> Result<Vec<Vec<String>>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut table = TableFile::open(&path, None, &[])?;
        let fields = |record: &StringRecord| record.iter().map(str::to_owned).collect();
        let mut rows = vec![fields(table.header())];
        while let Some(record) = table.next_row()? {
            rows.push(fields(&record?));
        }
        Ok(rows)
    }

    fn refusal(name: &str, bytes: &[u8]) -> String {
        format!("{:#}", rows(name, bytes).unwrap_err())
    }

    fn packed(bytes: &[u8], times: usize) -> Vec<u8> {
        let mut encoder = GzEncoder::new(b"".to_vec(), Compression::fast());
        encoder.write_all(b"a,b\n").unwrap();
        for _ in 0..times {
            encoder.write_all(bytes).unwrap();
        }
        encoder.finish().unwrap()
    }

    #[test]
    fn separators_are_found_in_the_header_and_by_the_ending() {
        let expected = [
            ["filepath", "title"],
            ["a.jpg", "a cat, a dog; both | none"],
        ];
        for (name, separator) in [
            ("a.tsv", "\t"),
            ("a.csv", "\t"),
            ("a.txt", ";"),
            ("a.csv", "|"),
            ("a.tsv", ","),
        ] {
            let text = format!(
                "filepath{separator}title\na.jpg{separator}\"a cat, a dog; both | none\"\n"
            );
            assert_eq!(
                rows(name, text.as_bytes()).unwrap(),
                expected,
                "{separator}"
            );
        }
        // As many commas as tabs: the ending decides.
        let text = b"a,b\tc\n";
        assert_eq!(rows("a.csv", text).unwrap()[0], ["a", "b\tc"]);
        assert_eq!(rows("a.tsv", text).unwrap()[0], ["a,b", "c"]);
    }

    #[test]
    fn a_gzipped_table_is_read_like_any() {
        let rows = rows("a.csv.gz", &packed(b"c,d\n", 2)).unwrap();
        assert_eq!(rows, [["a", "b"], ["c", "d"], ["c", "d"]]);
    }

    #[test]
    fn other_encodings_are_named_with_the_file() {
        let sentence = refusal("a.csv", b"filepath,title\na.jpg,caf\xe9 noir\n");
        assert!(
            sentence.contains("a.csv is not UTF-8 text (byte 0xe9 in line 2)"),
            "{sentence}"
        );
    }

    #[test]
    fn a_quotation_mark_that_swallows_rows_is_named_by_its_line() {
        let stray = "filepath\ttitle\na.jpg\tfirst\nb.jpg\t\"Daisy the dog\nc.jpg\tthird\n";
        let sentence = refusal("a.tsv", stray.as_bytes());
        assert!(
            sentence.contains("in row 2 (line 3) is never closed"),
            "{sentence}"
        );
        let closed = format!("{stray}d.jpg\tanother \"name\"\ne.jpg\t\"fifth\"\n");
        let sentence = refusal("a.tsv", closed.as_bytes());
        assert!(
            sentence.contains("opens in line 3 is closed in line 5 only"),
            "{sentence}"
        );
        // A caption of two lines is one.
        let two = "filepath\ttitle\na.jpg\t\"first\nand second\"\n";
        assert_eq!(
            rows("a.tsv", two.as_bytes()).unwrap()[1][1],
            "first\nand second"
        );
    }

    #[test]
    fn a_file_cannot_fill_the_memory() {
        let long = packed(&[b'x'; 1 << 16], 64);
        assert!(refusal("a.csv.gz", &long).contains("a row is longer than"));
        let header = vec![b'x'; 2 << 20];
        assert!(refusal("a.csv", &header).contains("a header of more than"));
        let many = packed(
            format!("{},z\n", "y".repeat(1021)).repeat(64).as_bytes(),
            1100,
        );
        assert!(refusal("a.csv.gz", &many).contains("more than 50 times its size"));
    }
}
