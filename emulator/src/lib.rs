//! Amazon's Selling Partner API and Plytix on loopback, for demonstrations and tests.
//!
//! The emulator stands in for a stranger. It follows what the vendors publish and what their
//! callers have recorded, shares no type with the programs that call it, and answers 501 to
//! whatever nobody has evidenced: a client that only works here should fail here.

mod clock;
mod journal;
mod plytix;
