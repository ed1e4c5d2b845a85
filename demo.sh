#!/usr/bin/env bash
# Amazon to Plytix and to PostgreSQL in one command, without an account anywhere: both vendors and the
# database run on this machine. Needs a Rust toolchain, and for the second half PostgreSQL's programs; leaves
# nothing running, and writes only below target/ and temporary folders.
set -euo pipefail
cd "$(dirname "$0")"

echo "Building (a few minutes the first time) …"
cargo build --locked --quiet -p emulator -p tap-amazon-seller -p target-plytix -p target-postgres
PATH="$PWD/${CARGO_TARGET_DIR:-target}/debug:$PATH"
export LOGLEVEL=${LOGLEVEL:-warning}

work=$(mktemp -d)
emulator=
server=
finish() {
    [ -z "$emulator" ] || { kill "$emulator" 2>/dev/null && wait "$emulator" 2>/dev/null; } || true
    [ -z "$server" ] || { as_server pg_ctl -s -m immediate -D "$server/data" stop || true; rm -rf "$server"; }
    rm -rf "$work"
}
trap finish EXIT

# By now it is over in every marketplace and its figures are in, so that whatever hour strikes between two
# runs, both have the same to say. GNU's date, or the BSDs'.
end=$(date -u -d yesterday +%F 2> /dev/null || date -u -v-1d +%F)

# Amazon and Plytix, on loopback, with all their limits and delays a hundred thousand times shorter.
url() { sed -nE "1s|.*\"$1\":\"([^\"]*)\".*|\1|p" "$work/emulator"; }
start_emulator() {
    : > "$work/emulator"
    emulator serve --asins 200 --speed 100000 --plytix-canonicals 60 --journal "$work/journal.jsonl" > "$work/emulator" &
    emulator=$!
    for _ in $(seq 600); do [ -s "$work/emulator" ] && break; sleep 0.1; done
    [ -n "$(url plytix_api)" ] || { echo "the emulator did not start" >&2; exit 1; }
    cat > "$work/amazon.json" <<CONFIG
{
  "lwa_client_id": "amzn1.application-oa2-client.demo",
  "lwa_client_secret": "amzn1.oa2-cs.v1.demo",
  "refresh_token": "Atzr|demo",
  "marketplaces": ["US", "DE", "JP"],
  "end_date": "$end",
  "poll_interval_seconds": 0.05,
  "endpoints": {"lwa": "$(url lwa)", "na": "$(url na)", "eu": "$(url eu)", "fe": "$(url fe)"}
}
CONFIG
}
start_emulator
cat > "$work/plytix.json" <<CONFIG
{
  "api_key": "demo-key",
  "api_password": "demo-password",
  "auth_url": "$(url plytix_auth)",
  "api_url": "$(url plytix_api)",
  "requests_per_10_seconds": 20000,
  "requests_per_hour": 5000000,
  "run_dir": "$work/runs"
}
CONFIG
page=$PWD/${CARGO_TARGET_DIR:-target}/plytix-demo.html

# How often an operation was called since the line given; what came too early for Plytix did nothing.
calls() { tail -n "+$2" "$work/journal.jsonl" | grep -v '"status":429' | grep -c "\"operation\":\"$1\"" || true; }
report() {
    printf '  %-28s %6s\n' \
        "Amazon: reports asked for" "$(calls createReport "$1")" \
        "Amazon: catalogue calls" "$(calls searchCatalogItems "$1")" \
        "Plytix: look-ups" "$(calls searchProducts "$1")" \
        "Plytix: products created" "$(calls createProduct "$1")" \
        "Plytix: families assigned" "$(calls assignFamily "$1")" \
        "Plytix: links written" "$(calls linkProducts "$1")" \
        "Plytix: pictures uploaded" "$(calls createAsset "$1")" \
        "Plytix: products changed" "$(calls updateProduct "$1")"
}

echo
echo "First run:  tap-amazon-seller … | target-plytix … > state.json"
tap-amazon-seller --config "$work/amazon.json" --catalog catalogs/plytix-sync.json |
    target-plytix --config "$work/plytix.json" --report "$page" > "$work/state.json"
report 1

