//! Embeddings that another program computed.

use std::fs;

use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

use crate::common::refusal;
use crate::data::{Data, ends_with, sets};

/// Writes embeddings as `cliprobe embed` does.
fn embeddings(
    data: &Data,
    rows: &[[f32; 2]],
    images: &[&str],
    captions: &[(&str, [f32; 2])],
) -> String {
    let bytes = |values: Vec<f32>| {
        values
            .into_iter()
            .flat_map(f32::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let image = bytes(rows.as_flattened().to_vec());
    let text = bytes(captions.iter().flat_map(|c| c.1).collect());
    let view = |n: usize, data| TensorView::new(Dtype::F32, vec![n, 2], data).unwrap();
    let tensors = [
        ("image_embeds", view(rows.len(), &image)),
        ("text_embeds", view(captions.len(), &text)),
    ];
    let names: Vec<&str> = captions.iter().map(|c| c.0).collect();
    let metadata = [
        ("images".to_owned(), json!(images).to_string()),
        ("texts".to_owned(), json!(names).to_string()),
    ];
    let file = safetensors::serialize(tensors, Some(metadata.into())).unwrap();
    let path = data.path("e.safetensors");
    fs::write(&path, file).unwrap();
    path
}

#[test]
fn embeddings_from_elsewhere_are_scored_or_refused() {
    let data = Data::new(1);
    data.write(
        "sugar_crepe/swap_att.json",
        r#"{"7": {"filename": "x.png", "caption": "yes", "negative_caption": "no"}}"#,
    );
    let eval = [
        "eval",
        "sugarcrepe/swap_att",
        "--data",
        data.root(),
        "--json",
        "-",
        "--embeddings",
    ];
    let captions = [("yes", [3.0, 4.0]), ("no", [0.0, -1.0])];
    let file = embeddings(&data, &[[0.0, 2.0]], &["somewhere/x.png"], &captions);
    let results: Value =
        serde_json::from_str(&ends_with(0, &[&eval[..], &[&file]].concat())).unwrap();
    let answer = &sets(&results)[0]["answers"][0];
    assert_eq!(answer["detail"]["choice"]["correct"], true);
    assert!((answer["similarities"][0].as_f64().unwrap() - 0.8).abs() < 1e-6);

    let file = embeddings(&data, &[[f32::NAN, 2.0]], &["x.png"], &captions);
    let sentence = refusal(&[&eval[..], &[&file]].concat());
    assert!(
        sentence.contains("image_embeds") && sentence.contains("image 0"),
        "{sentence}"
    );
    let file = embeddings(&data, &[[0.0, 2.0]], &["x.png", "y.png"], &captions);
    let sentence = refusal(&[&eval[..], &[&file]].concat());
    assert!(
        sentence.contains("image_embeds has 1 rows, but \"images\" names 2"),
        "{sentence}"
    );
    fs::write(&file, "not safetensors").unwrap();
    assert!(refusal(&[&eval[..], &[&file]].concat()).contains("is no safetensors file"));
}
