//! Event files that TensorBoard reads: TFRecords of protocol buffers.
//!
//! The messages are the few fields of TensorFlow's `event.proto` and `summary.proto` that scalars
//! need; the crates that write whole event files are no longer kept, or want `protoc` to build.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use crc::{CRC_32_ISCSI, Crc};
use prost::Message;

const CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// A program starts at a step: TensorBoard forgets what an earlier one wrote of that step and later.
const START: i32 = 1;

/// An open event file; every event is on its way to the disk when its call returns.
#[derive(Debug)]
pub(crate) struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Begins another file in a directory: of a new run, or of one that is resumed after this many
    /// updates.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn begin(directory: &Path, resumed: Option<u64>) -> Result<Self> {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        let now = now();
        // TensorBoard reads the files of a directory in the order of their names.
        let name = format!(
            "events.out.tfevents.{:010}.{:06}.{}",
            now.trunc(),
            (now.fract() * 1e6).trunc(),
            std::process::id()
        );
        let path = directory.join(name);
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let mut events = Self {
            file: file.with_context(|| format!("cannot create {}", path.display()))?,
            path,
        };
        events.event(0, What::FileVersion("brain.Event:2".to_owned()))?;
        // Also at step 0: what was written before the first checkpoint stands there a second time.
        if let Some(step) = resumed {
            events.event(step + 1, What::SessionLog(SessionLog { status: START }))?;
        }
        Ok(events)
    }

    /// Numbers of a step, each with its name.
    ///
    /// # Errors
    /// A full disk.
    pub(crate) fn scalars<'a>(
        &mut self,
        step: u64,
        scalars: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Result<()> {
        let value = scalars.into_iter().map(|(tag, value)| Scalar {
            tag: tag.to_owned(),
            simple_value: value as f32,
        });
        let value = value.collect();
        self.event(step, What::Summary(Summary { value }))
    }

    fn event(&mut self, step: u64, what: What) -> Result<()> {
        let event = Event {
            wall_time: now(),
            step: i64::try_from(step).context("there are too many steps")?,
            what: Some(what),
        };
        self.file
            .write_all(&record(&event.encode_to_vec()))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

fn now() -> f64 {
    // A clock before 1970 gives events no time; they keep their steps.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// A TFRecord: the length, its check sum, the data, their check sum, little-endian.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [
        length.as_slice(),
        &masked(&length).to_le_bytes(),
        data,
        &masked(data).to_le_bytes(),
    ]
    .concat()
}

/// TFRecord's check sum: CRC-32C, turned and shifted so that it can be part of what is summed.
fn masked(bytes: &[u8]) -> u32 {
    CRC32C
        .checksum(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn events(path: &Path) -> Vec<Event> {
        let bytes = std::fs::read(path).unwrap();
        let mut rest = bytes.as_slice();
        let mut events = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<8>() {
            let (sum, after) = after.split_first_chunk::<4>().unwrap();
            assert_eq!(u32::from_le_bytes(*sum), masked(length));
            let (data, after) = after.split_at(u64::from_le_bytes(*length) as usize);
            let (sum, after) = after.split_first_chunk::<4>().unwrap();
            assert_eq!(u32::from_le_bytes(*sum), masked(data));
            events.push(Event::decode(data).unwrap());
            rest = after;
        }
        events
    }

    /// The event of TensorFlow 2's `tf.summary.FileWriter` for a scalar, byte by byte.
    #[test]
    fn bytes_are_those_of_the_format() {
        assert_eq!(CRC32C.checksum(b"123456789"), 0xe306_9283);
        let event = Event {
            wall_time: 1.0,
            step: 300,
            what: Some(What::Summary(Summary {
                value: vec![Scalar {
                    tag: "a".to_owned(),
                    simple_value: 0.5,
                }],
            })),
        };
        #[rustfmt::skip]
        let expected = [
            0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, // 1: 1.0
            0x10, 0xac, 0x02, // 2: 300
            0x2a, 10, // 5: 10 bytes
            0x0a, 8, // 1: 8 bytes
            0x0a, 1, b'a', // 1: "a"
            0x15, 0, 0, 0, 0x3f, // 2: 0.5
        ];
        assert_eq!(event.encode_to_vec(), expected);
    }

    #[test]
    fn a_resumed_run_begins_another_file_that_overrules_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().join("tensorboard");
        for (step, resumed) in [(0, None), (7, Some(7))] {
            let mut file = EventFile::begin(&directory, resumed).unwrap();
            let scalars = [("train/loss", 0.25), ("train/lr", 1e-3)];
            file.scalars(step + 1, scalars).unwrap();
        }
        let entries = std::fs::read_dir(&directory).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let [first, second] = [&files[0], &files[1]].map(|path| events(path));
        assert_eq!(
            first[0].what,
            Some(What::FileVersion("brain.Event:2".to_owned()))
        );
        assert_eq!((first.len(), first[1].step), (2, 1));
        let Some(What::Summary(summary)) = &first[1].what else {
            panic!("{first:?}");
        };
        assert_eq!(summary.value[1].tag, "train/lr");
        assert_eq!(summary.value[1].simple_value, 1e-3);
        assert_eq!(
            second[1].what,
            Some(What::SessionLog(SessionLog { status: START }))
        );
        assert_eq!((second[1].step, second[2].step), (8, 8));
        assert!(second[2].wall_time > 1.7e9);
    }

    /// A run that was killed before its first checkpoint makes the same steps again.
    #[test]
    fn a_run_that_is_resumed_from_its_beginning_overrules_all() {
        let directory = tempfile::tempdir().unwrap();
        let file = EventFile::begin(directory.path(), Some(0)).unwrap();
        let begun = &events(&file.path)[1];
        let start = What::SessionLog(SessionLog { status: START });
        assert_eq!((begun.step, begun.what.as_ref()), (1, Some(&start)));
    }
}
