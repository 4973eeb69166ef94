//! Computing embeddings: what every engine takes and gives, and the engines.

pub mod cpu;

use crate::clip::config::TextConfig;

/// A batch of captions without padding: the tokens of caption `i` are
/// `ids[offsets[i]..offsets[i + 1]]`, from the start token to the one whose position is pooled.
/// What follows that token is never computed: the text tower is causal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedTokens {
    /// Token ids of all captions, one after another.
    pub ids: Vec<u32>,
    /// Where each caption begins, and the end: one more entry than captions, beginning with 0.
    pub offsets: Vec<usize>,
}

impl PackedTokens {
    /// Packs captions, each a slice of ids up to and including the pooled token.
    pub fn new<'a>(captions: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let mut packed = Self {
            ids: Vec::new(),
            offsets: vec![0],
        };
        for caption in captions {
            packed.ids.extend_from_slice(caption);
            packed.offsets.push(packed.ids.len());
        }
        packed
    }

    /// Number of captions.
    pub fn captions(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Checks the batch against a tower.
    fn check(&self, config: &TextConfig) -> candle_core::Result<()> {
        let wrong = |what: String| Err(candle_core::Error::Msg(what));
        if self.captions() == 0
            || self.offsets[0] != 0
            || self.offsets[self.captions()] != self.ids.len()
        {
            return wrong(
                "a batch of captions needs at least one, and offsets that cover its tokens".into(),
            );
        }
        for (caption, pair) in self.offsets.windows(2).enumerate() {
            match pair[1].checked_sub(pair[0]) {
                Some(n) if n > 0 && n <= config.context_length => {}
                _ => {
                    return wrong(format!(
                        "caption {caption} of the batch does not have 1 to {} tokens",
                        config.context_length
                    ));
                }
            }
        }
        if let Some(id) = self
            .ids
            .iter()
            .find(|&&id| id as usize >= config.vocab_size)
        {
            return wrong(format!(
                "token id {id} is outside the vocabulary of {}",
                config.vocab_size
            ));
        }
        Ok(())
    }
}
