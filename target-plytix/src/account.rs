//! What the upsert must know of the account before it writes anything.

use crate::api::{Api, ApiError};
use crate::config::Touch;
use crate::definition::Definition;
use crate::mapping::{Field, Mapping};

/// The account as the mapping needs it.
#[derive(Debug)]
pub struct Account {
    /// Its attributes.
    pub definition: Definition,
    /// Id of the family that new products get.
    pub family: Option<String>,
    /// Columns that show everything the mapping may write.
    pub columns: Vec<String>,
}

/// Why the account and the mapping do not go together.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Attributes that the mapping writes and the account lacks.
    #[error(
        "the Plytix account has no attribute {labels}; create them with exactly these labels, or give a mapping without them"
    )]
    Missing {
        /// Their labels.
        labels: String,
    },
    /// Attributes of types that this target does not write.
    #[error(
        "the mapping writes {labels}, and this target writes no attributes of that type (media, completeness); give a mapping without them"
    )]
    Unwritable {
        /// Their labels.
        labels: String,
    },
    /// There is no such family.
    #[error(
        "the Plytix account has no product family `{family}`; create it, or name another in the setting family (an empty text for none)"
    )]
    NoFamily {
        /// The family that the settings name.
        family: String,
    },
    /// A call failed.
    #[error("cannot learn what the Plytix account has")]
    Api(#[from] ApiError),
}

impl Account {
    /// Reads the account: two requests, and a third for the token.
    ///
    /// # Errors
    /// Everything that is missing, at once.
    pub async fn read(
        api: &Api,
        mapping: &Mapping,
        family: &str,
        touch: Touch,
    ) -> Result<Self, AccountError> {
        let definition = api.definition().await?;
        let dated = mapping.last_synced().filter(|_| touch != Touch::Never);
        let labels = || {
            let attributes = mapping.fields().iter().filter_map(|field| match field {
                Field::Label => None,
                Field::Attribute(label) => Some(label.as_str()),
            });
            attributes.chain(dated)
        };
        let missing = definition.missing(labels());
        if !missing.is_empty() {
            return Err(AccountError::Missing { labels: missing.join(", ") });
        }
        let unwritable = definition.unwritable(labels());
        if !unwritable.is_empty() {
            return Err(AccountError::Unwritable { labels: unwritable.join(", ") });
        }
        let id = if family.is_empty() {
            None
        } else {
            let found = api.family(family).await?;
            Some(found.ok_or_else(|| AccountError::NoFamily { family: family.to_owned() })?)
        };
        let own = ["label", "created"].map(str::to_owned);
        let columns = own.into_iter().chain(labels().map(|label| format!("attributes.{label}")));
        Ok(Self { columns: columns.collect(), family: id, definition })
    }
}
