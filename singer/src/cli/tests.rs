//! What the arguments come to, and how a program ends.

use clap::CommandFactory as _;

use super::*;
use crate::catalog::Catalog;
use crate::input::Unopened;
use crate::state::State;

static ABOUT: About = About {
    name: "tap-x",
    description: "Extracts x.",
    version: "1.2.3",
    capabilities: &["catalog"],
    settings: r#"{"type": "object", "properties": {"key": {"type": "string"}}}"#,
    streams: Vec::new,
    crates: &[],
};

#[derive(Debug, Parser)]
struct Tap {
    #[command(flatten)]
    tap: TapArgs,
    /// A flag of the program's own
    #[arg(long)]
    plan: bool,
}

impl AsRef<Information> for Tap {
    fn as_ref(&self) -> &Information {
        self.tap.as_ref()
    }
}

#[derive(Debug, Parser)]
struct Target {
    #[command(flatten)]
    target: TargetArgs,
}

impl AsRef<Information> for Target {
    fn as_ref(&self) -> &Information {
        self.target.as_ref()
    }
}

fn started<A: Parser + AsRef<Information>>(line: &str) -> Start<A> {
    start(&ABOUT, line.split_whitespace().map(OsString::from)).unwrap()
}

fn tap(line: &str) -> Tap {
    match started(line) {
        Start::Run(args) => args,
        Start::Answer(text) => panic!("{text}"),
        Start::Clap(error) => panic!("{error}"),
    }
}

fn answer(line: &str) -> String {
    match started::<Tap>(line) {
        Start::Answer(text) => text,
        _ => panic!("{line} runs"),
    }
}

#[test]
fn the_definitions_are_sound() {
    Tap::command().debug_assert();
    Target::command().debug_assert();
}

#[test]
fn the_words_of_every_orchestrator_are_understood() {
    let args =
        tap("tap-x --config a.json -c b.json --config=ENV --catalog k.json --state s.json --plan");
    assert_eq!(args.tap.config, ["a.json", "b.json", "ENV"]);
    assert_eq!(args.tap.catalog.as_deref(), Some("k.json".as_ref()));
    assert_eq!(args.tap.state.as_deref(), Some("s.json".as_ref()));
    assert!(args.plan);
    for old in ["-p", "--properties"] {
        let args = tap(&format!("tap-x -s s.json {old} k.json"));
        assert_eq!(args.tap.catalog.as_deref(), Some("k.json".as_ref()), "{old}");
    }
    let Start::Run(args) = started::<Target>("target-x --input a --input b -c c.json -s s.json")
    else {
        panic!()
    };
    assert_eq!(args.target.input, ["a", "b"].map(PathBuf::from));
    assert_eq!(args.target.state.as_deref(), Some("s.json".as_ref()));
}

#[test]
fn discovery_needs_nothing_and_suffers_everything() {
    for line in [
        "tap-x --discover",
        "tap-x -d",
        "tap-x -c /nowhere --discover --state /nowhere --catalog /nowhere --test",
    ] {
        assert_eq!(tap(line).tap.mode(), Mode::Discover, "{line}");
    }
}

#[test]
fn a_test_may_name_what_it_tries() {
    for (line, mode) in [
        ("tap-x", Mode::Sync),
        ("tap-x --test", Mode::Test(Test::All)),
        ("tap-x --test -c c.json", Mode::Test(Test::All)),
        ("tap-x --test=schema", Mode::Test(Test::Schema)),
        ("tap-x --test=connection", Mode::Test(Test::Connection)),
        ("tap-x --test=disabled", Mode::Sync),
    ] {
        assert_eq!(tap(line).tap.mode(), mode, "{line}");
    }
}

#[test]
fn a_program_answers_questions_about_itself() {
    assert_eq!(answer("tap-x --version"), "tap-x v1.2.3");
    assert_eq!(answer("tap-x -V -c /nowhere"), "tap-x v1.2.3");
    assert!(answer("tap-x --about").starts_with("tap-x 1.2.3\nExtracts x.\n"));
    assert_eq!(answer("tap-x --about --format text"), answer("tap-x --about"));
    assert!(answer("tap-x --about --format=json").starts_with("{\n  \"name\": \"tap-x\""));
    assert!(answer("tap-x --about --format=markdown").starts_with("# `tap-x`\n"));
}

#[test]
fn clap_speaks_under_the_program_s_name() {
    for (line, exit, text) in [
        ("tap-x --help", 0, "Extracts x."),
        ("tap-x --nonsense", 2, "Usage: tap-x"),
        ("tap-x --test=half", 2, "[possible values: all, schema, connection, disabled]"),
        ("tap-x --log-level loud", 2, "[possible values: trace, debug, info, warning, "),
    ] {
        let Start::Clap(error) = started::<Tap>(line) else { panic!("{line} runs") };
        assert_eq!(error.exit_code(), exit, "{line}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[derive(Debug, thiserror::Error)]
#[error("orders")]
struct Outer(#[from] ConfigError);

#[test]
fn the_exit_code_tells_a_wrong_configuration_from_a_failed_run() {
    let usage = || Usage("no stream `x`".to_owned());
    for (error, expected) in [
        (anyhow::Error::from(usage()), Exit::Usage),
        (anyhow::Error::from(usage()).context("orders"), Exit::Usage),
        (Outer(ConfigError::setting("a", "b")).into(), Exit::Usage),
        (Catalog::read("/nowhere".as_ref()).unwrap_err().into(), Exit::Usage),
        (State::read("/nowhere".as_ref()).unwrap_err().into(), Exit::Usage),
        (Unopened { path: "/nowhere".into(), source: io::Error::other("x") }.into(), Exit::Usage),
        (Incomplete("2 of 5 streams failed".to_owned()).into(), Exit::Failure),
        (anyhow::Error::from(io::Error::other("disk")).context("orders"), Exit::Failure),
    ] {
        assert_eq!(exit(&error), expected, "{error:#}");
    }
}

#[derive(Debug, thiserror::Error)]
#[error("orders: {0}")]
struct Repeating(#[source] io::Error);

#[test]
fn an_error_is_one_line_with_every_cause_once() {
    let disk = || io::Error::other("disk\nfull");
    let wrapped: anyhow::Result<()> = Err(disk()).context("page 2").context("orders");
    for (error, expected) in [
        (wrapped.unwrap_err(), "orders: page 2: disk full"),
        (Repeating(disk()).into(), "orders: disk full"),
        (
            Outer(ConfigError::setting("a.b", "an integer")).into(),
            "orders: config: `a.b`: expected an integer",
        ),
        (
            io::Error::from(io::ErrorKind::BrokenPipe).into(),
            "stdout: the program that reads it has ended",
        ),
    ] {
        assert_eq!(message(&error), expected);
    }
}

#[test]
fn a_run_gets_its_arguments_and_a_time() {
    let args = tap("tap-x --plan");
    let result = execute(args, async |args: Tap, now: DateTime<Utc>| {
        tokio::time::timeout(std::time::Duration::from_hours(1), async {}).await?;
        anyhow::ensure!(args.plan && now.timestamp() > 0);
        Err(Incomplete("one stream failed".to_owned()).into())
    });
    assert_eq!(result.unwrap_err().to_string(), "one stream failed");
}
