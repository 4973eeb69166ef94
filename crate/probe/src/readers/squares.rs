//! Two images and two captions an item, in a group: Winoground's form, which many benchmarks have
//! under other names of columns.

use serde_json::{Map, Value};

use super::table::Table;
use crate::json::parse;
use crate::set::Tables;
use crate::table::Separator;
use crate::{Average, ProbeError, ProbeSet, Probes, Protocol, Square};
use cliprobe_score::TieRule;

const HINT: &str = "an item in the form of Winoground has two images and two captions, in columns such as image_0, image_1, caption_0, caption_1 (docs/benchmarks.md lists the names)";

/// Which columns hold what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SquareColumns<'a> {
    /// The images.
    pub images: [&'a str; 2],
    /// The captions: the first belongs to the first image.
    pub captions: [&'a str; 2],
    /// Where an item's group stands.
    pub group: SquareGroup<'a>,
    /// The item's key; without one, items are numbered from 0.
    pub id: Option<&'a str>,
}

/// Where the group of an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SquareGroup<'a> {
    /// There are no groups.
    None,
    /// In a column, which may be empty.
    Column(&'a str),
    /// It is the first folder of the first image's path (EqBen).
    Folder,
}

/// The names that published lists use. An item's four columns decide which it is.
const KNOWN: [([&str; 2], [&str; 2]); 6] = [
    // Winoground, COCO-Counterfactuals, NaturalBench-Retrieval
    (["image_0", "image_1"], ["caption_0", "caption_1"]),
    // EqBen
    (["image0", "image1"], ["caption0", "caption1"]),
    // ColorSwap
    (["image_1", "image_2"], ["caption_1", "caption_2"]),
    // VisMin
    (["image_0", "image_1"], ["text_0", "text_1"]),
    // BiVLC
    (["image", "negative_image"], ["caption", "negative_caption"]),
    // VisMin, one table for each category
    (
        ["image_path", "edited_image_path"],
        ["caption", "edited_caption"],
    ),
];

/// Groups, as published lists call them: Winoground, VisMin, BiVLC.
const GROUPS: [&str; 4] = ["collapsed_tag", "category", "type", "group"];
/// Keys of items: Winoground and most others, NaturalBench, VisMin.
const KEYS: [&str; 3] = ["id", "index", "edit_id"];

/// Reads Winoground's `examples.jsonl` (Thrush et al. 2022, `facebook/winoground`). Images are named
/// as the file does (`ex_0_img_0`); endings are found.
///
/// Scored with strict comparisons; ties fail.
///
/// # Errors
/// As [`read_squares`].
pub fn read_winoground(text: &str) -> Result<ProbeSet, ProbeError> {
    read_squares("winoground", text, None)
}

/// Reads items of two images and two captions from JSON (a list of objects, or COLA's list of
/// `[address, caption, address, caption]`), JSON lines, or a table. Without `columns` the names of
/// the columns are looked up among those of published lists. Of a caption that is a list of texts
/// the first counts (EqBen); of an image's address its file's name.
///
/// Scored with strict comparisons; ties fail.
///
/// # Errors
/// A text of another shape, unknown columns, an item without one of its four parts, or no items.
pub fn read_squares(
    name: &str,
    text: &str,
    columns: Option<SquareColumns<'_>>,
) -> Result<ProbeSet, ProbeError> {
    let mut reader = Reader {
        name,
        tables: Tables::default(),
        items: Vec::new(),
    };
    let body = text.trim_start_matches('\u{feff}').trim_start();
    if body.starts_with('[') {
        reader.list(body, columns)?;
    } else if body.starts_with('{') {
        reader.lines(body, columns)?;
    } else {
        reader.table(text, columns)?;
    }
    let protocol = Protocol {
        ties: TieRule::Strict,
        average: Average::Micro,
    };
    let probes = Probes::Square(reader.items);
    reader.tables.set(name.to_owned(), probes, protocol)
}

struct Reader<'a> {
    name: &'a str,
    tables: Tables,
    items: Vec<Square>,
}

