//! A link of the page, or the same question saved as a file, read natively.
//!
//! `web/link/link-state.ts` has the table of all properties. Of these only the ones that decide a
//! ranking are read here, by the same rules; `tests/golden/links.json` holds both readers to them.
//! The page leaves out what it cannot read and says so. Here that is an error: another question would
//! be answered.

use std::collections::HashMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cliprobe::world::Scene;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize, Serializer};

/// The newest version that this reader understands.
const VERSION: u64 = 3;
const VERSION_KEY: &str = "v";
const MAX_CAPTIONS: usize = 200;
/// In UTF-16 units, as JavaScript counts.
const MAX_CAPTION_LENGTH: usize = 1000;
const MAX_NAME_LENGTH: usize = 200;
const MAX_SCENE_LENGTH: usize = 1500;
const MAX_COPY_BYTES: usize = 24_576;
/// Three bytes a cosine.
const STEPS: i32 = (1 << 23) - 1;

/// What a link says about a ranking.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Link {
    /// A scene's seed, or a scene as JSON.
    pub(crate) scene: Option<String>,
    /// The photo's file name.
    pub(crate) photo: Option<String>,
    /// First digits of the photo's SHA-256.
    pub(crate) hash: Option<String>,
    /// A small JPEG copy of the photo.
    #[serde(serialize_with = "base64url")]
    pub(crate) copy: Option<Vec<u8>>,
    /// None stands for the scene's own.
    pub(crate) captions: Option<Vec<String>>,
    /// First digits of the SHA-256 of the model's file.
    pub(crate) model: Option<String>,
    /// The model lies between two others.
    pub(crate) patch: Option<Patch>,
    /// What the sender saw.
    pub(crate) answer: Option<Answer>,
}

/// Two models by the first digits of their SHA-256, and how far from the one to the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Patch {
    pub(crate) a: String,
    pub(crate) b: String,
    /// 0 is `a`, 1 is `b`.
    pub(crate) alpha: f64,
}

/// The sender's cosines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Answer {
    /// `cpu` or `gpu`.
    pub(crate) engine: &'static str,
    /// One for each caption.
    pub(crate) cosines: Vec<f64>,
}

type Values = HashMap<String, Vec<String>>;

impl Link {
    /// Reads a link, or its part after `#`.
    ///
    /// # Errors
    /// A sentence that names the key which cannot be read.
    pub(crate) fn parse(link: &str) -> Result<Self> {
        let fragment = match link.split_once('#') {
            Some((_, fragment)) => fragment,
            None if link.contains("://") => {
                bail!("the link has no part after #, which is where the page keeps the question")
            }
            None => link,
        };
        let mut values = Values::new();
        for pair in fragment.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(value) = decode(value) else {
                // Of keys that nobody asks for it does not matter.
                if KEYS.contains(&key) {
                    bail!(problem(key, "holds a broken percent code"));
                }
                continue;
            };
            values.entry(key.to_owned()).or_default().push(value);
        }
        Self::read(&values)
    }

    /// Reads a question that the page saved as a file, `.cliprobe.json`.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub(crate) fn from_file(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct File {
            cliprobe: String,
            version: u64,
            values: Values,
        }
        let File {
            cliprobe,
            version,
            mut values,
        } = serde_json::from_str(json).context("it is not a saved question of the page")?;
        ensure!(
            cliprobe == "question",
            "it is not a saved question: its “cliprobe” is “{cliprobe}”"
        );
        values.retain(|_, texts| !texts.is_empty());
        values.insert(VERSION_KEY.to_owned(), vec![version.to_string()]);
        Self::read(&values)
    }

    fn read(values: &Values) -> Result<Self> {
        let version = values
            .get(VERSION_KEY)
            .and_then(|texts| texts.first())
            .map_or("1", String::as_str);
        match version.parse::<u64>() {
            Ok(number) if number <= VERSION => {}
            Ok(number) => bail!(
                "the link is of version {number}, and this command reads links up to version {VERSION}: get a newer one"
            ),
            Err(_) => bail!(problem(VERSION_KEY, "is not a version number")),
        }
        let link = Self {
            scene: one(values, "scene", scene)?,
            photo: one(values, "photo", |text| {
                let length = utf16_length(text);
                (1..=MAX_NAME_LENGTH)
                    .contains(&length)
                    .then(|| text.to_owned())
                    .ok_or("is not a file's name")
            })?,
            hash: one(values, "hash", hash)?,
            copy: one(values, "copy", jpeg)?,
            captions: captions(values)?,
            model: one(values, "model", hash)?,
            patch: one(values, "patch", patch)?,
            answer: one(values, "answer", answer)?,
        };
        if link.scene.is_some() && link.photo.is_some() {
            bail!(problem("photo", "stands beside a scene"));
        }
        Ok(link)
    }
}

