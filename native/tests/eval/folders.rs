//! Class folders and webdatasets.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::{cliprobe, refusal, text};
use crate::data::{Data, default_model, ends_with, place, sets};

/// A webdataset shard: each image with what stands beside it.
fn shard(path: &Path, images: &[PathBuf], beside: &str, contents: impl Fn(usize) -> String) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut tar = tar::Builder::new(fs::File::create(path).unwrap());
    for (number, image) in images.iter().enumerate() {
        let key = format!("s{number:04}");
        tar.append_path_with_name(image, format!("{key}.png"))
            .unwrap();
        let text = contents(number);
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("{key}.{beside}"), text.as_bytes())
            .unwrap();
    }
    tar.finish().unwrap();
}

#[test]
fn class_folders_and_webdatasets_ask_the_same() {
    let data = Data::new(6);
    let images: Vec<PathBuf> = (0..6)
        .map(|n| data.folder.path().join(format!("images/{n}.png")))
        .collect();
    let class_of = |number: usize| ["blue_dog", "red_cat"][number % 2];
    for (number, image) in images.iter().enumerate() {
        let folder = data.folder.path().join("classes").join(class_of(number));
        fs::create_dir_all(&folder).unwrap();
        fs::copy(image, folder.join(format!("{number}.png"))).unwrap();
    }
    let shards = data.folder.path().join("shards");
    shard(&shards.join("test/0.tar"), &images, "cls", |number| {
        (number % 2).to_string()
    });
    data.write("shards/classnames.txt", "blue dog\nred cat\n");
    data.write(
        "shards/zeroshot_classification_templates.txt",
        "a photo of a {c}.\n{c}\n",
    );
    let templates = data.write("templates.txt", "a photo of a {}.\n{}\n");
    let run = |folder: &str, out: &str, more: &[&str]| {
        let (folder, out) = (data.path(folder), data.path(out));
        let what = ["eval", &folder, "--model", &default_model(), "--no-cache"];
        ends_with(0, &[&what[..], &["--json", &out], more].concat());
        serde_json::from_str::<Value>(&fs::read_to_string(&out).unwrap()).unwrap()
    };
    let of_folders = run("classes", "folders.json", &["--templates", &templates]);
    let of_shards = run("shards", "shards.json", &[]);
    let metrics = |results: &Value| sets(results)[0]["metrics"].clone();
    assert_eq!(metrics(&of_folders), metrics(&of_shards));
    assert_eq!(sets(&of_shards)[0]["scored"], 6);

    // Another data set whose files have the same names, as those of CLIP_benchmark have.
    let mut others = images.clone();
    others.reverse();
    let twins = data.folder.path().join("twins");
    shard(&twins.join("test/0.tar"), &others, "cls", |number| {
        (number % 2).to_string()
    });
    for list in ["classnames.txt", "zeroshot_classification_templates.txt"] {
        fs::copy(shards.join(list), twins.join(list)).unwrap();
    }
    let answers = |results: &Value, set: usize| sets(results)[set]["answers"].clone();
    let alone = run("twins", "twins.json", &[]);
    let together = run("shards", "both.json", &[&data.path("twins")]);
    assert_eq!(answers(&together, 0), answers(&of_shards, 0));
    assert_eq!(answers(&together, 1), answers(&alone, 0));

    let captions = data.folder.path().join("captions");
    shard(&captions.join("0.tar"), &images, "txt", |number| {
        format!("image {number}\nnumber {number}\n")
    });
    let of_captions = run("captions", "captions.json", &[]);
    assert_eq!(sets(&of_captions)[0]["set"], "captions/retrieval");
    assert_eq!(sets(&of_captions)[0]["scored"], 12);

    // A download that stopped.
    let whole = fs::read(captions.join("0.tar")).unwrap();
    fs::write(captions.join("0.tar"), &whole[..whole.len() / 3]).unwrap();
    let sentence = refusal(&[
        "eval",
        captions.to_str().unwrap(),
        "--model",
        &default_model(),
        "--no-cache",
    ]);
    assert!(sentence.contains("cut off"), "{sentence}");
}

