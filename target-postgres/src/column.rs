//! One column of a table, and where its values come from.

use crate::kind::Kind;
use crate::name::Identifier;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the database.
    pub name: Identifier,
    /// Its type.
    pub kind: Kind,
    /// Whether it takes null.
    pub nullability: Nullability,
    /// Where its values come from.
    pub source: Source,
}

/// Whether a column takes null. Only keys do not, whatever the schema says: a property that the tap
/// leaves out one day must not stop the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nullability {
    /// It does.
    Nullable,
    /// It does not, because it is part of the key.
    NotNull,
}

/// Where the values of a column come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A member of the record: the names that lead to it, more than one in flattened tables.
    Property(Vec<String>),
    /// The load itself.
    Metadata(Metadata),
    /// All properties for which the table has no column left, as one object.
    Overflow(Vec<Spilled>),
}

/// A property for which the table has no column left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spilled {
    /// The names that lead to it in the record.
    pub path: Vec<String>,
    /// Its name in the object of the overflow column.
    pub name: String,
}

/// The name of the column that takes what the others could not.
pub(crate) const OVERFLOW: &str = "_sdc_overflow";

/// What the load says of a record; names and types are those of the Meltano SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metadata {
    /// When the tap saw the record (`time_extracted`).
    ExtractedAt,
    /// When the target took it.
    ReceivedAt,
    /// When the batch with it was started.
    BatchedAt,
    /// When it was deleted at its source: what the record itself says (log-based taps do), or the time
    /// of the `ACTIVATE_VERSION` that ended it.
    DeletedAt,
    /// A number that grows with the order of arrival.
    Sequence,
    /// The version of the stream's table that the record belongs to.
    TableVersion,
    /// When the run started, in milliseconds since 1970.
    SyncStartedAt,
}

impl Metadata {
    /// All of them, in the order of their columns.
    pub const ALL: [Self; 7] = [
        Self::ExtractedAt,
        Self::ReceivedAt,
        Self::BatchedAt,
        Self::DeletedAt,
        Self::Sequence,
        Self::TableVersion,
        Self::SyncStartedAt,
    ];

    /// The name of its column.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ExtractedAt => "_sdc_extracted_at",
            Self::ReceivedAt => "_sdc_received_at",
            Self::BatchedAt => "_sdc_batched_at",
            Self::DeletedAt => "_sdc_deleted_at",
            Self::Sequence => "_sdc_sequence",
            Self::TableVersion => "_sdc_table_version",
            Self::SyncStartedAt => "_sdc_sync_started_at",
        }
    }

    /// The type of its column.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::ExtractedAt | Self::ReceivedAt | Self::BatchedAt | Self::DeletedAt => {
                Kind::Timestamptz
            }
            Self::Sequence | Self::TableVersion | Self::SyncStartedAt => Kind::BigInt,
        }
    }
}

impl Column {
    /// Whether a row whose value differs here is a changed row.
    ///
    /// What only says when and how a record came does not count, or every row would be rewritten in
    /// every run. Two columns of metadata do count: a record that comes back is no longer deleted, and
    /// a record of a newer version must not be removed with the older one.
    #[must_use]
    pub fn is_compared(&self) -> bool {
        match self.source {
            Source::Property(_) | Source::Overflow(_) => true,
            Source::Metadata(metadata) => {
                matches!(metadata, Metadata::DeletedAt | Metadata::TableVersion)
            }
        }
    }
}
