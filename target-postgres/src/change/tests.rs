use proptest::prelude::*;

use super::*;
use crate::column::Source;
use crate::kind::tests::kind;

fn name(name: &str) -> Identifier {
    Identifier::exact(name).unwrap()
}

/// A wanted table of columns by name and kind; the first `keys` of them are the key.
fn wanted(columns: &[(&str, Kind)], keys: usize) -> Table {
    let nullability =
        |index| if index < keys { Nullability::NotNull } else { Nullability::Nullable };
    let column = |(index, (column, kind)): (usize, &(&str, Kind))| Column {
        name: name(column),
        kind: *kind,
        nullability: nullability(index),
        source: Source::Property(vec![(*column).to_owned()]),
    };
    Table {
        stream: "orders".to_owned(),
        namespace: name("public"),
        name: name("orders"),
        columns: columns.iter().enumerate().map(column).collect(),
        key: columns.iter().take(keys).map(|(column, _)| name(column)).collect(),
        left_out: Vec::new(),
        separator: String::new(),
        notes: Vec::new(),
    }
}

/// What PostgreSQL calls a kind.
fn sql_type(kind: Kind) -> String {
    kind.to_string()
        .replace("timestamptz", "timestamp with time zone")
        .replace("varchar", "character varying")
}

/// What the database has after a step; only what `changes` looks at.
fn apply(actual: &mut Actual, step: &Change) {
    let of = |column: &Column| ActualColumn {
        name: column.name.clone(),
        sql_type: match column.kind {
            Kind::Timestamp => "timestamp without time zone".to_owned(),
            Kind::Time => "time without time zone".to_owned(),
            kind => sql_type(kind),
        },
        nullability: column.nullability,
        filling: Filling::None,
    };
    match step {
        Change::CreateNamespace(_) => {}
        Change::CreateTable(table) => {
            actual.columns = table.columns.iter().map(of).collect();
            actual.columns_ever = table.columns.len();
            actual.primary_key.clone_from(&table.key);
            actual.unique.push(table.key.clone());
        }
        Change::AddColumn(column) => {
            actual.columns.push(of(column));
            actual.columns_ever += 1;
        }
        Change::Widen { column, to, .. } => {
            let has = actual.columns.iter_mut().find(|has| &has.name == column).unwrap();
            let kind = wanted(&[(column.as_str(), *to)], 0).columns.remove(0);
            has.sql_type = of(&kind).sql_type;
        }
        Change::DropNotNull(column) => {
            let has = actual.columns.iter_mut().find(|has| &has.name == column).unwrap();
            has.nullability = Nullability::Nullable;
        }
        Change::AddKey(key) => {
            actual.primary_key.clone_from(key);
            actual.unique.push(key.clone());
            for has in actual.columns.iter_mut().filter(|has| key.contains(&has.name)) {
                has.nullability = Nullability::NotNull;
            }
        }
    }
}

/// The database after a table was made.
fn made(table: &Table) -> Actual {
    let mut actual = Actual::default();
    apply(&mut actual, &Change::CreateTable(Box::new(table.clone())));
    actual
}

fn steps(actual: &Actual, wanted: &Table) -> Result<Vec<Change>, ChangeError> {
    changes(Existing::Table(actual), wanted, Widening::Alter).map(|changes| changes.steps)
}

#[test]
fn what_is_not_there_is_made() {
    let table = wanted(&[("id", Kind::Text)], 1);
    let of = |existing| changes(existing, &table, Widening::Alter).unwrap().steps;
    let create = Change::CreateTable(Box::new(table.clone()));
    assert_eq!(of(Existing::NoTable), std::slice::from_ref(&create));
    assert_eq!(of(Existing::NoNamespace), [Change::CreateNamespace(name("public")), create]);
}

#[test]
fn columns_are_added_and_widened_and_never_narrowed() {
    let actual = made(&wanted(&[("id", Kind::Text), ("n", Kind::BigInt), ("d", Kind::Text)], 1));
    let table = wanted(
        &[("id", Kind::BigInt), ("n", Kind::Numeric(None)), ("d", Kind::Date), ("new", Kind::Uuid)],
        1,
    );
    let changes = changes(Existing::Table(&actual), &table, Widening::Alter).unwrap();
    let added = Change::AddColumn(Box::new(table.columns[3].clone()));
    let widened = Change::Widen { column: name("n"), from: Kind::BigInt, to: Kind::Numeric(None) };
    assert_eq!(changes.steps, [widened, added]);
    let kinds: Vec<Kind> = changes.table.columns.iter().map(|column| column.kind).collect();
    assert_eq!(kinds, [Kind::Text, Kind::Numeric(None), Kind::Text, Kind::Uuid]);
}

#[test]
fn where_nothing_may_be_altered_records_are_encoded_for_what_is_there() {
    let actual = made(&wanted(&[("n", Kind::Integer)], 0));
    let table = wanted(&[("n", Kind::Numeric(None))], 0);
    let changes = changes(Existing::Table(&actual), &table, Widening::Never).unwrap();
    assert_eq!((changes.steps.len(), changes.table.columns[0].kind), (0, Kind::Integer));
}

