//! The words of the world: nouns in a three-level taxonomy, colours, sizes, grounds, relations.

use serde::{Deserialize, Serialize};

/// Declares an enum whose variants are words: one list gives the variants, their order,
/// their spelling in captions and their spelling in JSON.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum $name {
            $(
                #[doc = concat!("“", $word, "”.")]
                #[serde(rename = $word)]
                $variant
            ),+
        }

        impl $name {
            /// Every word of this class, in a fixed order. Sampling draws from this list, so
            /// that adding a word changes the scenes that a seed stands for.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As captions write it.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }
    };
}

vocabulary! {
    /// The middle level of the taxonomy; above it there is only “thing”.
    Category {
        Animal = "animal",
        Vehicle = "vehicle",
        Plant = "plant",
        Fruit = "fruit",
        Building = "building",
        Shape = "shape",
    }
}

vocabulary! {
    /// What a thing is. No noun is a kind of another, so that exactly one of them is true of a
    /// thing.
    Noun {
        Cat = "cat",
        Dog = "dog",
        Rabbit = "rabbit",
        Bird = "bird",
        Fish = "fish",
        Car = "car",
        Truck = "truck",
        Boat = "boat",
        Plane = "plane",
        Tree = "tree",
        Flower = "flower",
        Cactus = "cactus",
        Apple = "apple",
        Banana = "banana",
        Pear = "pear",
        Pineapple = "pineapple",
        House = "house",
        Castle = "castle",
        Church = "church",
        Lighthouse = "lighthouse",
        Circle = "circle",
        Square = "square",
        Triangle = "triangle",
        Star = "star",
    }
}

impl Noun {
    /// The category that the noun belongs to.
    pub const fn category(self) -> Category {
        match self {
            Self::Cat | Self::Dog | Self::Rabbit | Self::Bird | Self::Fish => Category::Animal,
            Self::Car | Self::Truck | Self::Boat | Self::Plane => Category::Vehicle,
            Self::Tree | Self::Flower | Self::Cactus => Category::Plant,
            Self::Apple | Self::Banana | Self::Pear | Self::Pineapple => Category::Fruit,
            Self::House | Self::Castle | Self::Church | Self::Lighthouse => Category::Building,
            Self::Circle | Self::Square | Self::Triangle | Self::Star => Category::Shape,
        }
    }
}

vocabulary! {
    /// The one colour of a thing; its details are shades of it, or neutral.
    Colour {
        Red = "red",
        Orange = "orange",
        Yellow = "yellow",
        Green = "green",
        Blue = "blue",
        Purple = "purple",
        Brown = "brown",
        Black = "black",
    }
}

vocabulary! {
    /// How large a thing is in the picture, whatever it is.
    Size {
        Small = "small",
        Large = "large",
    }
}

vocabulary! {
    /// What the things lie on. Pale and grey, so that no thing's colour is lost on it.
    Ground {
        Sand = "sand",
        Snow = "snow",
        Stone = "stone",
    }
}

vocabulary! {
    /// Where one thing is, seen from another, in the plane of the picture.
    Relation {
        LeftOf = "to the left of",
        RightOf = "to the right of",
        Above = "above",
        Below = "below",
    }
}

impl Relation {
    /// The relation that holds the other way round: “a above b” says what “b below a” says.
    pub const fn converse(self) -> Self {
        match self {
            Self::LeftOf => Self::RightOf,
            Self::RightOf => Self::LeftOf,
            Self::Above => Self::Below,
            Self::Below => Self::Above,
        }
    }
}
