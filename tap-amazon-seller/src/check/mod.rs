//! `--check`: which of the selected streams the application may read in each region, and which role is
//! missing.
//!
//! One cheap call for each set of roles: getReports for one item of a report type, which makes no
//! report; getMarketplaceParticipations; searchCatalogItems for one ASIN; getListingsItem for one SKU;
//! one page of a list. What needs the same roles is asked once. Where fewer roles open a type's documents
//! than may list its reports, a restricted data token is asked for, for a document that is there. 403 is
//! a no, any other failure leaves the question open.
//!
//! That a missing role shows as 403 is known of createReport (amzn/selling-partner-api-docs, issue
//! 1796). That getReports answers with the same 403 for a type that an application may not have was
//! seen (jlevers/selling-partner-api, issue 478) and is not documented; the page says so.

use std::collections::BTreeMap;
use std::fmt;

use api_client::Error;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use futures_util::future::join_all;
use singer::cli::Incomplete;

use crate::account::{self, AccountError, Area};
use crate::api::{self, Api, CatalogQuery};
use crate::config::{CatalogScope, Config};
use crate::document::{Feed, Place};
use crate::due::{self, At, Part, Windowed};
use crate::marketplace::Region;
use crate::pages::order::Share;
use crate::plan::Window;
use crate::report_types::ReportType;
use crate::selection::Selected;
use crate::streams::{Edges, Pages, Scope, Source, Stream};
use crate::sync::{Run, policy};
use crate::table::{Side, Table};

/// What the catalogue is asked for when the configuration names no ASIN. It need not exist: what is not
/// found is left out of a success.
const ANY_ASIN: &str = "B000000000";

/// What the offers are asked for. It need not exist: that there is no such offer is an answer.
const ANY_SKU: &str = "0";

/// The window that a list is asked for: lists want a start that is past, and an end some minutes ago.
const LATELY: TimeDelta = TimeDelta::hours(1);
/// See [`LATELY`].
const SETTLED: TimeDelta = TimeDelta::minutes(5);

/// One call that shows whether a role is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Probe {
    Participations,
    Reports(&'static str),
    /// The documents of a type of which reports may be asked for with roles that open none of them.
    Documents(&'static str),
    /// A list, by the name of the first stream that needs it.
    Pages(&'static str),
    Catalog,
    Offers,
}

/// What a probe came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Yes,
    Unknown,
    No,
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Yes => "yes",
            Self::Unknown => "?",
            Self::No => "NO",
        })
    }
}

/// What a stream needs: probes that must all be answered with yes, and the roles behind each.
#[derive(Debug)]
struct Need {
    stream: &'static str,
    probes: Vec<(Probe, Vec<&'static str>)>,
}

/// The answers of a region.
type Answers = BTreeMap<Probe, Answer>;

/// Why there is nothing to ask for in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// It is not the seller's.
    Foreign,
    /// The account takes part in none of its marketplaces that are wanted.
    Empty,
}

/// Asks in every region, and prints what may be read. Fails if anything that is selected may not be read,
/// or if that cannot be told.
pub async fn run(run: Run) -> anyhow::Result<()> {
    let config = &run.config;
    let needs = needs(config, &run.selected);
    let (apis, now) = (account::connect(config, policy(config))?, run.clock.start());
    let asked = join_all(apis.into_iter().map(|api| ask(api, config, &needs, now))).await;
    let is_foreign = asked.iter().all(|asked| matches!(asked, Err(Absence::Foreign)));
    let regions: Vec<_> = asked.into_iter().flatten().collect();
    if regions.is_empty() {
        let error = if is_foreign { AccountError::NoRegion } else { AccountError::NoMarketplace };
        return Err(error.into());
    }
    run.output.text(&page(&needs, &regions))?;
    let unread = unread(&needs, &regions);
    if unread.is_empty() {
        return Ok(());
    }
    let unread = unread.join(", ");
    Err(Incomplete(format!("not known to be readable everywhere: {unread}; see the table")).into())
}

/// Roles, as the table names them.
fn named(roles: &[&str]) -> String {
    if roles.is_empty() { "not known".to_owned() } else { roles.join(", ") }
}

