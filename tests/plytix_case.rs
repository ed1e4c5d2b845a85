//! Catalogue items and products of a seller, for the tests of target-plytix; and what Plytix holds afterwards.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

use support::{Emulator, Folder, program};

const US: &str = "ATVPDKIKX0DER";

/// A catalogue item with the members that matter here.
pub(crate) struct Item {
    asin: String,
    model: Option<String>,
    upc: Option<String>,
    parents: Vec<String>,
    children: Vec<String>,
    images: Vec<String>,
    /// Whether it says nothing about parents and children.
    is_silent: bool,
}

impl Item {
    /// An item with nothing but an ASIN and a title.
    pub(crate) fn new(asin: impl Into<String>) -> Self {
        let (model, upc) = (None, None);
        let (parents, children, images) = (vec![], vec![], vec![]);
        Self { asin: asin.into(), model, upc, parents, children, images, is_silent: false }
    }

    /// The same with a model number.
    pub(crate) fn model(self, model: &str) -> Self {
        Self { model: Some(model.to_owned()), ..self }
    }

    /// The same as a variation of these ASINs.
    pub(crate) fn parents(self, parents: &[&str]) -> Self {
        Self { parents: parents.iter().map(|asin| (*asin).to_owned()).collect(), ..self }
    }

    /// The same with these variations.
    pub(crate) fn children(self, children: &[&str]) -> Self {
        Self { children: children.iter().map(|asin| (*asin).to_owned()).collect(), ..self }
    }

    /// The same with these pictures, by their ids.
    pub(crate) fn images(self, images: Vec<String>) -> Self {
        Self { images, ..self }
    }

    /// The same without a word about parents and children.
    pub(crate) fn silent(self) -> Self {
        Self { is_silent: true, ..self }
    }

    /// The SKU that its product gets.
    pub(crate) fn sku(&self) -> String {
        format!("AMZN-US-{}", self.asin)
    }

    fn record(&self) -> Value {
        let variants =
            ["MAIN", "PT01", "PT02", "PT03", "PT04", "PT05", "PT06", "PT07", "PT08", "SWCH"];
        let images = self.images.iter().zip(variants).flat_map(|(id, variant)| {
            // The same picture in two sizes, the small one first.
            [75, 1000].map(|width| {
                let size = if width == 75 { "._SL75_" } else { "" };
                let link = format!("https://m.media-amazon.com/images/I/{id}{size}.jpg");
                json!({"variant": variant, "link": link, "width": width, "height": width})
            })
        });
        let mut summary = json!({"marketplaceId": US, "itemName": format!("Item {}", self.asin)});
        if let Some(model) = &self.model {
            summary["modelNumber"] = json!(model);
        }
        let code = |upc: &String| json!({"identifierType": "UPC", "identifier": upc});
        let codes: Vec<Value> = self.upc.iter().map(code).collect();
        let relatives = json!({"type": "VARIATION", "parentAsins": self.parents,
            "childAsins": self.children});
        let relatives = json!([{"marketplaceId": US, "relationships": [relatives]}]);
        json!({
            "marketplace_id": US,
            "asin": self.asin,
            "summaries": [summary],
            "identifiers": [{"marketplaceId": US, "identifiers": codes}],
            "images": [{"marketplaceId": US, "images": images.collect::<Value>()}],
            "relationships": if self.is_silent { json!([]) } else { relatives },
        })
    }
}

/// The messages of a tap that knows these items.
pub(crate) fn messages(items: &[Item]) -> String {
    let mut text = json!({"type": "SCHEMA", "stream": "product_catalog", "key_properties": ["marketplace_id", "asin"],
        "schema": {"type": "object", "properties": {"marketplace_id": {"type": "string"}, "asin": {"type": "string"}}}})
    .to_string();
    for item in items {
        let record =
            json!({"type": "RECORD", "stream": "product_catalog", "record": item.record()});
        text.push('\n');
        text.push_str(&record.to_string());
    }
    let state = json!({"type": "STATE", "value": {"items": items.len()}}).to_string();
    text + "\n" + &state + "\n"
}

/// Style MCA0032 with 20 ASINs: 3 parents, which are found by its model number, and 17 children, of which 13
/// are found by their bar codes; 18 of them show 6 pictures each, of 12 in all. And the seller's own
/// products of the sizes; the style itself the emulator has.
pub(crate) fn style() -> (Vec<Item>, Vec<Value>) {
    let mut items = Vec::new();
    let mut own = Vec::new();
    let pictures = |n: usize| (0..6).map(|k| format!("61pic{:02}", (n + k * 2) % 12)).collect();
    for (number, size) in [6, 6, 5].into_iter().enumerate() {
        let parent = format!("B09PARENT{number}");
        let first = items.len();
        let children: Vec<String> =
            (1..=size).map(|child| format!("B07CHILD{number}{child}")).collect();
        items.push(Item {
            model: Some("MCA0032".to_owned()),
            children: children.clone(),
            ..Item::new(parent.clone())
        });
        for (place, child) in children.into_iter().enumerate() {
            let n = first + place;
            let upc = format!("8800000{n:05}");
            if own.len() < 13 {
                let code = format!("00{upc}");
                own.push(json!({"sku": format!("MCA0032-{n:02}"), "attributes": {"upc": code}}));
            }
            let parents = vec![parent.clone()];
            items.push(Item { upc: Some(upc), parents, images: pictures(n), ..Item::new(child) });
        }
    }
    items[0].images = pictures(1);
    (items, own)
}