const KEYS: [&str; 9] = [
    VERSION_KEY,
    "scene",
    "photo",
    "hash",
    "copy",
    "caption",
    "model",
    "patch",
    "answer",
];

fn problem(key: &str, what: &str) -> anyhow::Error {
    anyhow!("in the link, “{key}” {what}")
}

/// A value that may stand once.
fn one<T>(
    values: &Values,
    key: &str,
    read: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Result<Option<T>> {
    match values.get(key).map(Vec::as_slice) {
        None | Some([]) => Ok(None),
        Some([text]) => read(text).map(Some).map_err(|what| problem(key, what)),
        Some(_) => bail!(problem(key, "stands more than once")),
    }
}

fn captions(values: &Values) -> Result<Option<Vec<String>>> {
    let Some(texts) = values.get("caption") else {
        return Ok(None);
    };
    if texts.len() > MAX_CAPTIONS {
        bail!(problem(
            "caption",
            &format!("stands more than {MAX_CAPTIONS} times")
        ));
    }
    if texts
        .iter()
        .any(|text| utf16_length(text) > MAX_CAPTION_LENGTH)
    {
        bail!(problem(
            "caption",
            &format!("holds more than {MAX_CAPTION_LENGTH} characters")
        ));
    }
    let told = texts.iter().filter(|text| !text.trim().is_empty());
    Ok(Some(told.cloned().collect()))
}

/// A seed as it is written, or a scene as JSON.
fn scene(text: &str) -> Result<String, &'static str> {
    if text.starts_with('{') {
        if utf16_length(text) > MAX_SCENE_LENGTH {
            return Err("is too long for a scene");
        }
        return match serde_json::from_str::<Scene>(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err("is not a scene as JSON"),
        };
    }
    let digits = (1..=30).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(seed) if digits => Ok(seed.to_string()),
        _ => Err("is not a whole number from 0 to 18446744073709551615"),
    }
}

fn is_hash(text: &str) -> bool {
    (8..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn hash(text: &str) -> Result<String, &'static str> {
    is_hash(text)
        .then(|| text.to_owned())
        .ok_or("is not 8 to 64 hexadecimal digits")
}

fn jpeg(text: &str) -> Result<Vec<u8>, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return Err("is not a JPEG image");
    }
    if bytes.len() > MAX_COPY_BYTES {
        return Err("is too large for an embedded image");
    }
    Ok(bytes)
}

fn patch(text: &str) -> Result<Patch, &'static str> {
    let parts: Vec<&str> = text.splitn(3, '-').collect();
    let wrong = "does not name two models and a number from 0 to 1";
    let [a, b, number] = parts.as_slice() else {
        return Err(wrong);
    };
    let decimals = number.strip_prefix("0.").unwrap_or_default();
    let written = matches!(*number, "0" | "1")
        || ((1..=4).contains(&decimals.len()) && decimals.bytes().all(|b| b.is_ascii_digit()));
    let alpha: f64 = number.parse().map_err(|_| wrong)?;
    if !is_hash(a) || !is_hash(b) || !written {
        return Err(wrong);
    }
    Ok(Patch {
        a: (*a).to_owned(),
        b: (*b).to_owned(),
        alpha,
    })
}

