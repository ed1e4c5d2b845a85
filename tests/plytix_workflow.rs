//! The whole way from catalogue items to linked products with pictures.

use serde_json::{Value, json};

use crate::plytix_case::{Case, Item, calls, families, style};

/// SKUs that a product is linked to.
fn links<'p>(product: &'p Value, relationship: &str) -> Vec<&'p str> {
    let links = product["links"][relationship].as_array().unwrap();
    let mut skus: Vec<&str> = links.iter().map(|sku| sku.as_str().unwrap()).collect();
    skus.sort_unstable();
    skus
}

#[test]
fn a_style_becomes_linked_products_with_pictures() {
    let case = style();
    let items = &case.0;
    let plytix = Case::start(&case, "100000", &[]);
    plytix.load(json!({}), &[]);
    let made = calls(&plytix.emulator.journal());
    assert_eq!((made["createProduct"], made["assignFamily"]), (20, 20), "{made:?}");
    // 3 parents to their children; the style to its parents, 13 sizes to a child each.
    assert_eq!(made["linkProducts"], 3 + 1 + 13, "{made:?}");
    // 12 pictures, 18 products that show them, and a look whether Plytix took the first gallery as meant.
    let shown = (made["createAsset"], made["updateProduct"], made["getProduct"]);
    assert_eq!(shown, (12, 18, 1), "{made:?}");

    let before = plytix.emulator.journal().len();
    plytix.load(json!({}), &[]);
    let again = calls(&plytix.emulator.journal()[before..]);
    let reads = [
        "getProductFilters",
        "getToken",
        "searchFamilies",
        "searchProducts",
        "searchRelationships",
    ];
    assert_eq!(again.keys().collect::<Vec<_>>(), reads, "{again:?}");

    let (products, assets) = plytix.end();
    assert_eq!(assets.iter().filter(|name| name.starts_with("amazon_61pic")).count(), 12);
    assert_eq!(products.keys().filter(|sku| sku.starts_with("AMZN-US-")).count(), 20);
    let parents = ["AMZN-US-B09PARENT0", "AMZN-US-B09PARENT1", "AMZN-US-B09PARENT2"];
    assert_eq!(links(&products["MCA0032"], "amazon_listings"), parents);
    let mut matched = parents.len();
    for item in items {
        let product = &products[&item.sku()];
        assert_eq!(product["family"], "8 - Amazon");
        matched += usize::from(
            product["attributes"]["amazon_canonical_sku"]
                .as_str()
                .is_some_and(|sku| sku != "MCA0032"),
        );
    }
    assert_eq!(matched, 16);
    for (parent, count) in parents.into_iter().zip([6, 6, 5]) {
        assert_eq!(links(&products[parent], "amazon_hierarchy").len(), count);
    }
    let child = &products["AMZN-US-B07CHILD01"];
    assert_eq!(links(&products["MCA0032-00"], "amazon_listings"), ["AMZN-US-B07CHILD01"]);
    assert_eq!(child["attributes"]["amazon_canonical_sku"], "MCA0032-00");
    let gallery = [0, 2, 4, 6, 8, 10].map(|picture| format!("amazon_61pic{picture:02}.jpg"));
    assert_eq!(child["attributes"]["amazon_images"], json!(gallery));
    assert_eq!(child["thumbnail"], "amazon_61pic00.jpg");
    // The seller's own products get links and nothing else.
    assert_eq!(products["MCA0032-00"]["attributes"], json!({"upc": "00880000000000"}));
}

#[test]
fn an_hourly_window_that_closes_in_every_phase_loses_nothing() {
    let case = style();
    let undisturbed = Case::start(&case, "100000", &[]);
    undisturbed.load(json!({}), &[]);
    // An hour lasts a second and holds five requests; how long to wait stands in the body alone.
    let quota = ["--plytix-requests-per-10-seconds", "1000000", "--plytix-requests-per-hour", "5"];
    let arguments = [&quota[..], &["--plytix-retry-after", "body"]].concat();
    let plytix = Case::start(&case, "3600", &arguments);
    let output = plytix.load(json!({"parallel_writes": 2}), &[]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"items\":20}\n");
    let journal = plytix.emulator.journal();
    for operation in
        ["createProduct", "assignFamily", "linkProducts", "createAsset", "updateProduct"]
    {
        let closed = |entry: &&Value| entry["operation"] == operation && entry["status"] == 429;
        assert!(journal.iter().any(|entry| closed(&entry)), "no window closed in {operation}");
    }
    assert_eq!(plytix.end(), undisturbed.end());
}

