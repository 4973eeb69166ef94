//! Plain shapes.

use super::pen::{Part, Pen::Body};
use crate::draw::palette::Tone::Base;

pub(super) const CIRCLE: &[Part] = &[(Base, Body, "M-91 0a91 91 0 1 1 182 0a91 91 0 1 1-182 0Z")];

pub(super) const SQUARE: &[Part] = &[(Base, Body, "M-91-91H91V91H-91Z")];

pub(super) const TRIANGLE: &[Part] = &[(Base, Body, "M0-84L91 78H-91Z")];

pub(super) const STAR: &[Part] = &[(
    Base,
    Body,
    "M0-91L24-27L91-25L39 18L58 82L0 45L-58 82L-39 18L-91-25L-24-27Z",
)];

pub(super) const HEART: &[Part] = &[(
    Base,
    Body,
    "M0 88C-30 58-91 20-91-32C-91-90-20-100 0-44C20-100 91-90 91-32C91 20 30 58 0 88Z",
)];

pub(super) const CROSS: &[Part] = &[(Base, Body, "M-32-91H32V-32H91V32H32V91H-32V32H-91V-32H-32Z")];
