//! What an account defines: attributes, families and relationships.

use super::answer::{Answer, zoned};
use super::attribute::{Attribute, Kind};
use super::error::{Fault, Refusal};
use crate::random::Random;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

/// A family: the attributes that its products are to have.
#[derive(Debug)]
pub(super) struct Family {
    /// Identifier.
    pub(super) id: String,
    /// Name for people.
    pub(super) name: String,
    /// Number of its attributes.
    pub(super) attributes: u32,
    /// When it was made.
    pub(super) created: DateTime<Utc>,
}

/// A relationship that products can stand in.
#[derive(Debug)]
pub(super) struct Relationship {
    /// Identifier, which paths ask for.
    pub(super) id: String,
    /// Name for people.
    pub(super) name: String,
    /// Name in columns; made from the name.
    pub(super) label: String,
    /// Whether a link shows at both ends.
    pub(super) symmetrical: bool,
    /// When it was made.
    pub(super) created: DateTime<Utc>,
}

/// All definitions of the account.
#[derive(Debug)]
pub(super) struct Definitions {
    seed: u64,
    /// By label, in the order in which they were made.
    pub(super) attributes: IndexMap<String, Attribute>,
    /// In the order in which they were made.
    pub(super) families: Vec<Family>,
    /// In the order in which they were made.
    pub(super) relationships: Vec<Relationship>,
}

/// The label that Plytix makes from a name: "Amazon ASIN" becomes `amazon_asin`.
pub(super) fn label(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> =
        words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    words.join("_")
}

/// An identifier in Plytix's form, 24 hexadecimal letters, for entity `index` of a kind.
pub(super) fn id(seed: u64, kind: &str, index: usize) -> String {
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    Random::new(seed, kind, index).text(b"0123456789abcdef", 24)
}

impl Definitions {
    /// An account without definitions.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, attributes: IndexMap::new(), families: Vec::new(), relationships: Vec::new() }
    }

    /// Defines an attribute, and returns it.
    pub(super) fn add_attribute(
        &mut self,
        name: &str,
        kind: Kind,
        options: Vec<String>,
        counted: Vec<String>,
    ) -> Attribute {
        let attribute = Attribute {
            id: id(self.seed, "plytix attribute", self.attributes.len()),
            name: name.to_owned(),
            label: label(name),
            kind,
            options,
            counted,
        };
        self.attributes.insert(attribute.label.clone(), attribute.clone());
        attribute
    }

    /// Defines a family.
    pub(super) fn add_family(&mut self, name: &str, attributes: u32, created: DateTime<Utc>) {
        let id = id(self.seed, "plytix family", self.families.len());
        self.families.push(Family { id, name: name.to_owned(), attributes, created });
    }

    /// Defines a relationship that shows at its source only.
    pub(super) fn add_relationship(&mut self, name: &str, created: DateTime<Utc>) {
        let id = id(self.seed, "plytix relationship", self.relationships.len());
        let (name, label) = (name.to_owned(), label(name));
        self.relationships.push(Relationship { id, name, label, symmetrical: false, created });
    }

    /// The family with this identifier.
    pub(super) fn family(&self, id: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.id == id)
    }

    /// Answers a request to define an attribute.
    ///
    /// `description`, `manual_sorting` and `sort_ascending` are taken and show nowhere. A `label`
    /// in the request has no effect.
    pub(super) fn create_attribute(&mut self, body: &Value) -> Result<Answer, Refusal> {
        let field = |key: &str| body.get(key).filter(|value| !value.is_null());
        let Some(name) = field("name").and_then(Value::as_str).filter(|n| !label(n).is_empty())
        else {
            return Err(Refusal::not_evidenced("an attribute without a name of letters or digits"));
        };
        let Some(kind) = field("type_class").and_then(Value::as_str).and_then(Kind::of) else {
            return Err(Refusal::not_evidenced("a type_class that does not exist"));
        };
        if field("product_families").is_some() {
            return Err(Refusal::not_evidenced("the families that an attribute then has"));
        }
        self.check_name(name)?;
        let options = options(kind, field("options"))?;
        let counted = self.counted(kind, field("attributes"))?;
        let attribute = self.add_attribute(name, kind, options, counted);
        Ok(Answer::data(StatusCode::CREATED, [Value::Object(attribute_row(&attribute))]))
    }

    /// Answers a request to define a family, which has no attributes yet.
    pub(super) fn create_family(
        &mut self,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let name = body.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let Some(name) = name else {
            return Err(Refusal::not_evidenced("a family without a name"));
        };
        if body.get("attributes").is_some_and(|it| it.as_array().is_none_or(|it| !it.is_empty())) {
            return Err(Refusal::not_evidenced("a family that is made with attributes"));
        }
        if self.families.iter().any(|family| family.name == name) {
            return Err(Refusal::not_evidenced("a second family of one name"));
        }
        self.add_family(name, 0, now);
        let row = self.families.last().map(|family| Value::Object(family_row(family, 0)));
        Ok(Answer::data(StatusCode::CREATED, row))
    }

    /// Answers a request to give a family attributes, by their identifiers. The answer's body has not
    /// been recorded; its status says that Plytix goes on with it afterwards.
    pub(super) fn link_attributes(&mut self, id: &str, body: &Value) -> Result<Answer, Refusal> {
        let ids = body.get("attributes").and_then(Value::as_array);
        let known = |id: &Value| self.attributes.values().any(|it| id.as_str() == Some(&it.id));
        let count = ids.filter(|ids| ids.iter().all(known)).map(Vec::len);
        let Some(count) = count else {
            return Err(Refusal::not_evidenced("attributes of a family that do not exist"));
        };
        let Some(family) = self.families.iter_mut().find(|family| family.id == id) else {
            return Err(Refusal::not_evidenced("attributes of a family that does not exist"));
        };
        family.attributes += u32::try_from(count).unwrap_or(0);
        Ok(Answer::empty(StatusCode::ACCEPTED))
    }

    /// Answers a request to define a relationship.
    pub(super) fn create_relationship(
        &mut self,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let name = body.get("name").and_then(Value::as_str).filter(|name| !label(name).is_empty());
        let Some(name) = name else {
            return Err(Refusal::not_evidenced("a relationship without a name"));
        };
        if self.relationships.iter().any(|known| known.label == label(name)) {
            return Err(Refusal::not_evidenced("a second relationship of one label"));
        }
        self.add_relationship(name, now);
        let row = self.relationships.last().map(|it| Value::Object(relationship_row(it)));
        Ok(Answer::data(StatusCode::CREATED, row))
    }

    /// Refuses a name that is taken.
    fn check_name(&self, name: &str) -> Result<(), Refusal> {
        match self.attributes.get(&label(name)) {
            None => Ok(()),
            Some(taken) if taken.name == name => Err(Refusal::bare(
                StatusCode::UNPROCESSABLE_ENTITY,
                "a product attribute with same name already exists",
            )),
            Some(_) => Err(Refusal::not_evidenced("two names that make the same label")),
        }
    }

    /// The labels of the attributes, given by id, that a completeness attribute counts.
    ///
    /// The ids that do not exist come back as a list, in a place where others have a text.
    fn counted(&self, kind: Kind, ids: Option<&Value>) -> Result<Vec<String>, Refusal> {
        let ids = match (kind, ids) {
            (Kind::Completeness, Some(Value::Array(ids))) if !ids.is_empty() => ids,
            (Kind::Completeness, _) => {
                return Err(Refusal::not_evidenced("a completeness attribute that counts nothing"));
            }
            (_, None) => return Ok(Vec::new()),
            (_, Some(_)) => return Err(Refusal::not_evidenced("counted attributes of this type")),
        };
        let known = |id: &&Value| self.attributes.values().find(|a| id.as_str() == Some(&a.id));
        let missing: Vec<Value> = ids.iter().filter(|id| known(id).is_none()).cloned().collect();
        if !missing.is_empty() {
            return Err(Refusal::with(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Missing attributes",
                [Fault::new("attributes", missing)],
            ));
        }
        Ok(ids.iter().filter_map(|id| known(&id)).map(|a| a.label.clone()).collect())
    }
}

