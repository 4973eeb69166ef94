//! A benchmark's table as a whole: its columns by name, its rows as long as its header.

use crate::ProbeError;
use crate::set::Tables;
use crate::table::{LongField, Separator, TableReader};

/// A table read as text.
pub(super) struct Table {
    set: String,
    hint: &'static str,
    header: csv::StringRecord,
    records: Vec<csv::StringRecord>,
    long_fields: Vec<LongField>,
}

impl Table {
    pub(super) fn read(
        set: &str,
        text: &str,
        separator: Separator<'_>,
        hint: &'static str,
    ) -> Result<Self, ProbeError> {
        let wrong = |message: String| ProbeError::Table {
            set: set.to_owned(),
            message,
            hint,
        };
        let mut reader = TableReader::new(text.as_bytes(), separator)
            .map_err(|error| wrong(error.to_string()))?;
        let header = reader.header().clone();
        let (mut records, mut long_fields) = (Vec::new(), Vec::new());
        while let Some(row) = reader
            .next_row()
            .map_err(|error| wrong(error.to_string()))?
        {
            if row.fields.len() != header.len() {
                return Err(wrong(format!(
                    "row {} has {} fields, the header {}",
                    row.number,
                    row.fields.len(),
                    header.len()
                )));
            }
            records.push(row.fields);
            long_fields.extend(row.long_fields);
        }
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

    /// The names of the columns.
    pub(super) fn header(&self) -> Vec<&str> {
        self.header.iter().collect()
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
