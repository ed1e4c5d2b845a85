//! The page that target-plytix makes for people, in a real browser without a window.
//!
//! The page is asked by a script of the test's own at its end, and shown in a frame, because a frame may be
//! as narrow as a phone and a window may not. Nothing is fetched from the network.

use std::process::Command;

use serde_json::{Value, json};

use support::{Folder, said};

use crate::plytix_case::{Case, Item, style};

/// A title that would become a part of the page if it were more than text, or make it wider.
fn title() -> String {
    format!("</script><b>Better</b> & \"cup\" {}", "x".repeat(400))
}

/// What a run leaves to people: the page, and the folder that it lies in.
struct Page {
    folder: Folder,
    html: String,
}

impl Page {
    /// The page of a second run: of products that are there one has changed, one is new, and one cannot be
    /// written; 120 more are new.
    fn of_a_run() -> Self {
        let (mut items, own) = style();
        items.push(Item::new("B0BAD"));
        items.extend((0..120).map(|number| Item::new(format!("B0MORE{number:04}"))));
        let plytix = Case::start(&(items, own), "100000", &[]);
        let all = std::fs::read_to_string(&plytix.input).unwrap();
        let is_late = |line: &str| {
            ["B0BAD", "B0MORE", "asin\":\"B07CHILD01"].iter().any(|it| line.contains(it))
        };
        let first: Vec<&str> = all.lines().filter(|line| !is_late(line)).collect();
        plytix.folder.file("input.jsonl", first.join("\n"));
        plytix.load(json!({}), &[]);

        let title = json!(title()).to_string();
        let second = all.replacen("\"Item B07CHILD02\"", &title, 1);
        let second = second.replacen("\"Item B0BAD\"", "{\"en\":\"x\"}", 1);
        let input = plytix.folder.file("input.jsonl", second);
        let page = plytix.folder.path("page.html");
        let arguments = ["--input", input.to_str().unwrap(), "--report", page.to_str().unwrap()];
        let output = plytix.run(json!({}), &arguments);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let html = std::fs::read_to_string(page).unwrap();
        plytix.emulator.end();
        Self { folder: plytix.folder, html }
    }

    /// What a function of JavaScript returns in the page, in a frame of this width.
    fn ask(&self, width: u32, function: &str) -> Value {
        let end = "</body>";
        assert_eq!(self.html.matches(end).count(), 1);
        let question = format!(
            "<script>parent.postMessage((() => {{ {WORDS} return JSON.stringify(({function})()); }})(), '*')</script>{end}"
        );
        self.folder.file("asked.html", self.html.replace(end, &question));
        let frame = self.folder.file(
            "frame.html",
            format!(
                "<!doctype html><title></title><script>\
                 onmessage = (it) => document.title = it.data.replace(/[<>&]/g, (c) => '\\\\u00' + c.charCodeAt(0).toString(16))\
                 </script><iframe width='{width}' height='844' style='border:0' src='asked.html'></iframe>"
            ),
        );
        let output = Command::new(browser())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .args([
                "--host-resolver-rules=MAP * ~NOTFOUND",
                "--virtual-time-budget=5000",
                "--dump-dom",
            ])
            .arg(format!("--user-data-dir={}", self.folder.path("browser").display()))
            .arg(format!("file://{}", frame.display()))
            .output()
            .unwrap();
        let dom = String::from_utf8_lossy(&output.stdout);
        let answer = dom.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
        let (answer, _) = answer.unwrap_or_else(|| panic!("no page: {}", said(&output)));
        assert!(!answer.is_empty(), "the page did not answer: {}", said(&output));
        serde_json::from_str(answer).expect(answer)
    }
}

/// A browser that is built on Chromium.
fn browser() -> &'static str {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let is_here = |name: &&str| {
        Command::new(name).arg("--version").output().is_ok_and(|it| it.status.success())
    };
    names.into_iter().find(is_here).expect(
        "a page is tested in Chromium, and none is here; ./test.sh installs it (Debian: apt-get install chromium)",
    )
}

/// What the questions have in common.
const WORDS: &str = "
    const all = (selector, within = document) => [...within.querySelectorAll(selector)];
    const texts = (selector, within) => all(selector, within).map((it) => it.textContent);
    const card = (sku) => all('article').find((it) => it.querySelector('h2 span').textContent === sku);
    const type = (text) => {
        document.querySelector('input[type=search]').value = text;
        document.querySelector('input[type=search]').dispatchEvent(new Event('input'));
    };
    const choose = (status) => all('label.chip').find((it) => it.textContent.startsWith(status)).click();
    const shown = () => [document.querySelector('#count').textContent, all('article').length];
";

