//! The one reader of tables (CSV, TSV and their kin), for questions and for training.
//!
//! It reads row by row from any source, so that a table of millions of rows needs no more memory than
//! its longest row. Encoding, byte order mark, separator and quotation marks are looked at here; what a
//! column means is up to the caller.

use std::collections::VecDeque;
use std::io::{self, Chain, Cursor, Read};

use csv::StringRecord;

use crate::text::{not_utf8, without_mark};

/// The most bytes of a header.
const MOST_HEADER: u64 = 1 << 20;
/// What may stand between columns.
const SEPARATORS: [u8; 4] = [b'\t', b',', b';', b'|'];

/// Why a table cannot be read, as the end of a sentence that begins with its name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The source failed, or ended inside a quoted field.
    #[error("cannot be read: {0}")]
    Source(io::Error),
    /// The text is not UTF-8, or no text.
    #[error("{0}")]
    Encoding(String),
    /// The first line is too long for one.
    #[error("has a header of more than {MOST_HEADER} bytes")]
    Header,
    /// This row alone cannot be read.
    #[error("row {row} (line {line}) is not UTF-8 text; save the table as UTF-8")]
    Row {
        /// Counted from 1 below the header.
        row: usize,
        /// Where the row begins, counted from 1.
        line: u64,
    },
}

/// A quotation mark that nothing closes.
#[derive(Debug, thiserror::Error)]
#[error(
    "the quotation mark before {begins:?} in row {row} (line {line}) is never closed, so that all rows \
     after it would be one; remove it or close it"
)]
struct Unclosed {
    begins: String,
    row: usize,
    line: usize,
}

/// How the columns of a table are separated.
#[derive(Clone, Copy, Debug)]
pub enum Separator<'a> {
    /// By this byte.
    Given(u8),
    /// By what the header shows: the separator under which it has one of the pairs of columns, else
    /// the one that occurs most often outside of quotation marks, else the usual one.
    Find {
        /// Pairs of names that the header may have.
        columns: &'a [[&'a str; 2]],
        /// For a header that shows nothing.
        usual: u8,
    },
}

/// A quoted field that runs over the ends of lines. In a table of captions it is suspicious: a
/// quotation mark that was meant as a letter may have swallowed rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongField {
    /// Of the field's row, counted from 1 below the header.
    pub row: usize,
    /// The line in which it opens, counted from 1.
    pub from: usize,
    /// The line in which it closes.
    pub to: usize,
    /// Whether a later line of it has as many separators as a row.
    pub holds_rows: bool,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its fields; there may be fewer or more than columns.
    pub fields: StringRecord,
    /// Its number, counted from 1 below the header.
    pub number: usize,
    /// Its quoted fields of several lines.
    pub long_fields: Vec<LongField>,
}

/// A table that is read row by row.
#[derive(Debug)]
pub struct TableReader<R> {
    reader: csv::Reader<QuoteWatch<Chain<Cursor<Vec<u8>>, R>>>,
    header: StringRecord,
    rows: usize,
}

