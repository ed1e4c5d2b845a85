//! The promises of a configuration, with values.