first=$(($(wc -l < "$work/journal.jsonl") + 1))
echo
echo "Second run: tap-amazon-seller … --state state.json | target-plytix …"
tap-amazon-seller --config "$work/amazon.json" --catalog catalogs/plytix-sync.json --state "$work/state.json" |
    target-plytix --config "$work/plytix.json" > "$work/state2.json"
report "$first"
writes=$(($(calls createProduct "$first") + $(calls updateProduct "$first") + $(calls assignFamily "$first") +
    $(calls linkProducts "$first") + $(calls createAsset "$first")))
[ "$writes" = 0 ] || { echo "the second run wrote $writes times; nothing had changed" >&2; exit 1; }

# The emulator says what Plytix holds when it is asked to stop.
kill "$emulator"
wait "$emulator" || true
emulator=
echo
tail -n +2 "$work/emulator"

# What the first run did, for people.
name_page() { printf '\nWhat the first run did to every product in Plytix, as a page: %s\n' "$page"; }

# The second half: the same tap into PostgreSQL, a server of its own in a temporary folder.
for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
    if [ -x "$folder/initdb" ]; then PATH="$folder:$PATH"; break; fi
done
echo
if ! command -v initdb > /dev/null; then
    echo "PostgreSQL is not installed, so target-postgres is not shown; to see it: sudo apt-get install postgresql"
    name_page
    exit 0
fi

# PostgreSQL does not run as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid=nobody --regid=nogroup --clear-groups env PATH="$PATH" "$@")
    else
        "$@"
    fi
}
server=$(mktemp -d)
if [ "$(id -u)" = 0 ]; then chown nobody:nogroup "$server"; fi
as_server initdb -A trust -U demo --no-sync -E UTF8 --locale=C -D "$server/data" > /dev/null
as_server pg_ctl -s -w -D "$server/data" -l "$server/log" -o "-k $server -c listen_addresses= -c fsync=off" start
sql() { PGOPTIONS='-c search_path=amazon' psql --no-psqlrc -q -v ON_ERROR_STOP=1 -h "$server" -U demo -d postgres "$@"; }

cat > "$work/postgres.json" <<CONFIG
{"host": "$server", "user": "demo", "database": "postgres", "default_target_schema": "amazon", "state_id": "demo"}
CONFIG
# Rows of each table, and how many of them were written since the transaction given.
written() {
    for table in $(sql -At -c "SELECT tablename FROM pg_tables WHERE schemaname = 'amazon' AND tablename <> '_singer_state' ORDER BY 1"); do
        sql -At -F ' ' -c "SELECT '$table', count(*), count(*) FILTER (WHERE xmin::text::bigint >= $1) FROM $table"
    done
}
tables() { printf '  PostgreSQL: %-22s %6s rows, %6s written\n' $(cat "$work/written"); }

start_emulator
echo "First run:  tap-amazon-seller … | target-postgres …"
tap-amazon-seller --config "$work/amazon.json" | target-postgres --config "$work/postgres.json" > "$work/state.json"
written 0 > "$work/written"
tables

echo
echo "Second run: tap-amazon-seller … --state <(target-postgres … --print-state) | target-postgres …"
now=$(sql -At -c "SELECT txid_current()")
tap-amazon-seller --config "$work/amazon.json" --state <(target-postgres --config "$work/postgres.json" --print-state) |
    target-postgres --config "$work/postgres.json" > "$work/state2.json"
written "$now" > "$work/written"
tables
# Stock at Amazon may have changed: in the emulator it does when an hour begins. And what was asked of Amazon
# is news in every run.
if grep -v -e '^warehouse_inventory ' -e '^reports ' -e ' 0$' "$work/written"; then
    echo "the second run wrote rows; nothing had changed" >&2
    exit 1
fi

sql -f sql/daily_sales_traffic.sql
echo
echo "sql/daily_sales_traffic.sql: what sold best four days ago"
sql -P footer=off -c "SELECT date, m.\"countryCode\" AS country, child_asin, units_ordered AS units, ordered_product_sales AS sales,
    currency_code AS currency, sessions, page_views, buy_box_percentage AS buy_box, units_per_hundred_sessions AS units_per_100
    FROM daily_sales_traffic AS d JOIN marketplaces AS m ON m.id = d.marketplace_id
    WHERE date = current_date - 4 ORDER BY units_ordered DESC, sessions DESC, child_asin LIMIT 10"
name_page