impl<R: Read> TableReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// A source that fails, text in another encoding than UTF-8, a header of more than a megabyte.
    pub fn new(mut source: R, separator: Separator<'_>) -> Result<Self, TableError> {
        let mut start = Vec::new();
        source
            .by_ref()
            .take(MOST_HEADER)
            .read_to_end(&mut start)
            .map_err(TableError::Source)?;
        let is_whole = (start.len() as u64) < MOST_HEADER;
        let mark = start.len() - without_mark(&start).map_err(TableError::Encoding)?.len();
        let text = &start[mark..];
        if let Err(error) = std::str::from_utf8(text)
            // A character may be cut at the end of what was read.
            && (is_whole || error.error_len().is_some())
        {
            return Err(TableError::Encoding(not_utf8(text, error.valid_up_to())));
        }
        if text.contains(&0) {
            let why = "is not text: it holds zero bytes";
            return Err(TableError::Encoding(why.to_owned()));
        }
        let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        if end.is_none() && !is_whole {
            return Err(TableError::Header);
        }
        let separator = match separator {
            Separator::Given(separator) => separator,
            Separator::Find { columns, usual } => {
                find_separator(&text[..end.unwrap_or(text.len())], columns, usual)
            }
        };
        let mut whole = Cursor::new(start);
        whole.set_position(mark as u64);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .from_reader(QuoteWatch::new(whole.chain(source), separator));
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(of_csv(error, 0)),
        };
        Ok(Self {
            reader,
            header,
            rows: 0,
        })
    }

    /// The names of the columns.
    pub fn header(&self) -> &StringRecord {
        &self.header
    }

    /// What the table is read from.
    pub fn source_mut(&mut self) -> &mut R {
        self.reader.get_mut().inner.get_mut().1
    }

    /// The next row. After [`TableError::Row`] the rows that follow can still be read.
    ///
    /// # Errors
    /// A source that fails, a quotation mark that is never closed, a row that is not UTF-8.
    pub fn next_row(&mut self) -> Result<Option<Row>, TableError> {
        let mut fields = StringRecord::new();
        let is_there = self.reader.read_record(&mut fields);
        if !matches!(is_there, Ok(false)) {
            self.rows += 1;
        }
        let long_fields = self.reader.get_mut().take_up_to(self.rows);
        match is_there {
            Ok(true) => Ok(Some(Row {
                fields,
                number: self.rows,
                long_fields,
            })),
            Ok(false) => Ok(None),
            Err(error) => Err(of_csv(error, self.rows)),
        }
    }
}

fn of_csv(error: csv::Error, row: usize) -> TableError {
    let line = error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => TableError::Source(error),
        // Rows may have any length, so that nothing else is left.
        _ => TableError::Row { row, line },
    }
}

fn find_separator(header: &[u8], columns: &[[&str; 2]], usual: u8) -> u8 {
    let text = String::from_utf8_lossy(header);
    let has_columns = |separator: u8| {
        let names: Vec<&str> = text
            .split(char::from(separator))
            .map(|name| name.trim().trim_matches('"'))
            .collect();
        columns
            .iter()
            .any(|pair| pair.iter().all(|column| names.contains(column)))
    };
    let count = |separator: u8| {
        let mut quoted = false;
        let outside = header.iter().filter(|&&byte| {
            quoted ^= byte == b'"';
            !quoted && byte == separator
        });
        outside.count()
    };
    let shown = SEPARATORS.into_iter().find(|&s| has_columns(s));
    let frequent = || {
        let best = SEPARATORS
            .into_iter()
            .max_by_key(|&separator| (count(separator), separator == usual))?;
        (count(best) > 0).then_some(best)
    };
    shown.or_else(frequent).unwrap_or(usual)
}

/// Watches quoted fields while the bytes go by, as RFC 4180 quotes: a field is quoted if it begins
/// with `"`, and `""` inside is one `"`. The csv crate reads so too, but does not tell.
#[derive(Debug)]
struct QuoteWatch<R> {
    inner: R,
    separator: u8,
    place: Place,
    /// Of the current row; the header is 0.
    row: usize,
    line: usize,
    /// Whether the current line has anything: empty lines are no rows.
    row_has_bytes: bool,
    header_separators: usize,
    opened: Option<Opened>,
    found: VecDeque<LongField>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    FieldStart,
    Bare,
    Quoted,
    /// After a quotation mark inside a quoted field: the end, or the first of two.
    QuoteInQuoted,
}

/// A quoted field that is not closed yet.
#[derive(Debug)]
struct Opened {
    line: usize,
    begins: Vec<u8>,
    separators_of_line: usize,
    holds_rows: bool,
}

/// How much of an unclosed field its error shows, in bytes and in characters.
const SHOWN: (usize, usize) = (120, 30);

