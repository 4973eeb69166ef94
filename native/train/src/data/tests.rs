//! Tables and webdatasets as a run reads them: from files written here, with the golden images.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use cliprobe_clip::preprocessing::Preprocessing;
use tempfile::TempDir;

use super::{Shape, Sources};
use crate::recipe::DataRecipe;
use crate::sample::Sample;

const SIDE: usize = 16;
const IMAGES: [&str; 3] = [
    "03_small_100x80.png",
    "06_gray_257x311.png",
    "12_progressive_500x333.jpg",
];

fn image(name: &str) -> PathBuf {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/images");
    Path::new(golden).join(name)
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// The recipe with FOLDER and GOLDEN replaced by where they are.
    fn recipe(&self, text: &str) -> DataRecipe {
        let golden = image("");
        let text = text
            .replace("FOLDER", self.0.path().to_str().unwrap())
            .replace("GOLDEN", golden.to_str().unwrap());
        toml::from_str(&text).unwrap()
    }

    fn open(&self, text: &str, pairs: usize) -> anyhow::Result<Sources> {
        let recipe = self.recipe(text);
        recipe.check(pairs)?;
        Sources::open(
            &recipe,
            &Shape {
                seed: 3,
                pairs,
                chains: 2,
                preprocessing: &Preprocessing::clip_default(SIDE as u32),
                side: SIDE,
            },
        )
    }
}

fn draw(sources: &Sources, step: u64, pairs: usize) -> Vec<Sample> {
    let samples = sources.samples.as_ref().unwrap();
    let drawn = samples.draw(step, 0..pairs).unwrap();
    assert_eq!(drawn.len(), pairs);
    assert!(drawn.iter().all(|s| s.pixels.len() == 3 * SIDE * SIDE));
    drawn
}

fn captions(samples: &[Sample]) -> Vec<&str> {
    let mut captions: Vec<&str> = samples.iter().map(|s| s.caption.as_str()).collect();
    captions.sort_unstable();
    captions
}

/// A tar archive of these files.
fn tar(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, contents) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, contents.as_slice())
            .unwrap();
    }
    tar.into_inner().unwrap()
}

fn shard(numbers: std::ops::Range<usize>) -> Vec<u8> {
    let files: Vec<(String, Vec<u8>)> = numbers
        .flat_map(|number| {
            let name = IMAGES[number % 3];
            let extension = name.rsplit('.').next().unwrap();
            let json = format!("{{\"top_caption\": \"better {number}\"}}");
            [
                (
                    format!("{number:03}.{extension}"),
                    fs::read(image(name)).unwrap(),
                ),
                (
                    format!("{number:03}.txt"),
                    format!("caption {number}\n").into(),
                ),
                (format!("{number:03}.json"), json.into()),
            ]
        })
        .collect();
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(n, c)| (n.as_str(), c.clone())).collect();
    tar(&files)
}

#[test]
fn tables_are_read_with_open_clips_columns() {
    let folder = Folder::new();
    for name in IMAGES {
        folder.write(&format!("sub/{name}"), fs::read(image(name)).unwrap());
    }
    let rows: String = IMAGES
        .iter()
        .map(|name| format!("sub/{name}\ta image, {name}\n"))
        .collect();
    folder.write("t.tsv", format!("filepath\ttitle\n{rows}"));
    let sources = folder.open("table.path = 'FOLDER/t.tsv'", 3).unwrap();
    let drawn = draw(&sources, 0, 3);
    let expected: Vec<String> = IMAGES
        .iter()
        .map(|name| format!("an image, {name}"))
        .collect();
    assert_eq!(captions(&drawn), expected);
    // Another crop of each image in the next epoch, the same in a resumed run.
    let again = folder.open("table.path = 'FOLDER/t.tsv'", 3).unwrap();
    assert!(draw(&again, 1, 3) == draw(&sources, 1, 3));
    let pixels = |samples: &[Sample]| -> Vec<Vec<f32>> {
        let mut pixels: Vec<_> = samples.iter().map(|s| (&s.caption, &s.pixels)).collect();
        pixels.sort_by_key(|(caption, _)| *caption);
        pixels
            .into_iter()
            .map(|(_, pixels)| pixels.clone())
            .collect()
    };
    assert!(pixels(&draw(&sources, 1, 3)) != pixels(&drawn));
    let still = folder
        .open("crop = 'evaluation'\ntable.path = 'FOLDER/t.tsv'", 3)
        .unwrap();
    assert!(pixels(&draw(&still, 1, 3)) == pixels(&draw(&still, 0, 3)));

    // Commas, other columns, and images by name in another folder.
    let rows: String = IMAGES
        .iter()
        .map(|name| format!("\"one, {name}\",coco/val/{name}\n"))
        .collect();
    folder.write("t.csv", format!("text,image\n{rows}"));
    let recipe =
        "[table]\npath = 'FOLDER/t.csv'\nimage = 'image'\ncaption = 'text'\nimages = ['GOLDEN']";
    let sources = folder.open(recipe, 3).unwrap();
    assert!(captions(&draw(&sources, 0, 3))[0].starts_with("one, 03_"));
    let [note] = &sources.notes[..] else {
        panic!("one note was expected: {:?}", sources.notes);
    };
    assert!(
        note.starts_with("3 images were found by their file names alone"),
        "{note}"
    );
}

