//! Parts of images: what a benchmark's box shows, and what a white letterbox encloses.

use super::{ImageError, MAX_PIXELS, RgbImage};

/// Samples at least this bright are white: JPEG leaves a letterbox a few levels short of 255.
const WHITE: u8 = 240;

impl RgbImage {
    /// The part of `width × height` pixels whose top left corner is at (`x`, `y`). What lies outside
    /// the image is black, as in Pillow's `Image.crop`.
    ///
    /// # Errors
    /// A part without pixels, or with more than [`MAX_PIXELS`].
    pub fn crop(&self, x: i32, y: i32, width: u32, height: u32) -> Result<Self, ImageError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 || pixels > MAX_PIXELS {
            return Err(ImageError::CropSize { width, height });
        }
        let mut data = vec![0; pixels as usize * 3];
        let (x, y) = (i64::from(x), i64::from(y));
        let left = x.clamp(0, i64::from(self.width));
        let right = (x + i64::from(width)).clamp(0, i64::from(self.width));
        if left < right {
            let samples = (right - left) as usize * 3;
            for row in 0..i64::from(height) {
                if (0..i64::from(self.height)).contains(&(y + row)) {
                    let from = ((y + row) as usize * self.width as usize + left as usize) * 3;
                    let to = (row as usize * width as usize + (left - x) as usize) * 3;
                    data[to..to + samples].copy_from_slice(&self.data[from..from + samples]);
                }
            }
        }
        Self::from_samples(width, height, data)
    }

    /// The image without the white bands above and below it, or left and right of it, that make a
    /// square of it. Bands of a letterbox are equally wide, so the narrower of each pair counts, and
    /// only the wider pair is taken away. An image that is white throughout stays as it is.
    pub fn without_letterbox(&self) -> Self {
        let (width, height) = (self.width as usize, self.height as usize);
        let white_row = |row: &usize| {
            let from = row * width * 3;
            self.data[from..from + width * 3]
                .iter()
                .all(|&s| s >= WHITE)
        };
        let white_column = |column: &usize| {
            (0..height).all(|row| {
                let from = (row * width + column) * 3;
                self.data[from..from + 3].iter().all(|&s| s >= WHITE)
            })
        };
        let band = |n: usize, white: &dyn Fn(&usize) -> bool| {
            let before = (0..n).take_while(white).count();
            let after = (0..n).rev().take_while(white).count();
            if before == n { 0 } else { before.min(after) }
        };
        let (rows, columns) = (band(height, &white_row), band(width, &white_column));
        let part = if rows >= columns {
            self.crop(0, rows as i32, self.width, (height - 2 * rows) as u32)
        } else {
            self.crop(columns as i32, 0, (width - 2 * columns) as u32, self.height)
        };
        part.unwrap_or_else(|_| self.clone())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn numbered(width: u32, height: u32) -> RgbImage {
        let data = (0..width * height).flat_map(|i| [i as u8; 3]).collect();
        RgbImage::from_samples(width, height, data).unwrap()
    }

    #[test]
    fn a_part_inside_and_one_that_sticks_out() {
        let image = numbered(4, 3);
        let inside = image.crop(1, 1, 2, 2).unwrap();
        assert_eq!(inside.data(), [5, 5, 5, 6, 6, 6, 9, 9, 9, 10, 10, 10]);
        let outside = image.crop(-1, 2, 3, 2).unwrap();
        let first: Vec<u8> = outside.data().iter().step_by(3).copied().collect();
        assert_eq!(first, [0, 8, 9, 0, 0, 0]);
        let apart = image.crop(i32::MAX, i32::MIN, 1, 1).unwrap();
        assert_eq!(apart.data(), [0, 0, 0]);
        assert!(image.crop(0, 0, 0, 5).is_err());
        assert!(image.crop(0, 0, u32::MAX, u32::MAX).is_err());
    }

    #[test]
    fn bands_of_a_letterbox_go_and_white_in_the_image_stays() {
        let mut data = vec![255; 8 * 8 * 3];
        for row in 2..6 {
            for column in 0..8 {
                data[(row * 8 + column) * 3] = 10;
            }
        }
        // A white sky: the band above looks wider than it is.
        data[2 * 8 * 3..3 * 8 * 3].fill(250);
        let image = RgbImage::from_samples(8, 8, data).unwrap();
        let part = image.without_letterbox();
        assert_eq!((part.width(), part.height()), (8, 4));
        let white = RgbImage::from_samples(3, 2, vec![255; 18]).unwrap();
        assert_eq!(white.without_letterbox(), white);
        assert_eq!(numbered(4, 3).without_letterbox(), numbered(4, 3));
    }
}
