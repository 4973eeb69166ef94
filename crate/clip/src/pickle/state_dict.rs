//! Which tensors a pickle describes: a state dict, also under one of the usual keys, a module that
//! was saved whole, or the attributes of a TorchScript program.

use std::collections::BTreeMap;

use super::machine::{Id, Object, Objects};
use crate::error::shown;

/// A tensor as PyTorch describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Description {
    /// PyTorch's name of the storage's type, such as `FloatStorage`.
    pub(super) storage_type: String,
    /// The archive's entry with the storage's bytes, below `data/`.
    pub(super) key: String,
    /// In elements.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    /// In elements.
    pub(super) strides: Vec<usize>,
}

/// Where training programs put a state dict beside other things.
const KEYS: [&str; 5] = [
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "weights",
];

/// More tensors than any checkpoint has, optimizer included.
const MOST_TENSORS: usize = 100_000;
/// Modules in modules.
const DEEPEST: usize = 32;

/// The tensors of a pickle by their names.
///
/// # Errors
/// In words, that there are none, or what is wrong with one.
pub(super) fn tensors(objects: &Objects<'_>) -> Result<BTreeMap<String, Description>, String> {
    let mut dict = objects.root;
    // Lightning's `state_dict` may lie in a `model`: two keys deep, not more.
    for _ in 0..3 {
        let tensors = collect(objects, dict)?;
        if !tensors.is_empty() {
            return Ok(tensors);
        }
        let Object::Dict(pairs) = objects.get(dict) else {
            break;
        };
        let under = |key: &str| {
            let found = pairs.iter().find(|(k, _)| objects.text(*k) == Some(key));
            found.map(|&(_, value)| value)
        };
        let Some(inner) = KEYS.into_iter().find_map(under) else {
            let keys = pairs.iter().filter_map(|(key, _)| objects.text(*key));
            let keys: Vec<String> = keys.take(3).map(shown).collect();
            return Err(format!(
                "it holds no state dict, neither at its top nor under {}; its keys begin with {}",
                KEYS.join(", "),
                if keys.is_empty() {
                    "nothing".to_owned()
                } else {
                    keys.join(", ")
                }
            ));
        };
        dict = inner;
    }
    Err("it holds no state dict".into())
}

/// The tensors of a dictionary or module, those of the modules in it included.
fn collect(objects: &Objects<'_>, root: Id) -> Result<BTreeMap<String, Description>, String> {
    let mut tensors = BTreeMap::new();
    let mut visits = 0;
    let mut waiting = vec![(String::new(), root, 0)];
    while let Some((prefix, id, depth)) = waiting.pop() {
        visits += 1;
        if visits > MOST_TENSORS || depth > DEEPEST {
            return Err("its modules are nested without end".into());
        }
        let (pairs, is_module) = match objects.get(id) {
            Object::Dict(pairs) => (pairs, false),
            Object::Call {
                state: Some(state), ..
            } => match objects.get(*state) {
                Object::Dict(pairs) => (pairs, true),
                _ => continue,
            },
            _ => continue,
        };
        for &(key, value) in pairs {
            let Some(key) = objects.text(key) else {
                continue;
            };
            let name = format!("{prefix}{key}");
            if let Some(tensor) = description(objects, value, &name)? {
                if tensors.len() >= MOST_TENSORS {
                    return Err(format!("it holds more than {MOST_TENSORS} tensors"));
                }
                if tensors.insert(name.clone(), tensor).is_some() {
                    return Err(format!("tensor {} is there twice", shown(&name)));
                }
                continue;
            }
            match (objects.get(value), key) {
                // A module in Python keeps what it has in three dictionaries.
                (Object::Dict(_), "_parameters" | "_buffers" | "_modules") if is_module => {
                    waiting.push((prefix.clone(), value, depth + 1));
                }
                (Object::Call { state: Some(_), .. }, _) if name.len() < 1000 => {
                    waiting.push((format!("{name}."), value, depth + 1));
                }
                _ => {}
            }
        }
    }
    Ok(tensors)
}

/// The tensor that an object stands for; `None` where it stands for something else.
fn description(
    objects: &Objects<'_>,
    mut id: Id,
    name: &str,
) -> Result<Option<Description>, String> {
    let wrong = |what: &str| format!("tensor {} {what}", shown(name));
    // A parameter wraps a tensor, and a tensor with attributes of its own wraps a call.
    for _ in 0..4 {
        let Object::Call {
            function,
            arguments,
            ..
        } = *objects.get(id)
        else {
            return Ok(None);
        };
        let Object::Global(module, function) = *objects.get(function) else {
            return Ok(None);
        };
        let arguments = objects.sequence(arguments).unwrap_or_default();
        match (module, function, arguments) {
            ("torch._utils", "_rebuild_parameter", &[data, ..]) => id = data,
            ("torch._tensor", "_rebuild_from_type_v2", &[inner, _, ref rest @ ..]) => {
                // (function, type, arguments, state)
                return match (objects.get(inner), rest) {
                    (Object::Global("torch._utils", "_rebuild_tensor_v2"), &[arguments, ..]) => {
                        let arguments = objects.sequence(arguments).unwrap_or_default();
                        tensor(objects, arguments).map(Some).map_err(wrong)
                    }
                    _ => Err(wrong("is made in a way that is not known")),
                };
            }
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2", arguments) => {
                return tensor(objects, arguments).map(Some).map_err(wrong);
            }
            ("torch._utils" | "torch._tensor", _, _) => {
                return Err(wrong(
                    "is made in a way that is not known (quantised, sparse or on another device)",
                ));
            }
            _ => return Ok(None),
        }
    }
    Err(wrong("is wrapped too often"))
}

/// From the arguments of `_rebuild_tensor_v2`: storage, offset, shape, strides and what does not matter.
fn tensor(objects: &Objects<'_>, arguments: &[Id]) -> Result<Description, &'static str> {
    const SHORT: &str = "lacks its storage, offset, shape or strides";
    let &[storage, offset, shape, strides, ..] = arguments else {
        return Err(SHORT);
    };
    let Object::Persistent(storage) = *objects.get(storage) else {
        return Err(SHORT);
    };
    // ("storage", type, key, device, elements)
    let &[_, kind, key, ..] = objects.sequence(storage).ok_or(SHORT)? else {
        return Err("has a storage without type or key");
    };
    let Object::Global(_, storage_type) = *objects.get(kind) else {
        return Err("has a storage without type");
    };
    let (shape, strides) = objects
        .sizes(shape)
        .zip(objects.sizes(strides))
        .filter(|(shape, strides)| shape.len() == strides.len())
        .ok_or(SHORT)?;
    Ok(Description {
        storage_type: storage_type.to_owned(),
        key: objects.text(key).ok_or(SHORT)?.to_owned(),
        offset: objects.size(offset).ok_or(SHORT)?,
        shape,
        strides,
    })
}
