//! What lanes of pages are asked with.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Lane, Pending, Windowed};
use crate::account::Area;
use crate::api::utc;
use crate::bookmark::Bookmarks;
use crate::document::Place;
use crate::plan::Window;
use crate::streams::{Extraction, Pages, Scope, Source, Stream};

impl Windowed for Pages {
    fn of(stream: &'static Stream) -> Option<&'static Self> {
        if let Source::Pages { pages, .. } = stream.source { Some(pages) } else { None }
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn extraction(&self) -> Extraction {
        self.extraction
    }

    fn lookback(&self) -> TimeDelta {
        self.lookback
    }
}

impl Pending for Lane<Pages> {
    /// Pages are there at once.
    fn pending(&self, _: &Area, _: &Bookmarks) -> Vec<Range<DateTime<Utc>>> {
        Vec::new()
    }
}

impl Lane<Pages> {
    /// The parameters of a window; see [`parameters`].
    #[must_use]
    pub fn parameters(&self, area: &Area, window: Window) -> Vec<(&'static str, String)> {
        parameters(self.source, self.place, area, window)
    }
}

/// The parameters of a window of a list: the same, to the letter, on all of its pages.
#[must_use]
pub fn parameters(
    pages: &Pages,
    place: Place,
    area: &Area,
    window: Window,
) -> Vec<(&'static str, String)> {
    let fixed = pages.query.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let ids = match place {
        Place::Marketplace(marketplace) => marketplace.id.to_owned(),
        Place::Region(_) => {
            let ids: Vec<_> = area.marketplaces.iter().map(|it| it.id).collect();
            ids.join(",")
        }
    };
    let marketplaces = pages.marketplaces.iter().map(|name| (*name, ids.clone()));
    let times = pages.window.into_iter().zip(place.bounds(window));
    let times = times.flat_map(|(names, bounds)| names.into_iter().zip(bounds.map(utc)));
    fixed.chain(marketplaces).chain(times).collect()
}
