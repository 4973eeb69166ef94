//! The hierarchy as a map in the plane: the root in the middle, distances from it to scale.

use super::{HierarchyError, RadiusKind};

/// Rounds of power iteration for each axis. Far more than needed where the axes are distinct.
const MOST_ROUNDS: usize = 500;
/// Power iteration ends when no element of the axis moves by more.
const SETTLED: f64 = 1e-12;
/// Of the axes' starting vectors.
const SEED: u64 = 0x0051_7c1d;

/// One embedding's place around the root.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapPoint {
    /// Euclidean distance to the root, from 0 to 2.
    pub radius: f64,
    /// Direction on the map in radians, above −π and at most π; 0 where there is none.
    pub direction: f64,
}

/// Embeddings around the root.
#[derive(Clone, Debug, PartialEq)]
pub struct RadialMap {
    /// One for each embedding, in the order given.
    pub points: Vec<MapPoint>,
    /// The share of the variance of the fitted directions that the map's plane shows, from 0 to 1.
    /// The lower it is, the less do neighbours on the map have to be neighbours in the model.
    pub shown_variance: f64,
}

/// Places embeddings `[n, width]` around the root, which is of that width.
///
/// The radius is the Euclidean distance to the root and is exact. The direction is a projection: of
/// the unit directions (e − r)/‖e − r‖ the first two principal components are computed, from the
/// first `fitted` rows alone, by power iteration from fixed starting vectors; each component's
/// largest element is made positive. A point's direction is the angle of its two components, after
/// the mean of the fitted directions is subtracted. Rows beyond `fitted` do not move the others.
///
/// # Errors
/// [`HierarchyError::Length`] if the matrix is no whole number of rows or has fewer than `fitted`,
/// [`HierarchyError::NotFinite`] for NaN or an infinity in a row.
pub fn radial_map(
    embeddings: &[f32],
    root: &[f32],
    fitted: usize,
) -> Result<RadialMap, HierarchyError> {
    let width = root.len().max(1);
    let radii = super::radii(embeddings, root, RadiusKind::Euclidean)?;
    if fitted > radii.len() {
        return Err(HierarchyError::Length {
            what: "the matrix of embeddings",
            expected: fitted * width,
            found: embeddings.len(),
        });
    }
    let directions: Vec<Vec<f64>> = embeddings
        .chunks_exact(width)
        .map(|embedding| unit_direction(embedding, root))
        .collect();
    let plane = Plane::fit(&directions[..fitted], width);
    let points = directions
        .iter()
        .zip(radii)
        .map(|(direction, radius)| MapPoint {
            radius,
            direction: if radius == 0.0 {
                0.0
            } else {
                plane.angle(direction)
            },
        })
        .collect();
    Ok(RadialMap {
        points,
        shown_variance: plane.shown,
    })
}

/// The direction from the root to an embedding; zeros where they coincide.
fn unit_direction(embedding: &[f32], root: &[f32]) -> Vec<f64> {
    let mut direction: Vec<f64> = embedding
        .iter()
        .zip(root)
        .map(|(&e, &r)| f64::from(e) - f64::from(r))
        .collect();
    normalise(&mut direction);
    direction
}

/// The plane of a map, in the space of directions.
struct Plane {
    mean: Vec<f64>,
    axes: [Vec<f64>; 2],
    shown: f64,
}

impl Plane {
    fn fit(directions: &[Vec<f64>], width: usize) -> Self {
        let count = directions.len().max(1) as f64;
        let mut mean = vec![0.0; width];
        for direction in directions {
            for (sum, value) in mean.iter_mut().zip(direction) {
                *sum += value / count;
            }
        }
        let centred: Vec<Vec<f64>> = directions
            .iter()
            .map(|direction| direction.iter().zip(&mean).map(|(d, m)| d - m).collect())
            .collect();
        let total: f64 = centred.iter().flatten().map(|value| value * value).sum();
        let (first, of_first) = principal_axis(&centred, width, &[]);
        let (second, of_second) = principal_axis(&centred, width, &[&first]);
        Self {
            mean,
            axes: [first, second],
            shown: if total > 0.0 {
                ((of_first + of_second) / total).min(1.0)
            } else {
                0.0
            },
        }
    }

    fn angle(&self, direction: &[f64]) -> f64 {
        let [x, y] = self.axes.each_ref().map(|axis| {
            axis.iter()
                .zip(direction)
                .zip(&self.mean)
                .map(|((a, d), m)| a * (d - m))
                .sum::<f64>()
        });
        y.atan2(x)
    }
}

