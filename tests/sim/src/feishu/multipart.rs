//! Reads `multipart/form-data`, strictly.

/// A form as it was sent.
#[derive(Debug, Default)]
pub(crate) struct Form(Vec<(String, Part)>);

#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) file_name: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

impl Form {
    pub(crate) fn part(&self, name: &str) -> Option<&Part> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, part)| part)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let part = self.part(name).filter(|part| part.file_name.is_none())?;
        std::str::from_utf8(&part.bytes).ok()
    }
}

/// Takes a body apart; `None` if it is no form.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Option<Form> {
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=")?.trim_matches('"');
    let (first, between) = (format!("--{boundary}\r\n"), format!("\r\n--{boundary}"));
    let mut rest = body.strip_prefix(first.as_bytes())?;
    let mut form = Form::default();
    loop {
        let end = find(rest, between.as_bytes())?;
        let head = find(&rest[..end], b"\r\n\r\n")?;
        let (name, file_name) = disposition(std::str::from_utf8(&rest[..head]).ok()?)?;
        let bytes = rest[head + 4..end].to_vec();
        form.0.push((name, Part { file_name, bytes }));
        rest = &rest[end + between.len()..];
        if rest == b"--\r\n" || rest == b"--" {
            return Some(form);
        }
        rest = rest.strip_prefix(b"\r\n")?;
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Reads the names of a part.
fn disposition(head: &str) -> Option<(String, Option<String>)> {
    let line = head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("content-disposition: form-data;"))?;
    let value = |key: &str| {
        let (_, rest) = line.split_once(&format!(" {key}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let encoded = line.contains(" filename*=").then(|| "encoded".to_owned());
    Some((value("name")?, value("filename").or(encoded)))
}
