//! From meaning to English.

use std::fmt;

use super::claim::{Claim, Description};
use super::vocabulary::Relation;

impl fmt::Display for Description {
    /// “a large orange cat”, “an orange cat”, “an animal”.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.size.map(|size| size.word());
        let colour = self.colour.map(|colour| colour.word());
        let words = [size, colour, Some(self.concept.word())];
        let mut article = None;
        for word in words.into_iter().flatten() {
            if article.is_none() {
                let chosen = indefinite_article(word);
                f.write_str(chosen)?;
                article = Some(chosen);
            }
            write!(f, " {word}")?;
        }
        Ok(())
    }
}

/// “an” before a vowel letter. Right for every word of the vocabulary, which has none like
/// “hour” or “unicorn”.
fn indefinite_article(next: &str) -> &'static str {
    if next.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

impl fmt::Display for Claim {
    /// The caption, without a capital or a full stop: “a cat”, “a red cat and a blue car”,
    /// “a cat, a car and a tree”, “a red cat to the left of a blue car, which is above a green
    /// tree, on snow”. A comma closes a clause that could otherwise be read into the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut in_relative_clause = false;
        for (index, thing) in self.things.iter().enumerate() {
            let Some(previous) = index.checked_sub(1) else {
                write!(f, "{thing}")?;
                continue;
            };
            let related_before = previous > 0 && self.relations.len() >= previous;
            match self.relations.get(previous) {
                Some(relation) if related_before => {
                    in_relative_clause = true;
                    write!(f, ", which is {} {thing}", relation.word())?;
                }
                Some(relation) => write!(f, " {} {thing}", relation.word())?,
                None if index + 1 < self.things.len() => write!(f, ", {thing}")?,
                None if related_before || in_relative_clause => write!(f, ", and {thing}")?,
                None => write!(f, " and {thing}")?,
            }
        }
        if let Some(ground) = self.ground {
            let closing = if in_relative_clause { "," } else { "" };
            write!(f, "{closing} on {}", ground.word())?;
        }
        Ok(())
    }
}

impl fmt::Display for Relation {
    /// “to the left of”.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::super::claim::Concept;
    use super::super::vocabulary::{Category, Colour, Ground, Noun, Size};
    use super::*;

    fn thing(noun: Noun, colour: Option<Colour>, size: Option<Size>) -> Description {
        Description {
            concept: Concept::Noun(noun),
            colour,
            size,
        }
    }

    #[test]
    fn articles_follow_the_next_word() {
        let apple = thing(Noun::Apple, None, None);
        let said = [
            (apple, "an apple"),
            (thing(Noun::Apple, Some(Colour::Red), None), "a red apple"),
            (
                thing(Noun::Cat, Some(Colour::Orange), None),
                "an orange cat",
            ),
            (
                thing(Noun::Cat, Some(Colour::Orange), Some(Size::Large)),
                "a large orange cat",
            ),
            (
                Description::of(Concept::Category(Category::Animal)),
                "an animal",
            ),
            (Description::of(Concept::Thing), "a thing"),
        ];
        for (description, english) in said {
            assert_eq!(description.to_string(), english);
        }
    }

    #[test]
    fn claims_read_as_english() {
        let cat = thing(Noun::Cat, Some(Colour::Red), None);
        let car = thing(Noun::Car, Some(Colour::Blue), None);
        let tree = thing(Noun::Tree, Some(Colour::Green), None);
        let claim = |things: &[Description], relations: &[Relation], ground| Claim {
            things: things.to_vec(),
            relations: relations.to_vec(),
            ground,
        };
        use Relation::{Above, LeftOf};
        let said = [
            (claim(&[cat], &[], None), "a red cat"),
            (claim(&[cat], &[], Some(Ground::Snow)), "a red cat on snow"),
            (claim(&[cat, car], &[], None), "a red cat and a blue car"),
            (
                claim(&[cat, car, tree], &[], Some(Ground::Sand)),
                "a red cat, a blue car and a green tree on sand",
            ),
            (
                claim(&[cat, car], &[LeftOf], Some(Ground::Stone)),
                "a red cat to the left of a blue car on stone",
            ),
            (
                claim(&[cat, car, tree], &[LeftOf, Above], Some(Ground::Snow)),
                "a red cat to the left of a blue car, which is above a green tree, on snow",
            ),
            (
                claim(&[cat, car, tree], &[LeftOf], None),
                "a red cat to the left of a blue car, and a green tree",
            ),
            (claim(&[], &[], None), ""),
        ];
        for (claim, english) in said {
            assert_eq!(claim.to_string(), english);
        }
    }
}
