//! Asks the server which rows it does not have, before they are sent.
//!
//! A nightly load brings mostly rows that the table holds already. A key and a digest are a tenth of a row,
//! need no staging table, and are compared while the next rows are read; what does not differ is never
//! sent. Where most rows differ, asking is in vain: a sample shows that soon enough.

use std::error::Error as StdError;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;

use bytes::{BufMut as _, BytesMut};
use futures_util::future::join;
use tokio::task::yield_now;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error};

use crate::copy::Digester;
use crate::rows::Batch;
use crate::sql;
use crate::table::Table;

/// Rows that are asked for first, while nothing of the next question is ready.
const FIRST: usize = 1_000;

/// How many times as many rows the next question is about: the server needs longer for one than a
/// digest takes here.
const GROWTH: usize = 2;

/// Rows that are asked for at a time. Of many more the server would think the statement dear enough to
/// be compiled, which takes longer than the answer.
const MOST: usize = 5_000;

/// The first version of PostgreSQL that hashes rows.
const HASH_SINCE: i32 = 140_000;

/// Bytes of a table from which on the planner never reads it whole for the ten keys that it thinks of.
const LARGE: i64 = 16 * 1024 * 1024;

/// What is known in a transaction about a stream's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// Nothing yet.
    Untried,
    /// At least half of them are in the table already; how keys are looked up.
    Worthwhile { at_once: bool },
    /// Most of them are new or differ, or the server cannot tell.
    InVain,
}

/// The rows that the table does not have as they are, as far as asking for them is worthwhile.
pub(super) async fn different(
    client: &Client,
    table: &Table,
    rows: &Batch,
    asking: &mut Asking,
) -> Result<Batch, Error> {
    let Some(at_once) = at_once(client, table, *asking).await? else {
        *asking = Asking::InVain;
        return Ok(rows.clone());
    };
    let statement = sql::ask(table, at_once);
    let mut asker = Asker::new(table);
    let all: Vec<&[u8]> = rows.rows().collect();
    let mut differ = vec![true; all.len()];
    let mut next = asker.question(&all, 0..FIRST);
    while let Some(question) = next.take() {
        // While the server looks, which it can as soon as the connection had its turn.
        let prepare = async {
            yield_now().await;
            let size = (question.looked_at * GROWTH).min(MOST);
            asker.question(&all, question.end..question.end + size)
        };
        let (answer, prepared) = join(question.ask(client, &statement), prepare).await;
        if question.spares(answer?, &mut differ) {
            *asking = Asking::Worthwhile { at_once };
            next = prepared;
        } else {
            *asking = Asking::InVain;
        }
    }
    let count = differ.iter().filter(|differs| **differs).count();
    tracing::debug!("{}: {count} of {} rows are sent", table.stream, all.len());
    Ok(rows.only(&differ))
}

/// Whether all keys of a question are looked up at once; none if there is nothing to ask.
async fn at_once(client: &Client, table: &Table, asking: Asking) -> Result<Option<bool>, Error> {
    match asking {
        Asking::Worthwhile { at_once } => Ok(Some(at_once)),
        Asking::InVain => Ok(None),
        Asking::Untried => {
            let row = client.query_typed_one(&sql::before_asking(table), &[]).await?;
            let (version, bytes): (i32, i64) = (row.try_get(0)?, row.try_get(1)?);
            Ok((version >= HASH_SINCE).then_some(bytes >= LARGE))
        }
    }
}

/// Makes questions about the rows of a table.
struct Asker {
    digester: Digester,
    seed: i64,
    /// The types of the key columns, and of arrays of them.
    key: Vec<(Type, Type)>,
}

/// Some rows that are asked for together.
struct Question {
    seed: i64,
    /// The rows, by their places among all, with their digests: those that have one.
    rows: Vec<(usize, i64)>,
    /// How many were looked at, and the place behind the last of them.
    looked_at: usize,
    end: usize,
    /// The keys, an array for each column of them.
    keys: Vec<Array>,
}

impl Asker {
    fn new(table: &Table) -> Self {
        let key = table.columns.iter().filter(|column| table.is_key(column));
        let seed = RandomState::new().hash_one(0);
        Self {
            digester: Digester::new(table, seed),
            seed: seed.cast_signed(),
            key: key.map(|column| column.kind.types()).collect(),
        }
    }

    /// What is asked about a range of rows; nothing behind the last one.
    fn question(&mut self, all: &[&[u8]], range: Range<usize>) -> Option<Question> {
        let end = range.end.min(all.len());
        let asked = all.get(range.start..end).filter(|asked| !asked.is_empty())?;
        let mut keys: Vec<Array> = self.key.iter().cloned().map(Array::of).collect();
        let (mut rows, mut key) = (Vec::new(), Vec::new());
        for (index, row) in (range.start..).zip(asked) {
            let Some(digest) = self.digester.digest(row, &mut key) else { continue };
            rows.push((index, digest));
            for (array, field) in keys.iter_mut().zip(&key) {
                array.push(field);
            }
        }
        Some(Question { seed: self.seed, rows, looked_at: asked.len(), end, keys })
    }
}

impl Question {
    /// The digests of the rows that the table has by these keys.
    async fn ask(&self, client: &Client, statement: &str) -> Result<Vec<i64>, Error> {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> = vec![(&self.seed, Type::INT8)];
        for array in &self.keys {
            parameters.push((array, array.own_type.clone()));
        }
        client.query_typed_one(statement, &parameters).await?.try_get(0)
    }

    /// Notes by the answer which rows do not differ; whether they are at least half of all.
    fn spares(&self, mut answer: Vec<i64>, differ: &mut [bool]) -> bool {
        answer.sort_unstable();
        let mut spared = 0;
        for (row, digest) in &self.rows {
            if answer.binary_search(digest).is_ok()
                && let Some(differs) = differ.get_mut(*row)
            {
                *differs = false;
                spared += 1;
            }
        }
        spared * 2 >= self.looked_at
    }
}

/// An array whose elements are in the form of the protocol already.
#[derive(Debug)]
struct Array {
    element_type: Type,
    own_type: Type,
    count: i32,
    /// The elements, each behind its length.
    fields: Vec<u8>,
}

impl Array {
    fn of((element_type, own_type): (Type, Type)) -> Self {
        Self { element_type, own_type, count: 0, fields: Vec::new() }
    }

    fn push(&mut self, field: &[u8]) {
        self.count += 1;
        self.fields.extend_from_slice(field);
    }
}

impl ToSql for Array {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        // One dimension without nulls, and its first place.
        out.put_i32(1);
        out.put_i32(0);
        out.put_u32(self.element_type.oid());
        out.put_i32(self.count);
        out.put_i32(1);
        out.put_slice(&self.fields);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
