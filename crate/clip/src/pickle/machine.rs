//! A reader of pickles that builds data and runs nothing.
//!
//! candle's reader cannot be bounded from outside: it clones whatever is fetched from the memo (a
//! 400-byte file takes all memory), recurses when nested objects are dropped, allocates the sizes
//! that a file declares and panics on short argument lists. Here objects lie in one list and refer
//! to each other by index, so that nothing is cloned and nothing recurses; the number of objects
//! and the size of the pickle are bounded. Only the instructions that `torch.save` and
//! `torch.jit.save` write are known.

use std::collections::BTreeMap;

/// Instructions that are followed; a state dict of CLIP needs about forty for each tensor.
const MOST_INSTRUCTIONS: usize = 2_000_000;

/// Index of an object.
pub(super) type Id = usize;

/// What a pickle holds. Nothing is called: calls are kept as they are written.
#[derive(Debug)]
pub(super) enum Object<'a> {
    /// `None`, truth values, floats and bytes: nothing that a tensor is described by.
    Other,
    Int(i64),
    Text(&'a str),
    /// Tuples, lists and sets.
    Sequence(Vec<Id>),
    /// Dictionaries, ordered ones too.
    Dict(Vec<(Id, Id)>),
    /// A class or function, by its module and name.
    Global(&'a str, &'a str),
    /// What lies outside the pickle: a storage.
    Persistent(Id),
    /// An object made by a call, and the state that it was then given.
    Call {
        function: Id,
        arguments: Id,
        state: Option<Id>,
    },
}

/// Why a pickle was not read, and at which byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) what: String,
    pub(super) at: usize,
}

/// The objects of a pickle.
#[derive(Debug)]
pub(super) struct Objects<'a> {
    objects: Vec<Object<'a>>,
    /// What the pickle stands for.
    pub(super) root: Id,
}

impl<'a> Objects<'a> {
    pub(super) fn get(&self, id: Id) -> &Object<'a> {
        &self.objects[id] // ids are only made by pushing
    }

    pub(super) fn text(&self, id: Id) -> Option<&'a str> {
        match *self.get(id) {
            Object::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn size(&self, id: Id) -> Option<usize> {
        match *self.get(id) {
            Object::Int(n) => usize::try_from(n).ok(),
            _ => None,
        }
    }

    pub(super) fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Object::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        self.sequence(id)?.iter().map(|&id| self.size(id)).collect()
    }
}

/// Reads a pickle.
///
/// # Errors
/// What breaks the format, an instruction that state dicts do not use, more instructions than
/// [`MOST_INSTRUCTIONS`].
pub(super) fn read(bytes: &[u8]) -> Result<Objects<'_>, Refusal> {
    let mut machine = Machine {
        bytes,
        at: 0,
        objects: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
    };
    for _ in 0..MOST_INSTRUCTIONS {
        if let Some(root) = machine.step()? {
            let objects = machine.objects;
            return Ok(Objects { objects, root });
        }
    }
    Err(machine.refuse(format!(
        "it has more than {MOST_INSTRUCTIONS} instructions; a state dict needs a few thousand"
    )))
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    objects: Vec<Object<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
}

