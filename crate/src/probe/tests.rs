//! Readers against the authors' shapes, and evaluation against hand-computed answers.
#![allow(clippy::unwrap_used)]

use super::*;
