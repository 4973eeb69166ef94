//! Decides a caption from its words alone, by trying every way of pointing at things. It shares no
//! code with the library's grammar or its judge: of the library it uses only what things are and
//! where they lie.

use cliprobe_world::{Category, Colour, Domain, Ground, Hold, Noun, Pattern, Scene, Size, Thing};

/// A thing as a caption speaks of it.
struct Phrase {
    /// `None` for “a”: at least one.
    number: Option<usize>,
    words: Vec<String>,
}

/// Phrases that are related, by their places.
struct Joint {
    relation: String,
    places: Vec<usize>,
}

pub(crate) fn is_true(text: &str, scene: &Scene) -> bool {
    let (phrases, joints, ground) = parsed(text);
    if ground.is_some_and(|ground| ground != scene.ground.word()) {
        return false;
    }
    some_pointing(&phrases, &joints, scene, &mut Vec::new())
}

fn parsed(text: &str) -> (Vec<Phrase>, Vec<Joint>, Option<String>) {
    let mut text = format!(" {} ", text.replace(',', " , "));
    for sentence in [
        " there is ",
        " there are ",
        " a picture of ",
        " the picture shows ",
    ] {
        if let Some(rest) = text.strip_prefix(sentence) {
            text = format!(" {rest}");
        }
    }
    for (many, one) in [
        (" can be seen ", " "),
        (" piece of furniture ", " furniture "),
        (" pieces of furniture ", " furniture "),
        (" piece of food ", " food "),
        (" pieces of food ", " food "),
        (" living thing ", " living "),
        (" living things ", " living "),
        (" man-made thing ", " man-made "),
        (" man-made things ", " man-made "),
    ] {
        text = text.replace(many, one);
    }
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let mut ground = None;
    if let [.., "on", last] = words[..]
        && Ground::ALL.iter().any(|ground| ground.word() == last)
    {
        ground = Some(last.to_owned());
        words.truncate(words.len() - 2);
    }

    let mut phrases: Vec<Phrase> = Vec::new();
    let mut joints: Vec<Joint> = Vec::new();
    let mut between = None;
    let mut joint: Vec<&str> = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let number = match word {
            "a" | "an" => None,
            "two" => Some(2),
            "three" => Some(3),
            _ => {
                joint.push(word);
                continue;
            }
        };
        let mut said = Vec::new();
        for word in words.by_ref() {
            let plain = plain_word(word, number.is_some());
            let ends = is_name(&plain);
            said.push(plain);
            if ends {
                break;
            }
        }
        let person = said.last().is_some_and(|name| is_person(name));
        if person {
            let naked = said.iter().any(|word| is_look(word));
            assert!(!naked, "“{text}” says how a person looks, not the clothes");
        }
        if let ["in", look, ..] = words.as_slice()
            && is_look(synonym(look))
        {
            assert!(person, "“{text}”: no person, and clothes");
            words.next();
            // A pattern, then a colour or “clothes”; or a colour.
            let pattern = words.next_if_word(is_pattern);
            let colour = words.next_if_word(is_colour);
            let plain = words.next_if_word(|word| word == "clothes");
            assert!(
                colour.is_some() != plain.is_some() && (plain.is_none() || pattern.is_some()),
                "“{text}”: what clothes?"
            );
            said.extend(pattern.into_iter().chain(colour));
        }
        let place = phrases.len();
        phrases.push(Phrase {
            number,
            words: said,
        });
        let relation: Vec<&str> = std::mem::take(&mut joint)
            .into_iter()
            .filter(|word| ![",", "which", "is", "are"].contains(word))
            .collect();
        match (&relation[..], between.take()) {
            (["and"], Some(middle)) => joints.push(Joint {
                relation: "between".to_owned(),
                places: vec![middle, place - 1, place],
            }),
            ([] | ["and"], None) => {}
            (["between"], None) => between = Some(place - 1),
            (relation, None) => joints.push(Joint {
                relation: relation.join(" "),
                places: vec![place - 1, place],
            }),
            (relation, Some(_)) => panic!("“{text}”: between … {relation:?}"),
        }
    }
    assert!(
        joint.is_empty() || joint == [","],
        "“{text}” ends in the middle: {joint:?}"
    );
    assert!(between.is_none(), "“{text}”: between what?");
    (phrases, joints, ground)
}

