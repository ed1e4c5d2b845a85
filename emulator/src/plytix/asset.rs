//! Assets: pictures and other files that products show.

use super::answer::{Answer, zoned};
use super::definition::id;
use super::error::{Fault, Refusal};
use super::filter::Filter;
use super::search::{self, DefinitionColumn};
use crate::random::Random;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

/// The columns of assets. Of the source's address nothing is kept that could be searched.
const COLUMNS: &[DefinitionColumn] = &[
    ("id", Some(Filter::Text)),
    ("filename", Some(Filter::Text)),
    ("extension", Some(Filter::Text)),
    ("content_type", None),
    ("file_type", None),
    ("file_size", None),
    ("status", Some(Filter::Text)),
    ("created", None),
    ("modified", None),
    ("url", None),
    ("thumbnail", None),
];

/// A file that Plytix keeps.
#[derive(Debug, Clone)]
struct Asset {
    id: String,
    filename: String,
    /// Stands for its bytes: two files of the same address have the same.
    content: String,
    created: DateTime<Utc>,
}

/// All assets, in the order in which they were made.
#[derive(Debug)]
pub(super) struct Assets {
    seed: u64,
    by_id: IndexMap<String, Asset>,
    ids: BTreeSet<String>,
    /// Identifiers by filename, which no two assets share.
    by_name: HashMap<String, String>,
}

impl Assets {
    /// No assets.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, by_id: IndexMap::new(), ids: BTreeSet::new(), by_name: HashMap::new() }
    }

    /// Identifiers of all assets.
    pub(super) fn ids(&self) -> &BTreeSet<String> {
        &self.ids
    }

    /// Names of all assets.
    pub(super) fn filenames(&self) -> impl Iterator<Item = &str> {
        self.by_id.values().map(|asset| asset.filename.as_str())
    }

    /// Name of the asset with this identifier.
    pub(super) fn filename(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(|asset| asset.filename.as_str())
    }

    /// Keeps a file, and returns its identifier.
    pub(super) fn add(&mut self, filename: &str, content: &str, created: DateTime<Utc>) -> String {
        let id = id(self.seed, "plytix asset", self.by_id.len());
        let asset = Asset {
            id: id.clone(),
            filename: filename.to_owned(),
            content: content.to_owned(),
            created,
        };
        self.ids.insert(id.clone());
        self.by_name.insert(asset.filename.clone(), id.clone());
        self.by_id.insert(id.clone(), asset);
        id
    }

    /// Answers a request to keep the file at an address.
    ///
    /// A file is known by its name and content together (Plytix's help on assets): the same name and
    /// content is refused with the identifier of what is there; the same name with another content gets
    /// a suffix, whose form is assumed; another name is another asset.
    pub(super) fn create(&mut self, body: &Value, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
        let (url, filename) = (text("url"), text("filename"));
        if body.get("content").is_some() {
            return Err(match filename {
                None => Refusal::schema([Fault::new(
                    "filename",
                    "filename field is mandatory when uploading from content",
                )]),
                Some(_) => Refusal::not_evidenced("content in the body; callers report 500"),
            });
        }
        let url = url.filter(|url| url.starts_with("http://") || url.starts_with("https://"));
        let Some(url) = url else {
            return Err(Refusal::not_evidenced("an asset without an address of http or https"));
        };
        let last = url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
        let wanted = filename.or(last).filter(|name| name.contains('.'));
        let Some(wanted) = wanted else {
            return Err(Refusal::not_evidenced("a filename without an extension"));
        };
        let name = match self.by_name.get(wanted).and_then(|id| self.by_id.get(id)) {
            Some(same) if same.content == url => return Err(duplicate(&same.id)),
            Some(_) => self.free_name(wanted),
            None => wanted.to_owned(),
        };
        let id = self.add(&name, url, now);
        let form = self.form(&id).unwrap_or_default();
        Ok(Answer {
            location: Some(location(&id)),
            detail: Some(json!({"id": id, "filename": name})),
            ..Answer::data(StatusCode::CREATED, [form])
        })
    }

    /// Answers a request to read an asset.
    pub(super) fn get(&self, id: &str) -> Result<Answer, Refusal> {
        let form = self.form(id).ok_or_else(|| {
            Refusal::with(
                StatusCode::NOT_FOUND,
                format!(" No results found for {id}"),
                [Fault::new("asset_id", "asset does not exist")],
            )
        })?;
        Ok(Answer::data(StatusCode::OK, [form]))
    }

    /// Answers a search, whose body must have filters.
    pub(super) fn search(&self, body: &Value) -> Result<Answer, Refusal> {
        if body.get("filters").is_none() {
            return Err(Refusal::not_evidenced("a search of assets without `filters`"));
        }
        let rows = self.by_id.keys().filter_map(|id| match self.form(id) {
            Some(Value::Object(row)) => Some(row),
            _ => None,
        });
        let rows: Vec<Map<String, Value>> = rows.collect();
        search::definitions(body, &rows, COLUMNS, &["id", "filename"])
    }

    /// An asset as it is shown.
    pub(super) fn form(&self, id: &str) -> Option<Value> {
        let Asset { id, filename, content, created } = self.by_id.get(id)?;
        let extension = filename.rsplit_once('.').map_or("", |(_, extension)| extension);
        let size = Random::new(self.seed, content, 0).between(20_000, 900_000);
        let url = format!("https://files.plytix.com/assets/{id}/{filename}");
        let (content_type, file_type) = match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => ("image/jpeg", "IMAGES"),
            "png" => ("image/png", "IMAGES"),
            "gif" => ("image/gif", "IMAGES"),
            _ => ("application/octet-stream", "OTHER"),
        };
        Some(json!({
            "id": id,
            "filename": filename,
            "extension": extension,
            "content_type": content_type,
            "file_type": file_type,
            "file_size": size,
            "file_modified": zoned(*created),
            "status": "ACTIVE",
            "assigned": false,
            "n_products": 0,
            "n_catalogs": 0,
            "categories": [],
            "thumbnail": format!("{url}?size=thumb"),
            "url": url,
            "created": zoned(*created),
            "modified": zoned(*created),
        }))
    }

    /// The name with the first number behind it that makes it free.
    fn free_name(&self, wanted: &str) -> String {
        let (stem, extension) = wanted.rsplit_once('.').unwrap_or((wanted, ""));
        let names = (1_u64..).map(|number| format!("{stem}_{number}.{extension}"));
        names.into_iter().find(|name| !self.by_name.contains_key(name)).unwrap_or_default()
    }
}

/// 409 with the identifier of what is there, in the place of a message.
fn duplicate(id: &str) -> Refusal {
    let refusal =
        Refusal::with(StatusCode::CONFLICT, "Asset already exists", [Fault::new("asset.id", id)]);
    Refusal { location: Some(location(id)), ..refusal }
}

/// Where an asset is, for the header.
fn location(id: &str) -> String {
    format!("/api/v1/assets/{id}")
}
