//! Tables of captions as text: CSV, TSV and their kin, also gzipped. What would be read wrongly in
//! silence is an error here, and no file can ask for more memory than its size warrants.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use csv::StringRecord;
use flate2::read::MultiGzDecoder;

/// The most bytes of a row, and of the header.
const MOST_ROW: u64 = 1 << 20;
/// A compressed table may unpack to this many bytes whatever its size …
const ALWAYS_UNPACKED: u64 = 64 << 20;
/// … and to this many times its size: text is seldom packed to less than a tenth.
const MOST_RATIO: u64 = 50;
/// What may stand between columns.
const SEPARATORS: [u8; 4] = [b'\t', b',', b';', b'|'];
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An open table with its header.
pub(crate) struct Table {
    reader: csv::Reader<Limited>,
    header: StringRecord,
    name: String,
    separator: u8,
    left: Rc<Cell<u64>>,
}

impl Table {
    /// Opens a table. The separator is found in the header where none is given.
    ///
    /// # Errors
    /// A file that cannot be read, is no UTF-8 text, or has a header that does not end.
    pub(crate) fn open(path: &Path, separator: Option<u8>) -> Result<Self> {
        let name = path.display().to_string();
        let cannot = || format!("{name} cannot be read");
        let file = File::open(path).with_context(cannot)?;
        let size = file.metadata().with_context(cannot)?.len();
        let (start, file) = begin(BufReader::new(file), GZIP.len() as u64).with_context(cannot)?;
        let whole = Cursor::new(start.clone()).chain(file);
        let source: Box<dyn Read> = if start == GZIP {
            let most = ALWAYS_UNPACKED.max(size.saturating_mul(MOST_RATIO));
            Box::new(Unpacked {
                inner: MultiGzDecoder::new(whole),
                left: most,
            })
        } else {
            Box::new(whole)
        };
        let (start, rest) = begin(source, MOST_ROW).with_context(cannot)?;
        let start = text(&start).with_context(cannot)?;
        let header_end = start.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        ensure!(
            header_end.is_some() || (start.len() as u64) < MOST_ROW - 3,
            "{name} has a header of more than {MOST_ROW} bytes"
        );
        let header = &start[..header_end.unwrap_or(start.len())];
        let separator = separator.unwrap_or_else(|| sniff(header, path));
        let left = Rc::new(Cell::new(MOST_ROW));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .from_reader(Limited {
                inner: Box::new(Cursor::new(start.to_vec()).chain(rest)),
                left: left.clone(),
            });
        let header = reader.headers().with_context(cannot)?.clone();
        left.set(2 * MOST_ROW);
        Ok(Self {
            reader,
            header,
            name,
            separator,
            left,
        })
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> &StringRecord {
        &self.header
    }

    /// The next row, counted from 0 without the header; an inner error is of this row alone.
    ///
    /// # Errors
    /// A file that ends in the middle or unpacks to too much, a row that is too long, and a quote
    /// that swallows the rows after it.
    pub(crate) fn next(&mut self) -> Result<Option<Result<StringRecord>>> {
        // The reader looks ahead by a few kilobytes.
        self.left.set(2 * MOST_ROW);
        let mut record = StringRecord::new();
        match self.reader.read_record(&mut record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                self.check_quotes(&record)?;
                Ok(Some(Ok(record)))
            }
            Err(error) if error.is_io_error() => {
                Err(error).with_context(|| format!("{} cannot be read", self.name))
            }
            Err(error) => Ok(Some(Err(error.into()))),
        }
    }

    /// A field with whole rows in it began with a quote that its caption does not close.
    fn check_quotes(&self, record: &StringRecord) -> Result<()> {
        let separators = self.header.len().saturating_sub(1).max(1);
        let is_row = |line: &str| {
            let found = line.bytes().filter(|byte| *byte == self.separator);
            found.count() >= separators
        };
        if record.iter().any(|field| field.lines().skip(1).any(is_row)) {
            let line = record.position().map_or(0, csv::Position::line);
            bail!(
                "{}: a quote that opens in line {line} is not closed there, and the rows after it \
                 would become part of the caption; close the quote, or write it twice within quotes",
                self.name
            );
        }
        Ok(())
    }
}

