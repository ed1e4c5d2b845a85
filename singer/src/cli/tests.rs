//! What the arguments come to.
