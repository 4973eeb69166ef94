//! Images that look alike: NegCLIP's hard images.

use cliprobe::world::Scene;

/// How many similar images a row names, as in NegCLIP's files.
const SIMILAR: usize = 3;

/// A scene's row.
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) scene: Scene,
}

/// The rows among `others` whose scenes are most like that of `row`, the most similar first.
pub(super) fn similar<'a>(row: &Row, others: impl Iterator<Item = &'a Row>) -> Vec<u64> {
    let mut best: Vec<(u32, u64)> = Vec::with_capacity(SIMILAR + 1);
    for other in others.filter(|other| other.number != row.number) {
        let likeness = likeness(&row.scene, &other.scene);
        // The earlier of two that are equally alike comes first.
        let place = best.partition_point(|&(better, _)| better >= likeness);
        if place < SIMILAR {
            best.insert(place, (likeness, other.number));
            best.truncate(SIMILAR);
        }
    }
    best.into_iter().map(|(_, number)| number).collect()
}

/// How much of the one scene is found in the other: twice for each thing's noun, once for its colour,
/// once for the ground; less for things that only one has.
fn likeness(one: &Scene, other: &Scene) -> u32 {
    let of_things = one.things.iter().map(|thing| {
        let with = |like: &cliprobe::world::Thing| {
            2 * u32::from(like.noun == thing.noun) + u32::from(like.colour == thing.colour)
        };
        other.things.iter().map(with).max().unwrap_or_default()
    });
    let unmatched = one.things.len().abs_diff(other.things.len()) as u32;
    let alike = of_things.sum::<u32>() + u32::from(one.ground == other.ground);
    alike.saturating_sub(unmatched)
}

#[cfg(test)]
mod tests {
    use cliprobe::world::{SceneParams, Split};

    use super::*;

    #[test]
    fn the_most_similar_come_first_and_never_the_image_itself() {
        let sample = |seed| Scene::sample(Split::Training.seed(seed), &SceneParams::default());
        let mut rows: Vec<Row> = (0..40)
            .map(|number| Row {
                number,
                scene: sample(number),
            })
            .collect();
        let row = Row {
            number: 40,
            scene: sample(7),
        };
        // The same things and ground; then all but the ground.
        rows[30].scene = sample(7);
        rows[20].scene = Scene {
            ground: rows[8].scene.ground,
            ..sample(7)
        };
        assert_ne!(rows[8].scene.ground, row.scene.ground);
        rows[7].scene = sample(1_000);
        let found = similar(&row, rows.iter().chain([&row]));
        assert_eq!(found.len(), SIMILAR);
        assert_eq!(found[..2], [30, 20]);
        assert_eq!(similar(&row, rows[..2].iter()).len(), 2);
    }
}
