//! CSV and TSV files with a header.

use crate::ProbeError;
use crate::set::Tables;

/// A table read as text.
pub(super) struct Table {
    set: String,
    hint: &'static str,
    header: csv::StringRecord,
    records: Vec<csv::StringRecord>,
    /// Rows in which a quoted field runs over the ends of lines, with the lines.
    long_fields: Vec<Quoted>,
}

/// A quoted field that runs over the ends of lines.
struct Quoted {
    /// Of the field's row, counted from 1 below the header.
    row: usize,
    /// Lines of the file, counted from 1.
    from: usize,
    to: usize,
}

/// What may separate columns.
const SEPARATORS: [u8; 4] = [b'\t', b',', b';', b'|'];

/// The separator with which the header has one of the pairs of columns; the first that occurs in it
/// where none has.
pub(super) fn separator(text: &str, wanted: &[[&str; 2]]) -> u8 {
    let header = text
        .trim_start_matches('\u{feff}')
        .lines()
        .next()
        .unwrap_or_default();
    let has = |separator: u8, columns: &[&str; 2]| {
        let mut names = header
            .split(char::from(separator))
            .map(|name| name.trim().trim_matches('"'));
        let names: Vec<&str> = names.by_ref().collect();
        columns.iter().all(|column| names.contains(column))
    };
    let found = SEPARATORS
        .into_iter()
        .find(|&separator| wanted.iter().any(|columns| has(separator, columns)));
    let occurs = || {
        let mut separators = SEPARATORS.into_iter();
        separators.find(|&separator| header.contains(char::from(separator)))
    };
    found.or_else(occurs).unwrap_or(b',')
}

impl Table {
    pub(super) fn read(
        set: &str,
        text: &str,
        separator: u8,
        hint: &'static str,
    ) -> Result<Self, ProbeError> {
        let text = text.trim_start_matches('\u{feff}');
        let wrong = |message: String| ProbeError::Table {
            set: set.to_owned(),
            message,
            hint,
        };
        let long_fields = long_fields(text, separator).map_err(&wrong)?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .from_reader(text.as_bytes());
        let of_csv = |error: csv::Error| wrong(error.to_string());
        let header = reader.headers().map_err(of_csv)?.clone();
        let records = reader.records().collect::<Result<_, _>>().map_err(of_csv)?;
        Ok(Self {
            set: set.to_owned(),
            hint,
            header,
            records,
            long_fields,
        })
    }

    /// Remembers rows with quoted fields of several lines: a quotation mark that was meant as a letter
    /// may have swallowed rows.
    pub(super) fn warn(&self, tables: &mut Tables) {
        for field in &self.long_fields {
            tables.warn(
                &format!("row {}", field.row),
                &format!(
                    "has a quoted field that runs over lines {} to {}; if these are rows of their own, its quotation mark is stray",
                    field.from, field.to
                ),
            );
        }
    }

    /// Places of the columns, by name.
    pub(super) fn columns<const N: usize>(
        &self,
        names: [&str; N],
    ) -> Result<[usize; N], ProbeError> {
        let mut places = [0; N];
        for (place, name) in places.iter_mut().zip(names) {
            *place = self
                .header
                .iter()
                .position(|column| column == name)
                .ok_or_else(|| ProbeError::Table {
                    set: self.set.clone(),
                    message: format!(
                        "there is no column {name:?}, only {:?}",
                        self.header.iter().take(20).collect::<Vec<_>>()
                    ),
                    hint: self.hint,
                })?;
        }
        Ok(places)
    }

    /// These columns of every row. The reader has checked that all rows are as long as the header.
    pub(super) fn rows<const N: usize>(
        &self,
        columns: [usize; N],
    ) -> impl Iterator<Item = [&str; N]> {
        self.records
            .iter()
            .map(move |record| columns.map(|c| &record[c]))
    }
}