#[test]
fn a_class_without_an_image_that_is_read_is_named() {
    let data = Data::new(2);
    place(&data, 0, "photos/cat/0.png");
    data.write("photos/dog/0.bmp", "BM");
    data.write("photos/dog/1.bmp", "BM");
    let photos = data.path("photos");
    let eval = ["eval", &photos, "--model", &default_model(), "--no-cache"];
    let sentence = refusal(&eval);
    assert!(
        sentence.contains("the class dog has no image") && sentence.contains("2 .bmp"),
        "{sentence}"
    );
    place(&data, 1, "photos/dog/2.png");
    let output = cliprobe(&eval);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text(&output.stderr).contains("2 .bmp"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_test_split_is_asked_unless_another_is_named() {
    let data = Data::new(4);
    for (n, at) in [
        "train/cat/0.png",
        "train/dog/1.png",
        "test/cat/2.png",
        "test/dog/3.png",
    ]
    .into_iter()
    .enumerate()
    {
        place(&data, n, &format!("set/{at}"));
    }
    // Both placeholders, and a mark that is no text.
    let templates = data.write("templates.txt", "\u{feff}a {c}\nthe {}\n");
    let set = data.path("set");
    let model = default_model();
    let eval = |more: &[&str]| {
        let json = data.path("r.json");
        let what = [
            "eval",
            &set,
            "--model",
            &model,
            "--no-cache",
            "--json",
            &json,
        ];
        ends_with(0, &[&what[..], more].concat());
        sets(&data.json("r.json"))[0].clone()
    };
    let test = eval(&["--templates", &templates]);
    assert_eq!(
        test["texts"],
        json!(["a cat", "the cat", "a dog", "the dog"])
    );
    assert_eq!((&test["set"], &test["items"]), (&json!("set"), &json!(2)));
    assert!(
        test["images"][0]
            .as_str()
            .unwrap()
            .ends_with("test/cat/2.png")
    );
    let train = eval(&["--split", "train", "--templates", "clip-7"]);
    assert!(
        train["images"][0]
            .as_str()
            .unwrap()
            .ends_with("train/cat/0.png")
    );
    let cupl = data.write(
        "cupl.json",
        r#"{"cat": ["A cat purrs."], "dog": ["A dog barks."]}"#,
    );
    assert_eq!(
        eval(&["--templates", &cupl])["texts"],
        json!(["A cat purrs.", "A dog barks."])
    );
    let sentence = refusal(&[
        "eval",
        &set,
        "--split",
        "dev",
        "--model",
        &model,
        "--no-cache",
    ]);
    assert!(
        sentence.contains("no split dev, only test, train"),
        "{sentence}"
    );
}

/// An archive of these files.
fn archive(path: &str, files: &[(&str, &[u8])]) {
    fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
    let mut tar = tar::Builder::new(fs::File::create(path).unwrap());
    for (name, contents) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *contents).unwrap();
    }
    tar.finish().unwrap();
}

#[test]
fn shards_with_dotted_keys_and_of_macos_are_read() {
    let data = Data::new(2);
    let images = [0, 1].map(|n| fs::read(data.path(&format!("images/{n}.png"))).unwrap());
    let eval = |folder: &str| {
        let json = data.path("r.json");
        let folder = data.path(folder);
        ends_with(
            0,
            &[
                "eval",
                &folder,
                "--model",
                &default_model(),
                "--no-cache",
                "--json",
                &json,
            ],
        );
        sets(&data.json("r.json"))[0].clone()
    };
    archive(
        &data.path("dots/0.tar"),
        &[
            ("2022.05.00.png", &images[0]),
            ("2022.05.00.txt", b"zero"),
            ("2022.05.01.png", &images[1]),
            ("2022.05.01.txt", b"one"),
        ],
    );
    let dots = eval("dots");
    assert_eq!(dots["texts"], json!(["zero", "one"]));
    assert_eq!(dots["images"].as_array().unwrap().len(), 2);
    archive(
        &data.path("macos/0.tar"),
        &[
            ("./._0.png", b"attributes"),
            ("./0.png", &images[0]),
            ("./0.txt", b"zero"),
            ("./._1.png", b"attributes"),
            ("./1.png", &images[1]),
            ("./1.txt", b"one"),
        ],
    );
    let macos = eval("macos");
    assert_eq!(
        (&macos["scored"], &macos["texts"]),
        (&json!(2), &json!(["zero", "one"]))
    );
    archive(
        &data.path("twice/0.tar"),
        &[
            ("a.png", &images[0]),
            ("a.jpg", &images[1]),
            ("a.txt", b"which"),
        ],
    );
    let sentence = refusal(&[
        "eval",
        &data.path("twice"),
        "--model",
        &default_model(),
        "--no-cache",
    ]);
    assert!(sentence.contains("twice/0.tar/a;"), "{sentence}");
}
