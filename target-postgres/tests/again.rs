//! A table ends the same whatever it held before: rows that are loaded over others, as it turns out which
//! of them differ, and the same rows in a table that was empty. PostgreSQL says whether they are equal.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::support::{Case, record, schema};

/// A column that others made.
struct Column {
    name: &'static str,
    sql_type: &'static str,
    /// The property's schema.
    schema: &'static str,
    /// Few values, so that they meet; some are equal in other words.
    values: Values,
    /// What two equal values have in common.
    compared: &'static str,
}

/// Values as JSON.
enum Values {
    These(&'static [&'static str]),
    /// Those that match.
    Like(&'static str),
    /// Text that matches.
    Text(&'static str),
}

impl Values {
    fn strategy(&self) -> BoxedStrategy<String> {
        match self {
            Self::These(values) => select(*values).prop_map(str::to_owned).boxed(),
            Self::Like(pattern) => prop::string::string_regex(pattern).unwrap().boxed(),
            Self::Text(pattern) => {
                let text = prop::string::string_regex(pattern).unwrap();
                text.prop_map(|text| serde_json::to_string(&text).unwrap()).boxed()
            }
        }
    }
}

const fn column(
    name: &'static str,
    sql_type: &'static str,
    schema: &'static str,
    values: Values,
) -> Column {
    Column { name, sql_type, schema, values, compared: "" }
}

const INTEGER: &str = r#"{"type":["null","integer"]}"#;
const NUMBER: &str = r#"{"type":["null","number"]}"#;
const TEXT: &str = r#"{"type":["null","string"]}"#;
const MOMENT: &str = r#"{"type":["null","string"],"format":"date-time"}"#;
const ODD: &str = "[aA'\"\\\\\t{},é😀 \u{1}]{0,3}";
const MOMENTS: &[&str] = &[
    r#""2026-03-29T01:00:00Z""#,
    r#""2026-03-29T02:00:00+01:00""#,
    r#""2026-03-29 01:00:00.000001""#,
    r#""0001-01-01T00:00:00Z""#,
];
const JSON: &[&str] = &[
    "{}",
    r#"{"b":1.0,"aa":[]}"#,
    r#"{"aa":[],"b":1.00}"#,
    r#"{"b":1}"#,
    r#"{"b":1e0}"#,
    r#"{"b":2,"b":1}"#,
    r#"{"é":"\u00e9","\"":"\\"}"#,
    r#"[ 1,-0,null , "x" ]"#,
    "-0.0",
    "7",
    r#""7""#,
    "false",
];

/// Every type that a table may have, for rows.
const ROW: [Column; 20] = [
    column("flag", "boolean", r#"{"type":["null","boolean"]}"#, Values::These(&["true", "false"])),
    column("small", "smallint", INTEGER, Values::These(&["0", "-1", "1", "1.0"])),
    column("medium", "integer", INTEGER, Values::These(&["0", "-1", "256", "16777216"])),
    column("long", "bigint", INTEGER, Values::These(&["0", "-1", "9223372036854775807", "1e3"])),
    column(
        "number",
        "numeric",
        NUMBER,
        Values::These(&["0", "-0", "1", "1.0", "1e0", "1e-7", "9999.9999"]),
    ),
    column(
        "price",
        "numeric(12,2)",
        NUMBER,
        Values::These(&["0", "1", "1.1", "1.10", "-1.10", "110e-2"]),
    ),
    column("short_float", "real", NUMBER, Values::These(&["0", "-0.0", "0.1", "0.10", "1e-7"])),
    column(
        "float",
        "double precision",
        NUMBER,
        Values::These(&["0", "-0.0", "0.1", "1e-7", "1e300"]),
    ),
    column("words", "text", TEXT, Values::Text(ODD)),
    Column {
        compared: "collate \"C\"",
        ..column("any_words", "text collate any_case", TEXT, Values::Text("[aA]"))
    },
    column("own_words", "words", TEXT, Values::Text(ODD)),
    column("few_words", "varchar(7)", TEXT, Values::Text("[aé ]{0,3}")),
    column("filled", "character(5)", TEXT, Values::Text("[aé ]{0,3}")),
    column("at", "timestamptz", MOMENT, Values::These(MOMENTS)),
    column("local", "timestamp", MOMENT, Values::These(MOMENTS)),
    column(
        "day",
        "date",
        r#"{"type":["null","string"],"format":"date"}"#,
        Values::These(&[r#""2024-02-29""#, r#""2024-02-28""#, r#""2024-02-29T00:00:00Z""#]),
    ),
    column(
        "clock",
        "time",
        r#"{"type":["null","string"],"format":"time"}"#,
        Values::These(&[r#""00:00:00""#, r#""01:00:00+01:00""#, r#""24:00:00""#]),
    ),
    column(
        "uuid",
        "uuid",
        r#"{"type":["null","string"],"format":"uuid"}"#,
        Values::These(&[
            r#""A0000000-0000-4000-8000-000000000001""#,
            r#""a0000000-0000-4000-8000-000000000001""#,
            r#""00000000-0000-4000-8000-000000000001""#,
        ]),
    ),
    column("document", "jsonb", "{}", Values::These(JSON)),
    Column { compared: "::text", ..column("text_document", "json", "{}", Values::These(JSON)) },
];

/// Types that a key may have; a table has some of them.
const KEY: [Column; 9] = [
    column("k_long", "bigint", INTEGER, Values::Like(r"-?[1-9][0-9]{0,2}(\.0)?")),
    column("k_number", "numeric", NUMBER, Values::These(&["0", "-0", "1", "1.0", "1e0", "1.5"])),
    column("k_price", "numeric(9,2)", NUMBER, Values::These(&["1", "1.0", "1.10", "1.1", "-1"])),
    column("k_float", "double precision", NUMBER, Values::These(&["0", "-0.0", "0.1", "1e-7"])),
    column("k_words", "text", TEXT, Values::Text(ODD)),
    column("k_few", "varchar(7)", TEXT, Values::Text("[aé ]{0,2}")),
    column("k_filled", "character(3)", TEXT, Values::Text("[aé ]{0,2}")),
    column("k_at", "timestamptz", MOMENT, Values::These(MOMENTS)),
    column("k_json", "jsonb", "{}", Values::These(&["1", "1.0", r#""1""#, r#""\u0031""#, "true"])),
];

/// The values of a record, in the order of its columns; the first ones are the key.
type Record = Vec<Option<String>>;

/// What is loaded first, and what then.
#[derive(Debug, Clone)]
struct Loads {
    /// The columns of the key, by their places in [`KEY`].
    key: Vec<usize>,
    first: Vec<Record>,
    second: Vec<Record>,
}

/// The columns of a table with this key.
fn columns(key: &[usize]) -> Vec<&'static Column> {
    key.iter().map(|place| &KEY[*place]).chain(&ROW).collect()
}

/// Records of a table, and the same with some changes and some more.
fn loads() -> impl Strategy<Value = Loads> {
    subsequence((0..KEY.len()).collect::<Vec<_>>(), 1..=3).prop_flat_map(|key| {
        let row = ROW.iter().map(|column| prop::option::weighted(0.8, column.values.strategy()));
        let of_key = key.iter().map(|place| KEY[*place].values.strategy().prop_map(Some).boxed());
        let record: Vec<_> = of_key.chain(row.map(Strategy::boxed)).collect();
        let change = prop::option::weighted(0.6, (key.len()..record.len(), record.clone()));
        let both = prop::collection::vec((record.clone(), change), 1..80);
        let more = prop::collection::vec(record, 0..5);
        (both, more).prop_map(move |(both, more)| {
            let first = both.iter().map(|(record, _)| record.clone()).collect();
            let changed = both.into_iter().map(|(mut record, change)| {
                if let Some((place, other)) = change {
                    record[place].clone_from(&other[place]);
                }
                record
            });
            Loads { key: key.clone(), first, second: changed.chain(more).collect() }
        })
    })
}

/// The messages of a load.
fn lines(stream: &str, columns: &[&Column], keys: usize, records: &[Record]) -> Vec<String> {
    let properties = columns.iter().map(|column| format!(r#""{}":{}"#, column.name, column.schema));
    let properties = properties.collect::<Vec<_>>().join(",");
    let key: Vec<&str> = columns.iter().take(keys).map(|column| column.name).collect();
    let records = records.iter().map(|values| {
        let members = columns.iter().zip(values);
        let members = members.map(|(column, value)| {
            format!(r#""{}":{}"#, column.name, value.as_deref().unwrap_or("null"))
        });
        record(stream, &format!("{{{}}}", members.collect::<Vec<_>>().join(",")))
    });
    [schema(stream, &format!("{{{properties}}}"), &key)].into_iter().chain(records).collect()
}

#[test]
fn a_load_over_other_rows_ends_with_the_rows_of_a_load_into_an_empty_table() {
    let stays = json!({ "extra": "leave_out" });
    // Several transactions a load: the first one meets an empty table, the others what it left there.
    let case = Case::new()
        .with(json!({ "batch_size_rows": 25, "tables": { "rows": stays, "fresh": stays } }));
    case.prepare(
        "create domain words as text; create collation any_case (provider = icu, \
         locale = 'und-u-ks-level2', deterministic = false)",
    );
    let mut runner =
        TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
    let result = runner.run(&loads(), |loads| {
        let columns = columns(&loads.key);
        let keys = loads.key.len();
        let names = |columns: &[&Column]| {
            columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
        };
        let definitions = columns.iter().map(|column| format!("{} {}", column.name, column.sql_type));
        let definition = format!(
            "({}, primary key ({}))",
            definitions.collect::<Vec<_>>().join(", "),
            names(&columns[..keys])
        );
        case.sql(&format!(
            "drop table if exists rows, fresh; create table rows {definition}; create table fresh {definition}"
        ));
        case.load(&lines("rows", &columns, keys, &loads.first)).succeeded();
        case.load(&lines("rows", &columns, keys, &loads.second)).succeeded();
        case.load(&lines("fresh", &columns, keys, &loads.second)).succeeded();
        let compared = columns.iter().map(|column| format!("{} {}", column.name, column.compared));
        let compared = compared.collect::<Vec<_>>().join(", ");
        let (rows, fresh) =
            (format!("select {compared} from rows"), format!("select {compared} from fresh"));
        let different = case.sql(&format!(
            "({rows} except {fresh}) union all ({fresh} except {rows})"
        ));
        prop_assert_eq!(different, "");
        prop_assert_eq!(
            case.sql("select count(*) from rows"),
            case.sql("select count(*) from fresh")
        );
        Ok(())
    });
    result.unwrap();
}
