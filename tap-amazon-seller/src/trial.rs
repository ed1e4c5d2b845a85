//! `--test`: tries a configuration out with as few calls as possible.

use singer::cli::Test;

use crate::sync::{Run, policy};
use crate::writer::Writer;
use crate::{absence, account};

/// Logs in everywhere and says which marketplaces are read; writes the schemas unless only the
/// connection is asked for. Reports are not asked for: they cost the scarcest quota, and whether a role
/// is missing shows without waiting for one.
pub async fn run(run: Run, test: Test) -> anyhow::Result<()> {
    let areas = account::open(&run.config, policy(&run.config)).await?;
    absence::say(&run.config, &run.selected, &run.bookmarks, &areas);
    for area in &areas {
        let countries: Vec<_> =
            area.marketplaces.iter().map(|marketplace| marketplace.country).collect();
        tracing::info!(
            "{}: the token is accepted; marketplaces: {}",
            area.region(),
            countries.join(", ")
        );
    }
    if test == Test::Connection {
        return Ok(());
    }
    let mut writer = Writer::new(run.output);
    for selected in run.selected {
        let keys = selected.stream.keys_at(run.config.asin_granularity());
        writer.open(&selected, keys)?;
    }
    writer.flush()?;
    Ok(())
}
