//! What must be known of the account before anything is written.

use crate::api::{Api, ApiError, Relationship};
use crate::definition::Definition;
use crate::mapping::workflow::Workflow;
use crate::mapping::{Field, Mapping};
use crate::phase::{Phase, Phases};
use crate::value::Kind;

/// The account as the mapping needs it.
#[derive(Debug)]
pub struct Account {
    /// Its attributes.
    pub definition: Definition,
    /// Id of the family that new products get.
    pub family: Option<String>,
    /// The relationship from parents to children, if it is wanted.
    pub hierarchy: Option<Relationship>,
    /// The relationship from the seller's own products, if it is wanted.
    pub listings: Option<Relationship>,
    /// Columns that show everything that may be written.
    pub columns: Vec<String>,
    /// Columns that show what the seller's own products are found by.
    pub candidate_columns: Vec<String>,
}

/// What the account lacks, in the mapping's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Labels of attributes.
    pub attributes: Vec<String>,
    /// Name of the family.
    pub family: Option<String>,
    /// Names of relationships.
    pub relationships: Vec<String>,
}

/// Why the account and the mapping do not go together.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Something that the mapping writes and the account lacks.
    #[error(
        "the Plytix account has no {0}; create what is missing with exactly these names, set create_missing_definitions, or give a mapping without them"
    )]
    Missing(Missing),
    /// Attributes of types that this target does not write.
    #[error(
        "the mapping writes {labels}, and this target writes no attributes of that type (media, completeness); give a mapping without them"
    )]
    Unwritable {
        /// Their labels.
        labels: String,
    },
    /// The attribute for pictures is none.
    #[error(
        "the attribute {label} for pictures is no gallery in the Plytix account; name one in the mapping's images.gallery"
    )]
    NoGallery {
        /// Its label.
        label: String,
    },
    /// A call failed.
    #[error("cannot learn what the Plytix account has")]
    Api(#[from] ApiError),
}

/// What a run wants of the account.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'m> {
    /// The mapping.
    pub mapping: &'m Mapping,
    /// The family by name or id; empty for none.
    pub family: &'m str,
    /// Whether the date of the last change is written.
    pub dated: bool,
    /// What the run does.
    pub phases: Phases,
    /// Whether what is missing is made.
    pub create_missing: bool,
}

impl Missing {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl std::fmt::Display for Missing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { attributes, family, relationships } = self;
        let mut parts = Vec::new();
        if !attributes.is_empty() {
            parts.push(format!("attribute {}", attributes.join(", ")));
        }
        parts.extend(family.iter().map(|family| format!("product family `{family}`")));
        if !relationships.is_empty() {
            parts.push(format!("relationship {}", relationships.join(", ")));
        }
        formatter.write_str(&parts.join(", no "))
    }
}

impl<'m> Needs<'m> {
    /// Labels of the attributes that are written as values.
    fn values(&self) -> impl Iterator<Item = &'m str> + use<'m> {
        let attributes = self.mapping.fields().iter().filter_map(|field| match field {
            Field::Label => None,
            Field::Attribute(label) => Some(label.as_str()),
        });
        attributes.chain(self.mapping.last_synced().filter(|_| self.dated)).chain(self.canonical())
    }

    /// Label of the attribute that holds the SKU of the seller's own product.
    fn canonical(&self) -> Option<&'m str> {
        let listings = self.workflow().listings.as_ref().filter(|_| self.does(Phase::Listings));
        listings.and_then(|listings| listings.canonical_sku.as_deref())
    }

    /// Label of the gallery.
    fn gallery(&self) -> Option<&'m str> {
        let images = self.workflow().images.as_ref().filter(|_| self.does(Phase::Images));
        images.map(|images| images.gallery.as_str())
    }

    /// Names of the relationships: of the hierarchy, and of the listings.
    fn relationships(&self) -> [Option<&'m str>; 2] {
        let Workflow { hierarchy, listings, .. } = self.workflow();
        [
            hierarchy.as_deref().filter(|_| self.does(Phase::Hierarchy)),
            listings
                .as_ref()
                .map(|it| it.relationship.as_str())
                .filter(|_| self.does(Phase::Listings)),
        ]
    }

    fn workflow(&self) -> &'m Workflow {
        self.mapping.workflow()
    }

    fn does(&self, phase: Phase) -> bool {
        self.phases.has(phase)
    }

    /// Whether a family is looked for.
    fn has_family(&self) -> bool {
        !self.family.is_empty() && self.does(Phase::Family)
    }
}

impl Account {
    /// Reads the account: up to three requests, and one for the token. Makes what is missing if that is
    /// wanted, and reads it again.
    ///
    /// # Errors
    /// Everything that is missing, at once.
    pub async fn read(api: &Api, needs: Needs<'_>) -> Result<Self, AccountError> {
        let (account, missing) = Self::look(api, needs).await?;
        if missing.is_empty() {
            return account.checked(needs);
        }
        if !needs.create_missing {
            return Err(AccountError::Missing(missing));
        }
        make(api, needs, &account, missing).await?;
        let (account, missing) = Self::look(api, needs).await?;
        if missing.is_empty() {
            account.checked(needs)
        } else {
            Err(AccountError::Missing(missing))
        }
    }

