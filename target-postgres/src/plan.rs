//! What is decided once for the records of a schema: the table, the way there, and what is looked up.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use serde_json::{Value, json};
use singer::Schema;
use singer::config::ConfigError;

use crate::actual::{self, Found};
use crate::change::{Actual, Change, Existing, Widening, changes};
use crate::column::{Metadata, Source};
use crate::config::{
    Config, Extra, LoadMethod, Lookup, TableSettings, identifier, key_properties, looked_up,
};
use crate::database::AsyncWork;
use crate::failure::Failure;
use crate::kind::Kind;
use crate::name::Identifier;
use crate::session::Session;
use crate::table::{Rules, Table};

/// Rows that a table for lookups has at most: it is kept in memory.
const MOST_FOUND: usize = 1_000_000;

/// What is decided for the records of one schema of a stream.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The table that the records are loaded into, with the types that it will have: records are
    /// encoded for these. In a run that overwrites, a table beside the one that is asked for.
    pub table: Table,
    /// The steps that lead there.
    pub steps: Vec<Change>,
    /// The table whose rows are replaced when the run has ended well.
    pub replaces: Option<Table>,
    /// Whether a table of this name is left from a run that did not end well, and is to go first.
    pub drops_first: bool,
    /// Whether the table may be changed.
    pub widening: Widening,
    /// Whether the key has a unique index; only a table that must stay as it is can be without.
    pub is_unique: bool,
    /// Indexes to make.
    pub indexes: Vec<Vec<Identifier>>,
    /// Columns that are looked up.
    pub lookups: Vec<LookedUp>,
    /// Whether records say of themselves that they are deleted.
    pub says_deleted: bool,
}

/// A looked-up column with everything that can be found.
#[derive(Debug, Clone)]
pub struct LookedUp {
    /// The property whose value is looked up.
    pub from: String,
    /// The property that the result becomes, quoted as JSON.
    pub property: String,
    /// The table, for errors.
    pub table: String,
    /// Results, as JSON, by the value; none where several rows have it and give different ones.
    pub values: Arc<HashMap<String, Option<String>>>,
}

/// Makes the plan for a schema.
#[derive(Debug)]
pub struct Planning {
    /// The settings.
    pub config: Arc<Config>,
    /// The schema.
    pub schema: Schema,
    /// Whether this run has loaded records of the stream already.
    pub again: bool,
}

impl AsyncWork<Plan> for Planning {
    async fn run(mut self, session: &mut Session) -> Result<Plan, Failure> {
        let stream = self.schema.stream.clone();
        let special = TableSettings::default();
        let config = Arc::clone(&self.config);
        let special = config.tables.get(&stream).unwrap_or(&special);
        let mut rules = self.config.rules(&stream)?;
        let mut lookups = Vec::new();
        for (column, lookup) in &special.lookup {
            let (found, property) = find(session, &rules, column, lookup).await?;
            declare(&mut self.schema, column, property);
            lookups.push(found);
        }
        self.settle_key(&mut rules, special);
        let mut wanted = Table::of(&self.schema, &rules).map_err(Failure::Table)?;
        let found = look(session, &wanted).await?;
        let mut widening = Widening::Alter;
        if let (Extra::LeaveOut, Some(actual)) = (special.extra, found.table()) {
            leave_out(&mut rules, &wanted, actual);
            wanted = Table::of(&self.schema, &rules).map_err(Failure::Table)?;
            widening = Widening::Never;
        }
        let existing = existing(&found, &wanted)?;
        let mut changes = changes(existing, &wanted, widening).map_err(Failure::Change)?;
        let lacks_key = changes.steps.iter().any(|step| matches!(step, Change::AddKey(_)));
        if widening == Widening::Never {
            changes.steps.clear();
        }
        let indexes = special
            .indexes
            .iter()
            .map(|columns| columns.iter().map(|column| identifier("tables", column)).collect());
        let indexes = indexes.collect::<Result<Vec<_>, ConfigError>>()?;
        let plan = Plan {
            indexes,
            lookups,
            widening,
            is_unique: widening == Widening::Alter || !lacks_key,
            says_deleted: says_deleted(&self.schema),
            table: changes.table,
            steps: changes.steps,
            replaces: None,
            drops_first: false,
        };
        match self.config.load_method {
            LoadMethod::Overwrite => beside(session, plan, self.again).await,
            LoadMethod::Upsert | LoadMethod::AppendOnly => Ok(plan),
        }
    }
}

impl Planning {
    /// Says which properties are the key: columns are configured, and what is only added to has none.
    fn settle_key(&self, rules: &mut Rules, special: &TableSettings) {
        let properties = self.schema.schema.get("properties").and_then(Value::as_object);
        let properties: Vec<String> =
            properties.map(|all| all.keys().cloned().collect()).unwrap_or_default();
        rules.key = match (&special.key, self.config.load_method) {
            (_, LoadMethod::AppendOnly) => Some(Vec::new()),
            (Some(key), _) => Some(key_properties(key, &properties, special, rules.case)),
            (None, _) => None,
        };
    }
}

