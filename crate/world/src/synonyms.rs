//! Other words for the same, and plurals.

use super::claim::Concept;
use super::relation::Relation;
use super::vocabulary::{Category, Colour, Noun, Pattern, Size};

/// Another word for what a concept's plain word says, in this world at least. None of them is the
/// plain word of anything else.
pub(super) const fn of_concept(concept: Concept) -> Option<&'static str> {
    Some(match concept {
        Concept::Noun(noun) => match noun {
            Noun::Rabbit => "bunny",
            Noun::Turtle => "tortoise",
            Noun::Doctor => "physician",
            Noun::Chef => "cook",
            Noun::King => "monarch",
            Noun::Firefighter => "fireman",
            Noun::Flower => "blossom",
            Noun::Bush => "shrub",
            Noun::Car => "automobile",
            Noun::Truck => "lorry",
            Noun::Boat => "ship",
            Noun::Plane => "airplane",
            Noun::Bicycle => "bike",
            Noun::Castle => "fortress",
            Noun::Sofa => "couch",
            Noun::Bookcase => "bookshelf",
            Noun::Bucket => "pail",
            Noun::Cup => "mug",
            _ => return None,
        },
        Concept::Category(Category::Person) => "human",
        _ => return None,
    })
}

/// Another word for a size.
pub(super) const fn of_size(size: Size) -> Option<&'static str> {
    match size {
        Size::Small => Some("little"),
        Size::Medium => None,
        Size::Large => Some("big"),
    }
}

/// Another word for a colour.
pub(super) const fn of_colour(colour: Colour) -> Option<&'static str> {
    match colour {
        Colour::Red => Some("crimson"),
        Colour::Green => Some("emerald"),
        Colour::Purple => Some("violet"),
        _ => None,
    }
}

/// Another word for a pattern.
pub(super) const fn of_pattern(pattern: Pattern) -> Option<&'static str> {
    match pattern {
        Pattern::Spotted => Some("dotted"),
        Pattern::Checkered => Some("chequered"),
        Pattern::Plain | Pattern::Striped => None,
    }
}

/// Other words for a relation.
pub(super) const fn of_relation(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::LeftOf => Some("left of"),
        Relation::RightOf => Some("right of"),
        Relation::Above => Some("over"),
        Relation::Below => Some("beneath"),
        Relation::NextTo => Some("beside"),
        Relation::Inside => Some("in"),
        Relation::Under => Some("underneath"),
        Relation::Carrying => Some("holding"),
        Relation::CarriedBy => Some("held by"),
        Relation::Chasing => Some("pursuing"),
        Relation::ChasedBy => Some("pursued by"),
        _ => None,
    }
}

/// The plural of a concept's word or of its synonym, in letters of its own.
pub(super) fn plural(word: &str) -> String {
    match word {
        "fish" => return word.to_owned(),
        "person" => return "people".to_owned(),
        "fireman" => return "firemen".to_owned(),
        "bookshelf" => return "bookshelves".to_owned(),
        "cactus" => return "cacti".to_owned(),
        "monarch" => return "monarchs".to_owned(),
        _ => {}
    }
    if let Some(rest) = word.strip_prefix("piece ") {
        return format!("pieces {rest}");
    }
    if let Some(stem) = word.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    let hisses = ["s", "x", "sh", "ch"].iter().any(|end| word.ends_with(end));
    format!("{word}{}", if hisses { "es" } else { "s" })
}

/// A number word.
pub(super) const fn number(count: u8) -> &'static str {
    match count {
        2 => "two",
        _ => "three",
    }
}