/// The first bytes, at most `most`, and the rest.
fn begin<R: Read>(mut source: R, most: u64) -> io::Result<(Vec<u8>, R)> {
    let mut start = Vec::new();
    source.by_ref().take(most).read_to_end(&mut start)?;
    Ok((start, source))
}

/// The text after its byte order mark.
///
/// # Errors
/// Another encoding than UTF-8, by its name where it has a mark.
fn text(start: &[u8]) -> Result<&[u8]> {
    if let Some(rest) = start.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        return Ok(rest);
    }
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        bail!("it is UTF-16; save it as UTF-8");
    }
    ensure!(!start.contains(&0), "it is no text: it holds zero bytes");
    // A character may be cut at the end of what was read.
    match std::str::from_utf8(start) {
        Err(error) if error.error_len().is_some() => bail!(
            "it is not UTF-8 (byte {} is {:#04x}; perhaps Latin-1); save it as UTF-8",
            error.valid_up_to(),
            start[error.valid_up_to()]
        ),
        _ => Ok(start),
    }
}

/// The separator that stands most often in the header outside of quotes; where there is none, what
/// the file's ending says: a comma for .csv, else a tab, as OpenCLIP has it.
fn sniff(header: &[u8], path: &Path) -> u8 {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let is_csv = name.ends_with(".csv") || name.ends_with(".csv.gz");
    let usual = if is_csv { b',' } else { b'\t' };
    let count = |separator: u8| {
        let mut quoted = false;
        let outside = header.iter().filter(|&&byte| {
            quoted ^= byte == b'"';
            !quoted && byte == separator
        });
        outside.count()
    };
    let best = SEPARATORS
        .into_iter()
        .max_by_key(|&separator| (count(separator), separator == usual));
    best.filter(|&best| count(best) > 0).unwrap_or(usual)
}

/// Ends with an error when a row is too long.
struct Limited {
    inner: Box<dyn Read>,
    left: Rc<Cell<u64>>,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let Some(left) = self.left.get().checked_sub(read as u64) else {
            return Err(io::Error::other(format!(
                "a row is longer than {MOST_ROW} bytes; is a quote not closed?"
            )));
        };
        self.left.set(left);
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
        let mut table = Table::open(&path, None)?;
        let fields = |record: &StringRecord| record.iter().map(str::to_owned).collect();
        let mut rows = vec![fields(table.header())];
        while let Some(record) = table.next()? {
            rows.push(fields(&record?));
        }
        Ok(rows)
    }

    fn refusal(name: &str, bytes: &[u8]) -> String {
        format!("{:#}", rows(name, bytes).unwrap_err())
    }

    #[test]
    fn separators_are_found_in_the_header() {
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
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_column() {
        let rows = rows("a.csv", "\u{feff}filepath,title\na,b\n".as_bytes()).unwrap();
        assert_eq!(rows[0], ["filepath", "title"]);
    }

    #[test]
    fn other_encodings_are_named() {
        let utf16: Vec<u8> = "\u{feff}filepath,title\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(refusal("a.csv", &utf16).contains("it is UTF-16"));
        let latin = b"filepath,title\na.jpg,caf\xe9 noir\n";
        assert!(refusal("a.csv", latin).contains("byte 24 is 0xe9; perhaps Latin-1"));
        assert!(refusal("a.csv", b"a,\0\n").contains("no text"));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_named_by_its_line() {
        let stray = "filepath\ttitle\na.jpg\tfirst\nb.jpg\t\"Daisy the dog\nc.jpg\tthird\n";
        let sentence = refusal("a.tsv", stray.as_bytes());
        assert!(
            sentence.contains("a quote that opens in line 3"),
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
        let packed = |bytes: &[u8], times: usize| {
            let mut encoder = GzEncoder::new(b"".to_vec(), Compression::fast());
            encoder.write_all(b"a,b\n").unwrap();
            for _ in 0..times {
                encoder.write_all(bytes).unwrap();
            }
            encoder.finish().unwrap()
        };
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
