//! What OpenAI's and OpenCLIP's tokenizers do to a text before its words are split: `ftfy.fix_text`,
//! `html.unescape` twice, runs of white space to one space, lower case. transformers' tokenizer does
//! none of this but the last two.
//!
//! Of `ftfy` (6.3) everything is done but the repair of text that was decoded in the wrong encoding
//! (`cafÃ©`): its tables are larger than a tokenizer, and captions that need it are rare.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use tokenizers::NormalizedString;

/// The text as OpenCLIP's tokenizer sees it.
pub(super) fn clean(text: &str) -> String {
    let fixed = fix_text(text);
    let once = unescape(&fixed);
    let unescaped = unescape(&once);
    let words: Vec<&str> = unescaped
        .split(is_python_space)
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").to_lowercase()
}

/// Python's `str.isspace`, which also takes four separators of ASCII.
fn is_python_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Rounds after which a text counts as settled: each can only undo one layer of HTML escapes.
const MOST_ROUNDS: usize = 16;

/// `ftfy.fix_text` without `fix_encoding`.
fn fix_text(text: &str) -> String {
    // What has a tag is HTML, and its escapes are meant.
    let unescapes = !text.contains('<');
    let mut text = text.to_owned();
    for _ in 0..MOST_ROUNDS {
        let before = text.clone();
        if unescapes {
            text = unescape_unambiguous(&text).into_owned();
        }
        let mut fixed = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\u{80}'..='\u{9f}' => fixed.push(windows_1252(c)),
                '\u{2bc}' | '\u{2018}'..='\u{201b}' => fixed.push('\''),
                '\u{201c}'..='\u{201f}' => fixed.push('"'),
                '\u{3000}' => fixed.push(' '),
                '\u{ff01}'..='\u{ffef}' => fixed.push_str(&compatible(c)),
                _ => match ligature(c) {
                    Some(letters) => fixed.push_str(letters),
                    None => fixed.push(c),
                },
            }
        }
        // A digraph of `ŉ` is an apostrophe of its own, which is uncurled after it.
        let fixed = fixed.replace('\u{2bc}', "'");
        let fixed = fixed.replace("\r\n", "\n");
        let fixed = fixed.replace(['\r', '\u{2028}', '\u{2029}', '\u{85}'], "\n");
        let mut fixed = without_terminal_escapes(&fixed);
        fixed.retain(|c| !is_removed(c));
        let mut normalized = NormalizedString::from(fixed);
        normalized.nfc();
        text = normalized.get().to_owned();
        if text == before {
            break;
        }
    }
    text
}

/// What a control character of Latin-1 means in Windows' code page.
fn windows_1252(c: char) -> char {
    const TABLE: [u16; 32] = [
        0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039,
        0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
        0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
    ];
    match u32::from(c) {
        code @ 0x80..=0x9f => char::from_u32(TABLE[(code - 0x80) as usize].into()).unwrap_or(c),
        _ => c,
    }
}

fn ligature(c: char) -> Option<&'static str> {
    Some(match c {
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'ŉ' => "ʼn",
        'Ǳ' => "DZ",
        'ǲ' => "Dz",
        'ǳ' => "dz",
        'Ǆ' => "DŽ",
        'ǅ' => "Dž",
        'ǆ' => "dž",
        'Ǉ' => "LJ",
        'ǈ' => "Lj",
        'ǉ' => "lj",
        'Ǌ' => "NJ",
        'ǋ' => "Nj",
        'ǌ' => "nj",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' => "ſt",
        'ﬆ' => "st",
        _ => return None,
    })
}

/// A half- or full-width form as the character that it is a form of.
fn compatible(c: char) -> String {
    let mut text = NormalizedString::from(c.to_string());
    text.nfkc();
    text.get().to_owned()
}

fn is_removed(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
}

/// Takes out `ESC [ digits and semicolons letter`.
fn without_terminal_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        let behind = &rest[at + 2..];
        let end = behind.find(|c: char| !(c.is_numeric() || c == ';'));
        match end {
            Some(end) if behind[end..].starts_with(|c: char| c.is_ascii_alphabetic()) => {
                out.push_str(&rest[..at]);
                rest = &behind[end + 1..];
            }
            _ => {
                out.push_str(&rest[..at + 2]);
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// HTML's named characters: `amp;` to `&`, and `amp` as far as the semicolon may be missing.
static NAMED: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    entities::ENTITIES
        .iter()
        .map(|entity| (&entity.entity[1..], entity.characters))
        .collect()
});

/// The most characters of a name that are looked at, as in Python.
const LONGEST_NAME: usize = 32;