impl<R> QuoteWatch<R> {
    fn new(inner: R, separator: u8) -> Self {
        Self {
            inner,
            separator,
            place: Place::FieldStart,
            row: 0,
            line: 1,
            row_has_bytes: false,
            header_separators: 0,
            opened: None,
            found: VecDeque::new(),
        }
    }

    /// The long fields of all rows up to this one.
    fn take_up_to(&mut self, row: usize) -> Vec<LongField> {
        let count = self.found.iter().take_while(|f| f.row <= row).count();
        self.found.drain(..count).collect()
    }

    fn watch(&mut self, byte: u8) {
        match self.place {
            Place::Quoted => self.watch_quoted(byte),
            Place::QuoteInQuoted if byte == b'"' => self.place = Place::Quoted,
            Place::QuoteInQuoted => {
                self.close();
                self.watch_bare(byte);
            }
            Place::FieldStart if byte == b'"' => {
                self.row_has_bytes = true;
                self.place = Place::Quoted;
                self.opened = Some(Opened {
                    line: self.line,
                    begins: Vec::new(),
                    separators_of_line: 0,
                    holds_rows: false,
                });
            }
            Place::FieldStart | Place::Bare => self.watch_bare(byte),
        }
    }

    fn watch_bare(&mut self, byte: u8) {
        self.place = Place::Bare;
        match byte {
            b'\n' | b'\r' => {
                self.row += usize::from(self.row_has_bytes);
                self.row_has_bytes = false;
                self.line += usize::from(byte == b'\n');
                self.place = Place::FieldStart;
            }
            byte => {
                self.row_has_bytes = true;
                if byte == self.separator {
                    self.header_separators += usize::from(self.row == 0);
                    self.place = Place::FieldStart;
                }
            }
        }
    }

    fn watch_quoted(&mut self, byte: u8) {
        if byte == b'"' {
            self.place = Place::QuoteInQuoted;
            return;
        }
        self.line += usize::from(byte == b'\n');
        let Some(opened) = &mut self.opened else {
            return;
        };
        if opened.begins.len() < SHOWN.0 {
            opened.begins.push(byte);
        }
        if byte == b'\n' {
            opened.separators_of_line = 0;
        } else if byte == self.separator && self.line > opened.line {
            opened.separators_of_line += 1;
            opened.holds_rows |= opened.separators_of_line >= self.header_separators.max(1);
        }
    }

    fn close(&mut self) {
        if let Some(opened) = self.opened.take()
            && self.line > opened.line
        {
            self.found.push_back(LongField {
                row: self.row,
                from: opened.line,
                to: self.line,
                holds_rows: opened.holds_rows,
            });
        }
        self.place = Place::Bare;
    }

    fn end(&mut self) -> io::Result<()> {
        match self.place {
            Place::QuoteInQuoted => self.close(),
            Place::Quoted => {
                let opened = self.opened.as_ref();
                let begins = opened.map_or(&[][..], |opened| &opened.begins);
                let begins = String::from_utf8_lossy(begins);
                let begins = begins.lines().next().unwrap_or_default();
                return Err(io::Error::other(Unclosed {
                    begins: begins.chars().take(SHOWN.1).collect(),
                    row: self.row,
                    line: opened.map_or(self.line, |opened| opened.line),
                }));
            }
            Place::FieldStart | Place::Bare => {}
        }
        Ok(())
    }
}