/// The options of an attribute that is to be made.
fn options(kind: Kind, options: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let Some(options) = options else { return Ok(Vec::new()) };
    if !kind.has_options() {
        let fault = Fault::new("options", "is not allowed for this product attribute");
        return Err(Refusal::schema([fault]));
    }
    let texts = options.as_array().into_iter().flatten().map(|o| o.as_str().map(str::to_owned));
    match texts.collect::<Option<Vec<String>>>() {
        // Plytix publishes a limit of 1,000 options.
        Some(texts) if options.is_array() && texts.len() <= 1000 => Ok(texts),
        _ => Err(Refusal::not_evidenced("options other than up to 1,000 strings")),
    }
}

/// An attribute with all columns that are known.
pub(super) fn attribute_row(attribute: &Attribute) -> Map<String, Value> {
    let mut row = object(json!({
        "id": attribute.id,
        "name": attribute.name,
        "label": attribute.label,
        "type_class": attribute.kind.type_class(),
        "groups": [],
    }));
    if attribute.kind.has_options() {
        row.insert("options".to_owned(), json!(attribute.options));
    }
    row
}

/// A family with all columns that are known; `products` is how many have it.
pub(super) fn family_row(family: &Family, products: usize) -> Map<String, Value> {
    object(json!({
        "id": family.id,
        "name": family.name,
        "created": zoned(family.created),
        "modified": zoned(family.created),
        "created_at": zoned(family.created),
        "total_attributes": family.attributes,
        "total_models": 1,
        "total_products": products,
    }))
}

/// A relationship with all columns that are known.
pub(super) fn relationship_row(relationship: &Relationship) -> Map<String, Value> {
    object(json!({
        "id": relationship.id,
        "name": relationship.name,
        "label": relationship.label,
        "symmetrical": relationship.symmetrical,
        "created": zoned(relationship.created),
        "modified": zoned(relationship.created),
    }))
}

/// The members of an object.
fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value { members } else { Map::new() }
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_label_is_the_name_in_lower_case_with_underscores() {
        let labels =
            ["Amazon ASIN", "Color (Create a multiselect type attribute)", "8 - Amazon"].map(label);
        assert_eq!(
            labels,
            ["amazon_asin", "color_create_a_multiselect_type_attribute", "8_amazon"]
        );
    }
}