/// The images of `train/` and `val/` have the same names.
#[test]
fn a_missing_image_is_not_replaced_by_its_namesake() {
    let folder = Folder::new();
    let [first, second, _] = IMAGES;
    folder.write("img/train/1.png", fs::read(image(first)).unwrap());
    folder.write("img/train/2.png", fs::read(image(second)).unwrap());
    folder.write("img/val/1.png", fs::read(image(second)).unwrap());
    folder.write(
        "t.tsv",
        "filepath\ttitle\nval/1.png\tthere\nval/2.png\tmissing\n",
    );
    for images in ["FOLDER/img", "FOLDER"] {
        let recipe = format!(
            "max_bad_percent = 90\ncrop = 'evaluation'\n[table]\npath = 'FOLDER/t.tsv'\nimages = ['{images}']"
        );
        let sources = folder.open(&recipe, 2).unwrap();
        let drawn = draw(&sources, 0, 2);
        assert_eq!(captions(&drawn), ["there"; 2]);
        let alone = format!(
            "crop = 'evaluation'\n[table]\npath = 'FOLDER/only.tsv'\nimages = ['{images}']"
        );
        folder.write("only.tsv", "filepath\ttitle\ntrain/2.png\tthere\n");
        // The file in val, which holds the second image, as train/2.png does.
        let expected = draw(&folder.open(&alone, 1).unwrap(), 0, 1);
        assert!(drawn[0].pixels == expected[0].pixels);
        let untold = sources.bad.take_untold();
        assert!(
            untold.len() == 1 && untold[0].contains("val/2.png is not in"),
            "{untold:?}"
        );
        assert_eq!(sources.notes, [""; 0]);
    }
}

#[test]
fn one_image_has_many_spellings() {
    let folder = Folder::new();
    folder.write("img/a.png", fs::read(image(IMAGES[0])).unwrap());
    folder.write(
        "t.tsv",
        "filepath\ttitle\nimg/a.png\tx\n./img/a.png\ty\nimg\\a.png\tz\nimg/../img//a.png\tw\n",
    );
    for images in ["", "images = ['FOLDER']"] {
        let recipe = format!("crop = 'evaluation'\n[table]\npath = 'FOLDER/t.tsv'\n{images}");
        let sources = folder.open(&recipe, 4).unwrap();
        let drawn = draw(&sources, 0, 4);
        let mut captions = captions(&drawn);
        captions.sort_unstable();
        assert_eq!(captions, ["w", "x", "y", "z"]);
        assert!(drawn.iter().all(|sample| sample.pixels == drawn[0].pixels));
        assert_eq!(sources.notes, [""; 0]);
    }
}

#[test]
fn negclips_columns_give_hard_negatives_and_hard_images() {
    let folder = Folder::new();
    let rows: String = (0..6)
        .map(|row| {
            let negatives = if row == 5 {
                "[]".to_owned()
            } else {
                format!("['not {row}', \"isn't {row}\"]")
            };
            let others = format!("[{}, {}]", (row + 1) % 5, (row + 2) % 5);
            format!(
                "{row}\tcaption {row}\t{}\t{negatives}\t{others}\n",
                IMAGES[row % 3]
            )
        })
        .collect();
    folder.write(
        "n.tsv",
        format!("\ttitle\tfilepath\tneg_caption\tneg_image\n{rows}"),
    );
    let recipe = "[table]\npath = 'FOLDER/n.tsv'\nimages = ['GOLDEN']\nhard_negatives = true\nhard_images = true";
    let sources = folder.open(recipe, 10).unwrap();
    let drawn = draw(&sources, 0, 10);
    let number = |text: &str| text.rsplit(' ').next().unwrap().parse::<usize>().unwrap();
    let mut first = Vec::new();
    for pair in drawn.chunks(2) {
        let rows = [number(&pair[0].caption), number(&pair[1].caption)];
        assert!(
            [1, 2].map(|k| (rows[0] + k) % 5).contains(&rows[1]),
            "{rows:?}"
        );
        for (sample, row) in pair.iter().zip(rows) {
            assert_eq!(sample.hard_negatives.len(), 1);
            assert_eq!(number(&sample.hard_negatives[0]), row);
        }
        first.push(rows[0]);
    }
    // Every row once, but for the one without a hard negative.
    first.sort_unstable();
    assert_eq!(first, [0, 1, 2, 3, 4]);
    let samples = sources.samples.as_ref().unwrap();
    assert!(samples.draw(0, 3..7).unwrap() == drawn[3..7]);

    let plain = folder
        .open("[table]\npath = 'FOLDER/n.tsv'\nimages = ['GOLDEN']", 6)
        .unwrap();
    assert!(
        draw(&plain, 0, 6)
            .iter()
            .all(|s| s.hard_negatives.is_empty())
    );
}