impl<R: Read> Read for QuoteWatch<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for &byte in &buffer[..read] {
            self.watch(byte);
        }
        if read == 0 && !buffer.is_empty() {
            self.end()?;
        }
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FIND: Separator<'_> = Separator::Find {
        columns: &[["filepath", "title"]],
        usual: b'\t',
    };

    fn rows(bytes: &[u8]) -> Result<Vec<Row>, TableError> {
        let mut table = TableReader::new(bytes, FIND)?;
        let mut rows = Vec::new();
        while let Some(row) = table.next_row()? {
            rows.push(row);
        }
        Ok(rows)
    }

    fn refusal(bytes: &[u8]) -> String {
        rows(bytes).unwrap_err().to_string()
    }

    #[test]
    fn the_separator_is_found_in_the_header() {
        let found =
            |header: &str, columns: &[[&str; 2]]| find_separator(header.as_bytes(), columns, b'\t');
        for separator in SEPARATORS {
            let header = format!("filepath{}title", char::from(separator));
            assert_eq!(found(&header, &[]), separator);
            assert_eq!(found(&header, &[["filepath", "title"]]), separator);
        }
        // Columns that are known decide, else the separator that occurs most often.
        let header = "a;filepath;title|b,c,d,e,f";
        assert_eq!(found(header, &[]), b',');
        assert_eq!(found("a,b;filepath;title", &[["filepath", "title"]]), b';');
        assert_eq!(found("\"a,b,c\";d", &[]), b';');
        assert_eq!(found("filepath", &[]), b'\t');
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_column() {
        let text = "\u{feff}filepath,title\na.jpg,a cat\n";
        let table = TableReader::new(text.as_bytes(), FIND).unwrap();
        assert_eq!(table.header(), vec!["filepath", "title"]);
    }

    #[test]
    fn other_encodings_are_named() {
        let utf16: Vec<u8> = "\u{feff}filepath,title\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(refusal(&utf16), "is UTF-16 text; save it as UTF-8");
        let latin = refusal(b"filepath,title\na.jpg,caf\xe9 noir\n");
        assert!(latin.contains("byte 0xe9 in line 2"), "{latin}");
        assert!(latin.contains("Latin-1"), "{latin}");
        assert_eq!(refusal(b"ab\0c\n"), "is not text: it holds zero bytes");
        assert!(refusal(&vec![b'x'; 2 << 20]).contains("a header of more than"));
    }

    #[test]
    fn a_row_in_another_encoding_far_below_spares_the_rest() {
        let mut text = b"filepath,title\n".to_vec();
        for _ in 0..100_000 {
            text.extend_from_slice(b"a.jpg,a cat\n");
        }
        text.extend_from_slice(b"b.jpg,caf\xe9\nc.jpg,a dog\n");
        let mut table = TableReader::new(&text[..], FIND).unwrap();
        for _ in 0..100_000 {
            table.next_row().unwrap().unwrap();
        }
        let error = table.next_row().unwrap_err();
        assert!(
            matches!(
                error,
                TableError::Row {
                    row: 100_001,
                    line: 100_002
                }
            ),
            "{error:?}"
        );
        let last = table.next_row().unwrap().unwrap();
        assert_eq!((&last.fields[0], last.number), ("c.jpg", 100_002));
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_is_named() {
        let text = b"filepath\ttitle\r\n\r\na.jpg\tfirst\r\nb.jpg\t\"Daisy \"\"the\"\" dog\r\nc.jpg\tthird\r\n";
        assert_eq!(
            refusal(text),
            "cannot be read: the quotation mark before \"Daisy the dog\" in row 2 (line 4) is never \
             closed, so that all rows after it would be one; remove it or close it"
        );
    }

    #[test]
    fn fields_of_several_lines_are_told() {
        let text = "filepath\ttitle\na.jpg\t\"one\nand two\"\nb.jpg\t\"Daisy\nc.jpg\tthird\"\nd.jpg\ta 5\" disk\ne.jpg\t\"a \"\"b\"\"\"";
        let rows = rows(text.as_bytes()).unwrap();
        let long: Vec<LongField> = rows.iter().flat_map(|r| r.long_fields.clone()).collect();
        let field = |row, from, to, holds_rows| LongField {
            row,
            from,
            to,
            holds_rows,
        };
        assert_eq!(long, [field(1, 2, 3, false), field(2, 4, 5, true)]);
        assert_eq!(&rows[0].fields[1], "one\nand two");
        assert_eq!(&rows[2].fields[1], "a 5\" disk");
        assert_eq!(&rows[3].fields[1], "a \"b\"");
        assert_eq!(rows.iter().map(|r| r.number).max(), Some(4));
    }
}