/// The word of the vocabulary that a synonym or a plural stands for.
fn plain_word(word: &str, many: bool) -> String {
    let one = match word {
        "fish" => "fish",
        "people" => "person",
        "cacti" => "cactus",
        "firemen" => "fireman",
        "bookshelves" => "bookshelf",
        "lorries" => "lorry",
        "boxes" | "couches" | "bushes" | "churches" | "crosses" | "fortresses" => {
            &word[..word.len() - 2]
        }
        _ if many && is_name(synonym(word.strip_suffix('s').unwrap_or(word))) => {
            word.strip_suffix('s').unwrap_or(word)
        }
        _ => word,
    };
    synonym(one).to_owned()
}

fn synonym(word: &str) -> &str {
    match word {
        "bunny" => "rabbit",
        "bunnies" => "rabbit",
        "tortoise" => "turtle",
        "physician" => "doctor",
        "cook" => "chef",
        "monarch" => "king",
        "fireman" => "firefighter",
        "blossom" => "flower",
        "shrub" => "bush",
        "automobile" => "car",
        "lorry" => "truck",
        "ship" => "boat",
        "airplane" => "plane",
        "bike" => "bicycle",
        "fortress" => "castle",
        "couch" => "sofa",
        "bookshelf" => "bookcase",
        "pail" => "bucket",
        "mug" => "cup",
        "human" => "person",
        "little" => "small",
        "big" => "large",
        "crimson" => "red",
        "emerald" => "green",
        "violet" => "purple",
        "dotted" => "spotted",
        "chequered" => "checkered",
        other => other,
    }
}

fn is_name(word: &str) -> bool {
    ["thing", "furniture", "food", "living", "man-made"].contains(&word)
        || Noun::ALL.iter().any(|noun| noun.word() == word)
        || Category::ALL.iter().any(|category| category.word() == word)
        || Domain::ALL.iter().any(|domain| domain.word() == word)
}

fn is_person(name: &str) -> bool {
    name == "person"
        || Noun::ALL
            .iter()
            .any(|noun| noun.word() == name && noun.category() == Category::Person)
}

fn is_look(word: &str) -> bool {
    is_colour(word) || is_pattern(word)
}

fn is_colour(word: &str) -> bool {
    Colour::ALL.iter().any(|colour| colour.word() == word)
}

fn is_pattern(word: &str) -> bool {
    Pattern::ALL.iter().any(|pattern| pattern.word() == word)
}

/// The words that are still to be read.
trait NextIfWord {
    /// Takes the next one, plainly said, if it is such a word.
    fn next_if_word(&mut self, is_such: impl Fn(&str) -> bool) -> Option<String>;
}

impl NextIfWord for std::vec::IntoIter<&str> {
    fn next_if_word(&mut self, is_such: impl Fn(&str) -> bool) -> Option<String> {
        let word = synonym(self.as_slice().first()?).to_owned();
        is_such(&word).then(|| {
            self.next();
            word
        })
    }
}

fn some_pointing(
    phrases: &[Phrase],
    joints: &[Joint],
    scene: &Scene,
    pointed: &mut Vec<Vec<usize>>,
) -> bool {
    let Some(phrase) = phrases.get(pointed.len()) else {
        return joints.iter().all(|joint| is_joined(joint, scene, pointed));
    };
    let fitting: Vec<usize> = (0..scene.things.len())
        .filter(|&index| {
            phrase
                .words
                .iter()
                .all(|word| is_a(word, &scene.things[index]))
        })
        .collect();
    let choices: Vec<Vec<usize>> = match phrase.number {
        None => fitting.into_iter().map(|index| vec![index]).collect(),
        Some(number) if fitting.len() == number => vec![fitting],
        Some(_) => Vec::new(),
    };
    choices.into_iter().any(|choice| {
        let taken = pointed.iter().flatten().any(|index| choice.contains(index));
        !taken && {
            pointed.push(choice);
            let found = some_pointing(phrases, joints, scene, pointed);
            pointed.pop();
            found
        }
    })
}

fn is_a(word: &str, thing: &Thing) -> bool {
    let known = is_name(word)
        || Colour::ALL.iter().any(|colour| colour.word() == word)
        || Pattern::ALL.iter().any(|pattern| pattern.word() == word)
        || Size::ALL.iter().any(|size| size.word() == word);
    assert!(known, "“{word}” is no word of this world");
    let domain = match thing.noun.domain() {
        Domain::Living => "living",
        Domain::ManMade => "man-made",
        Domain::Food => "food",
        Domain::Shape => "shape",
    };
    let category = match thing.noun.category() {
        Category::Furniture => "furniture",
        other => other.word(),
    };
    word == "thing"
        || [
            thing.noun.word(),
            category,
            domain,
            thing.colour.word(),
            thing.size.word(),
            thing.pattern.word(),
        ]
        .contains(&word)
}

