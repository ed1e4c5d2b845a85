//! Which statement brings staged rows into a table that has a unique index on its key.
//!
//! Thousands of rows a second that each way managed, by how many times as large as the staged rows the
//! table is; 34 columns, 50,000 to 100,000 staged rows, PostgreSQL 15, 32 MB for the join, beside other
//! work, so that only large differences say something:
//!
//! | table | all the same | all changed | all new |
//! |---|---|---|---|
//! | 1 × | upsert 129, merge **282** | **78**, 73 | 73, **81** |
//! | 2 × | 105, **302** | **67**, 62 | 65, **73** |
//! | 4 × | 105, **120** | 52, **54** | **91**, 54 |
//! | 10 × | **87**, 63 | **45**, 27 | 44, **61** |
//!
//! `MERGE` reads the whole table however few rows are staged; an upsert looks keys up one by one.

use tokio_postgres::{Client, Error};

use crate::sql;
use crate::table::Table;

/// The first version of PostgreSQL that has `MERGE`.
const MERGE_SINCE: i32 = 150_000;

/// Staged rows from which on it pays to join tables. Smaller batches are looked up, whoever else writes.
const LEAST_BYTES: i64 = 1024 * 1024;

/// How many times as large as the staged rows a table may be for `MERGE` to win.
const MOST_TIMES: i64 = 2;

/// A statement for staged rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `MERGE` reads the whole table once and joins it with the rows.
    Merge,
    /// `INSERT … ON CONFLICT` looks each key up, and works whoever else writes.
    Upsert,
}

/// What decides.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    staged_bytes: i64,
    table_bytes: i64,
    server_version: i32,
}

impl Sizes {
    fn way(self) -> Way {
        let is_large = self.staged_bytes >= LEAST_BYTES;
        let is_near = self.table_bytes / MOST_TIMES <= self.staged_bytes;
        let has_merge = self.server_version >= MERGE_SINCE;
        if is_large && is_near && has_merge { Way::Merge } else { Way::Upsert }
    }
}

/// Measures the staged rows and the table, and chooses.
///
/// Sizes are exact at any moment, while the catalog's count of rows is from the last `ANALYZE`.
pub(super) async fn choose(client: &Client, table: &Table) -> Result<Way, Error> {
    let row = client.query_typed_one(&sql::measure(table), &[]).await?;
    let sizes = Sizes {
        staged_bytes: row.try_get(0)?,
        table_bytes: row.try_get(1)?,
        server_version: row.try_get(2)?,
    };
    Ok(sizes.way())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(staged_bytes: i64, table_bytes: i64, server_version: i32) -> Way {
        Sizes { staged_bytes, table_bytes, server_version }.way()
    }

    #[test]
    fn many_rows_are_joined_with_a_table_that_is_not_much_larger() {
        let mib = 1024 * 1024;
        assert_eq!(way(80 * mib, 80 * mib, 150_013), Way::Merge);
        assert_eq!(way(80 * mib, 0, 170_000), Way::Merge);
        assert_eq!(way(80 * mib, 80 * MOST_TIMES * mib, 150_000), Way::Merge);
        assert_eq!(way(80 * mib, 81 * MOST_TIMES * mib, 150_000), Way::Upsert);
    }

    #[test]
    fn few_rows_and_an_older_server_have_their_keys_looked_up() {
        assert_eq!(way(LEAST_BYTES - 1, 0, 150_000), Way::Upsert);
        assert_eq!(way(LEAST_BYTES, 0, 150_000), Way::Merge);
        assert_eq!(way(LEAST_BYTES, 0, 140_012), Way::Upsert);
    }
}