/// The unit vector along which rows vary most, orthogonal to `others`, and the sum of the squares of
/// the rows' components along it. Zeros where nothing varies.
fn principal_axis(rows: &[Vec<f64>], width: usize, others: &[&Vec<f64>]) -> (Vec<f64>, f64) {
    let mut state = SEED + others.len() as u64;
    let mut axis: Vec<f64> = (0..width)
        .map(|_| unit_interval(&mut state) - 0.5)
        .collect();
    orthogonalise(&mut axis, others);
    normalise(&mut axis);
    let mut spread = 0.0;
    for _ in 0..MOST_ROUNDS {
        let mut next = vec![0.0; width];
        spread = 0.0;
        for row in rows {
            let component = dot(row, &axis);
            spread += component * component;
            for (sum, value) in next.iter_mut().zip(row) {
                *sum += component * value;
            }
        }
        orthogonalise(&mut next, others);
        if !normalise(&mut next) {
            return (vec![0.0; width], 0.0);
        }
        let moved = next
            .iter()
            .zip(&axis)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        axis = next;
        if moved <= SETTLED {
            break;
        }
    }
    let largest = axis
        .iter()
        .copied()
        .reduce(|a, b| if b.abs() > a.abs() { b } else { a });
    if largest.is_some_and(|value| value < 0.0) {
        axis.iter_mut().for_each(|value| *value = -*value);
    }
    (axis, spread)
}

fn orthogonalise(axis: &mut [f64], others: &[&Vec<f64>]) {
    for other in others {
        let component = dot(axis, other);
        for (value, part) in axis.iter_mut().zip(other.iter()) {
            *value -= component * part;
        }
    }
}

/// Makes a vector one of length 1; false, and zeros, where it has no direction.
fn normalise(vector: &mut [f64]) -> bool {
    let length = dot(vector, vector).sqrt();
    let directed = length > 1e-12;
    for value in vector.iter_mut() {
        *value = if directed { *value / length } else { 0.0 };
    }
    directed
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// SplitMix64, from 0 to below 1.
fn unit_interval(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Four directions in the plane of the first two dimensions, of a space of four.
    fn cross() -> (Vec<f32>, Vec<f32>) {
        let root = vec![0.0, 0.0, 0.0, 1.0];
        let rows = [
            [0.9f32, 0.0, 0.0, 1.0],
            [-0.6, 0.0, 0.0, 1.0],
            [0.0, 0.4, 0.0, 1.0],
            [0.0, -0.2, 0.0, 1.0],
        ];
        (rows.concat(), root)
    }

    #[test]
    fn radii_are_exact_and_directions_opposite_where_they_are() {
        let (rows, root) = cross();
        let map = radial_map(&rows, &root, 4).unwrap();
        let radii: Vec<f64> = map.points.iter().map(|point| point.radius).collect();
        for (radius, expected) in radii.iter().zip([0.9f32, 0.6, 0.4, 0.2]) {
            assert!((radius - f64::from(expected)).abs() < 1e-6, "{radii:?}");
        }
        let apart = |a: usize, b: usize| {
            let angle = map.points[a].direction - map.points[b].direction;
            angle.cos()
        };
        assert!((apart(0, 1) + 1.0).abs() < 1e-9);
        assert!((apart(2, 3) + 1.0).abs() < 1e-9);
        assert!(apart(0, 2).abs() < 1e-9);
        assert!((map.shown_variance - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_first_axis_is_where_directions_vary_most() {
        // Directions at 0, 10 and −10 degrees from the x axis: what varies is y.
        let root = vec![0.0; 3];
        let rows: Vec<f32> = [0.0f32, 10.0, -10.0]
            .iter()
            .flat_map(|degrees| {
                let angle = degrees.to_radians();
                [angle.cos(), angle.sin(), 0.0]
            })
            .collect();
        let map = radial_map(&rows, &root, 3).unwrap();
        assert!((map.shown_variance - 1.0).abs() < 1e-9);
        // Of ±10 degrees the components on the second axis are equal, on the first opposite.
        let [up, down] = [map.points[1].direction, map.points[2].direction];
        assert!((up.cos() + down.cos()).abs() < 1e-6, "{up} {down}");
        assert!((up.sin() - down.sin()).abs() < 1e-6, "{up} {down}");
    }

    #[test]
    fn what_is_added_moves_nothing() {
        let (mut rows, root) = cross();
        let before = radial_map(&rows, &root, 4).unwrap();
        rows.extend([0.1, 0.2, 0.3, 0.4]);
        let after = radial_map(&rows, &root, 4).unwrap();
        assert_eq!(before.points, after.points[..4]);
        assert_eq!(before.shown_variance, after.shown_variance);
    }

    #[test]
    fn a_point_at_the_root_has_no_direction_and_nothing_is_not_a_number() {
        let root = vec![0.6f32, 0.8];
        let map = radial_map(&root.repeat(3), &root, 3).unwrap();
        assert_eq!(map.shown_variance, 0.0);
        assert!(
            map.points
                .iter()
                .all(|point| point.radius == 0.0 && point.direction == 0.0)
        );
        assert_eq!(radial_map(&[], &root, 0).unwrap().points, []);
    }

    #[test]
    fn rows_that_are_missing_or_not_finite_are_refused() {
        let root = vec![1.0f32, 0.0];
        assert!(matches!(
            radial_map(&[1.0, 0.0, 1.0], &root, 1),
            Err(HierarchyError::Length { .. })
        ));
        assert!(matches!(
            radial_map(&[1.0, 0.0], &root, 2),
            Err(HierarchyError::Length { .. })
        ));
        assert!(matches!(
            radial_map(&[f32::NAN, 0.0], &root, 1),
            Err(HierarchyError::NotFinite { row: 0, .. })
        ));
    }
}