#[test]
fn a_phase_can_be_left_out_and_done_alone_later() {
    let case = style();
    let plytix = Case::start(&case, "100000", &[]);
    plytix.load(json!({"phases": ["products", "family", "listings"]}), &[]);
    let made = calls(&plytix.emulator.journal());
    assert_eq!((made["createProduct"], made["linkProducts"]), (20, 14), "{made:?}");
    assert_eq!((made.get("createAsset"), made.get("updateProduct")), (None, None), "{made:?}");
    let before = plytix.emulator.journal().len();
    plytix.load(json!({}), &["--rerun-phases", "images,hierarchy"]);
    let made = calls(&plytix.emulator.journal()[before..]);
    assert_eq!(
        (made["linkProducts"], made["createAsset"], made["updateProduct"]),
        (3, 12, 18),
        "{made:?}"
    );
    assert_eq!((made.get("createProduct"), made.get("assignFamily")), (None, None), "{made:?}");
    // Done again whatever is remembered: everything is looked at, and nothing is written.
    let before = plytix.emulator.journal().len();
    plytix.load(json!({}), &["--rerun-phases", "hierarchy,canonical,attributes,images"]);
    let made = calls(&plytix.emulator.journal()[before..]);
    for write in ["createProduct", "updateProduct", "linkProducts"] {
        assert_eq!(made.get(write), None, "{made:?}");
    }
}

#[test]
fn an_ambiguous_match_is_reported_and_not_linked() {
    let (items, mut own) = style();
    own.push(json!({"sku": "TWIN", "attributes": {"ean": "0880000000000"}}));
    own.push(json!({"sku": "TWIN-2", "attributes": {"upc": "880000000000"}}));
    let plytix = Case::start(&(items, own), "100000", &[]);
    let output = plytix.load(json!({}), &[]);
    let said = support::said(&output);
    let line = said.lines().find(|line| line.contains("AMZN-US-B07CHILD01")).unwrap();
    assert!(
        line.contains("2 of the seller's own products have its bar_code: MCA0032-00, TWIN-2"),
        "{line}"
    );
    let (products, _) = plytix.end();
    for own in ["MCA0032-00", "TWIN", "TWIN-2"] {
        assert!(links(&products[own], "amazon_listings").is_empty(), "{own}");
    }
    assert_eq!(products["AMZN-US-B07CHILD01"]["attributes"].get("amazon_canonical_sku"), None);
}

#[test]
fn what_the_account_lacks_is_named_and_made_on_demand() {
    let plytix = Case::start(&(vec![Item::new("B01")], vec![]), "100000", &[]);
    let mapping =
        std::fs::read_to_string(support::root().join("target-plytix/mapping.json")).unwrap();
    let mut mapping: Value = serde_json::from_str(&mapping).unwrap();
    mapping["family"] = json!("9 - Other");
    mapping["hierarchy"]["relationship"] = json!("Other Hierarchy");
    mapping["definitions"]["other_note"] =
        json!({"name": "Other Note", "type": "DropdownAttribute", "options": ["a", "b"]});
    mapping["streams"]["product_catalog"]["attributes"]["other_note"] = json!({"constant": "a"});
    let mapping = plytix.folder.file("mapping.json", mapping.to_string());
    let settings = |create: bool| json!({"mapping": mapping, "create_missing_definitions": create});
    let output = plytix.run(settings(false), &["--verify"]);
    let said = support::said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("no attribute other_note, no product family `9 - Other`, no relationship Other Hierarchy"),
        "{said}"
    );
    let output = plytix.run(settings(true), &["--verify"]);
    assert!(output.status.success(), "{}", support::said(&output));
    plytix.load(settings(false), &[]);
    let (products, _) = plytix.end();
    assert_eq!(products["AMZN-US-B01"]["family"], "9 - Other");
    assert_eq!(products["AMZN-US-B01"]["attributes"]["other_note"], "a");
}

