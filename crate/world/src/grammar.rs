//! From meaning to English.

use std::fmt;

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::claim::{Claim, Description};
use super::relation::Relation;
use super::synonyms;
use super::vocabulary::vocabulary;

vocabulary! {
    /// The sentence, or the lack of one, that a caption's things stand in.
    Template {
        Plain = "…",
        ThereIs = "there is …",
        PictureOf = "a picture of …",
        Shows = "the picture shows …",
        CanBeSeen = "… can be seen",
    }
}

/// How a claim is put into words: nothing of this changes what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wording {
    /// The sentence around it.
    pub template: Template,
    /// Bit `k` is set where the `k`-th of the claim's words that have a synonym, in the order of
    /// mention, is said by it.
    pub synonyms: u32,
}

impl Wording {
    /// The words of the vocabulary and nothing around them.
    pub const PLAIN: Self = Self {
        template: Template::Plain,
        synonyms: 0,
    };

    /// A random wording.
    pub fn sample(params: &WordingParams, rng: &mut impl Rng) -> Self {
        let mut percent = |percent: u32| rng.random_range(0..100) < percent;
        let synonyms = (0..u32::BITS).fold(0, |bits, bit| {
            bits | u32::from(percent(params.synonym_percent)) << bit
        });
        let template = if percent(params.template_percent) {
            Template::ALL[rng.random_range(1..Template::ALL.len())]
        } else {
            Template::Plain
        };
        Self { template, synonyms }
    }
}

/// How wordings are drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WordingParams {
    /// How often a word that has a synonym is said by it, in per cent.
    pub synonym_percent: u32,
    /// How often a caption is a sentence, in per cent.
    pub template_percent: u32,
}

impl Default for WordingParams {
    fn default() -> Self {
        Self {
            synonym_percent: 20,
            template_percent: 30,
        }
    }
}

/// A claim in certain words; its text is `to_string()`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Statement {
    /// What is said.
    pub claim: Claim,
    /// How.
    pub wording: Wording,
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.claim.worded(self.wording))
    }
}

impl fmt::Display for Claim {
    /// The caption in its plain wording, without a capital or a full stop: “a cat”, “a red cat and
    /// a blue car”, “a cat, a car and two trees”, “a red cat to the left of a blue car, which is
    /// above a green tree, on snow”. A comma closes a clause that could otherwise be read into
    /// the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.worded(Wording::PLAIN))
    }
}

impl fmt::Display for Description {
    /// “a large striped orange cat”, “an animal”, “two red apples”, “a small farmer in spotted blue”.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Claim::list(vec![*self]).worded(Wording::PLAIN))
    }
}

impl Claim {
    /// The caption in these words.
    pub fn worded(&self, wording: Wording) -> String {
        let mut writer = Writer::new(wording);
        writer.sentence(self);
        writer.text
    }

    /// How many of its words have a synonym.
    pub fn replaceable_words(&self) -> u32 {
        let mut writer = Writer::new(Wording::PLAIN);
        writer.sentence(self);
        writer.replaceable
    }
}

struct Writer {
    wording: Wording,
    text: String,
    /// Words with a synonym so far.
    replaceable: u32,
}

impl Writer {
    const fn new(wording: Wording) -> Self {
        Self {
            wording,
            text: String::new(),
            replaceable: 0,
        }
    }

    fn sentence(&mut self, claim: &Claim) {
        let plural = claim.things.first().is_some_and(|first| first.count > 1);
        match self.wording.template {
            Template::Plain | Template::CanBeSeen => {}
            Template::ThereIs if plural => self.say("there are"),
            Template::ThereIs => self.say("there is"),
            Template::PictureOf => self.say("a picture of"),
            Template::Shows => self.say("the picture shows"),
        }
        let open = self.things(claim);
        if self.wording.template == Template::CanBeSeen {
            if open {
                self.text.push(',');
            }
            self.say("can be seen");
        }
        if let Some(ground) = claim.ground {
            if open && self.wording.template != Template::CanBeSeen {
                self.text.push(',');
            }
            self.say("on");
            self.say(ground.word());
        }
    }

    /// Whether it ends in a relative clause that what follows could be read into.
    fn things(&mut self, claim: &Claim) -> bool {
        let clauses = claim.clauses();
        let related = clauses.iter().any(|clause| clause.len() > 1);
        let last = clauses.len().saturating_sub(1);
        let mut open = false;
        for (number, clause) in clauses.into_iter().enumerate() {
            if number > 0 {
                if number < last {
                    self.text.push(',');
                } else {
                    if related {
                        self.text.push(',');
                    }
                    self.say("and");
                }
            }
            open |= self.clause(claim, clause);
        }
        open
    }

