//! Tableau: a synthetic world whose truth is known.
