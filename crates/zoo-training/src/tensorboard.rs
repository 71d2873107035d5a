//! Event files that TensorBoard reads, scalars alone.
//!
//! A file is a row of records: length, its checksum, data, its checksum
//! (<https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details>). The data is a
//! protobuf message `Event` (tensorboard/compat/proto/event.proto), of which so little is needed here
//! that it is written by hand.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// Field numbers and wire types of protobuf, as one byte.
mod key {
    pub const EVENT_WALL_TIME: u8 = 1 << 3 | 1;
    pub const EVENT_STEP: u8 = 2 << 3;
    pub const EVENT_FILE_VERSION: u8 = 3 << 3 | 2;
    pub const EVENT_SUMMARY: u8 = 5 << 3 | 2;
    pub const EVENT_SESSION_LOG: u8 = 7 << 3 | 2;
    pub const SESSION_LOG_STATUS: u8 = 1 << 3;
    pub const SUMMARY_VALUE: u8 = 1 << 3 | 2;
    pub const VALUE_TAG: u8 = 1 << 3 | 2;
    pub const VALUE_SIMPLE: u8 = 2 << 3 | 5;
}

/// `SessionLog.START`.
const START: u8 = 1;

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
        writer.write(0, key::EVENT_FILE_VERSION, b"brain.Event:2")?;
        if steps > 0 {
            writer.write(steps + 1, key::EVENT_SESSION_LOG, &[key::SESSION_LOG_STATUS, START])?;
        }
        Ok(writer)
    }

    /// Writes what was measured after `steps` steps.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn scalars(&mut self, steps: usize, scalars: &[(String, f64)]) -> io::Result<()> {
        let mut summary = Vec::new();
        for (tag, scalar) in scalars {
            let mut value = Vec::new();
            push_bytes(&mut value, key::VALUE_TAG, tag.as_bytes());
            value.push(key::VALUE_SIMPLE);
            value.extend_from_slice(&(*scalar as f32).to_le_bytes());
            push_bytes(&mut summary, key::SUMMARY_VALUE, &value);
        }
        self.write(steps, key::EVENT_SUMMARY, &summary)
    }

    fn write(&mut self, steps: usize, what: u8, content: &[u8]) -> io::Result<()> {
        let mut event = vec![key::EVENT_WALL_TIME];
        event.extend_from_slice(&wall_time().to_le_bytes());
        event.push(key::EVENT_STEP);
        push_varint(&mut event, steps as u64);
        push_bytes(&mut event, what, content);
        self.file.write_all(&record(&event))
    }
}

fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn push_bytes(message: &mut Vec<u8>, key: u8, bytes: &[u8]) {
    message.push(key);
    push_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

/// Seven bits a byte, the lowest first.
fn push_varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
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

    /// `TFRecordWriter` of tensorboardX, and by hand for the varint.
    #[test]
    fn records_and_numbers_are_as_tensorflow_writes_them() {
        let mut number = Vec::new();
        push_varint(&mut number, 300);
        assert_eq!(number, [0xac, 0x02]);
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
        assert_eq!(events[0], b"\x10\x00\x1a\x0dbrain.Event:2");
        assert_eq!(events[1], b"\x10\x08\x3a\x02\x08\x01");
        assert_eq!(events[2], b"\x10\x08\x2a\x13\x0a\x11\x0a\x0atrain/loss\x15\x00\x00\x00\x3f");
    }
}
