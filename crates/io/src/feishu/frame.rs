//! The frames of the long connection.

use prost::Message;

/// What a frame is for.
const CONTROL: i32 = 0;
const DATA: i32 = 1;

/// A frame. Its numbers are written even when they are zero: the platform requires them.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Frame {
    #[prost(uint64, required, tag = "1")]
    pub(super) sequence: u64,
    #[prost(uint64, required, tag = "2")]
    pub(super) log: u64,
    #[prost(int32, required, tag = "3")]
    pub(super) service: i32,
    #[prost(int32, required, tag = "4")]
    pub(super) method: i32,
    #[prost(message, repeated, tag = "5")]
    pub(super) headers: Vec<Header>,
    #[prost(string, optional, tag = "6")]
    pub(super) payload_encoding: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub(super) payload_type: Option<String>,
    #[prost(bytes = "vec", optional, tag = "8")]
    pub(super) payload: Option<Vec<u8>>,
    #[prost(string, optional, tag = "9")]
    pub(super) log_new: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Header {
    #[prost(string, required, tag = "1")]
    pub(super) key: String,
    #[prost(string, required, tag = "2")]
    pub(super) value: String,
}

impl Frame {
    /// Makes the frame that asks whether the other side is there.
    pub(super) fn ping(service: i32) -> Self {
        Self { service, method: CONTROL, ..Self::default() }.with("type", "ping")
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        Self::decode(bytes)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    pub(super) fn is_data(&self) -> bool {
        self.method == DATA
    }

    pub(super) fn header(&self, key: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.key == key).map(|header| header.value.as_str())
    }

    pub(super) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.headers.push(Header { key: key.to_owned(), value: value.into() });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks_exact(2);
        let byte = |pair: &[u8]| {
            let digit = |at: usize| char::from(pair[at]).to_digit(16).unwrap_or_default();
            u8::try_from(digit(0) * 16 + digit(1)).unwrap_or_default()
        };
        digits.map(byte).collect()
    }

    #[test]
    fn a_ping_is_written_as_the_official_sdks_do() {
        let expected = "0800100018f681801020002a0c0a0474797065120470696e67";
        assert_eq!(Frame::ping(33_554_678).write(), bytes(expected));
    }

    #[test]
    fn every_field_reads_back() {
        let hex = "088080808080808080800110ffffffffffffffffff0118ffffffffffffffffff0120012a060a016b\
                   1201763204677a69703a046a736f6e420200ff4a016c";
        let frame = Frame::read(&bytes(hex)).unwrap_or_default();
        assert_eq!((frame.sequence, frame.service, frame.log), (1 << 63, -1, u64::MAX));
        assert_eq!(frame.payload.as_deref(), Some([0, 0xff].as_slice()));
        assert_eq!((frame.header("k"), frame.is_data()), (Some("v"), true));
        assert_eq!(frame.write(), bytes(hex));
    }
}
