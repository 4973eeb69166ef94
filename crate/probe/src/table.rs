//! CSV and TSV files with a header.

use super::ProbeError;

/// A table read as text.
pub(super) struct Table {
    set: String,
    hint: &'static str,
    header: csv::StringRecord,
    records: Vec<csv::StringRecord>,
}

impl Table {
    pub(super) fn read(
        set: &str,
        text: &str,
        separator: u8,
        hint: &'static str,
    ) -> Result<Self, ProbeError> {
        let wrong = |error: csv::Error| ProbeError::Table {
            set: set.to_owned(),
            message: error.to_string(),
            hint,
        };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let header = reader.headers().map_err(wrong)?.clone();
        let records = reader.records().collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Self {
            set: set.to_owned(),
            hint,
            header,
            records,
        })
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