#[test]
fn a_column_that_the_stream_no_longer_has_may_be_null() {
    let mut actual = made(&wanted(&[("id", Kind::Text), ("old", Kind::Text)], 1));
    actual.columns[1].nullability = Nullability::NotNull;
    let table = wanted(&[("id", Kind::Text)], 1);
    assert_eq!(steps(&actual, &table).unwrap(), [Change::DropNotNull(name("old"))]);
    actual.columns[1].filling = Filling::Default;
    assert_eq!(steps(&actual, &table).unwrap(), []);
    let both = wanted(&[("id", Kind::Text), ("old", Kind::Text)], 1);
    assert_eq!(steps(&actual, &both).unwrap(), [Change::DropNotNull(name("old"))]);
}

#[test]
fn another_key_is_an_error_unless_it_is_unique_too() {
    let mut actual = made(&wanted(&[("id", Kind::Text), ("b", Kind::Text)], 1));
    let mut table = wanted(&[("b", Kind::Text), ("id", Kind::Text)], 1);
    let error = steps(&actual, &table).unwrap_err().to_string();
    assert_eq!(
        error,
        "orders: the table's key is (id), the stream's is (b); configure the stream's key, add a \
         unique index on its columns, or load into another table"
    );
    table.key.clear();
    assert!(matches!(steps(&actual, &table), Err(ChangeError::Key { .. })));
    // A table with a serial number of its own, and a unique index on what the stream has.
    table.key = vec![name("b")];
    table.columns.pop();
    actual.unique.push(vec![name("b")]);
    let unfilled = ChangeError::Unfilled { stream: "orders".to_owned(), column: name("id") };
    assert_eq!(steps(&actual, &table), Err(unfilled));
    actual.columns[0].filling = Filling::Default;
    assert_eq!(steps(&actual, &table), Ok(Vec::new()));
    table.key.clear();
    assert_eq!(steps(&actual, &table), Ok(Vec::new()));
}

#[test]
fn a_key_in_another_order_is_the_same_key() {
    let actual = made(&wanted(&[("a", Kind::Text), ("b", Kind::Text)], 2));
    assert_eq!(steps(&actual, &wanted(&[("b", Kind::Text), ("a", Kind::Text)], 2)), Ok(Vec::new()));
}

#[test]
fn a_table_that_was_loaded_without_a_key_gets_it() {
    let actual = made(&wanted(&[("id", Kind::Text)], 0));
    let table = wanted(&[("id", Kind::Text)], 1);
    assert_eq!(steps(&actual, &table), Ok(vec![Change::AddKey(vec![name("id")])]));
}

#[test]
fn what_cannot_be_written_says_what_to_do() {
    let table = wanted(&[("v", Kind::Text)], 0);
    let mut actual = made(&table);
    actual.columns[0].sql_type = "inet".to_owned();
    assert_eq!(
        steps(&actual, &table).unwrap_err().to_string(),
        "orders: column \"v\" has the type inet, which cannot take text; alter its type, or rename \
         or leave out the property in this target's configuration"
    );
    actual.columns[0].filling = Filling::Generated;
    assert!(matches!(steps(&actual, &table), Err(ChangeError::Generated { .. })));
    actual.columns.clear();
    actual.columns_ever = MOST_COLUMNS;
    assert!(matches!(
        steps(&actual, &table),
        Err(ChangeError::TooManyColumns { columns: 1_601, .. })
    ));
}

proptest! {
    /// Whatever is there and whatever is wanted: after the steps there is nothing left to do, and the
    /// table that records are encoded for is the one that is there.
    #[test]
    fn applying_the_changes_leaves_none(
        before in prop::collection::vec(kind(), 1..6),
        after in prop::collection::vec(kind(), 1..6),
        dropped in prop::collection::vec(any::<bool>(), 6),
        keys in 0..2_usize,
    ) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let pick = |kinds: &[Kind]| -> Vec<(&str, Kind)> {
            names.into_iter().zip(kinds.iter().copied()).collect()
        };
        let mut actual = made(&wanted(&pick(&before), keys));
        for (has, not_null) in actual.columns.iter_mut().zip(dropped) {
            if not_null {
                has.nullability = Nullability::NotNull;
            }
        }
        let table = wanted(&pick(&after), keys);
        let Ok(first) = changes(Existing::Table(&actual), &table, Widening::Alter) else {
            return Ok(());
        };
        for step in &first.steps {
            apply(&mut actual, step);
        }
        let second = changes(Existing::Table(&actual), &table, Widening::Alter).unwrap();
        prop_assert_eq!(second.steps, []);
        prop_assert_eq!(&second.table, &first.table);
        for column in &first.table.columns {
            let has = actual.columns.iter().find(|has| has.name == column.name).unwrap();
            prop_assert_eq!(Kind::of_sql(&has.sql_type).map(sql_type), Some(sql_type(column.kind)));
            prop_assert!(has.nullability == column.nullability);
        }
    }
}