/// Python's `html.unescape`.
fn unescape(text: &str) -> Cow<'_, str> {
    each_ampersand(text, |behind| {
        if let Some(number) = behind.strip_prefix('#') {
            let (value, length) = numbered(number)?;
            return Some((value, length + 1));
        }
        let length = behind
            .char_indices()
            .take(LONGEST_NAME)
            .take_while(|(_, c)| !matches!(c, '\t' | '\n' | '\u{c}' | ' ' | '<' | '&' | '#' | ';'))
            .last()
            .map(|(at, c)| at + c.len_utf8())?;
        let semicolon = usize::from(behind[length..].starts_with(';'));
        if let Some(value) = NAMED.get(&behind[..length + semicolon]) {
            return Some(((*value).to_owned(), length + semicolon));
        }
        // The longest beginning that is a name, of two characters at least.
        let ends: Vec<usize> = behind[..length].char_indices().map(|(at, _)| at).collect();
        let ends = ends.iter().copied().skip(2).chain([length]);
        let mut longest = ends.filter(|&end| end > 1 && NAMED.contains_key(&behind[..end]));
        let end = longest.next_back()?;
        Some((NAMED[&behind[..end]].to_owned(), end))
    })
}

/// `ftfy`'s cautious form: only names that end in a semicolon, and Latin letters in capitals.
fn unescape_unambiguous(text: &str) -> Cow<'_, str> {
    each_ampersand(text, |behind| {
        let hash = usize::from(behind.starts_with('#'));
        let digits = behind[hash..]
            .bytes()
            .take_while(u8::is_ascii_alphanumeric)
            .count();
        let end = hash + digits;
        if !(1..=24).contains(&digits) || !behind[end..].starts_with(';') {
            return None;
        }
        if hash == 1 {
            let (value, length) = numbered(&behind[1..])?;
            return (length == end && !value.contains(';')).then_some((value, end + 1));
        }
        let name = &behind[..=end];
        if let Some(value) = NAMED.get(name) {
            return Some(((*value).to_owned(), end + 1));
        }
        // `&EACUTE;`, unless HTML would read a part of it, as of `&AMPX;`.
        let lower = name.to_ascii_lowercase();
        let value = (name.to_ascii_uppercase() == name)
            .then(|| NAMED.get(lower.as_str()))
            .flatten()?;
        let read = (2..=digits).any(|end| NAMED.contains_key(&name[..end]));
        (!read).then(|| (value.to_uppercase(), end + 1))
    })
}

/// A character by its number, and the bytes behind `#` that name it.
fn numbered(text: &str) -> Option<(String, usize)> {
    let (radix, skip) = match text.as_bytes().first()? {
        b'x' | b'X' => (16, 1),
        _ => (10, 0),
    };
    let digits = text[skip..]
        .bytes()
        .take_while(|&byte| char::from(byte).is_digit(radix))
        .count();
    if digits == 0 {
        return None;
    }
    let end = skip + digits;
    // What overflows is no character either.
    let code = u32::from_str_radix(&text[skip..end], radix).unwrap_or(u32::MAX);
    let length = end + usize::from(text[end..].starts_with(';'));
    let value = match (code, char::from_u32(code)) {
        (0, _) | (_, None) => "\u{fffd}".to_owned(),
        (0x0d, _) => "\r".to_owned(),
        (0x80..=0x9f, Some(c)) => windows_1252(c).to_string(),
        (0x1..=0x8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef, _) => String::new(),
        (code, _) if code & 0xfffe == 0xfffe => String::new(),
        (_, Some(c)) => c.to_string(),
    };
    Some((value, length))
}

/// Replaces what follows an ampersand, where `read` gives a replacement and the bytes that it is for.
fn each_ampersand(text: &str, read: impl Fn(&str) -> Option<(String, usize)>) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        match read(behind) {
            Some((value, length)) => {
                out.push_str(&value);
                rest = &behind[length..];
            }
            None => {
                out.push('&');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against `ftfy` 6.3.1 and Python's `html`, by tests/golden/make_cleaned.py.
    #[test]
    fn texts_are_cleaned_as_open_clip_does() {
        let golden = include_str!("../../../../tests/golden/cleaned_texts.json");
        let cases: Vec<(String, String)> = serde_json::from_str(golden).expect("pairs of texts");
        assert!(cases.len() > 50);
        for (text, expected) in cases {
            assert_eq!(clean(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_named_difference_is_text_in_the_wrong_encoding() {
        assert_eq!(clean("cafÃ©"), "cafã©"); // OpenCLIP: café
    }

    #[test]
    fn a_long_chain_of_escapes_ends() {
        let text = format!("&{}", "amp;".repeat(100_000));
        assert!(clean(&text).starts_with('&'));
        assert_eq!(clean(&"&".repeat(1000)).len(), 1000);
    }
}
