//! The frame of the long connection, in protocol buffers of the second kind.

use prost::bytes::Buf;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use prost::{DecodeError, Message};
use std::collections::BTreeSet;

/// One frame.
#[derive(Clone, PartialEq, Message)]
pub struct Frame {
    #[prost(uint64, required, tag = "1")]
    pub seq_id: u64,
    #[prost(uint64, required, tag = "2")]
    pub log_id: u64,
    #[prost(int32, required, tag = "3")]
    pub service: i32,
    /// 0 is control, 1 is data.
    #[prost(int32, required, tag = "4")]
    pub method: i32,
    #[prost(message, repeated, tag = "5")]
    pub headers: Vec<Header>,
    #[prost(string, optional, tag = "6")]
    pub payload_encoding: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub payload_type: Option<String>,
    #[prost(bytes = "vec", optional, tag = "8")]
    pub payload: Option<Vec<u8>>,
    #[prost(string, optional, tag = "9")]
    pub log_id_new: Option<String>,
}

/// A header of a frame.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct Header {
    #[prost(string, required, tag = "1")]
    pub key: String,
    #[prost(string, required, tag = "2")]
    pub value: String,
}

impl Frame {
    /// Reads a frame; unlike the decoder it insists on the required fields.
    ///
    /// # Errors
    /// If it is no frame or a required field is missing.
    pub fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let fields = fields(bytes)?;
        if let Some(missing) = (1..=4).find(|field| !fields.contains(field)) {
            anyhow::bail!("the required field {missing} of the frame is missing");
        }
        Ok(Self::decode(bytes)?)
    }

    /// Returns the value of a header, empty if it is missing.
    pub fn header(&self, key: &str) -> &str {
        let header = self.headers.iter().find(|header| header.key == key);
        header.map(|header| header.value.as_str()).unwrap_or_default()
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.headers.push(Header { key: key.to_owned(), value: value.into() });
        self
    }
}

fn fields(mut bytes: &[u8]) -> Result<BTreeSet<u32>, DecodeError> {
    let mut fields = BTreeSet::new();
    while bytes.has_remaining() {
        let (tag, wire) = decode_key(&mut bytes)?;
        skip_field(wire, tag, &mut bytes, DecodeContext::default())?;
        fields.insert(tag);
    }
    Ok(fields)
}
