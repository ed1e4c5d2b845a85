//! The phase of the pictures: every file is uploaded once, and a product gets its gallery and its
//! thumbnail with one write.
//!
//! A picture is known by its name, which is made of the picture's own id, so all products that show it
//! share one asset. Which name is which asset is remembered from run to run; where it is not, Plytix's list
//! of assets is read or the names are asked for, whichever is cheaper. Only what is not there is uploaded:
//! an upload of the same name and content is refused with the id of what is there, but one whose content
//! somebody has replaced, or Amazon offers in another size, would be kept a second time and shown in its place.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::join_all;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::json;

use super::rounds::{Progress, Trouble, Verdict, judged};
use super::showing::Showing;
use super::{LoadError, Loader, Phase, Step, Task};
use crate::api::operation::{GET_PRODUCT, LINK_ASSET, UPDATE_PRODUCT};
use crate::api::{ApiError, AssetPage, PAGE};
use crate::config::LinkMode;
use crate::mapping::workflow::Gallery;
use crate::report::{FieldChange, Line, Status};
use crate::run::memory::About;
use crate::wanted::Image;

/// Unknown pictures from which on a look at the list of assets may be cheaper than asking for their names.
const WORTH_A_LOOK: usize = 20;

/// Names in one search. Plytix names no limit; one is taken that keeps requests small.
const NAMES: usize = 50;

/// A picture of the product cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("create asset: {filename} could not be uploaded; see the reason given for it")]
struct NoPicture {
    filename: String,
}

/// The body that shows pictures on a product.
#[derive(Serialize)]
struct Show<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail: Option<Asset<'a>>,
    attributes: BTreeMap<&'a str, serde_json::Value>,
}

/// An asset as products refer to it.
#[derive(Serialize)]
struct Asset<'a> {
    id: &'a str,
}

impl Loader {
    /// Uploads the pictures of a commit and shows them.
    pub(super) async fn show_images(&self, tasks: &[Task]) -> Result<(), LoadError> {
        let Some(settings) = self.gallery() else { return Ok(()) };
        let settings = settings.clone();
        let pictured: Vec<&Task> =
            tasks.iter().filter(|task| !task.wanted.around.images.is_empty()).collect();
        self.read_assets(&settings, &pictured).await?;
        let unknown = self.unknown(&pictured);
        if !unknown.is_empty() {
            self.announce_uploads(unknown.len());
        }
        self.upload(unknown).await?;
        let mut writes = Vec::new();
        for task in pictured {
            let images = &task.wanted.around.images;
            match Showing::wanted(images, &settings, |name| self.memory.recall(About::Asset(name)))
            {
                Ok(showing) if showing.is_shown(task.present.as_ref(), &settings) => {
                    let line = Line::new(&task.wanted.sku, Phase::Images, Status::Unchanged);
                    self.report.done(&line.pictures(images));
                }
                Ok(showing) => writes.push((task, showing)),
                Err(image) => {
                    let error = NoPicture { filename: image.filename.clone() };
                    self.report.undone(&task.wanted.sku, Phase::Images, &error);
                }
            }
        }
        self.write_galleries(&settings, &writes).await
    }

    /// Where pictures are shown, if this run does.
    pub(super) fn gallery(&self) -> Option<&Gallery> {
        self.mapping.workflow().images.as_ref().filter(|_| self.does(Phase::Images))
    }

    /// The pictures whose assets are not known, each once.
    pub(super) fn unknown(&self, tasks: &[&Task]) -> Vec<Image> {
        let images = tasks.iter().flat_map(|task| &task.wanted.around.images);
        let mut unknown: IndexMap<&str, &Image> = IndexMap::new();
        for image in images {
            if self.memory.recall(About::Asset(&image.filename)).is_none() {
                unknown.entry(&image.filename).or_insert(image);
            }
        }
        unknown.into_values().cloned().collect()
    }

    /// Looks which of the pictures whose assets are not known are there: in the list of assets, or by their names
    /// where that is cheaper.
    pub(super) async fn read_assets(
        &self,
        settings: &Gallery,
        tasks: &[&Task],
    ) -> Result<(), LoadError> {
        let unknown = self.unknown(tasks).len();
        if settings.prefix.is_empty() || unknown < WORTH_A_LOOK {
            return self.ask_assets(tasks).await;
        }
        for number in 1.. {
            let page = self.api.assets(&settings.prefix, number).await;
            let page = page.map_err(LoadError::LookUp)?;
            self.remember_assets(&page);
            let pages = page.count.unwrap_or(0).div_ceil(PAGE);
            if page.last {
                break;
            }
            if pages.saturating_sub(number) > self.unknown(tasks).len().div_ceil(NAMES) {
                return self.ask_assets(tasks).await;
            }
        }
        Ok(())
    }