impl Reader<'_> {
    fn list(&mut self, text: &str, columns: Option<SquareColumns<'_>>) -> Result<(), ProbeError> {
        let rows: Vec<Value> = parse(self.name, text, HINT)?;
        let mut known = columns;
        for (number, row) in rows.into_iter().enumerate() {
            match row {
                Value::Object(row) => self.object(&row, &mut known)?,
                Value::Array(row) => {
                    let parts: Option<Vec<&str>> = row.iter().map(Value::as_str).collect();
                    let Some([first, caption, second, other]) = parts.as_deref() else {
                        return Err(self.wrong(
                            &number.to_string(),
                            "is a list, but not [image, caption, image, caption] with four texts",
                        ));
                    };
                    self.push(
                        number.to_string(),
                        String::new(),
                        [last_part(first), last_part(second)],
                        [caption, other],
                    );
                }
                _ => {
                    return Err(self.wrong(
                        &number.to_string(),
                        "is neither an object nor a list; an item has two images and two captions",
                    ));
                }
            }
        }
        Ok(())
    }

    fn lines(&mut self, text: &str, columns: Option<SquareColumns<'_>>) -> Result<(), ProbeError> {
        let mut known = columns;
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let place = format!("{}, line {}", self.name, number + 1);
            let row: Map<String, Value> = parse(&place, line, HINT)?;
            self.object(&row, &mut known)?;
        }
        Ok(())
    }

    /// The first object shows what the columns are called.
    fn object<'c>(
        &mut self,
        row: &Map<String, Value>,
        known: &mut Option<SquareColumns<'c>>,
    ) -> Result<(), ProbeError> {
        let columns = match *known {
            Some(columns) => columns,
            None => {
                let names: Vec<&str> = row.keys().map(String::as_str).collect();
                *known.insert(self.by_names(&names)?)
            }
        };
        let number = self.items.len();
        let id = match columns.id.and_then(|column| row.get(column)) {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => number.to_string(),
        };
        let part = |column: &str| match row.get(column) {
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(Value::Array(texts)) if texts.first().is_some_and(Value::is_string) => {
                Ok(texts[0].as_str().unwrap_or_default())
            }
            Some(_) => Err(self.wrong(&id, &format!("has no text in {column:?}"))),
            None => Err(self.wrong(&id, &format!("has no {column:?}"))),
        };
        let [image_0, image_1] = columns.images;
        let [caption_0, caption_1] = columns.captions;
        let images = [part(image_0)?, part(image_1)?];
        let captions = [part(caption_0)?, part(caption_1)?];
        let group = match columns.group {
            SquareGroup::Column(column) => match row.get(column) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(group)) => group.clone(),
                Some(other) => other.to_string(),
            },
            SquareGroup::Folder => first_folder(images[0]),
            SquareGroup::None => String::new(),
        };
        self.push(id, group, images, captions);
        Ok(())
    }

    fn table(&mut self, text: &str, columns: Option<SquareColumns<'_>>) -> Result<(), ProbeError> {
        let pairs = KNOWN.map(|(images, _)| images);
        let separator = Separator::Find {
            columns: &pairs,
            usual: b',',
        };
        let table = Table::read(self.name, text, separator, HINT)?;
        let columns = match columns {
            Some(columns) => columns,
            None => self.by_names(&table.header())?,
        };
        table.warn(&mut self.tables);
        let [image_0, image_1] = columns.images;
        let [caption_0, caption_1] = columns.captions;
        // A column that is not needed is read as one that is, and not looked at.
        let group = match columns.group {
            SquareGroup::Column(column) => Some(column),
            SquareGroup::Folder | SquareGroup::None => None,
        };
        let places = table.columns([
            image_0,
            image_1,
            caption_0,
            caption_1,
            group.unwrap_or(image_0),
            columns.id.unwrap_or(image_0),
        ])?;
        for (number, row) in table.rows(places).enumerate() {
            let [image_0, image_1, caption_0, caption_1, group, id] = row;
            let group = match columns.group {
                SquareGroup::Column(_) => group.to_owned(),
                SquareGroup::Folder => first_folder(image_0),
                SquareGroup::None => String::new(),
            };
            let id = columns.id.map_or_else(|| number.to_string(), |_| id.into());
            if [image_0, image_1].iter().any(|image| image.is_empty()) {
                return Err(self.wrong(&id, "has an empty cell where an image belongs"));
            }
            self.push(id, group, [image_0, image_1], [caption_0, caption_1]);
        }
        Ok(())
    }

    fn push(&mut self, id: String, group: String, images: [&str; 2], captions: [&str; 2]) {
        self.tables.watch(&id, &captions[..1], &captions[1..]);
        if images[0] == images[1] {
            self.tables.warn(
                &id,
                "has the same image twice: its image and group scores cannot be right",
            );
        }
        self.items.push(Square {
            id,
            group,
            images: images.map(|image| self.tables.image(image, None)),
            captions: captions.map(|caption| self.tables.text(caption)),
        });
    }

    fn by_names(&self, names: &[&str]) -> Result<SquareColumns<'static>, ProbeError> {
        let has = |name: &&str| names.contains(name);
        let found = KNOWN
            .into_iter()
            .find(|(images, captions)| images.iter().chain(captions).all(has));
        let Some((images, captions)) = found else {
            return Err(ProbeError::Table {
                set: self.name.to_owned(),
                message: format!(
                    "no two images and two captions are known by the names {:?}",
                    names.iter().take(20).collect::<Vec<_>>()
                ),
                hint: HINT,
            });
        };
        let group = if images == ["image0", "image1"] {
            SquareGroup::Folder
        } else {
            let group = GROUPS.into_iter().find(has);
            group.map_or(SquareGroup::None, SquareGroup::Column)
        };
        Ok(SquareColumns {
            images,
            captions,
            group,
            id: KEYS.into_iter().find(has),
        })
    }

    fn wrong(&self, item: &str, message: &str) -> ProbeError {
        ProbeError::Item {
            set: self.name.to_owned(),
            item: item.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// A file's name at the end of an address or path.
fn last_part(address: &str) -> &str {
    address.rsplit('/').next().unwrap_or(address)
}

fn first_folder(path: &str) -> String {
    let path = path.trim_start_matches("./").trim_start_matches('/');
    path.split_once('/')
        .map_or_else(String::new, |(folder, _)| folder.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Of every item: key, group, images and captions.
    fn items(set: &ProbeSet) -> Vec<String> {
        let Probes::Square(items) = &set.probes else {
            panic!("squares expected");
        };
        let item = |item: &Square| {
            let images = item.images.map(|i| set.images[i].label());
            let captions = item.captions.map(|i| set.texts[i].as_str());
            [
                &item.id,
                &item.group,
                &images.join(" "),
                &captions.join(" | "),
            ]
            .map(String::as_str)
            .join("; ")
        };
        items.iter().map(item).collect()
    }

    fn read(text: &str) -> Vec<String> {
        items(&read_squares("s", text, None).unwrap())
    }

    #[test]
    fn published_lists_are_known_by_their_columns() {
        let coco =
            r#"{"id": 3, "caption_0": "a", "caption_1": "b", "image_0": "x", "image_1": "y"}"#;
        assert_eq!(read(coco), ["3; ; x y; a | b"]);
        let natural = r#"[{"index": 7, "image_0": "x.jpg", "image_1": "y.jpg", "caption_0": "a", "caption_1": "b"}]"#;
        assert_eq!(read(natural), ["7; ; x.jpg y.jpg; a | b"]);
        let colour = r#"[{"id": 0, "caption_1": "a", "caption_2": "b", "image_1": "images/img_0_1.png",
            "image_2": "images/img_0_2.png", "image_source": "midjourney", "caption_source": "human"}]"#;
        assert_eq!(
            read(colour),
            ["0; ; images/img_0_1.png images/img_0_2.png; a | b"]
        );
        let bivlc = "image,caption,negative_caption,negative_image,type,subtype\n1.jpg,\"a, c\",b,n1.png,swap,att\n";
        assert_eq!(read(bivlc), ["0; swap; 1.jpg n1.png; a, c | b"]);
        let vismin = "image_0\timage_1\ttext_0\ttext_1\tcategory\tid\n1\t2\ta\tb\tcounting\tk9\n";
        assert_eq!(read(vismin), ["k9; counting; 1 2; a | b"]);
        let edits = "image_path,edited_image_path,caption,edited_caption,edit_id\n1,2,a,b,e\n";
        assert_eq!(read(edits), ["e; ; 1 2; a | b"]);
        let eqben = r#"[{"image0": "eqbenag/v/1.png", "image1": "eqbenag/v/2.png", "caption0": ["a", "other"], "caption1": ["b"]},
            {"image0": "eqbensd/1.png", "image1": "eqbensd/2.png", "caption0": "c", "caption1": "d"}]"#;
        assert_eq!(
            read(eqben),
            [
                "0; eqbenag; eqbenag/v/1.png eqbenag/v/2.png; a | b",
                "1; eqbensd; eqbensd/1.png eqbensd/2.png; c | d"
            ]
        );
        let cola = r#"[["https://cs.stanford.edu/people/rak248/VG_100K/7.jpg", "a", "https://h/VG_100K_2/9.jpg", "b"]]"#;
        assert_eq!(read(cola), ["0; ; 7.jpg 9.jpg; a | b"]);
    }

    #[test]
    fn columns_may_be_named() {
        let columns = SquareColumns {
            images: ["left", "right"],
            captions: ["l", "r"],
            group: SquareGroup::Column("topic"),
            id: None,
        };
        let table = "left;right;l;r;topic\n1.png;2.png;a;b;colour\n";
        let set = read_squares("mine", table, Some(columns)).unwrap();
        assert_eq!(items(&set), ["0; colour; 1.png 2.png; a | b"]);
        let error = read_squares("mine", "left,right,l\n1,2,a\n", Some(columns)).unwrap_err();
        assert!(error.to_string().contains("\"r\""), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, words) in [
            ("a,b\n1,2\n", "known by the names [\"a\", \"b\"]"),
            (
                r#"{"image_0": "x", "image_1": "y", "caption_0": "a", "caption_1": 3}"#,
                "item 0 has no text in \"caption_1\"",
            ),
            (
                "{\"image_0\": \"x\", \"image_1\": \"y\", \"caption_0\": \"a\", \"caption_1\": \"b\"}\n{\"image_0\": \"x\"}",
                "item 1 has no \"image_1\"",
            ),
            ("{\"image_0\": \"x\"", "line 1"),
            (r#"[["a.jpg", "x", "b.jpg"]]"#, "item 0 is a list, but not"),
            ("[3]", "item 0 is neither"),
            (
                "image_0,image_1,caption_0,caption_1\n,y,a,b\n",
                "item 0 has an empty cell",
            ),
            ("[]", "no items"),
        ] {
            let error = read_squares("s", text, None).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn items_that_cannot_be_answered_are_warned_of() {
        let set = read_squares(
            "s",
            "image_0,image_1,caption_0,caption_1\n1,1,a,b\n1,2,a,a\n",
            None,
        )
        .unwrap();
        let odd: Vec<&str> = set.warnings.iter().map(|w| w.item.as_str()).collect();
        assert_eq!(odd, ["0", "1"]);
        assert!(set.warnings[0].what.contains("same image twice"));
        assert!(set.warnings[1].what.contains("cannot be answered"));
    }
}