    /// The account, and what it lacks.
    async fn look(api: &Api, needs: Needs<'_>) -> Result<(Self, Missing), AccountError> {
        let definition = api.definition().await?;
        let labels: Vec<&str> = needs.values().chain(needs.gallery()).collect();
        let absent = definition.missing(labels.iter().copied());
        let mut missing = Missing {
            attributes: absent.into_iter().map(str::to_owned).collect(),
            ..Missing::default()
        };
        let family = if needs.has_family() { api.family(needs.family).await? } else { None };
        if needs.has_family() && family.is_none() {
            missing.family = Some(needs.family.to_owned());
        }
        let [hierarchy, listings] = needs.relationships();
        let names: Vec<&str> = hierarchy.into_iter().chain(listings).collect();
        let found = if names.is_empty() { Vec::new() } else { api.relationships(&names).await? };
        let mut relationship = |name: Option<&str>| {
            let name = name?;
            let relationship = found.iter().find(|(asked, _)| asked == name);
            if relationship.is_none() {
                missing.relationships.push(name.to_owned());
            }
            relationship.map(|(_, relationship)| relationship.clone())
        };
        let (hierarchy, listings) = (relationship(hierarchy), relationship(listings));
        let account = Self {
            columns: columns(needs, hierarchy.as_ref()),
            candidate_columns: candidate_columns(needs, &definition, listings.as_ref()),
            definition,
            family,
            hierarchy,
            listings,
        };
        Ok((account, missing))
    }

    /// The account, if the types of its attributes are right.
    fn checked(self, needs: Needs<'_>) -> Result<Self, AccountError> {
        let unwritable = self.definition.unwritable(needs.values());
        if !unwritable.is_empty() {
            return Err(AccountError::Unwritable { labels: unwritable.join(", ") });
        }
        let kind = |label: &str| self.definition.attribute(label).map(|attribute| attribute.kind);
        match needs.gallery() {
            Some(label) if kind(label) != Some(Kind::Gallery) => {
                Err(AccountError::NoGallery { label: label.to_owned() })
            }
            _ => Ok(self),
        }
    }
}

/// Columns of a product of this target.
fn columns(needs: Needs<'_>, hierarchy: Option<&Relationship>) -> Vec<String> {
    let mut columns = vec!["label".to_owned(), "created".to_owned()];
    let labels = needs.values().chain(needs.gallery());
    columns.extend(labels.map(|label| format!("attributes.{label}")));
    if needs.gallery().is_some() {
        columns.push("thumbnail".to_owned());
    }
    columns.extend(hierarchy.map(|hierarchy| format!("relationships.{}", hierarchy.label)));
    columns
}

/// Columns of the seller's own products. An attribute that the account does not have cannot be asked for.
fn candidate_columns(
    needs: Needs<'_>,
    definition: &Definition,
    listings: Option<&Relationship>,
) -> Vec<String> {
    let rules = needs.workflow().listings.as_ref().map_or(&[][..], |it| &it.rules);
    let mut columns: Vec<String> = Vec::new();
    for column in rules.iter().flat_map(|rule| &rule.with) {
        let exists = match column.strip_prefix("attributes.") {
            Some(label) => definition.attribute(label).is_some(),
            None => true,
        };
        if exists && column != "sku" && !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    columns.extend(listings.map(|listings| format!("relationships.{}", listings.label)));
    columns
}

/// Makes what is missing, as the mapping describes it.
async fn make(
    api: &Api,
    needs: Needs<'_>,
    account: &Account,
    missing: Missing,
) -> Result<(), AccountError> {
    let definitions = &needs.workflow().definitions;
    let known = |label: &&String| definitions.contains_key(*label);
    let undefined: Vec<String> =
        missing.attributes.iter().filter(|it| !known(it)).cloned().collect();
    if !undefined.is_empty() {
        return Err(AccountError::Missing(Missing { attributes: undefined, ..Missing::default() }));
    }
    let mut made = Vec::new();
    for definition in missing.attributes.iter().filter_map(|label| definitions.get(label)) {
        made.extend(api.create_attribute(definition).await?);
        tracing::info!("attribute `{}` created", definition.name);
    }
    let mut family = account.family.clone();
    if let Some(name) = &missing.family {
        family = api.create_family(name).await?;
        tracing::info!("product family `{name}` created");
    }
    // A new attribute belongs to no family until it is told to.
    if let Some(family) = family.filter(|_| !made.is_empty()) {
        api.link_attributes(&family, &made).await?;
    }
    for name in &missing.relationships {
        api.create_relationship(name).await?;
        tracing::info!("relationship `{name}` created");
    }
    Ok(())
}
