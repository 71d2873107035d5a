//! Event files that TensorBoard reads, scalars alone.
//!
//! A file is a row of records: length, its checksum, data, its checksum
//! (<https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details>). The data is a
//! protobuf message `Event` (tensorboard/compat/proto/event.proto), declared here as far as scalars need it.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use prost::Message;

/// `Event`, of which a file version, a summary and a session log exclude each other.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// In seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

/// `Summary`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

/// `Summary.Value`.
#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    /// Written even if it is 0.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// `SessionLog`.
#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// `SessionLog.START`.
const START: i32 = 1;

/// Writes one event file.
pub struct EventWriter {
    file: File,
}

impl EventWriter {
    /// A new file in `folder`, which is made. What files before it hold from after `steps` steps is
    /// void: TensorBoard leaves it out.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn create(folder: &Path, steps: usize) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let name = format!("events.out.tfevents.{:.6}.zoo", wall_time());
        let mut writer = Self { file: File::create(folder.join(name))? };
        let file_version = Some(String::from("brain.Event:2"));
        writer.write(Event { file_version, ..Event::at(0) })?;
        if steps > 0 {
            let session_log = Some(SessionLog { status: START });
            writer.write(Event { session_log, ..Event::at(steps + 1) })?;
        }
        Ok(writer)
    }

    /// Writes what was measured after `steps` steps.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn scalars(&mut self, steps: usize, scalars: &[(String, f64)]) -> io::Result<()> {
        let value = scalars
            .iter()
            .map(|(tag, scalar)| Scalar { tag: tag.clone(), simple_value: Some(*scalar as f32) });
        let summary = Some(Summary { value: value.collect() });
        self.write(Event { summary, ..Event::at(steps) })
    }

    fn write(&mut self, event: Event) -> io::Result<()> {
        self.file.write_all(&record(&event.encode_to_vec()))
    }
}

impl Event {
    fn at(steps: usize) -> Self {
        Self { wall_time: wall_time(), step: steps as i64, ..Self::default() }
    }
}

fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), data, &checksum(data)].concat()
}

/// CRC-32C, masked so that a checksum of checksums is still one.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `TFRecordWriter` of tensorboardX.
    #[test]
    fn records_are_as_tensorflow_writes_them() {
        assert_eq!(checksum(&[]), 0xa282_ead8_u32.to_le_bytes());
        // CRC-32C of "123456789" is e3069283.
        let masked = 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(checksum(b"123456789"), masked.to_le_bytes());
        let record = record(b"123456789");
        assert_eq!(
            (record.len(), &record[..8], &record[12..21]),
            (25, &[9, 0, 0, 0, 0, 0, 0, 0][..], &b"123456789"[..])
        );
    }

    #[test]
    fn a_file_begins_with_its_version_and_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(folder.path(), 7).unwrap();
        writer.scalars(8, &[(String::from("train/loss"), 0.5)]).unwrap();
        let path = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        assert!(path.to_string_lossy().contains("tfevents"));
        let bytes = fs::read(path).unwrap();
        let mut rest = &bytes[..];
        let mut events = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            assert_eq!(rest[8..12], checksum(&rest[..8]));
            assert_eq!(rest[12 + length..16 + length], checksum(&rest[12..12 + length]));
            // The wall time is another each time.
            events.push(&rest[12 + 9..12 + length]);
            rest = &rest[16 + length..];
        }
        assert_eq!(events[0], b"\x1a\x0dbrain.Event:2");
        assert_eq!(events[1], b"\x10\x08\x3a\x02\x08\x01");
        assert_eq!(events[2], b"\x10\x08\x2a\x13\x0a\x11\x0a\x0atrain/loss\x15\x00\x00\x00\x3f");
    }
}