/// As many ASINs as asked for in families of a parent and six children; every family is a style of the seller's
/// own, found by model number and by one bar code.
pub(crate) fn families(asins: usize) -> (Vec<Item>, Vec<Value>) {
    let (mut items, mut own) = (Vec::new(), Vec::new());
    while items.len() < asins {
        let family = own.len();
        let (parent, model) = (format!("B0P{family:07}"), format!("STYLE{family:05}"));
        let upc = format!("8{family:010}1");
        own.push(json!({"sku": model, "attributes": {"upc": upc}}));
        let children = 1..(asins - items.len()).min(7);
        let children: Vec<String> =
            children.map(|child| format!("B0C{family:06}{child}")).collect();
        items.push(Item {
            model: Some(model),
            children: children.clone(),
            ..Item::new(parent.clone())
        });
        for (place, child) in children.into_iter().enumerate() {
            let upc = (place == 0).then(|| upc.clone());
            items.push(Item { upc, parents: vec![parent.clone()], ..Item::new(child) });
        }
    }
    (items, own)
}

/// Plytix with the seller's own products, and the messages that a target gets.
pub(crate) struct Case {
    /// Where everything is.
    pub(crate) folder: Folder,
    /// Plytix.
    pub(crate) emulator: Emulator,
    /// The messages.
    pub(crate) input: PathBuf,
    dump: PathBuf,
}

impl Case {
    /// Starts Plytix with these products, at this speed and with these arguments more.
    pub(crate) fn start(
        (items, own): &(Vec<Item>, Vec<Value>),
        speed: &str,
        arguments: &[&str],
    ) -> Self {
        let folder = Folder::new();
        let own: Vec<String> = own.iter().map(Value::to_string).collect();
        let own = folder.file("own.jsonl", own.join("\n"));
        let dump = folder.path("dump.jsonl");
        let all =
            ["--plytix-products", own.to_str().unwrap(), "--plytix-dump", dump.to_str().unwrap()];
        let emulator = Emulator::at_speed(&folder, speed, &[&all[..], arguments].concat());
        let input = folder.file("input.jsonl", messages(items));
        Self { folder, emulator, input, dump }
    }

    /// Runs the target with these settings and arguments.
    pub(crate) fn run(&self, settings: Value, arguments: &[&str]) -> Output {
        let config = self.folder.file("plytix.json", self.emulator.plytix_config(settings));
        let mut target = self.target();
        target.args(["--config", config.to_str().unwrap()]).args(arguments);
        target.output().unwrap()
    }

    /// The target in a folder of its own, beside which it keeps what a next attempt for hotglue needs.
    pub(crate) fn target(&self) -> Command {
        let work = self.folder.path("work");
        std::fs::create_dir_all(&work).unwrap();
        let mut target = program("target-plytix");
        target.current_dir(work);
        target
    }

    /// Runs the target over the messages, which must go well.
    pub(crate) fn load(&self, settings: Value, arguments: &[&str]) -> Output {
        let input = ["--input", self.input.to_str().unwrap()];
        let output = self.run(settings, &[&input[..], arguments].concat());
        assert!(output.status.success(), "{}", support::said(&output));
        output
    }

    /// Ends Plytix; what it holds by SKU, without the names of its assets, and those. On which day a product
    /// was written is not told, as it may be another for every product.
    pub(crate) fn end(self) -> (BTreeMap<String, Value>, Vec<String>) {
        self.emulator.end();
        let mut products = BTreeMap::new();
        let mut assets: Vec<String> = Vec::new();
        for line in std::fs::read_to_string(&self.dump).unwrap().lines() {
            let mut line: Value = serde_json::from_str(line).unwrap();
            // Links have no order.
            for skus in line["links"].as_object_mut().into_iter().flat_map(|it| it.values_mut()) {
                skus.as_array_mut().unwrap().sort_by_key(Value::to_string);
            }
            if let Some(synced) = line.pointer_mut("/attributes/amazon_last_synced") {
                let day: Result<chrono::NaiveDate, _> = synced.as_str().unwrap().parse();
                *synced = json!(day.is_ok());
            }
            if let Some(names) = line.get("assets") {
                assets = serde_json::from_value(names.clone()).unwrap();
            } else {
                products.insert(line["sku"].as_str().unwrap().to_owned(), line);
            }
        }
        assets.sort();
        (products, assets)
    }
}

/// Calls of each Plytix operation in a part of a journal, as far as Plytix let them pass.
pub(crate) fn calls(journal: &[Value]) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for entry in journal.iter().filter(|entry| entry["status"] != 429) {
        *calls.entry(entry["operation"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    calls
}