/// What each selected stream needs. Report types with the same roles share the first one's probe.
fn needs(config: &Config, selected: &[Selected]) -> Vec<Need> {
    let followers = due::followers(config, selected);
    let mut types: Vec<(&'static [&'static str], &'static str)> = Vec::new();
    let mut probe = |stream: &'static Stream| {
        let roles = stream.source.roles();
        if let Some((report_type, openers)) = sealed(&stream.source) {
            return Some((Probe::Documents(report_type), openers));
        }
        let probe = match &stream.source {
            Source::Reports => return None,
            Source::Participations => Probe::Participations,
            Source::CatalogItems { .. } => Probe::Catalog,
            Source::ListingsItems { .. } => Probe::Offers,
            Source::Pages { .. } => Probe::Pages(stream.name),
            Source::Report { report, .. } => {
                // Where nobody knows the roles, every type has to be asked for itself.
                let known = types.iter().find(|(known, _)| *known == roles && !roles.is_empty());
                let report_type = known.map_or(report.report_type, |(_, report_type)| report_type);
                types.push((roles, report_type));
                Probe::Reports(report_type)
            }
        };
        Some((probe, roles.to_vec()))
    };
    let need = |selected: &Selected| {
        let stream = selected.stream;
        let own = followers.iter().filter(|follower| follower.stream == stream);
        let others = own.map(|follower| follower.listings);
        let probes = std::iter::once(stream).chain(others).filter_map(&mut probe);
        Need { stream: stream.name, probes: probes.collect() }
    };
    selected.iter().map(need).collect()
}

/// The type of a report whose documents fewer roles open than may ask for it, and these.
fn sealed(source: &Source) -> Option<(&'static str, Vec<&'static str>)> {
    let Source::Report { report, .. } = source else { return None };
    let openers = ReportType::restricted_roles(report.roles);
    let is_sealed = source.is_personal() && !openers.is_empty();
    (is_sealed && openers.len() < report.roles.len()).then_some((report.report_type, openers))
}

/// Asks one region.
async fn ask(
    api: Api,
    config: &Config,
    needs: &[Need],
    now: DateTime<Utc>,
) -> Result<(Region, Answers), Absence> {
    let region = api.region;
    let mut answers = Answers::new();
    let area = match api.participations().await {
        Ok(found) => {
            answers.insert(Probe::Participations, Answer::Yes);
            Area::of(api, &found, config)
        }
        Err(error) if account::is_foreign(&error, config) => {
            tracing::info!("{region}: not this seller's region; passed over");
            return Err(Absence::Foreign);
        }
        Err(error) => {
            tracing::error!("{region}: {error}");
            answers.insert(Probe::Participations, verdict(&error));
            if !matches!(error, Error::Forbidden(_)) {
                // Without a login, or with Amazon out of order, every other call ends in the same way.
                return Ok((region, answers));
            }
            Area::presumed(api, config.marketplaces.as_deref().unwrap_or_default())
        }
    };
    if area.marketplaces.is_empty() && answers.get(&Probe::Participations) == Some(&Answer::Yes) {
        tracing::warn!("{region}: the account takes part in none of the marketplaces");
        return Err(Absence::Empty);
    }
    for (probe, _) in needs.iter().flat_map(|need| &need.probes) {
        if !answers.contains_key(probe) {
            answers.insert(*probe, call(&area, *probe, config, now).await);
        }
    }
    Ok((region, answers))
}