    /// Asks for the assets of the unknown pictures by their names.
    async fn ask_assets(&self, tasks: &[&Task]) -> Result<(), LoadError> {
        let unknown = self.unknown(tasks);
        for images in unknown.chunks(NAMES) {
            let names: Vec<&str> = images.iter().map(|image| image.filename.as_str()).collect();
            for number in 1.. {
                let page = match self.api.assets_named(&names, number).await {
                    Ok(page) => page,
                    // How many names Plytix takes at once nobody has recorded. Without an answer they are uploaded.
                    Err(error) if super::rounds::is_refusal(&error) => {
                        tracing::info!("images: {}", crate::report::chain(&error));
                        return Ok(());
                    }
                    Err(error) => return Err(LoadError::LookUp(error)),
                };
                self.remember_assets(&page);
                if page.last {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Keeps in mind which names are which assets.
    fn remember_assets(&self, page: &AssetPage) {
        let mut named: Vec<(&String, &String)> = page.ids.iter().collect();
        named.sort_unstable();
        for (name, id) in named {
            self.memory.keep(About::Asset(name), id);
        }
    }

    /// Says how many requests the uploads take.
    fn announce_uploads(&self, uploads: usize) {
        let time = self.shortest_time(uploads).as_secs();
        tracing::info!("images: {uploads} requests for as many new pictures, at least {time} s");
    }

    /// Uploads pictures, a few at a time. One that Plytix refuses is left out, and its products with it.
    async fn upload(&self, images: Vec<Image>) -> Result<(), LoadError> {
        let mut trouble = Trouble::default();
        let mut progress = Progress::new("pictures uploaded", images.len());
        for round in images.chunks(self.manner.parallel) {
            let calls = round.iter().map(|image| self.api.keep(&image.link, &image.filename));
            for (image, kept) in round.iter().zip(join_all(calls).await) {
                let name = &image.filename;
                match kept.map_err(judged) {
                    Ok(kept) => {
                        trouble.ease();
                        self.memory.keep(About::Asset(name), &kept.id);
                        let new = u64::from(!kept.existed);
                        self.report.count(|totals| totals.uploaded += new);
                    }
                    Err(Verdict::Refused(error)) => {
                        trouble.ease();
                        tracing::warn!("{name}: {}", crate::report::chain(&error));
                    }
                    Err(Verdict::Later(error)) => trouble.note(name, error),
                    Err(Verdict::Never(source)) => {
                        return Err(LoadError::Stopped { sku: name.clone(), source });
                    }
                }
            }
            trouble.check()?;
            progress.add(round.len());
        }
        trouble.result()
    }

    /// Writes galleries and thumbnails, a few products at a time.
    async fn write_galleries(
        &self,
        settings: &Gallery,
        writes: &[(&Task, Showing)],
    ) -> Result<(), LoadError> {
        if writes.is_empty() {
            return Ok(());
        }
        self.announce(Phase::Images, writes.len(), writes.len());
        let mut trouble = Trouble::default();
        let mut progress = Progress::new("galleries written", writes.len());
        for round in writes.chunks(self.manner.parallel) {
            let calls =
                round.iter().map(|(task, showing)| self.write_gallery(settings, task, showing));
            for ((task, showing), written) in round.iter().zip(join_all(calls).await) {
                let sku = &task.wanted.sku;
                match written.map_err(judged) {
                    Ok(()) => {
                        trouble.ease();
                        self.say_gallery(settings, task, showing);
                        self.check_gallery(settings, task, showing).await?;
                    }
                    Err(Verdict::Refused(error)) => {
                        trouble.ease();
                        self.report.undone(sku, Phase::Images, &error);
                        self.forget_pictures(task);
                    }
                    Err(Verdict::Later(error)) => trouble.note(sku, error),
                    Err(Verdict::Never(source)) => {
                        return Err(LoadError::Stopped { sku: sku.clone(), source });
                    }
                }
            }
            trouble.check()?;
            progress.add(round.len());
        }
        trouble.result()
    }

    /// Forgets which assets the pictures of a product are: one of them may be gone, and the next run looks for
    /// them or uploads them.
    fn forget_pictures(&self, task: &Task) {
        for image in &task.wanted.around.images {
            self.memory.forget(About::Asset(&image.filename));
        }
    }

    /// Shows pictures on one product.
    async fn write_gallery(
        &self,
        settings: &Gallery,
        task: &Task,
        showing: &Showing,
    ) -> Result<(), ApiError> {
        let Some(id) = self.id_of(&task.wanted.sku) else { return Ok(()) };
        if self.manner.link_mode == LinkMode::Append {
            return self.append_assets(settings, task, showing, &id).await;
        }
        let gallery = showing.gallery.iter().map(|id| json!({ "id": id })).collect();
        let mut attributes = BTreeMap::from([(settings.gallery.as_str(), gallery)]);
        // What was written before in this run has the day already.
        if let (Some(label), Step::Nothing) = (self.dated_label(), task.step) {
            attributes.insert(label, json!(self.manner.today));
        }
        let thumbnail = showing.thumbnail.as_deref().map(|id| Asset { id });
        let body = Show { thumbnail, attributes };
        self.api.call(&UPDATE_PRODUCT, |call| call.path("product_id", &id).json(&body)).await?;
        Ok(())
    }

    /// Label of the attribute for the day of the last change, if this run writes it.
    fn dated_label(&self) -> Option<&str> {
        let writes = self.manner.touch != crate::config::Touch::Never;
        self.mapping.last_synced().filter(|_| writes)
    }

    /// Adds the pictures that a product does not show yet, one request each. What it shows beside them stays.
    async fn append_assets(
        &self,
        settings: &Gallery,
        task: &Task,
        showing: &Showing,
        id: &str,
    ) -> Result<(), ApiError> {
        let present = task.present.as_ref();
        let there: HashSet<&String> = present
            .and_then(|present| present.media.get(&settings.gallery))
            .into_iter()
            .flatten()
            .collect();
        let gallery = showing.gallery.iter().filter(|asset| !there.contains(asset));
        let mut links: Vec<(&String, &str)> =
            gallery.map(|asset| (asset, settings.gallery.as_str())).collect();
        let shown = present.and_then(|present| present.thumbnail.as_ref());
        let thumbnail = showing.thumbnail.as_ref().filter(|it| Some(*it) != shown);
        links.extend(thumbnail.map(|asset| (asset, "thumbnail")));
        for (asset, label) in links {
            let body = json!({"id": asset, "attribute_label": label});
            let linked =
                self.api.call(&LINK_ASSET, |call| call.path("product_id", id).json(&body)).await;
            match linked {
                Err(error) if super::rounds::status(&error) != Some(409) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes that a product shows its pictures.
    fn say_gallery(&self, settings: &Gallery, task: &Task, showing: &Showing) {
        self.report.count(|totals| totals.pictured += 1);
        let raw = |ids: &[String]| serde_json::value::to_raw_value(&ids).ok();
        let present = task.present.as_ref();
        let old = present.and_then(|present| present.media.get(&settings.gallery));
        let change = FieldChange {
            field: settings.gallery.clone(),
            old: old.and_then(|ids| raw(ids)),
            new: raw(&showing.gallery),
        };
        let line = Line::new(&task.wanted.sku, Phase::Images, Status::Updated);
        let line = line.pictures(&task.wanted.around.images);
        self.report.done(&Line { changes: vec![change], ..line });
    }

    /// Reads back the first gallery that is ever written to an account, and the first that takes the place of
    /// another: that a write replaces the gallery as a whole, in its order, is how Plytix's description
    /// reads, and nobody has recorded it.
    async fn check_gallery(
        &self,
        settings: &Gallery,
        task: &Task,
        showing: &Showing,
    ) -> Result<(), LoadError> {
        let sku = &task.wanted.sku;
        // Pictures that stay in their places tell nothing about what becomes of others.
        let old = task.present.as_ref().and_then(|it| it.media.get(&settings.gallery));
        let replaces = old.is_some_and(|old| !showing.gallery.starts_with(old));
        let fact = if replaces { About::GalleryReplaced } else { About::GalleryWritten };
        let known = self.memory.recall(fact).is_some();
        if known || self.manner.link_mode == LinkMode::Append {
            return Ok(());
        }
        let Some(id) = self.id_of(sku) else { return Ok(()) };
        let shown = self.read_gallery(settings, &id).await;
        let stopped = |source| LoadError::Stopped { sku: sku.clone(), source };
        if shown.map_err(stopped)? != showing.gallery {
            return Err(LoadError::Gallery { sku: sku.clone() });
        }
        self.memory.keep(fact, "");
        Ok(())
    }

    /// The gallery of a product.
    async fn read_gallery(&self, settings: &Gallery, id: &str) -> Result<Vec<String>, ApiError> {
        let answer = self.api.call(&GET_PRODUCT, |call| call.path("product_id", id)).await?;
        let answer: serde_json::Value = answer.json()?;
        let product = answer.get("data").and_then(|data| data.get(0));
        let gallery = product.and_then(|product| product.get("attributes"));
        let gallery = gallery.and_then(|attributes| attributes.get(&settings.gallery));
        let ids = gallery.and_then(serde_json::Value::as_array).into_iter().flatten();
        let id = |it: &serde_json::Value| it.get("id").unwrap_or(it).as_str().map(str::to_owned);
        Ok(ids.filter_map(id).collect())
    }
}