fn is_joined(joint: &Joint, scene: &Scene, pointed: &[Vec<usize>]) -> bool {
    let [places @ .., last] = &joint.places[..] else {
        return false;
    };
    let each = |a: usize| {
        pointed[*last].iter().all(|&b| match places {
            [_] => holds(&joint.relation, scene, a, b),
            [_, other] => pointed[*other].iter().all(|&c| is_between(scene, a, b, c)),
            _ => false,
        })
    };
    pointed[places[0]].iter().all(|&a| each(a))
}

const LEFT: usize = 0;
const TOP: usize = 1;
const RIGHT: usize = 2;
const BOTTOM: usize = 3;

/// In the picture, roughly: whose box is wholly on which side, who looks where.
fn holds(relation: &str, scene: &Scene, a: usize, b: usize) -> bool {
    let (one, other) = (&scene.things[a], &scene.things[b]);
    let (p, q) = (one.extent(), other.extent());
    let held = |content: &Thing, host: usize, hold| {
        content
            .host
            .is_some_and(|host_of| host_of.thing == host && host_of.hold == hold)
    };
    let any_hold = one.host.is_some_and(|host| host.thing == b)
        || other.host.is_some_and(|host| host.thing == a);
    let gap_across = (p[LEFT] - q[RIGHT]).max(q[LEFT] - p[RIGHT]);
    let gap_down = (p[TOP] - q[BOTTOM]).max(q[TOP] - p[BOTTOM]);
    let converse = |relation| holds(relation, scene, b, a);
    match relation {
        "to the left of" | "left of" => p[RIGHT] < q[LEFT] && !any_hold,
        "to the right of" | "right of" => p[LEFT] > q[RIGHT] && !any_hold,
        "above" | "over" => p[BOTTOM] < q[TOP] && !any_hold,
        "below" | "beneath" => p[TOP] > q[BOTTOM] && !any_hold,
        "in front of" => gap_across < 0 && gap_down < 0 && a > b && !any_hold,
        "behind" => converse("in front of"),
        "next to" | "beside" => (0..150).contains(&gap_across) && gap_down < 0 && !any_hold,
        "on" => held(one, b, Hold::On) && touches(p, q) && p[BOTTOM] <= q[BOTTOM],
        "under" | "underneath" => converse("on"),
        "inside" | "in" => held(one, b, Hold::Inside) && touches(p, q) && narrower(p, q),
        "containing" => converse("inside"),
        "riding" => held(one, b, Hold::Riding) && touches(p, q) && p[TOP] < q[BOTTOM],
        "ridden by" => converse("riding"),
        "carrying" | "holding" => held(other, a, Hold::Carried) && touches(p, q),
        "carried by" | "held by" => converse("carrying"),
        "facing" => match one.looks_right() {
            Some(true) => p[RIGHT] < q[LEFT] && !any_hold,
            Some(false) => p[LEFT] > q[RIGHT] && !any_hold,
            None => false,
        },
        "faced by" => converse("facing"),
        "chasing" | "pursuing" => {
            one.moving
                && other.moving
                && holds("facing", scene, a, b)
                && !holds("facing", scene, b, a)
        }
        "chased by" | "pursued by" => converse("chasing"),
        other => panic!("what is “{other}”?"),
    }
}

fn touches(p: [i32; 4], q: [i32; 4]) -> bool {
    p[LEFT] <= q[RIGHT] + 8
        && q[LEFT] <= p[RIGHT] + 8
        && p[TOP] <= q[BOTTOM] + 8
        && q[TOP] <= p[BOTTOM] + 8
}

fn narrower(p: [i32; 4], q: [i32; 4]) -> bool {
    p[LEFT] >= q[LEFT] - 8 && p[RIGHT] <= q[RIGHT] + 8
}

/// Apart from both on opposite sides, and rather so than above or below them.
fn is_between(scene: &Scene, middle: usize, one: usize, other: usize) -> bool {
    let [m, a, b] = [middle, one, other].map(|index| scene.things[index].extent());
    let centre = |e: [i32; 4], axis: usize| (e[axis] + e[axis + 2]) / 2;
    (0..2).any(|axis| {
        let lies = |a: [i32; 4], b: [i32; 4]| {
            let near = |e: [i32; 4]| {
                let along = (centre(m, axis) - centre(e, axis)).abs();
                (centre(m, 1 - axis) - centre(e, 1 - axis)).abs() <= along
            };
            a[axis + 2] <= m[axis] && m[axis + 2] <= b[axis] && near(a) && near(b)
        };
        lies(a, b) || lies(b, a)
    })
}