#[test]
fn a_browser_shows_what_became_of_every_product() {
    let page = Page::of_a_run();
    let seen = page.ask(
        1280,
        "() => {
            const changed = card('AMZN-US-B07CHILD02');
            const picture = changed.querySelector('img');
            const [address, link] = [picture.src, picture.parentElement.href];
            picture.dispatchEvent(new Event('error'));
            return {
                totals: texts('dl div'),
                first: texts('article h2 span').slice(0, 2),
                failed: texts('p.error'),
                changed: texts('h2 span', changed),
                title: texts('tr', changed)[1],
                old: texts('del', changed)[1],
                new: texts('ins', changed)[1],
                pictures: all('.images a', changed).length,
                address,
                link,
                not_loaded: texts('.images a', changed)[0],
                parent: texts('p.line', card('AMZN-US-B09PARENT0')),
                own: texts('p.line', card('MCA0032-00')),
                foreign: all('article b, article script').length,
            };
        }",
    );
    let totals = [
        "created121",
        "updated1",
        "unchanged18",
        "linked to parents1",
        "linked to own products1",
        "galleries written1",
        "records without product1",
    ];
    assert_eq!(seen["totals"], json!(totals));
    assert_eq!(seen["first"], json!(["product_catalog, line 22", "failed"]));
    let reason =
        "label: the record holds an object or a nested list; let the path go further inside";
    assert_eq!(seen["failed"], json!([reason]));
    assert_eq!(seen["changed"], json!(["AMZN-US-B07CHILD02", "changed"]));
    let title = title();
    assert_eq!(seen["title"], format!("amazon_titleItem B07CHILD02 → {title}"));
    assert_eq!((&seen["old"], &seen["new"]), (&json!("Item B07CHILD02"), &json!(title)));
    assert_eq!(seen["foreign"], 0, "what a record holds became a part of the page");
    let picture = "https://m.media-amazon.com/images/I/61pic01.jpg";
    assert_eq!((&seen["address"], &seen["link"]), (&json!(picture), &json!(picture)));
    assert_eq!((&seen["pictures"], &seen["not_loaded"]), (&json!(6), &json!("61pic01.jpg")));
    assert_eq!(seen["parent"], json!(["linked to 1 child: AMZN-US-B07CHILD01"]));
    assert_eq!(seen["own"], json!(["linked to 1 product here: AMZN-US-B07CHILD01"]));
}

#[test]
fn a_page_shows_a_hundred_products_and_finds_the_others_by_text_and_by_what_became_of_them() {
    let page = Page::of_a_run();
    let seen = page.ask(
        1280,
        "() => {
            const seen = { chips: texts('label.chip'), at_first: shown() };
            document.querySelector('#more').click();
            seen.more = [...shown(), document.querySelector('#more').hidden];
            type('b07child0');
            seen.typed = shown();
            type(' BETTER</B> ');
            seen.value = [...shown(), texts('article h2 span')[0]];
            type('');
            choose('failed');
            seen.failed = [...shown(), texts('article h2 span')[0]];
            choose('created');
            type('B0MORE0007');
            seen.both = [...shown(), texts('article h2 span')[0]];
            choose('unchanged');
            seen.none = shown();
            return seen;
        }",
    );
    // The 20 products of the style, 120 more, the record without one, and the seller's own that was linked.
    assert_eq!(
        seen["chips"],
        json!(["all 142", "failed 1", "changed 3", "created 121", "unchanged 17"])
    );
    assert_eq!(seen["at_first"], json!(["142 products", 100]));
    assert_eq!(seen["more"], json!(["142 products", 142, true]));
    // Six children of a parent that names one of them, and the own product of that one.
    assert_eq!(seen["typed"], json!(["8 products", 8]));
    assert_eq!(seen["value"], json!(["1 product", 1, "AMZN-US-B07CHILD02"]));
    assert_eq!(seen["failed"], json!(["1 product", 1, "product_catalog, line 22"]));
    assert_eq!(seen["both"], json!(["1 product", 1, "AMZN-US-B0MORE0007"]));
    assert_eq!(seen["none"], json!(["0 products", 0]));
}

#[test]
fn on_a_phone_nothing_is_wider_than_the_screen() {
    let page = Page::of_a_run();
    let wide = "() => ({
        screen: innerWidth,
        page: document.documentElement.scrollWidth,
        wider: all('body *').filter((it) => it.getBoundingClientRect().right > innerWidth).map((it) => it.outerHTML.slice(0, 80)),
        cards: all('article').length,
    })";
    for width in [320, 390] {
        let seen = page.ask(width, wide);
        assert_eq!((&seen["screen"], &seen["page"]), (&json!(width), &json!(width)), "{seen:#}");
        assert_eq!((&seen["wider"], &seen["cards"]), (&json!([]), &json!(100)), "{seen:#}");
    }
}
