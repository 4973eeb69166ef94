//! Archives as `torch.save` writes them, made here instruction by instruction.
#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

use super::*;
use crate::bytes::MemorySource;

fn archive(pickle: &[u8], storages: &[(&str, &[u8])]) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("archive/data.pkl", options).unwrap();
    zip.write_all(pickle).unwrap();
    for (key, bytes) in storages {
        zip.start_file(format!("archive/data/{key}"), options)
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn open(file: Vec<u8>) -> Result<PickledTensors, String> {
    let source: Arc<dyn ByteSource> = Arc::new(MemorySource::new("f.pt", file));
    PickledTensors::open(vec![source]).map_err(|error| error.to_string())
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
    out.extend(text.as_bytes());
}

fn sizes(out: &mut Vec<u8>, sizes: &[u16]) {
    out.push(b'(');
    for size in sizes {
        out.push(b'M');
        out.extend(size.to_le_bytes());
    }
    out.push(b't');
}

/// `_rebuild_tensor_v2(('storage', type, key, 'cpu', n), offset, shape, strides, False, OrderedDict())`
fn tensor(out: &mut Vec<u8>, kind: &str, key: &str, offset: u16, shape: &[u16], strides: &[u16]) {
    out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(out, "storage");
    out.extend(format!("ctorch\n{kind}\n").as_bytes());
    text(out, key);
    text(out, "cpu");
    out.extend(b"K\x01tQM");
    out.extend(offset.to_le_bytes());
    sizes(out, shape);
    sizes(out, strides);
    out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
}

fn floats(values: impl IntoIterator<Item = u8>) -> Vec<u8> {
    values
        .into_iter()
        .flat_map(|x| f32::from(x).to_le_bytes())
        .collect()
}

/// A state dict whose second tensor is a part of the first's storage, transposed.
fn state_dict() -> Vec<u8> {
    let mut pickle = b"\x80\x02ccollections\nOrderedDict\n)Rq\x00(".to_vec();
    text(&mut pickle, "w");
    tensor(&mut pickle, "FloatStorage", "0", 0, &[2, 3], &[3, 1]);
    text(&mut pickle, "t");
    tensor(&mut pickle, "FloatStorage", "0", 1, &[2, 2], &[1, 3]);
    text(&mut pickle, "half");
    tensor(&mut pickle, "HalfStorage", "1", 0, &[], &[]);
    text(&mut pickle, "ids");
    tensor(&mut pickle, "LongStorage", "1", 0, &[1], &[1]);
    text(&mut pickle, "note");
    text(&mut pickle, "text is no tensor");
    pickle.push(b'u');
    pickle
}

fn storages() -> (Vec<u8>, Vec<u8>) {
    (floats(0..6), vec![0x00, 0x3c, 0, 0, 0, 0, 0, 0]) // 1 in half precision
}

fn values(tensors: &PickledTensors, name: &str, rows: Option<Range<usize>>) -> Vec<f32> {
    tensors.read(name, rows).unwrap().into_f32(&[]).unwrap()
}

#[test]
fn a_state_dict_is_read_with_its_views_and_in_rows() {
    let mut pickle = state_dict();
    pickle.push(b'.');
    let (zero, one) = storages();
    let tensors = open(archive(&pickle, &[("0", &zero), ("1", &one)])).unwrap();
    assert_eq!(tensors.entries().len(), 4);
    assert_eq!(values(&tensors, "w", None), [0., 1., 2., 3., 4., 5.]);
    assert_eq!(values(&tensors, "w", Some(1..2)), [3., 4., 5.]);
    assert_eq!(values(&tensors, "t", None), [1., 4., 2., 5.]);
    assert_eq!(values(&tensors, "t", Some(1..2)), [2., 5.]);
    assert_eq!(values(&tensors, "half", None), [1.]);
    let error = tensors.read("ids", None).unwrap_err().to_string();
    assert!(error.contains("LONG"), "{error}");
    assert!(tensors.read("w", Some(1..3)).is_err());
}

#[test]
fn a_state_dict_under_a_key_and_a_module_that_was_saved_whole() {
    let (zero, one) = storages();
    // {"epoch": 3, "state_dict": {…}}
    let mut pickle = b"\x80\x02}(".to_vec();
    text(&mut pickle, "epoch");
    pickle.extend(b"K\x03");
    text(&mut pickle, "state_dict");
    pickle.extend(&state_dict()[2..]);
    pickle.extend(b"u.");
    let tensors = open(archive(&pickle, &[("0", &zero), ("1", &one)])).unwrap();
    assert_eq!(tensors.entries().len(), 4);

    // TorchScript: a module's attributes, tensors and modules among them.
    let mut pickle = b"\x80\x02c__torch__\nModel\n)\x81}(".to_vec();
    text(&mut pickle, "visual");
    pickle.extend(b"c__torch__\nVisual\n)\x81}(");
    text(&mut pickle, "proj");
    tensor(&mut pickle, "FloatStorage", "0", 0, &[6], &[1]);
    pickle.extend(b"ub");
    text(&mut pickle, "training");
    pickle.extend(b"\x89ub.");
    let tensors = open(archive(&pickle, &[("0", &zero)])).unwrap();
    assert_eq!(values(&tensors, "visual.proj", Some(2..4)), [2., 3.]);

    // A Python module: its tensors and modules lie in dictionaries of their own.
    let mut pickle = b"\x80\x02cmy.models\nModel\n)\x81}(".to_vec();
    text(&mut pickle, "_parameters");
    pickle.extend(b"}(");
    text(&mut pickle, "scale");
    tensor(&mut pickle, "FloatStorage", "0", 3, &[], &[]);
    pickle.push(b'u');
    text(&mut pickle, "_modules");
    pickle.extend(b"}(");
    text(&mut pickle, "ln");
    pickle.extend(b"ctorch.nn\nLayerNorm\n)\x81}(");
    text(&mut pickle, "_parameters");
    pickle.extend(b"}(");
    text(&mut pickle, "bias");
    pickle.extend(b"ctorch._utils\n_rebuild_parameter\n(");
    tensor(&mut pickle, "FloatStorage", "0", 0, &[2], &[1]);
    pickle.extend(b"\x88}tRu");
    pickle.extend(b"ubuub.");
    let tensors = open(archive(&pickle, &[("0", &zero)])).unwrap();
    assert_eq!(values(&tensors, "scale", None), [3.]);
    assert_eq!(values(&tensors, "ln.bias", None), [0., 1.]);
}

#[test]
fn damaged_weights_do_not_match_their_checksum() {
    let mut pickle = state_dict();
    pickle.push(b'.');
    let (zero, one) = storages();
    let mut file = archive(&pickle, &[("0", &zero), ("1", &one)]);
    let at = file
        .windows(4)
        .position(|w| w == 5f32.to_le_bytes())
        .unwrap();
    file[at + 1] ^= 1;
    let tensors = open(file).unwrap();
    // It is the storage that is damaged, wherever the tensor lies in it.
    for name in ["w", "t"] {
        let error = tensors.read(name, None).unwrap_err().to_string();
        assert!(error.contains("checksum"), "{error}");
    }
    assert!(tensors.read("half", None).is_ok());
    let mut file = archive(&pickle, &[("0", &zero), ("1", &one)]);
    let at = file.windows(6).position(|w| w == b"tensor").unwrap();
    file[at] ^= 1;
    let error = open(file).err().unwrap();
    assert!(error.contains("pickle is damaged"), "{error}");
}

#[test]
fn what_is_wrong_is_one_short_sentence() {
    let (zero, one) = storages();
    let one_tensor = |name: &str, offset, shape: &[u16], strides: &[u16]| {
        let mut pickle = b"\x80\x02}(".to_vec();
        text(&mut pickle, name);
        tensor(&mut pickle, "FloatStorage", "0", offset, shape, strides);
        pickle.extend(b"u.");
        pickle
    };
    let long = "x".repeat(100_000);
    for (pickle, needle) in [
        (
            one_tensor("w", 1, &[6], &[1]),
            "tensor w does not lie inside its storage",
        ),
        (one_tensor("w", 0, &[2, 4], &[3, 1]), "does not lie inside"),
        (
            one_tensor("w", 0, &[60000, 60000], &[0, 0]),
            "does not lie inside",
        ),
        (one_tensor(&long, 9, &[6], &[1]), "does not lie inside"),
        (
            one_tensor("w", 0, &[2, 3], &[1]),
            "lacks its storage, offset, shape or strides",
        ),
        (
            one_tensor("w", 0, &[1; 17], &[1; 17]),
            "more than 16 dimensions",
        ),
        (
            b"\x80\x02}(U\x01wctorch._utils\n_rebuild_tensor_v2\n)Ru.".to_vec(),
            "lacks its storage",
        ),
        (
            b"\x80\x02}(U\x01wctorch._utils\n_rebuild_tensor_v2\n()QK\x00))tRu.".to_vec(),
            "has a storage without type or key",
        ),
        (
            b"\x80\x02}(U\x01wctorch._tensor\n_rebuild_from_type_v2\n)Ru.".to_vec(),
            "is made in a way that is not known",
        ),
        (
            b"\x80\x02}(U\x09optimizerK\x01u.".to_vec(),
            "its keys begin with optimizer",
        ),
        (b"\x80\x02K\x01.".to_vec(), "holds no state dict"),
        (
            b"\x80\x02cos\nsystem\n(U\x02lstR.".to_vec(),
            "holds no state dict",
        ),
        (b"\x80\x02i".to_vec(), "the instruction 0x69"),
    ] {
        let error = open(archive(&pickle, &[("0", &zero), ("1", &one)]))
            .err()
            .unwrap();
        assert!(error.contains(needle), "{needle}: {error}");
        assert!(error.len() < 600, "{} bytes", error.len());
    }
    let mut pickle = state_dict();
    pickle.push(b'.');
    let error = open(archive(&pickle, &[("0", &zero)])).err().unwrap();
    assert!(error.contains("has no storage in the archive"), "{error}");
    let error = open(b"PK\x03\x04 and no more".to_vec()).err().unwrap();
    assert!(error.contains("zip archive cannot be read"), "{error}");
}
