//! Captions that between them say every word of the grammar.

use super::claim::{Claim, Concept, Description};
use super::grammar::{Template, Wording};
use super::relation::Relation;
use super::vocabulary::{Category, Colour, Domain, Ground, Noun, Pattern, Size};

/// Captions that between them say every word that a caption of this world can have, in the singular,
/// the plural, plainly and by synonym: what a tokenizer is learnt from in which every word is to be
/// one token.
pub fn captions_of_every_word() -> Vec<String> {
    let plain = Description::of(Concept::Thing);
    let nouns = Noun::ALL.iter().map(|&noun| Concept::Noun(noun));
    let categories = Category::ALL.iter().map(|&word| Concept::Category(word));
    let domains = Domain::ALL.iter().map(|&word| Concept::Domain(word));
    let concepts = nouns
        .chain(categories)
        .chain(domains)
        .chain([Concept::Thing]);
    let named = concepts.flat_map(|concept| {
        (1..=Description::MOST).map(move |count| Description {
            count,
            ..Description::of(concept)
        })
    });
    let coloured = Colour::ALL.iter().map(|&colour| Description {
        colour: Some(colour),
        ..plain
    });
    let sized = Size::ALL.iter().map(|&size| Description {
        size: Some(size),
        ..plain
    });
    let patterned = Pattern::ALL.iter().map(|&pattern| Description {
        pattern: Some(pattern),
        ..plain
    });
    let clothed = Description {
        pattern: Some(Pattern::Striped),
        ..Description::of(Concept::Category(Category::Person))
    };
    let described = named
        .chain(coloured)
        .chain(sized)
        .chain(patterned)
        .chain([clothed]);
    let mut claims: Vec<Claim> = described.map(|thing| Claim::list(vec![thing])).collect();
    let several = Description { count: 2, ..plain };
    for &relation in Relation::ALL {
        claims.push(Claim {
            things: vec![plain; 3],
            relations: vec![Some(relation)],
            ground: None,
        });
        // “which is”, “which are”
        for middle in [plain, several] {
            claims.push(Claim {
                things: vec![plain, middle, plain],
                relations: vec![Some(Relation::LeftOf), Some(relation)],
                ground: None,
            });
        }
    }
    claims.extend(Ground::ALL.iter().map(|&ground| Claim {
        ground: Some(ground),
        ..Claim::list(vec![several])
    }));
    claims
        .iter()
        .flat_map(|claim| {
            Template::ALL.iter().flat_map(move |&template| {
                [0, u32::MAX].map(|synonyms| claim.worded(Wording { template, synonyms }))
            })
        })
        .collect()
}