/// Finds quoted fields that run over the ends of lines, as RFC 4180 quotes: a field is quoted if it
/// begins with `"`, and `""` inside is one `"`.
///
/// # Errors
/// The row whose quotation mark is never closed: everything after it would be one field.
fn long_fields(text: &str, separator: u8) -> Result<Vec<Quoted>, String> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let (mut row, mut line) = (0, 1);
    let mut at_field_start = true;
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        place += 1;
        match byte {
            b'"' if at_field_start => {
                let from = line;
                at_field_start = false;
                let opened = place;
                loop {
                    match (bytes.get(place), bytes.get(place + 1)) {
                        (None, _) => {
                            let begins: String = text[opened..].chars().take(30).collect();
                            let begins = begins.lines().next().unwrap_or_default();
                            return Err(format!(
                                "the quotation mark before {begins:?} in row {row} (line {from}) is never closed, so that all rows after it would be one; take it away, or close it"
                            ));
                        }
                        (Some(b'"'), Some(b'"')) => place += 2,
                        (Some(b'"'), _) => break,
                        (Some(b'\n'), _) => {
                            line += 1;
                            place += 1;
                        }
                        (Some(_), _) => place += 1,
                    }
                }
                place += 1;
                if line > from {
                    found.push(Quoted {
                        row,
                        from,
                        to: line,
                    });
                }
            }
            b'\n' => {
                line += 1;
                // Empty lines are no rows.
                if place >= 2 && !matches!(bytes[place - 2], b'\n') {
                    row += 1;
                }
                at_field_start = true;
            }
            byte => at_field_start = byte == separator,
        }
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::{Probes, TableOptions, read_retrieval_csv, read_retrieval_table};

    const STRAY: &str = include_str!("../../../../tests/found/stray.tsv");

    #[test]
    fn a_quote_that_is_never_closed_names_its_row() {
        let error = read_retrieval_csv("stray.tsv", STRAY)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("in row 2 (line 3) is never closed"),
            "{error}"
        );
        assert!(error.contains("Daisy the dog"), "{error}");
    }

    #[test]
    fn a_quoted_field_of_several_lines_is_said() {
        let closed = STRAY.replace("a plate of food", "a plate of food\"");
        let set = read_retrieval_csv("closed.tsv", &closed).unwrap();
        let warning = set.warnings.iter().find(|w| w.item == "row 2").unwrap();
        assert!(warning.what.contains("lines 3 to 5"), "{}", warning.what);
        // A caption may have a quotation mark inside, and be quoted for its comma.
        let fine = "image,caption\na.jpg,\"one, \"\"two\"\"\"\nb.jpg,a 5\" disk\n";
        assert!(
            read_retrieval_csv("fine.csv", fine)
                .unwrap()
                .warnings
                .is_empty()
        );
    }

    #[test]
    fn separators_are_found_or_said() {
        for separator in ['\t', ',', ';', '|'] {
            let text =
                "\u{feff}filepath,title\nimg\\0.jpg,a cat\n".replace(',', &separator.to_string());
            let set = read_retrieval_csv("t", &text).unwrap();
            assert_eq!(set.texts, ["a cat"]);
            assert_eq!(set.images[0].label(), "img/0.jpg");
        }
        let options = TableOptions {
            separator: Some(b'#'),
            image: Some("path".to_owned()),
            caption: Some("text".to_owned()),
        };
        let set = read_retrieval_table("t", "text#path\na, b; c#0.jpg\n", &options).unwrap();
        assert_eq!(set.texts, ["a, b; c"]);
        let error = read_retrieval_csv("t", "path;text\na;b\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("\"path\", \"text\""), "{error}");
    }

    #[test]
    fn one_file_under_two_spellings_is_one_image() {
        let text = "filepath,title\na.jpg,x\n./a.jpg,y\nb.jpg,z\n";
        let set = read_retrieval_csv("t", text).unwrap();
        let Probes::Retrieval(retrieval) = &set.probes else {
            panic!("retrieval expected");
        };
        assert_eq!(
            (retrieval.images.len(), &retrieval.image_of[..]),
            (2, &[0, 0, 1][..])
        );
    }
}