/// Looks a table up in the catalog.
async fn look(session: &mut Session, table: &Table) -> Result<Found, Failure> {
    let stream = table.stream.clone();
    let client = session.client().await?;
    let found = actual::find(client, &table.namespace, &table.name).await;
    found.map_err(|error| Failure::of(&stream, &error))
}

/// What was found, if a table can be there.
fn existing<'a>(found: &'a Found, table: &Table) -> Result<Existing<'a>, Failure> {
    found
        .existing()
        .ok_or_else(|| Failure::NotATable(format!("{}.{}", table.namespace, table.name)))
}

/// The plan for a table beside the one that is asked for.
async fn beside(session: &mut Session, plan: Plan, again: bool) -> Result<Plan, Failure> {
    let shadow = plan.table.shadow();
    let found = look(session, &shadow).await?;
    let existing = if again { existing(&found, &shadow)? } else { Existing::NoTable };
    let changes = changes(existing, &shadow, Widening::Alter).map_err(Failure::Change)?;
    let namespace =
        plan.steps.into_iter().filter(|step| matches!(step, Change::CreateNamespace(_)));
    Ok(Plan {
        steps: namespace.chain(changes.steps).collect(),
        replaces: Some(Table { notes: Vec::new(), ..plan.table }),
        drops_first: !again,
        table: changes.table,
        ..plan
    })
}

/// Leaves out what an existing table has no column for.
fn leave_out(rules: &mut Rules, wanted: &Table, actual: &Actual) {
    let has = |name: &Identifier| actual.columns.iter().any(|column| column.name == *name);
    let separator = rules.flattening.as_ref().map_or(".", |how| &how.separator).to_owned();
    for column in wanted.columns.iter().filter(|column| !has(&column.name)) {
        if let Source::Property(path) = &column.source {
            rules.leave_out.insert(path.join(&separator));
        }
    }
    rules.metadata.retain(|metadata| {
        actual.columns.iter().any(|column| column.name.as_str() == metadata.name())
    });
}

/// Whether the records of a schema say of themselves that they are deleted.
fn says_deleted(schema: &Schema) -> bool {
    let properties = schema.schema.get("properties");
    properties.is_some_and(|all| all.get(Metadata::DeletedAt.name()).is_some())
}

/// Adds a looked-up property to the schema.
fn declare(schema: &mut Schema, column: &str, property: Value) {
    if let Some(Value::Object(properties)) = schema.schema.get_mut("properties") {
        properties.insert(looked_up(column), property);
    }
}

/// Reads a table for lookups; the result, and the schema of what is found.
async fn find(
    session: &mut Session,
    rules: &Rules,
    column: &str,
    lookup: &Lookup,
) -> Result<(LookedUp, Value), Failure> {
    let place = format!("lookup of {column}");
    let named = |name: &str| identifier("tables", name);
    let namespace = lookup.schema.as_deref().map_or_else(|| Ok(rules.namespace.clone()), named)?;
    let (table, matches, value) =
        (named(&lookup.table)?, named(&lookup.matches)?, named(&lookup.value)?);
    let client = session.client().await?;
    let found = actual::find(client, &namespace, &table).await;
    let found = found.map_err(|error| Failure::of(&place, &error))?;
    let columns = found.table().map(|table| table.columns.as_slice()).unwrap_or_default();
    let sql_type = columns.iter().find(|column| column.name == value);
    let kind = sql_type.and_then(|column| Kind::of_sql(&column.sql_type));
    let is_number = matches!(kind, Some(Kind::SmallInt | Kind::Integer | Kind::BigInt));
    let schema = match kind {
        Some(Kind::Uuid) => json!({"type": "string", "format": "uuid"}),
        _ if is_number => json!({"type": "integer"}),
        _ => json!({"type": "string"}),
    };
    let statement = format!(
        "SELECT {matches}::text, {value}::text FROM {namespace}.{table} \
         WHERE {matches} IS NOT NULL AND {value} IS NOT NULL LIMIT {}",
        MOST_FOUND + 1
    );
    let rows = client.query_typed(&statement, &[]).await;
    let rows = rows.map_err(|error| Failure::of(&place, &error))?;
    if rows.len() > MOST_FOUND {
        return Err(Failure::TooMany {
            subject: place,
            table: lookup.table.clone(),
            most: MOST_FOUND,
        });
    }
    let mut values = HashMap::new();
    for row in rows {
        let text = |index| row.try_get::<_, String>(index);
        let key = text(0).map_err(|error| Failure::of(&place, &error))?;
        let value = text(1).map_err(|error| Failure::of(&place, &error))?;
        let value = Some(if is_number { value } else { Value::from(value).to_string() });
        match values.entry(key) {
            Entry::Vacant(place) => _ = place.insert(value),
            Entry::Occupied(place) if *place.get() == value => {}
            Entry::Occupied(mut place) => *place.get_mut() = None,
        }
    }
    let found = LookedUp {
        from: lookup.from.clone(),
        property: Value::from(looked_up(column)).to_string(),
        table: lookup.table.clone(),
        values: Arc::new(values),
    };
    Ok((found, schema))
}