/// Makes the call of a probe.
async fn call(area: &Area, probe: Probe, config: &Config, now: DateTime<Utc>) -> Answer {
    let asked = match (probe, area.marketplaces.first()) {
        (Probe::Participations, _) => area.api.participations().await.map(drop),
        (Probe::Reports(report_type), _) => area.api.lists_reports(report_type).await,
        (Probe::Documents(report_type), _) => match area.api.opens_documents(report_type).await {
            Ok(false) => {
                tracing::warn!(
                    "{}: {report_type}: no report is listed whose document could be tried",
                    area.region()
                );
                return Answer::Unknown;
            }
            asked => asked.map(drop),
        },
        (Probe::Catalog, Some(marketplace)) => {
            let asin = match &config.scope {
                CatalogScope::Asins(asins) => asins.first().map_or(ANY_ASIN, String::as_str),
                CatalogScope::Listings | CatalogScope::Brands(_) => ANY_ASIN,
            };
            let query = CatalogQuery::Asins(&[asin.to_owned()]);
            area.api.catalog_items(marketplace, &query, "summaries", None).await.map(drop)
        }
        (Probe::Offers, Some(marketplace)) => {
            let Some(seller_id) = config.seller_ids.get(&area.region()) else {
                return Answer::Unknown;
            };
            match area.api.listings_item(seller_id, ANY_SKU, marketplace, "summaries").await {
                Err(error) if error.refusal().is_some_and(|it| it.status == 404) => Ok(()),
                asked => asked.map(drop),
            }
        }
        (Probe::Pages(stream), Some(marketplace)) => {
            let Some(stream) = config.roster.find(stream) else { return Answer::Unknown };
            let Some(pages) = Pages::of(stream) else { return Answer::Unknown };
            let place = match pages.scope {
                Scope::Region => Place::Region(area.region()),
                Scope::Marketplace => Place::Marketplace(marketplace),
                Scope::Only(ids) => {
                    let mut own = area.marketplaces.iter().copied();
                    Place::Marketplace(own.find(|it| ids.contains(&it.id)).unwrap_or(marketplace))
                }
            };
            let parts = Part::of(pages, place, lately(pages, now), now);
            let Some(part) = parts.first() else { return Answer::Unknown };
            let size = pages.page_size.map(|size| size.most);
            let mut parameters =
                part.parameters(pages, place, &area.marketplaces, size, &At::Start);
            parameters.extend(due::included(pages, &[essence(stream)]));
            area.api.page(pages, &parameters).await.map(drop)
        }
        (Probe::Catalog | Probe::Offers | Probe::Pages(_), None) => return Answer::Unknown,
    };
    match asked {
        Ok(()) => Answer::Yes,
        Err(error) => {
            tracing::error!("{}: {error}", area.region());
            verdict(&error)
        }
    }
}

/// A stream with what it cannot do without: a run leaves out the rest where the roles for it are missing.
fn essence(stream: &'static Stream) -> Feed {
    let mut feed = Feed::all(stream);
    let share = stream.source.share().filter(|share| !share.is_personal());
    let restricted = share.into_iter().flat_map(Share::restricted);
    feed.deselected.extend(restricted.map(str::to_owned));
    feed
}

/// A short window of the past that a list accepts.
fn lately(pages: &Pages, now: DateTime<Utc>) -> Window {
    match pages.edges {
        Edges::Days { late } => {
            let end = (now - late).date_naive().and_time(NaiveTime::MIN).and_utc();
            Window::Times(end - TimeDelta::days(1), end)
        }
        _ => Window::Times(now - LATELY, now - SETTLED),
    }
}

/// What a failure says about the role.
fn verdict(error: &Error) -> Answer {
    let is_refused = error.refusal().is_some_and(api::is_refusal_of_token);
    if is_refused || matches!(error, Error::Forbidden(_)) { Answer::No } else { Answer::Unknown }
}

/// Whether a stream may be read in a region: as the worst of its probes says.
fn may_read(need: &Need, answers: &Answers) -> Answer {
    let answer = |(probe, _): &(Probe, _)| *answers.get(probe).unwrap_or(&Answer::Unknown);
    need.probes.iter().map(answer).max().unwrap_or(Answer::Yes)
}

/// The streams that are not known to be readable in all regions.
fn unread(needs: &[Need], regions: &[(Region, Answers)]) -> Vec<&'static str> {
    let is_unread =
        |need: &&Need| regions.iter().any(|(_, answers)| may_read(need, answers) != Answer::Yes);
    needs.iter().filter(is_unread).map(|need| need.stream).collect()
}

/// The table, and how it is to be read.
fn page(needs: &[Need], regions: &[(Region, Answers)]) -> String {
    let mut head = vec![("stream", Side::Left)];
    head.extend(regions.iter().map(|(region, _)| (region.code(), Side::Left)));
    head.push(("one of these roles is needed", Side::Left));
    let mut table = Table::new(&head);
    for need in needs {
        let answers = regions.iter().map(|(_, answers)| may_read(need, answers).to_string());
        let roles: Vec<_> = need.probes.iter().map(|(_, roles)| named(roles)).collect();
        let mut cells = vec![need.stream.to_owned()];
        cells.extend(answers);
        cells.push(if roles.is_empty() { "-".to_owned() } else { roles.join("; and of ") });
        table.row(cells);
    }
    format!(
        "{table}\n\
         NO: Amazon answers 403. Give the application one of the roles, then let the seller authorize it \
         again:\na refresh token keeps the roles of the day on which it was made. ?: see the log.\n\
         yes, of a report: its reports may be listed. Amazon documents 403 for a missing role where a \
         report is\nasked for; for listing it was seen, and is not documented."
    )
}

#[cfg(test)]
mod tests;
