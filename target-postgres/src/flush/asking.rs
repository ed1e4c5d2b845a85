//! Asks the server which rows it does not have, before they are sent.
//!
//! A nightly load brings mostly rows that the table holds already. A key and a digest are a tenth of a row,
//! need no staging table, and are compared while the next rows are read; what does not differ is never
//! sent. Where most rows differ, asking is in vain: a sample shows that soon enough.

use std::error::Error as StdError;
use std::hash::{BuildHasher as _, RandomState};

use bytes::{BufMut as _, BytesMut};
use futures_util::future::join;
use tokio::task::yield_now;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Statement};

use crate::copy::Digester;
use crate::rows::Batch;
use crate::sql;
use crate::table::Table;

/// Rows of a transaction that are asked for first, from all over a batch, to see whether it pays.
const SAMPLE: usize = 200;

/// Rows that are asked for first of a batch, while nothing of the next question is ready.
const FIRST: usize = 500;

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
#[derive(Debug, Clone)]
pub(super) enum Asking {
    /// Nothing yet.
    Untried,
    /// At least half of them are in the table already; how the server is asked. To be forgotten before
    /// the transaction ends: behind a pooler the next one may have another session.
    Worthwhile(Statement),
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
    let all: Vec<&[u8]> = rows.rows().collect();
    let mut asked = Asked { asker: Asker::new(table), differ: vec![true; all.len()], all };
    match std::mem::replace(asking, Asking::InVain) {
        Asking::InVain => {}
        Asking::Untried => {
            if let Some(statement) = statement(client, table).await?
                && asked.sample(client, &statement).await?
                && asked.rest(client, &statement).await?
            {
                *asking = Asking::Worthwhile(statement);
            }
        }
        Asking::Worthwhile(statement) => {
            if asked.rest(client, &statement).await? {
                *asking = Asking::Worthwhile(statement);
            }
        }
    }
    let differ = asked.differ;
    let count = differ.iter().filter(|differs| **differs).count();
    tracing::debug!("{}: {count} of {} rows are sent", table.stream, differ.len());
    Ok(rows.only(&differ))
}

/// The places of some among many rows, one at random of each few: rows that differ may come at regular
/// distances.
fn sample(count: usize) -> impl Iterator<Item = usize> {
    let few = count.div_ceil(SAMPLE).max(1);
    let random = RandomState::new();
    (0..count).step_by(few).filter_map(move |start| {
        let few = u64::try_from(few.min(count - start)).ok()?;
        Some(start + usize::try_from(random.hash_one(start) % few).ok()?)
    })
}

/// How the server is asked; none if it cannot tell.
async fn statement(client: &Client, table: &Table) -> Result<Option<Statement>, Error> {
    let row = client.query_typed_one(&sql::before_asking(table), &[]).await?;
    let (version, bytes): (i32, i64) = (row.try_get(0)?, row.try_get(1)?);
    if version < HASH_SINCE {
        return Ok(None);
    }
    let keys = table.columns.iter().filter(|column| table.is_key(column));
    let types: Vec<Type> =
        std::iter::once(Type::INT8).chain(keys.map(|column| column.kind.types().1)).collect();
    client.prepare_typed(&sql::ask(table, bytes >= LARGE), &types).await.map(Some)
}

/// The rows of a batch, and what the answers said about them.
struct Asked<'a> {
    asker: Asker,
    all: Vec<&'a [u8]>,
    /// Whether they are not known to be in the table as they are.
    differ: Vec<bool>,
}

impl Asked<'_> {
    /// Asks for some rows; whether at least half of them are in the table.
    async fn sample(&mut self, client: &Client, statement: &Statement) -> Result<bool, Error> {
        let question = self.asker.question(&self.all, sample(self.all.len()));
        let answer = question.ask(client, statement).await?;
        Ok(question.spares(answer, &mut self.differ))
    }

    /// Asks for the rows, as long as at least half of them are in the table; whether it is to the end.
    async fn rest(&mut self, client: &Client, statement: &Statement) -> Result<bool, Error> {
        let Self { asker, all, differ } = self;
        let mut places = 0..all.len();
        let mut question = asker.question(all, places.by_ref().take(FIRST));
        while question.looked_at > 0 {
            // While the server looks, which it can as soon as the connection had its turn.
            let prepare = async {
                yield_now().await;
                let size = (question.looked_at * GROWTH).min(MOST);
                asker.question(all, places.by_ref().take(size))
            };
            let (answer, next) = join(question.ask(client, statement), prepare).await;
            if !question.spares(answer?, differ) {
                return Ok(false);
            }
            question = next;
        }
        Ok(true)
    }
}

/// Makes questions about the rows of a table.
struct Asker {
    digester: Digester,
    seed: i64,
    /// The types of the key columns.
    key: Vec<Type>,
}

/// Some rows that are asked for together.
struct Question {
    seed: i64,
    /// The rows, by their places among all, with their digests: those that have one.
    rows: Vec<(usize, i64)>,
    /// How many were looked at.
    looked_at: usize,
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
            key: key.map(|column| column.kind.types().0).collect(),
        }
    }

    /// What is asked about the rows at some places.
    fn question(&mut self, all: &[&[u8]], places: impl Iterator<Item = usize>) -> Question {
        let mut keys: Vec<Array> = self.key.iter().cloned().map(Array::of).collect();
        let (mut rows, mut key, mut looked_at) = (Vec::new(), Vec::new(), 0);
        for place in places {
            looked_at += 1;
            let row = all.get(place).copied().unwrap_or_default();
            let Some(digest) = self.digester.digest(row, &mut key) else { continue };
            rows.push((place, digest));
            for (array, field) in keys.iter_mut().zip(&key) {
                array.push(field);
            }
        }
        Question { seed: self.seed, rows, looked_at, keys }
    }
}

impl Question {
    /// The digests of the rows that the table has by these keys.
    async fn ask(&self, client: &Client, statement: &Statement) -> Result<Vec<i64>, Error> {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        let keys = self.keys.iter().map(|array| array as &(dyn ToSql + Sync));
        let parameters: Vec<_> = std::iter::once(&self.seed as _).chain(keys).collect();
        client.query_one(statement, &parameters).await?.try_get(0)
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
    count: i32,
    /// The elements, each behind its length.
    fields: Vec<u8>,
}

impl Array {
    fn of(element_type: Type) -> Self {
        Self { element_type, count: 0, fields: Vec::new() }
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