impl<'a> Machine<'a> {
    fn refuse(&self, what: impl Into<String>) -> Refusal {
        Refusal {
            what: what.into(),
            at: self.at,
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let rest = &self.bytes[self.at..]; // never beyond the end
        let taken = rest
            .get(..count)
            .ok_or_else(|| self.refuse("it ends within an instruction"))?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u8(&mut self) -> Result<u8, Refusal> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32, Refusal> {
        self.array().map(u32::from_le_bytes)
    }

    fn length(&mut self) -> Result<usize, Refusal> {
        let length = self.u32()?;
        usize::try_from(length).map_err(|_| self.refuse("a length is too large"))
    }

    fn line(&mut self) -> Result<&'a str, Refusal> {
        let rest = &self.bytes[self.at..];
        let end = rest
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or_else(|| self.refuse("it ends within a name"))?;
        let line = self.utf8(&rest[..end])?;
        self.at += end + 1;
        Ok(line)
    }

    fn utf8(&self, bytes: &'a [u8]) -> Result<&'a str, Refusal> {
        std::str::from_utf8(bytes).map_err(|_| self.refuse("a text is not UTF-8"))
    }

    fn push(&mut self, object: Object<'a>) {
        self.stack.push(self.objects.len());
        self.objects.push(object);
    }

    fn pop(&mut self) -> Result<Id, Refusal> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.refuse("it takes more from the stack than there is"));
        }
        self.stack
            .pop()
            .ok_or_else(|| self.refuse("the stack is empty"))
    }

    fn top(&self) -> Result<Id, Refusal> {
        self.stack
            .last()
            .copied()
            .ok_or_else(|| self.refuse("the stack is empty"))
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, Refusal> {
        let mark = self
            .marks
            .pop()
            .ok_or_else(|| self.refuse("a mark is missing"))?;
        Ok(self.stack.split_off(mark))
    }

    fn text(&mut self, length: usize) -> Result<(), Refusal> {
        let bytes = self.take(length)?;
        let text = self.utf8(bytes)?;
        self.push(Object::Text(text));
        Ok(())
    }

    /// Bytes, and texts of Python 2: names are ASCII, other bytes mean nothing here.
    fn byte_string(&mut self, length: usize) -> Result<(), Refusal> {
        let bytes = self.take(length)?;
        self.push(std::str::from_utf8(bytes).map_or(Object::Other, Object::Text));
        Ok(())
    }

    fn tuple(&mut self, count: usize) -> Result<(), Refusal> {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push(Object::Sequence(items));
        Ok(())
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), Refusal> {
        let list = self.top()?;
        match &mut self.objects[list] {
            Object::Sequence(list) => list.extend(items),
            Object::Call { .. } => {} // a class with a list's methods: none that matters here
            _ => return Err(self.refuse("it appends to what is not a list")),
        }
        Ok(())
    }

    fn set_items(&mut self, items: &[Id]) -> Result<(), Refusal> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.refuse("a key has no value"));
        }
        let dict = self.top()?;
        match &mut self.objects[dict] {
            Object::Dict(dict) => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            Object::Call { .. } => {}
            _ => return Err(self.refuse("it sets a key of what is not a dictionary")),
        }
        Ok(())
    }

    fn fetch(&mut self, key: u32) -> Result<(), Refusal> {
        let id = *self
            .memo
            .get(&key)
            .ok_or_else(|| self.refuse(format!("nothing is remembered under {key}")))?;
        self.stack.push(id);
        Ok(())
    }

    fn remember(&mut self, key: u32) -> Result<(), Refusal> {
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn call(&mut self) -> Result<(), Refusal> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let ordered = matches!(
            self.objects[function],
            Object::Global("collections", "OrderedDict")
        );
        self.push(if ordered {
            Object::Dict(Vec::new())
        } else {
            Object::Call {
                function,
                arguments,
                state: None,
            }
        });
        Ok(())
    }

    fn build(&mut self) -> Result<(), Refusal> {
        let given = self.pop()?;
        let object = self.top()?;
        if let Object::Call { state, .. } = &mut self.objects[object] {
            *state = Some(given);
        }
        Ok(()) // other objects have no state that matters: a state dict's `_metadata`
    }

    /// A number of up to eight bytes; longer ones describe no tensor.
    fn long(&mut self, length: usize) -> Result<(), Refusal> {
        let bytes = self.take(length)?;
        let object = if length <= 8 {
            let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
            let mut wide = [if negative { 0xff } else { 0 }; 8];
            wide[..length].copy_from_slice(bytes);
            Object::Int(i64::from_le_bytes(wide))
        } else {
            Object::Other
        };
        self.push(object);
        Ok(())
    }

    /// Follows one instruction; the object that the pickle stands for ends it.
    fn step(&mut self) -> Result<Option<Id>, Refusal> {
        match self.u8()? {
            b'.' => return self.pop().map(Some),
            // Protocol and frame: nothing to do.
            0x80 => drop(self.u8()?),
            0x95 => drop(self.array::<8>()?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.since_mark()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'N' | 0x88 | 0x89 => self.push(Object::Other),
            b'G' => {
                self.array::<8>()?;
                self.push(Object::Other);
            }
            b'J' => {
                let n = i32::from_le_bytes(self.array()?);
                self.push(Object::Int(n.into()));
            }
            b'K' => {
                let n = self.u8()?;
                self.push(Object::Int(n.into()));
            }
            b'M' => {
                let n = u16::from_le_bytes(self.array()?);
                self.push(Object::Int(n.into()));
            }
            0x8a => {
                let length = self.u8()?;
                self.long(length.into())?;
            }
            0x8b => {
                let length = self.length()?;
                self.long(length)?;
            }
            b'X' => {
                let length = self.length()?;
                self.text(length)?;
            }
            0x8c => {
                let length = self.u8()?;
                self.text(length.into())?;
            }
            b'U' | b'C' => {
                let length = self.u8()?;
                self.byte_string(length.into())?;
            }
            b'T' | b'B' => {
                let length = self.length()?;
                self.byte_string(length)?;
            }
            b')' => self.tuple(0)?,
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' | b'l' | 0x91 => {
                let items = self.since_mark()?;
                self.push(Object::Sequence(items));
            }
            b']' | 0x8f => self.push(Object::Sequence(Vec::new())),
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.since_mark()?;
                self.append(items)?;
            }
            b'}' => self.push(Object::Dict(Vec::new())),
            b'd' => {
                let items = self.since_mark()?;
                self.push(Object::Dict(Vec::new()));
                self.set_items(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set_items(&items)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Object::Global(module, name));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Object::Text(module), Object::Text(name)) =
                    (&self.objects[module], &self.objects[name])
                else {
                    return Err(self.refuse("a class has no name"));
                };
                let global = Object::Global(module, name);
                self.push(global);
            }
            b'h' => {
                let key = self.u8()?;
                self.fetch(key.into())?;
            }
            b'j' => {
                let key = self.u32()?;
                self.fetch(key)?;
            }
            b'q' => {
                let key = self.u8()?;
                self.remember(key.into())?;
            }
            b'r' => {
                let key = self.u32()?;
                self.remember(key)?;
            }
            0x94 => {
                // As many are remembered as instructions were followed, at most.
                let key = u32::try_from(self.memo.len()).unwrap_or(u32::MAX);
                self.remember(key)?;
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Object::Persistent(id));
            }
            b'R' | 0x81 => self.call()?,
            b'b' => self.build()?,
            other => {
                self.at -= 1;
                return Err(self.refuse(format!(
                    "it has the instruction {other:#04x}, which state dicts do not use,"
                )));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_dictionary_that_is_filled_after_it_was_remembered_is_one_dictionary() {
        // {'a': 1, 'self': <the same>}
        let objects = read(b"\x80\x02}q\x00(U\x01aK\x01U\x04selfh\x00u.").unwrap();
        let Object::Dict(pairs) = objects.get(objects.root) else {
            panic!("{objects:?}")
        };
        assert_eq!(objects.text(pairs[0].0), Some("a"));
        assert_eq!(objects.size(pairs[0].1), Some(1));
        assert_eq!(pairs[1].1, objects.root);
    }

    #[test]
    fn numbers_of_every_length() {
        for (bytes, expected) in [
            (&b"J\xfe\xff\xff\xff."[..], -2),
            (b"M\x01\x02.", 513),
            (b"\x8a\x01\xff.", -1),
            (b"\x8a\x05\x00\x00\x00\x00\x01.", 1 << 32),
            (b"\x8a\x00.", 0),
        ] {
            let objects = read(bytes).unwrap();
            assert!(
                matches!(objects.get(objects.root), Object::Int(n) if *n == expected),
                "{objects:?}"
            );
        }
    }

    #[test]
    fn bombs_cost_what_they_weigh() {
        // Each tuple holds the one before twice: 2^100000 leaves, were they counted.
        let mut doubled = b"K\x01q\x00".to_vec();
        for _ in 0..100_000 {
            doubled.extend(b"h\x00h\x00\x86q\x00");
        }
        doubled.push(b'.');
        assert!(read(&doubled).is_ok());
        // Lists in lists: nothing recurses, when they are dropped neither.
        let mut nested = vec![b']'; 500_000];
        nested.extend(vec![b'a'; 499_999]);
        nested.push(b'.');
        assert!(read(&nested).is_ok());
        // Four gigabytes are declared.
        let error = read(b"X\xff\xff\xff\xffabc").unwrap_err();
        assert_eq!(
            (error.what.as_str(), error.at),
            ("it ends within an instruction", 5)
        );
        let endless = vec![b'N'; MOST_INSTRUCTIONS + 1];
        assert!(read(&endless).unwrap_err().what.contains("more than"));
    }

    #[test]
    fn what_is_broken_is_said_with_its_place() {
        for (bytes, what) in [
            (&b""[..], "it ends within an instruction"),
            (b".", "it takes more from the stack than there is"),
            (b"(.", "it takes more from the stack than there is"),
            (b"h\x07.", "nothing is remembered under 7"),
            (b"u", "a mark is missing"),
            (b"}(K\x01u.", "a key has no value"),
            (
                b"K\x01K\x02K\x03s.",
                "it sets a key of what is not a dictionary",
            ),
            (b"U\x02\xff\xfeN\x93", "a class has no name"),
            (
                b"\xf0",
                "it has the instruction 0xf0, which state dicts do not use,",
            ),
        ] {
            assert_eq!(read(bytes).unwrap_err().what, what, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_instructions_panic(
            steps in prop::collection::vec(prop::sample::select(&b".(012NK)tlead}suhqQRb]\x85\x86\x87\x94\x93\x81"[..]), 0..200)
        ) {
            let _ = read(&steps);
        }
    }
}