    fn clause(&mut self, claim: &Claim, clause: std::ops::Range<usize>) -> bool {
        let start = clause.start;
        let mut place = start;
        let mut open = false;
        self.description(&claim.things[place]);
        while let Some(relation) = claim.relation_after(place) {
            if place > start {
                let plural = claim.things[place].count > 1;
                self.text.push(',');
                self.say(if plural { "which are" } else { "which is" });
                open = true;
            }
            self.word(relation.word(), synonyms::of_relation(relation));
            place += 1;
            self.description(&claim.things[place]);
            if relation == Relation::Between {
                place += 1;
                self.say("and");
                self.description(&claim.things[place]);
            }
        }
        open
    }

    fn description(&mut self, thing: &Description) {
        let size = thing
            .size
            .map(|size| self.choose(size.word(), synonyms::of_size(size)));
        // A person's colour and pattern are those of the clothes.
        if thing.concept.is_of_people() {
            self.named(thing, size.as_slice());
            let look = self.look(thing);
            if !look.is_empty() {
                self.say("in");
                look.into_iter().for_each(|word| self.say(word));
            }
            if thing.pattern.is_some() && thing.colour.is_none() {
                self.say("clothes");
            }
        } else {
            let look = self.look(thing);
            let adjectives: Vec<&str> = size.into_iter().chain(look).collect();
            self.named(thing, &adjectives);
        }
    }

