//! Formats that are not read, told by their first bytes, and what to do about each.

/// What a file is, and what to do with it.
pub(super) struct Foreign {
    /// With its article, as a sentence goes on after "the file is".
    pub(super) what: &'static str,
    /// An imperative.
    pub(super) advice: &'static str,
}

const CONVERT: &str = "convert it to PNG or JPEG";
const DRAW: &str = "export it as PNG at the size that is to be seen";
const DOWNLOAD: &str =
    "its download was answered with something else than the image: fetch it again";

/// How far a text is searched for the name of what it is.
const HEAD: usize = 4096;

/// What the bytes are, if they are something that people meet under an image's ending.
pub(super) fn recognise(bytes: &[u8]) -> Option<Foreign> {
    let head = &bytes[..bytes.len().min(HEAD)];
    let (what, advice) = binary(head).or_else(|| text(head))?;
    Some(Foreign { what, advice })
}

fn binary(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let what = match head {
        [_, _, _, _, b'f', b't', b'y', b'p', rest @ ..] => match base_media(rest)? {
            Some(image) => image,
            None => return Some(("a video", "save a frame of it as PNG or JPEG")),
        },
        [0xff, 0x0a, ..] => "a JPEG XL image",
        _ if head.starts_with(b"\0\0\0\x0cJXL \r\n\x87\n") => "a JPEG XL image",
        _ if head.starts_with(b"\0\0\0\x0cjP  \r\n\x87\n")
            || head.starts_with(b"\xff\x4f\xff\x51") =>
        {
            "a JPEG 2000 image"
        }
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => {
            "a TIFF image, or a camera's raw file"
        }
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => "a BMP image",
        [0, 0, 1, 0, ..] => "a Windows icon",
        _ if head.starts_with(b"8BPS") => return Some(("a Photoshop file", DRAW)),
        _ if head.starts_with(b"%PDF-") => return Some(("a PDF document", DRAW)),
        [b'P', b'1'..=b'7', b' ' | b'\t' | b'\r' | b'\n', ..] => "a PNM image",
        [0x1f, 0x8b, ..] => {
            return Some(("a gzip archive", "unpack it"));
        }
        _ if head.starts_with(b"PK\x03\x04") => return Some(("a zip archive", "unpack it")),
        _ => return None,
    };
    Some((what, CONVERT))
}

/// The brands of ISO base media files (ISO/IEC 14496-12): the major one, a version, and those
/// that the file is compatible with.
/// `Some(None)` for what is no image.
fn base_media(brands: &[u8]) -> Option<Option<&'static str>> {
    let (major, rest) = brands.split_first_chunk::<4>()?;
    let compatible = rest.get(4..).unwrap_or_default().chunks_exact(4).take(8);
    let mut all = std::iter::once(major.as_slice()).chain(compatible);
    let kinds = all.find_map(|brand| match brand {
        b"avif" | b"avis" => Some("an AVIF image"),
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" => Some("a HEIC image"),
        _ => None,
    });
    Some(kinds.or(match major {
        b"mif1" | b"msf1" => Some("a HEIF image"),
        _ => None,
    }))
}

fn text(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let head = head.trim_ascii_start();
    if head.starts_with(b"version https://git-lfs") {
        return Some((
            "a Git LFS pointer, which stands for an image that was not fetched",
            "run `git lfs pull` where it was cloned",
        ));
    }
    if head.first() == Some(&b'{') {
        return Some(("JSON", DOWNLOAD));
    }
    if head.first() != Some(&b'<') {
        return None;
    }
    let head = head.to_ascii_lowercase();
    let has = |tag: &[u8]| head.windows(tag.len()).any(|window| window == tag);
    if head.starts_with(b"<!doctype html") || has(b"<html") {
        Some(("a web page (HTML)", DOWNLOAD))
    } else if has(b"<svg") {
        Some(("an SVG drawing", DRAW))
    } else if head.starts_with(b"<?xml") {
        Some(("XML", DOWNLOAD))
    } else {
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::decode;

    /// Every format that people meet under `.jpg` or `.png`, by its first bytes.
    #[test]
    fn what_is_not_read_is_named_with_what_to_do() {
        let files: [(&[u8], &str); 21] = [
            (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", "an AVIF image"),
            (b"\0\0\0\x1cftypmif1\0\0\0\0avifmiaf", "an AVIF image"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC image"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "a HEIC image"),
            (b"\xff\x0a\xfa\x7f\x01", "a JPEG XL image"),
            (b"\0\0\0\x0cJXL \r\n\x87\n\0\0", "a JPEG XL image"),
            (b"\0\0\0\x0cjP  \r\n\x87\n\0\0", "a JPEG 2000 image"),
            (b"II*\0\x08\0\0\0", "a TIFF image, or a camera's raw file"),
            (b"MM\0*\0\0\0\x08", "a TIFF image, or a camera's raw file"),
            (b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0", "a BMP image"),
            (b"P6\n2 2\n255\n", "a PNM image"),
            (b"\0\0\x01\0\x01\0\x10\x10", "a Windows icon"),
            (b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2", "a video"),
            (
                b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
                "an SVG drawing",
            ),
            (
                b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- a -->\n<svg/>",
                "an SVG drawing",
            ),
            (b"%PDF-1.7\n", "a PDF document"),
            (b"8BPS\0\x01", "a Photoshop file"),
            (b"\n<!DOCTYPE html><html><svg/>", "a web page (HTML)"),
            (b"{\"error\": \"rate limit\"}", "JSON"),
            (
                b"<?xml version=\"1.0\"?><Error><Code>Denied</Code></Error>",
                "XML",
            ),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
                "a Git LFS pointer, which stands for an image that was not fetched",
            ),
        ];
        for (bytes, what) in files {
            let advice = match what {
                "a video" => "save a frame of it as PNG or JPEG",
                "an SVG drawing" | "a PDF document" | "a Photoshop file" => {
                    "export it as PNG at the size that is to be seen"
                }
                "a web page (HTML)" | "JSON" | "XML" => {
                    "its download was answered with something else than the image: fetch it again"
                }
                _ if what.starts_with("a Git") => "run `git lfs pull` where it was cloned",
                _ => "convert it to PNG or JPEG",
            };
            assert_eq!(
                decode(bytes).unwrap_err().to_string(),
                format!("the file is {what}; {advice}")
            );
        }
    }
}