#[test]
fn captions_are_edited_on_the_fly() {
    let folder = Folder::new();
    let caption = "A black dog and a white cat sit on a small bench";
    folder.write(
        "t.tsv",
        format!(
            "filepath\ttitle\n{}\t{caption}\n",
            image(IMAGES[0]).display()
        ),
    );
    let recipe = "table.path = 'FOLDER/t.tsv'\n[edits]\nhard_negatives = ['replace', 'negclip']\nhard_positives = ['swap']";
    let drawn = draw(&folder.open(recipe, 4).unwrap(), 0, 4);
    assert!(
        drawn
            .iter()
            .all(|s| s.hard_negatives.len() == 1 && s.hard_positive.is_some())
    );
}

#[test]
fn what_is_wrong_with_a_table_is_said() {
    let folder = Folder::new();
    folder.write("t.tsv", "filepath,title\na.png,a\n");
    let refusal = |recipe: &str| {
        let error = folder.open(recipe, 4).err().unwrap();
        format!("{error:#}")
    };
    // The separator is found where none is given; one that is given is taken at its word.
    let sentence = refusal("[table]\npath = 'FOLDER/t.tsv'\nseparator = ';'");
    assert!(
        sentence.contains("has no column \"filepath\"; it has \"filepath,title\""),
        "{sentence}"
    );
    assert!(sentence.contains("data.table.separator"), "{sentence}");
    let sentence = refusal("table.path = 'FOLDER/none.tsv'");
    assert!(sentence.contains("none.tsv cannot be read"), "{sentence}");
    let sentence =
        refusal("[table]\npath = 'FOLDER/t.tsv'\nseparator = ','\nhard_negatives = true");
    assert!(
        sentence.contains("has no column \"neg_caption\""),
        "{sentence}"
    );

    // Rows that cannot be used are named; those that follow are read.
    let good = image(IMAGES[0]);
    let good = good.display();
    folder.write(
        "rows.tsv",
        format!("filepath\ttitle\n{good}\t \n{good}\n{good}\ta\nnone.png\tb\nt.tsv\tc\n"),
    );
    let sources = folder
        .open("max_bad_percent = 90\ntable.path = 'FOLDER/rows.tsv'", 6)
        .unwrap();
    assert_eq!(captions(&draw(&sources, 0, 6)), ["a"; 6]);
    let mut untold = sources.bad.take_untold();
    untold.sort();
    assert_eq!(untold.len(), 4, "{untold:?}");
    for (sentence, wanted) in untold
        .iter()
        .zip(["row 0 of", "row 1 of", "row 3 of", "row 4 of"])
    {
        assert!(sentence.starts_with(wanted), "{sentence}");
    }
    assert!(
        untold[2].contains("none.png cannot be read"),
        "{}",
        untold[2]
    );
    let strict = folder.open("table.path = 'FOLDER/rows.tsv'", 6).unwrap();
    let samples = strict.samples.unwrap();
    let error = (0..100)
        .find_map(|step| samples.draw(step, 0..6).err())
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("cannot be used, more than data.max_bad_percent = 1")
    );
}

#[test]
fn webdatasets_are_read_whole_once_an_epoch() {
    let folder = Folder::new();
    for (number, begin) in [0, 4, 8].into_iter().enumerate() {
        folder.write(&format!("s/{number:02}.tar"), shard(begin..begin + 4));
    }
    let recipe = "webdataset.shards = ['FOLDER/s/{00..02}.tar']";
    let sources = folder.open(recipe, 6).unwrap();
    let mut drawn = [draw(&sources, 0, 6), draw(&sources, 1, 6)].concat();
    drawn.sort_by_key(|s| s.caption.len());
    let mut expected: Vec<String> = (0..12).map(|number| format!("caption {number}")).collect();
    expected.sort_unstable();
    assert_eq!(captions(&drawn), expected);
    // From the middle of an epoch on, and from the folder.
    let resumed = folder
        .open("webdataset.shards = ['FOLDER/s']\nworkers = 1", 6)
        .unwrap();
    assert!(draw(&resumed, 3, 6) == draw(&sources, 3, 6));

    let recipe = "[webdataset]\nshards = ['FOLDER/s']\ncaption_key = 'top_caption'";
    let better = draw(&folder.open(recipe, 6).unwrap(), 0, 6);
    assert!(better.iter().all(|s| s.caption.starts_with("better ")));
    assert!(sources.bad.take_untold().is_empty());
}

