//! The part of a stream's mapping that speaks about other things than values, as it is written.

use indexmap::IndexMap;
use serde::Deserialize;
use singer::config::ConfigError;

use super::beyond::{Beyond, NamePart, Named, Others, Pictures};
use super::file::{Tables, origin, refuse};
use super::workflow::Workflow;
use crate::path::Path;
use crate::template::{Part, parts};

/// Which other products a record names.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FamilyFile {
    parents: Option<OthersFile>,
    children: Option<OthersFile>,
}

/// Where a record names other products, and their SKU.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OthersFile {
    each: String,
    sku: String,
}

/// Where the pictures of a record are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PicturesFile {
    each: String,
    link: String,
    slot: Option<String>,
    size: Option<String>,
    #[serde(default)]
    order: Vec<String>,
    filename: String,
}

/// One path or several.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Paths {
    One(String),
    Several(Vec<String>),
}

/// Everything that a stream's mapping says beyond values.
pub(super) struct BeyondFile {
    pub(super) hierarchy: Option<FamilyFile>,
    pub(super) listings: IndexMap<String, Paths>,
    pub(super) images: Option<PicturesFile>,
}

impl BeyondFile {
    /// Takes the texts apart and checks what they refer to; `path` names the stream in errors.
    pub(super) fn compile(
        self,
        path: &str,
        tables: &Tables,
        workflow: &Workflow,
    ) -> Result<Beyond, ConfigError> {
        let family = self.hierarchy.unwrap_or_default();
        if workflow.hierarchy.is_none() && (family.parents.is_some() || family.children.is_some()) {
            let expected = "`hierarchy.relationship` beside the streams, or nothing here";
            return Err(refuse(&format!("{path}.hierarchy"), expected));
        }
        let others = |file: Option<OthersFile>, name: &str| {
            file.map(|file| file.compile(&format!("{path}.hierarchy.{name}"), tables)).transpose()
        };
        let parents = others(family.parents, "parents")?;
        let children = others(family.children, "children")?;
        let pictures = match (self.images, &workflow.images) {
            (None, _) => None,
            (Some(file), Some(gallery)) => {
                Some(file.compile(&format!("{path}.images"), gallery.most)?)
            }
            (Some(_), None) => {
                let expected = "`images.gallery` beside the streams, or nothing here";
                return Err(refuse(&format!("{path}.images"), expected));
            }
        };
        let identifiers = identifiers(self.listings, path, workflow)?;
        Ok(Beyond { parents, children, identifiers, pictures })
    }
}

/// The places of identifiers, with the rules that they belong to.
fn identifiers(
    listings: IndexMap<String, Paths>,
    path: &str,
    workflow: &Workflow,
) -> Result<Vec<(usize, Path)>, ConfigError> {
    let rules = workflow.listings.as_ref().map_or(&[][..], |listings| &listings.rules);
    let mut identifiers = Vec::new();
    for (name, paths) in listings {
        let member = format!("{path}.listings.{name}");
        let rule = rules.iter().position(|rule| rule.name == name);
        let rule = rule.ok_or_else(|| refuse(&member, "the name of a rule of `listings.match`"))?;
        let texts = match paths {
            Paths::One(text) => vec![text],
            Paths::Several(texts) => texts,
        };
        for text in texts {
            identifiers.push((rule, parsed(&text, &member)?));
        }
    }
    Ok(identifiers)
}

/// A path, or an error about the member that holds it.
fn parsed(text: &str, member: &str) -> Result<Path, ConfigError> {
    Path::parse(text.trim()).map_err(|error| refuse(member, &format!("a path; {error}")))
}

impl OthersFile {
    fn compile(self, path: &str, tables: &Tables) -> Result<Others, ConfigError> {
        let each = parsed(&self.each, &format!("{path}.each"))?;
        let member = format!("{path}.sku");
        let place = |text: &str| match text.trim() {
            "" => Ok(Named::Itself),
            text => origin(text, tables).map(Named::Origin),
        };
        let sku: Result<Vec<Part<Named>>, String> = parts(&self.sku)
            .and_then(|parts| parts.into_iter().map(|part| part.try_map(place)).collect());
        let sku = sku.map_err(|problem| refuse(&member, &problem))?;
        if !sku.iter().any(|part| matches!(part, Part::Value(Named::Itself))) {
            return Err(refuse(&member, "`{}` where the name of the other product belongs"));
        }
        Ok(Others { each, sku })
    }
}

impl PicturesFile {
    fn compile(self, path: &str, most: usize) -> Result<Pictures, ConfigError> {
        let member = format!("{path}.filename");
        let place = |text: &str| match text.trim() {
            "stem" => Ok(NamePart::Stem),
            "extension" => Ok(NamePart::Extension),
            _ => Err("{stem} or {extension} in braces".to_owned()),
        };
        let filename: Result<Vec<Part<NamePart>>, String> = parts(&self.filename)
            .and_then(|parts| parts.into_iter().map(|part| part.try_map(place)).collect());
        let filename = filename.map_err(|problem| refuse(&member, &problem))?;
        if !filename.contains(&Part::Value(NamePart::Stem)) {
            return Err(refuse(&member, "{stem}, or all pictures have one name"));
        }
        Ok(Pictures {
            each: parsed(&self.each, &format!("{path}.each"))?,
            link: self.link,
            slot: self.slot,
            size: self.size,
            order: self.order,
            most,
            filename,
        })
    }
}
