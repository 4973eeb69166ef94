//! Words that may both be true of one picture: neither is a false replacement of the other.
//!
//! WordNet's synsets hold strict synonyms only. These were gathered while reading edits.

/// Things that a person may call by either name, or that come together.
const NOUNS: &[&str] = &[
    "airliner airplane jet jetliner plane aircraft biplane",
    "armchair chair seat stool couch sofa",
    "backyard garden lawn yard park grass",
    "bag backpack luggage purse suitcase pack handbag",
    "ball baseball soccer_ball tennis_ball",
    "baseball_bat bat",
    "baseball_field field court park stadium",
    "baseball_player batter catcher pitcher player umpire athlete",
    "bathroom restroom stall shower toilet",
    "bathtub tub bath shower",
    "beach sand shore ocean sea water coast island",
    "bench park_bench seat chair",
    "bicycle bike",
    "bike moped motorbike motorcycle scooter",
    "board skateboard snowboard surfboard ski skate",
    "boat ship canoe",
    "bottle beer_bottle glass jar container",
    "bowl dish plate pan platter tray container dinner_plate pot",
    "box container crate case package bin basket",
    "branch tree tree_branch bush plant leaf",
    "bread bun toast sandwich pastry roll bagel",
    "broccoli vegetable veggie salad",
    "building house structure tower church skyscraper store shop apartment",
    "bull cow cattle ox calf",
    "bush plant shrub tree flower grass",
    "bus school_bus vehicle",
    "cabinet cupboard shelf dresser closet",
    "cake birthday_cake chocolate_cake wedding_cake cupcake dessert pastry pie tart",
    "camera phone",
    "car taxi van vehicle truck suv pickup pickup_truck",
    "carriage cart wagon buggy",
    "cellphone phone device",
    "city town street",
    "clock watch",
    "clock_tower tower building church church_tower steeple",
    "coat jacket sweater shirt blazer suit uniform vest outfit costume jersey dress clothes clothing",
    "computer desktop laptop monitor screen notebook tv television keyboard mouse tv_monitor",
    "controller remote",
    "counter countertop table desk shelf cabinet",
    "cup mug glass coffee_cup coffee_mug",
    "desk table workstation",
    "dinner lunch meal breakfast food dish",
    "donut doughnut pastry bagel",
    "field grass meadow pasture lawn plain hill land ground countryside garden park",
    "floor ground carpet rug tile flooring",
    "flower rose tulip plant",
    "forest wood woods tree hill park",
    "freezer fridge refrigerator",
    "frisbee disc",
    "glasses sunglasses",
    "hat cap helmet baseball_cap top_hat",
    "highway road street roadway freeway path sidewalk alley walkway avenue crosswalk trail way",
    "hill mountain slope snow",
    "hot_dog hotdog sausage sandwich",
    "kitchen dining_room room living_room",
    "lake ocean pond river sea water wave bay puddle harbor",
    "lamp light chandelier",
    "luggage suitcase",
    "microwave oven stove appliance",
    "painting picture photo image photograph poster mural art artwork portrait",
    "pan pot skillet",
    "pants jean short skirt",
    "passenger_train train subway tram trolley locomotive",
    "pier dock bridge",
    "pillow blanket cushion comforter quilt",
    "pizza cheese_pizza pizza_pie pepperoni",
    "platform station train_station railroad_track track",
    "racket racquet paddle",
    "restaurant cafe pub bar",
    "room bedroom living_room office hotel_room",
    "shirt sweater tie",
    "sign stop billboard post pole",
    "skier snowboarder",
    "skateboarder boarder",
    "soccer_player tennis_player baseball_player player athlete",
    "sink faucet",
    "sky air cloud",
    "store shop market bakery",
    "teddy teddy_bear toy doll",
    "television tv television_set screen",
    "toilet urinal toilet_bowl toilet_seat",
    "toy plaything",
    "track trail path road railroad_track",
    "fence gate barrier rail cage enclosure",
    "wall fence window",
    "bear bear_cub polar_bear",
    "cat kitten",
    "dog puppy",
    "bird pigeon duck goose",
    "sheep lamb goat",
    "horse pony",
    "food fruit vegetable snack",
    "apple fruit orange banana",
];

const VERBS: &[&str] = &[
    "hold carry grab use have grip clutch display show lift take swing throw read",
    "wear have sport carry hold",
    "look watch see view stare face examine",
    "eat have enjoy bite chew taste graze drink lick dine share",
    "ride drive travel mount race ski surf skate sit pull",
    "cover fill surround top contain decorate include feature have hold",
    "stand wait walk pose rest lean",
    "hit swing strike play throw",
    "prepare make cook cut do serve",
    "contain include have feature show hold fill has",
    "pet touch feed kiss hug",
    "lead guide walk pull herd follow",
    "cross pass walk",
    "wear ride use",
    "serve hit return toss",
    "catch grab hold throw play jump",
    "perform do jump ride",
    "read hold look",
    "kick play hit",
    "throw toss pitch",
    "brush clean wash use",
    "smoke hold",
    "talk use hold",
    "play use hold",
    "fly hold",
    "sell display have",
    "pull push",
    "operate use ride drive",
];

const ADJECTIVES: &[&str] = &[
    "big large huge giant tall long wide high thick enormous larger heavy full",
    "small little tiny short narrow thin low mini young cute light smart flat miniature",
    "old antique historic vintage rusty older elderly",
    "new modern fresh clean shiny",
    "happy smiling",
    "dark black brown gray grey night",
    "bright light white lit lighted yellow sunny colorful",
    "red pink orange purple maroon",
    "blue green purple teal",
    "brown tan beige wooden blond blonde gold orange",
    "white beige silver grey gray metal",
    "gray grey silver",
    "colorful multicolored colored bright",
    "wood wooden",
    "stone concrete brick",
    "metal metallic stainless silver",
    "grassy green lush",
    "dirty messy",
    "empty clean bare plain open",
    "several many multiple various different other assorted mixed",
    "single lone one",
    "whole full",
    "cooked grilled fried baked hot",
    "beautiful nice pretty cute adorable lovely fluffy",
    "busy crowded",
    "wet rainy",
    "dry dried bare",
    "cut sliced",
    "male female",
    "indoor interactive public professional",
    "young cute small",
];

fn together(groups: &[&str], a: &str, b: &str) -> bool {
    groups.iter().any(|group| {
        let has = |word: &str| group.split(' ').any(|other| other == word);
        has(a) && has(b)
    })
}

/// Whether two nouns may name the same thing.
pub(super) fn nouns(a: &str, b: &str) -> bool {
    // `tree` and `palm_tree`, `pole` and `ski_pole`
    let head = |word: &str, of: &str| {
        of.strip_suffix(word)
            .is_some_and(|rest| rest.ends_with('_'))
    };
    together(NOUNS, a, b) || head(a, b) || head(b, a)
}

/// Whether one who does the one may do the other at once.
pub(super) fn verbs(a: &str, b: &str) -> bool {
    together(VERBS, a, b)
}

/// Whether a thing may be both.
pub(super) fn adjectives(a: &str, b: &str) -> bool {
    together(ADJECTIVES, a, b)
}