/// The engine's first letter, then three bytes for each cosine, base64url.
fn answer(text: &str) -> Result<Answer, &'static str> {
    let wrong = "holds no cosines";
    let engine = match text.as_bytes().first() {
        Some(b'c') => "cpu",
        Some(b'g') => "gpu",
        _ => return Err(wrong),
    };
    let bytes = URL_SAFE_NO_PAD.decode(&text[1..]).map_err(|_| wrong)?;
    let (numbers, rest) = bytes.as_chunks::<3>();
    if !rest.is_empty() {
        return Err(wrong);
    }
    let cosines: Vec<f64> = numbers
        .iter()
        .map(|&[low, middle, high]| {
            let step = i32::from_le_bytes([low, middle, high, 0]);
            f64::from(step - STEPS) / f64::from(STEPS)
        })
        .collect();
    if cosines.iter().any(|&cosine| cosine > 1.0) {
        return Err("holds a number that is no cosine");
    }
    if cosines.len() > MAX_CAPTIONS {
        return Err("holds too many cosines");
    }
    Ok(Answer { engine, cosines })
}

/// `+` is a space; `None` for a broken percent code, or bytes that are no UTF-8.
fn decode(value: &str) -> Option<String> {
    let spaced = value.replace('+', " ");
    let whole = spaced.split('%').skip(1).all(|after| {
        let mut bytes = after.bytes();
        (0..2).all(|_| bytes.next().is_some_and(|b| b.is_ascii_hexdigit()))
    });
    if !whole {
        return None;
    }
    let text = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(text.into_owned())
}

fn utf16_length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn base64url<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = bytes.as_ref().map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    text.serialize(serializer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The page's unit tests read the same file.
    fn golden() -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/links.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn golden_links_say_what_they_say_in_the_page() {
        let golden = golden();
        for case in golden["read"].as_array().unwrap() {
            let link = case["link"].as_str().unwrap();
            let read = Link::parse(link).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), case["says"], "{link}");
        }
        assert_eq!(golden["read"].as_array().unwrap().len(), 9);
    }

    #[test]
    fn golden_files_say_what_they_say_in_the_page() {
        let golden = golden();
        for case in golden["files"].as_array().unwrap() {
            let read = Link::from_file(&case["file"].to_string()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), case["says"]);
        }
        assert_eq!(golden["files"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn what_the_page_leaves_out_is_refused_by_its_key() {
        let golden = golden();
        for case in golden["refused"].as_array().unwrap() {
            let link = case["link"].as_str().unwrap();
            let key = case["key"].as_str().unwrap();
            let sentence = Link::parse(link).unwrap_err().to_string();
            assert!(sentence.contains(&format!("“{key}”")), "{link}: {sentence}");
        }
        assert_eq!(golden["refused"].as_array().unwrap().len(), 16);
    }

    #[test]
    fn links_without_a_question_and_newer_ones_are_named() {
        let sentence = |link: &str| Link::parse(link).unwrap_err().to_string();
        assert!(sentence("https://example.org/").contains("no part after #"));
        assert!(sentence("#v=4&scene=1").contains("version 4"));
        let file = |json: &str| Link::from_file(json).unwrap_err().to_string();
        assert!(file("[]").contains("not a saved question"));
        assert!(
            file(r#"{"cliprobe":"model","version":3,"values":{}}"#)
                .contains("its “cliprobe” is “model”")
        );
        assert!(file(r#"{"cliprobe":"question","version":99,"values":{}}"#).contains("version 99"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "\\PC*", value in "[a-zA-Z0-9%+_-]*") {
            let _ = Link::parse(&text);
            let _ = Link::from_file(&text);
            for key in KEYS {
                let _ = Link::parse(&format!("{key}={value}"));
            }
        }
    }
}
