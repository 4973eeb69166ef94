//! Parts of speech, as the Penn treebank names them.

/// A word's part of speech and form. The rarer Penn tags are folded into these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Tag {
    /// Conjunction: `and`
    Cc,
    /// Number
    Cd,
    /// Determiner: `a`, `the`, `some`
    Dt,
    /// `there` that is no place
    Ex,
    /// Preposition or subordinating conjunction
    In,
    /// Adjective
    Jj,
    /// Comparative
    Jjr,
    /// Superlative
    Jjs,
    /// `can`, `will`
    Md,
    /// Noun, singular or mass
    Nn,
    /// Proper name
    Nnp,
    /// Noun, plural
    Nns,
    /// The clitic of possession
    Pos,
    /// Pronoun
    Prp,
    /// Possessive pronoun
    PrpS,
    /// Punctuation and symbols
    Punct,
    /// Adverb
    Rb,
    /// Particle: stand `up`
    Rp,
    /// `to`
    To,
    /// Verb, base form
    Vb,
    /// Verb, past
    Vbd,
    /// `-ing`
    Vbg,
    /// Past participle
    Vbn,
    /// Present, not third person
    Vbp,
    /// Present, third person
    Vbz,
    /// `that`, `which`, `while`, `where`: opens a clause
    Wdt,
}

impl Tag {
    pub(super) const ALL: [Self; 26] = [
        Self::Cc,
        Self::Cd,
        Self::Dt,
        Self::Ex,
        Self::In,
        Self::Jj,
        Self::Jjr,
        Self::Jjs,
        Self::Md,
        Self::Nn,
        Self::Nnp,
        Self::Nns,
        Self::Pos,
        Self::Prp,
        Self::PrpS,
        Self::Punct,
        Self::Rb,
        Self::Rp,
        Self::To,
        Self::Vb,
        Self::Vbd,
        Self::Vbg,
        Self::Vbn,
        Self::Vbp,
        Self::Vbz,
        Self::Wdt,
    ];

    pub(super) const fn is_noun(self) -> bool {
        matches!(self, Self::Nn | Self::Nns | Self::Nnp)
    }

    pub(super) const fn is_adjective(self) -> bool {
        matches!(self, Self::Jj | Self::Jjr | Self::Jjs)
    }

    pub(super) const fn is_verb(self) -> bool {
        matches!(
            self,
            Self::Vb | Self::Vbd | Self::Vbg | Self::Vbn | Self::Vbp | Self::Vbz
        )
    }
}
