//! The text of a file that people wrote with whatever they had.

/// The text of a file without its byte order mark, which would become tokens.
///
/// # Errors
/// What the bytes are instead of UTF-8 and what to do, as the end of a sentence that begins with the
/// file's name.
pub fn decode_text(mut bytes: Vec<u8>) -> Result<String, String> {
    let mark = bytes.len() - without_mark(&bytes)?.len();
    bytes.drain(..mark);
    String::from_utf8(bytes)
        .map_err(|error| not_utf8(error.as_bytes(), error.utf8_error().valid_up_to()))
}

/// The bytes after the byte order mark of UTF-8, if there is one.
///
/// # Errors
/// UTF-16, as the end of a sentence.
pub(crate) fn without_mark(bytes: &[u8]) -> Result<&[u8], String> {
    let is_utf16 = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        // Without a mark: every other byte of Latin letters is zero.
        [_, 0, _, 0, ..] | [0, _, 0, _, ..] => true,
        _ => false,
    };
    if is_utf16 {
        return Err("is UTF-16 text; save it as UTF-8".to_owned());
    }
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

/// What bytes are that stop being UTF-8 at `place`, as the end of a sentence.
pub(crate) fn not_utf8(bytes: &[u8], place: usize) -> String {
    if bytes.contains(&0) {
        return "is not text".to_owned();
    }
    let line = 1 + bytes[..place].iter().filter(|&&b| b == b'\n').count();
    format!(
        "is not UTF-8 text (byte {:#04x} in line {line}); it may be Latin-1 or Windows-1252: save it as UTF-8",
        bytes[place]
    )
}

#[cfg(test)]
mod tests {
    use super::decode_text;

    #[test]
    fn byte_order_marks_are_no_text_and_other_encodings_are_named() {
        assert_eq!(
            decode_text(b"\xef\xbb\xbfcat\n".to_vec()),
            Ok("cat\n".to_owned())
        );
        for utf16 in [&b"\xff\xfec\0a\0"[..], b"\xfe\xff\0c\0a", b"c\0a\0t\0"] {
            let why = decode_text(utf16.to_vec());
            assert_eq!(why, Err("is UTF-16 text; save it as UTF-8".to_owned()));
        }
        let why = decode_text(b"cat\ncaf\xe9\n".to_vec()).unwrap_or_else(|why| why);
        assert!(
            why.contains("byte 0xe9 in line 2") && why.contains("Latin-1"),
            "{why}"
        );
    }
}