#[test]
fn a_dry_run_says_what_every_phase_would_cost_and_is_right() {
    let case = style();
    let plytix = Case::start(&case, "100000", &[]);
    let output = plytix.load(json!({}), &["--dry-run"]);
    let said = support::said(&output);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let made = calls(&plytix.emulator.journal());
    for write in ["createProduct", "updateProduct", "linkProducts", "createAsset", "assignFamily"] {
        assert_eq!(made.get(write), None, "{made:?}");
    }
    for line in [
        "dry run: products: 20 requests",
        "dry run: family: 20 requests",
        "dry run: hierarchy: 3 requests",
        "dry run: listings: 14 requests",
        "dry run: images: 30 requests",
        "20 products to create, 0 to update, 0 unchanged: 87 more requests",
    ] {
        assert!(said.contains(line), "{line} is not in\n{said}");
    }
    let before = plytix.emulator.journal().len();
    plytix.load(json!({}), &[]);
    let journal = plytix.emulator.journal();
    let reads = [
        "getToken",
        "getProductFilters",
        "searchFamilies",
        "searchRelationships",
        "searchProducts",
        "searchAssets",
        "getProduct",
    ];
    let writes = |entry: &&Value| !reads.contains(&entry["operation"].as_str().unwrap());
    assert_eq!(journal[before..].iter().filter(writes).count(), 87);
}

#[test]
fn a_dry_run_knows_parents_that_are_not_among_the_records() {
    let case = style();
    let plytix = Case::start(&case, "100000", &[]);
    plytix.load(json!({}), &[]);
    let all = std::fs::read_to_string(&plytix.input).unwrap();
    let of = |asin: &str| {
        all.lines().find(|line| line.contains(&format!("\"asin\":\"{asin}\""))).unwrap().to_owned()
    };
    // One that is linked, one that is not, and one whose parent is nowhere.
    let new = of("B07CHILD02").replace("B07CHILD02", "B07CHILD09");
    let orphan =
        of("B07CHILD03").replace("B07CHILD03", "B07ORPHAN").replace("B09PARENT0", "B09GONE");
    let lines = [all.lines().next().unwrap().to_owned(), of("B07CHILD01"), new, orphan];
    plytix.folder.file("input.jsonl", lines.join("\n"));
    let said = support::said(&plytix.load(json!({}), &["--dry-run"]));
    assert!(said.contains("dry run: hierarchy: 1 requests"), "{said}");
    let before = plytix.emulator.journal().len();
    plytix.load(json!({"phases": ["products", "hierarchy"]}), &[]);
    assert_eq!(calls(&plytix.emulator.journal()[before..])["linkProducts"], 1);
}

#[test]
fn a_search_that_is_late_makes_no_second_product() {
    let case = families(21);
    let plytix = Case::start(&case, "100000", &["--plytix-search-lag", "4"]);
    plytix.load(json!({"phases": ["products"]}), &[]);
    // The run's memory of its own products is gone, and the search does not show them yet.
    plytix.load(json!({"run_dir": plytix.folder.path("other")}), &[]);
    let journal = plytix.emulator.journal();
    let created = |entry: &&Value| entry["operation"] == "createProduct" && entry["status"] == 201;
    assert_eq!(journal.iter().filter(created).count(), 21);
    assert!(journal.iter().any(|entry| entry["status"] == 409), "the search was never late");
    let (products, _) = plytix.end();
    assert_eq!(products.keys().filter(|sku| sku.starts_with("AMZN-US-")).count(), 21);
}

#[test]
fn an_own_product_that_comes_later_is_found_for_one_request_a_run() {
    let (items, mut own) = style();
    let late = own.remove(0);
    let plytix = Case::start(&(items, own), "100000", &[]);
    plytix.load(json!({}), &[]);
    let before = plytix.emulator.journal().len();
    plytix.load(json!({}), &[]);
    // The page of products, and the look whether there are new ones of the seller's own.
    assert_eq!(calls(&plytix.emulator.journal()[before..])["searchProducts"], 2);

    let mapping =
        json!({"streams": {"own": {"sku": "{sku}", "attributes": {"upc": {"from": "upc"}}}}});
    let mapping = plytix.folder.file("own-mapping.json", mapping.to_string());
    let record = json!({"sku": late["sku"], "upc": late["attributes"]["upc"]});
    let messages = [
        json!({"type": "SCHEMA", "stream": "own", "schema": {"properties": {"sku": {}}}, "key_properties": ["sku"]}),
        json!({"type": "RECORD", "stream": "own", "record": record}),
    ];
    let messages =
        plytix.folder.file("own-messages.jsonl", messages.map(|it| it.to_string()).join("\n"));
    let output = plytix.run(json!({"mapping": mapping}), &["--input", messages.to_str().unwrap()]);
    assert!(output.status.success(), "{}", support::said(&output));

    plytix.load(json!({}), &[]);
    let (products, _) = plytix.end();
    assert_eq!(products["AMZN-US-B07CHILD01"]["attributes"]["amazon_canonical_sku"], "MCA0032-00");
    assert_eq!(links(&products["MCA0032-00"], "amazon_listings"), ["AMZN-US-B07CHILD01"]);
}