    /// The words for pattern and colour, as far as they are said.
    fn look(&mut self, thing: &Description) -> Vec<&'static str> {
        let pattern = thing
            .pattern
            .map(|pattern| self.choose(pattern.word(), synonyms::of_pattern(pattern)));
        let colour = thing
            .colour
            .map(|colour| self.choose(colour.word(), synonyms::of_colour(colour)));
        pattern.into_iter().chain(colour).collect()
    }

    /// Article or number, adjectives and noun.
    fn named(&mut self, thing: &Description, adjectives: &[&str]) {
        let noun = self.choose(thing.concept.word(), synonyms::of_concept(thing.concept));
        let several = thing.count > 1;
        self.say(if several {
            synonyms::number(thing.count)
        } else {
            indefinite_article(adjectives.first().unwrap_or(&noun))
        });
        adjectives.iter().for_each(|adjective| self.say(adjective));
        if several {
            self.say(&synonyms::plural(noun));
        } else {
            self.say(noun);
        }
    }

    fn word(&mut self, word: &str, synonym: Option<&str>) {
        let chosen = self.choose(word, synonym);
        self.say(chosen);
    }

    fn choose<'w>(&mut self, word: &'w str, synonym: Option<&'w str>) -> &'w str {
        let Some(synonym) = synonym else { return word };
        let bit = 1u32.checked_shl(self.replaceable).unwrap_or(0);
        self.replaceable += 1;
        if self.wording.synonyms & bit != 0 {
            synonym
        } else {
            word
        }
    }

    fn say(&mut self, words: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(words);
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

#[cfg(test)]
mod tests {
    use super::super::claim::Concept;
    use super::super::vocabulary::{Category, Colour, Ground, Noun, Pattern, Size};
    use super::*;

    fn thing(noun: Noun, colour: Option<Colour>, size: Option<Size>) -> Description {
        Description {
            colour,
            size,
            ..Description::of(Concept::Noun(noun))
        }
    }

    #[test]
    fn articles_follow_the_next_word_and_plurals_the_number() {
        let apple = thing(Noun::Apple, None, None);
        let cat = thing(Noun::Cat, Some(Colour::Orange), None);
        let several = |noun, count| Description {
            count,
            ..thing(noun, None, None)
        };
        let said = [
            (apple, "an apple"),
            (thing(Noun::Apple, Some(Colour::Red), None), "a red apple"),
            (cat, "an orange cat"),
            (
                thing(Noun::Cat, Some(Colour::Orange), Some(Size::Medium)),
                "a medium-sized orange cat",
            ),
            (
                Description {
                    pattern: Some(Pattern::Striped),
                    ..cat
                },
                "a striped orange cat",
            ),
            (
                Description::of(Concept::Category(Category::Animal)),
                "an animal",
            ),
            (Description::of(Concept::Thing), "a thing"),
            (several(Noun::Cactus, 2), "two cacti"),
            (several(Noun::Bush, 3), "three bushes"),
            (several(Noun::Fish, 2), "two fish"),
            (
                Description {
                    count: 2,
                    ..Description::of(Concept::Category(Category::Furniture))
                },
                "two pieces of furniture",
            ),
        ];
        for (description, english) in said {
            assert_eq!(description.to_string(), english);
        }
    }

    #[test]
    fn people_wear_their_colours() {
        let farmer = thing(Noun::Farmer, Some(Colour::Black), Some(Size::Small));
        let person = Description {
            pattern: Some(Pattern::Striped),
            ..Description::of(Concept::Category(Category::Person))
        };
        let said = [
            (farmer, "a small farmer in black"),
            (
                Description { count: 2, ..farmer },
                "two small farmers in black",
            ),
            (
                Description {
                    pattern: Some(Pattern::Spotted),
                    ..farmer
                },
                "a small farmer in spotted black",
            ),
            (person, "a person in striped clothes"),
            (
                Description { count: 3, ..person },
                "three people in striped clothes",
            ),
            (
                Description {
                    colour: Some(Colour::White),
                    ..person
                },
                "a person in striped white",
            ),
        ];
        for (description, english) in said {
            assert_eq!(description.to_string(), english);
        }
    }

    fn claim(
        things: &[Description],
        relations: &[Option<Relation>],
        ground: Option<Ground>,
    ) -> Claim {
        Claim {
            things: things.to_vec(),
            relations: relations.to_vec(),
            ground,
        }
    }

    #[test]
    fn claims_read_as_english() {
        use Relation::{Above, Between, Chasing, LeftOf};
        let cat = thing(Noun::Cat, Some(Colour::Red), None);
        let car = thing(Noun::Car, Some(Colour::Blue), None);
        let tree = thing(Noun::Tree, Some(Colour::Green), None);
        let cats = Description { count: 2, ..cat };
        let said = [
            (claim(&[cat], &[], None), "a red cat"),
            (claim(&[cat], &[], Some(Ground::Snow)), "a red cat on snow"),
            (claim(&[cat, car], &[], None), "a red cat and a blue car"),
            (
                claim(&[cat, car, tree], &[], Some(Ground::Sand)),
                "a red cat, a blue car and a green tree on sand",
            ),
            (
                claim(&[cat, car], &[Some(LeftOf)], Some(Ground::Stone)),
                "a red cat to the left of a blue car on stone",
            ),
            (
                claim(
                    &[cat, car, tree],
                    &[Some(LeftOf), Some(Above)],
                    Some(Ground::Snow),
                ),
                "a red cat to the left of a blue car, which is above a green tree, on snow",
            ),
            (
                claim(&[car, cats, tree], &[Some(LeftOf), Some(Above)], None),
                "a blue car to the left of two red cats, which are above a green tree",
            ),
            (
                claim(&[cat, car, tree], &[Some(Chasing)], None),
                "a red cat chasing a blue car, and a green tree",
            ),
            (
                claim(&[cat, car, tree], &[Some(Between)], None),
                "a red cat between a blue car and a green tree",
            ),
            (claim(&[cat], &[Some(LeftOf)], None), "a red cat"),
            (
                claim(&[cat, car], &[Some(Between)], None),
                "a red cat and a blue car",
            ),
            (claim(&[], &[], None), ""),
        ];
        for (claim, english) in said {
            assert_eq!(claim.to_string(), english);
        }
    }

    #[test]
    fn wordings_change_the_words_that_they_name() {
        let rabbit = thing(Noun::Rabbit, Some(Colour::Blue), Some(Size::Small));
        let car = thing(Noun::Car, None, None);
        let related = claim(
            &[rabbit, car],
            &[Some(Relation::NextTo)],
            Some(Ground::Wood),
        );
        assert_eq!(related.replaceable_words(), 4);
        let worded = |template, synonyms| related.worded(Wording { template, synonyms });
        let said = [
            (
                Template::Plain,
                0b0001,
                "a little blue rabbit next to a car on wood",
            ),
            (
                Template::ThereIs,
                0b0010,
                "there is a small blue bunny next to a car on wood",
            ),
            (
                Template::PictureOf,
                0b0100,
                "a picture of a small blue rabbit beside a car on wood",
            ),
            (
                Template::CanBeSeen,
                0b1000,
                "a small blue rabbit next to an automobile can be seen on wood",
            ),
        ];
        for (template, synonyms, english) in said {
            assert_eq!(worded(template, synonyms), english);
        }
        let several = claim(&[Description { count: 3, ..car }], &[], None);
        let there = Wording {
            template: Template::ThereIs,
            synonyms: 1,
        };
        assert_eq!(several.worded(there), "there are three automobiles");
    }
}
