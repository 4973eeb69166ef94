//! The words of the world: nouns in a taxonomy, colours, patterns, sizes, grounds, styles.

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

pub(super) use vocabulary;

vocabulary! {
    /// The upper level of the taxonomy; above it there is only “thing”. Every word takes the
    /// indefinite article.
    Domain {
        Living = "living thing",
        ManMade = "man-made thing",
        Food = "piece of food",
        Shape = "shape",
    }
}

vocabulary! {
    /// The middle level of the taxonomy. Every word takes the indefinite article.
    Category {
        Animal = "animal",
        Person = "person",
        Plant = "plant",
        Vehicle = "vehicle",
        Building = "building",
        Furniture = "piece of furniture",
        Container = "container",
        Fruit = "fruit",
        Snack = "snack",
        Shape = "shape",
    }
}

impl Category {
    /// The domain that the category belongs to. [`Category::Shape`] and [`Domain::Shape`] are
    /// one word: a chain from noun to thing says it once.
    pub const fn domain(self) -> Domain {
        match self {
            Self::Animal | Self::Person | Self::Plant => Domain::Living,
            Self::Vehicle | Self::Building | Self::Furniture | Self::Container => Domain::ManMade,
            Self::Fruit | Self::Snack => Domain::Food,
            Self::Shape => Domain::Shape,
        }
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
        Horse = "horse",
        Elephant = "elephant",
        Turtle = "turtle",
        Doctor = "doctor",
        Chef = "chef",
        Farmer = "farmer",
        Astronaut = "astronaut",
        King = "king",
        Pirate = "pirate",
        Firefighter = "firefighter",
        Tree = "tree",
        Flower = "flower",
        Cactus = "cactus",
        Palm = "palm",
        Bush = "bush",
        Car = "car",
        Truck = "truck",
        Boat = "boat",
        Plane = "plane",
        Bicycle = "bicycle",
        Train = "train",
        Balloon = "balloon",
        House = "house",
        Castle = "castle",
        Church = "church",
        Lighthouse = "lighthouse",
        Windmill = "windmill",
        Tent = "tent",
        Chair = "chair",
        Table = "table",
        Bed = "bed",
        Lamp = "lamp",
        Sofa = "sofa",
        Bookcase = "bookcase",
        Box = "box",
        Basket = "basket",
        Bucket = "bucket",
        Jar = "jar",
        Cup = "cup",
        Apple = "apple",
        Banana = "banana",
        Pear = "pear",
        Pineapple = "pineapple",
        Carrot = "carrot",
        Cake = "cake",
        Cheese = "cheese",
        Circle = "circle",
        Square = "square",
        Triangle = "triangle",
        Star = "star",
        Heart = "heart",
        Cross = "cross",
    }
}

impl Noun {
    /// The category that the noun belongs to.
    pub const fn category(self) -> Category {
        match self {
            Self::Cat
            | Self::Dog
            | Self::Rabbit
            | Self::Bird
            | Self::Fish
            | Self::Horse
            | Self::Elephant
            | Self::Turtle => Category::Animal,
            Self::Doctor
            | Self::Chef
            | Self::Farmer
            | Self::Astronaut
            | Self::King
            | Self::Pirate
            | Self::Firefighter => Category::Person,
            Self::Tree | Self::Flower | Self::Cactus | Self::Palm | Self::Bush => Category::Plant,
            Self::Car
            | Self::Truck
            | Self::Boat
            | Self::Plane
            | Self::Bicycle
            | Self::Train
            | Self::Balloon => Category::Vehicle,
            Self::House
            | Self::Castle
            | Self::Church
            | Self::Lighthouse
            | Self::Windmill
            | Self::Tent => Category::Building,
            Self::Chair | Self::Table | Self::Bed | Self::Lamp | Self::Sofa | Self::Bookcase => {
                Category::Furniture
            }
            Self::Box | Self::Basket | Self::Bucket | Self::Jar | Self::Cup => Category::Container,
            Self::Apple | Self::Banana | Self::Pear | Self::Pineapple => Category::Fruit,
            Self::Carrot | Self::Cake | Self::Cheese => Category::Snack,
            Self::Circle
            | Self::Square
            | Self::Triangle
            | Self::Star
            | Self::Heart
            | Self::Cross => Category::Shape,
        }
    }

    /// The domain that the noun's category belongs to.
    pub const fn domain(self) -> Domain {
        self.category().domain()
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
        Pink = "pink",
        Brown = "brown",
        Black = "black",
        White = "white",
    }
}

vocabulary! {
    /// What a thing's colour is broken by.
    Pattern {
        Plain = "plain",
        Striped = "striped",
        Spotted = "spotted",
        Checkered = "checkered",
    }
}

impl Default for Pattern {
    /// Plain.
    fn default() -> Self {
        Self::Plain
    }
}

vocabulary! {
    /// How large a thing is in the image, whatever it is.
    Size {
        Small = "small",
        Medium = "medium-sized",
        Large = "large",
    }
}

vocabulary! {
    /// What the things are on: a material, so that captions need no article. Pale, so that no
    /// thing's colour is lost on it.
    Ground {
        Sand = "sand",
        Snow = "snow",
        Stone = "stone",
        Grass = "grass",
        Water = "water",
        Wood = "wood",
    }
}

vocabulary! {
    /// How a scene is drawn. Captions never speak of it: a model that was trained on one style
    /// and is asked in another is asked across a shift of domain.
    Style {
        Everyday = "everyday",
        Flat = "flat",
        Pastel = "pastel",
        Night = "night",
        Sketch = "sketch",
    }
}

impl Default for Style {
    /// Everyday.
    fn default() -> Self {
        Self::Everyday
    }
}