#[test]
fn a_cut_archive_gives_what_it_has_and_bad_samples_are_named() {
    let folder = Folder::new();
    let whole = shard(0..4);
    folder.write("cut.tar", &whole[..whole.len() * 5 / 8]);
    folder.write(
        "odd.tar",
        tar(&[
            ("a.png", b"no image".to_vec()),
            ("a.txt", b"a".to_vec()),
            ("b.png", fs::read(image(IMAGES[0])).unwrap()),
            ("c.png", fs::read(image(IMAGES[0])).unwrap()),
            ("c.txt", b" \n".to_vec()),
            ("readme.txt", b"hello".to_vec()),
        ]),
    );
    let recipe = "max_bad_percent = 60\nwebdataset.shards = ['FOLDER/cut.tar', 'FOLDER/odd.tar']";
    let sources = folder.open(recipe, 8).unwrap();
    for step in 0..4 {
        assert!(
            draw(&sources, step, 8)
                .iter()
                .all(|s| s.caption.starts_with("caption "))
        );
    }
    let mut untold = sources.bad.take_untold();
    untold.sort();
    let all = untold.join("\n");
    assert_eq!(untold.len(), 4, "{all}");
    for wanted in [
        "cut.tar is cut off in the middle of",
        "a.png of",
        "b.png of",
        "c.txt of",
    ] {
        assert!(all.contains(wanted), "{wanted}: {all}");
    }

    let refusal = |recipe: &str| format!("{:#}", folder.open(recipe, 8).err().unwrap());
    let sentence = refusal("webdataset.shards = ['FOLDER/{0..3}.tar']");
    assert!(sentence.contains("0.tar is not there"), "{sentence}");
    folder.write("empty.tar", tar(&[("readme.txt", b"hello".to_vec())]));
    let sentence = refusal("webdataset.shards = ['FOLDER/empty.tar']");
    assert!(
        sentence.contains("have no sample with an image and a .txt file"),
        "{sentence}"
    );
}

#[test]
fn chains_are_drawn_beside_pairs_or_alone() {
    let folder = Folder::new();
    folder.write(
        "c.csv",
        "positive,negative\na => b => c => d,e => f => g => h\ni => j => k => l,m => n => o => p\n",
    );
    let sources = folder.open("hierarcaps.path = 'FOLDER/c.csv'", 4).unwrap();
    assert!(sources.samples.is_none());
    let chains = sources.chains.unwrap().draw(5, 0..2).unwrap();
    let mut tiers: Vec<&str> = chains.iter().map(|chain| chain.tiers[0].as_str()).collect();
    tiers.sort_unstable();
    assert_eq!(tiers, ["a", "i"]);
    let both = "[hierarcaps]\npath = 'FOLDER/c.csv'\n[tableau.scene]\n[tableau.captions]";
    let sources = folder.open(both, 4).unwrap();
    assert_eq!(draw(&sources, 0, 4).len(), 4);
    assert!(sources.chains.is_some());
}

#[test]
fn contradictions_are_refused_by_name() {
    let folder = Folder::new();
    for (recipe, sentence) in [
        ("", "data has no source"),
        (
            "table.path = 'a'\nwebdataset.shards = ['b']",
            "data has both table and webdataset",
        ),
        (
            "hierarcaps.path = 'a'\nedits.hard_positives = ['swap']",
            "data.edits edits captions of",
        ),
        (
            "table = { path = 'a', hard_images = true }",
            "data.table.hard_images",
        ),
        (
            "table.path = 'a'\ncrop = { random = { scale = [0.9, 0.5] } }",
            "data.crop.random.scale",
        ),
        (
            "table.path = 'a'\nmax_bad_percent = 101",
            "data.max_bad_percent is 101",
        ),
        ("table.path = 'a'\nworkers = 0", "data.workers is 0"),
        (
            "webdataset = { shards = ['a'], shards_at_once = 0 }",
            "data.webdataset.shards_at_once",
        ),
    ] {
        let error = folder.recipe(recipe).check(5).unwrap_err().to_string();
        assert!(error.starts_with(sentence), "{recipe}: {error}");
    }
}
