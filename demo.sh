#!/usr/bin/env bash
# Amazon to Plytix in one command, without an account anywhere: both vendors run on this machine.
# Needs a Rust toolchain, leaves nothing running, and writes only below target/ and a temporary folder.
set -euo pipefail
cd "$(dirname "$0")"

echo "Building (a few minutes the first time) …"
cargo build --locked --quiet -p emulator -p tap-amazon-seller -p target-plytix
PATH="$PWD/${CARGO_TARGET_DIR:-target}/debug:$PATH"
export LOGLEVEL=${LOGLEVEL:-warning}

work=$(mktemp -d)
emulator=
finish() {
    [ -z "$emulator" ] || { kill "$emulator" 2>/dev/null && wait "$emulator" 2>/dev/null; } || true
    rm -rf "$work"
}
trap finish EXIT

# Amazon and Plytix, on loopback, with all their limits and delays a hundred thousand times shorter.
emulator serve --asins 200 --speed 100000 --journal "$work/journal.jsonl" > "$work/emulator" &
emulator=$!
for _ in $(seq 100); do [ -s "$work/emulator" ] && break; sleep 0.1; done
url() { sed -nE "1s|.*\"$1\":\"([^\"]*)\".*|\1|p" "$work/emulator"; }
[ -n "$(url plytix_api)" ] || { echo "the emulator did not start" >&2; exit 1; }

cat > "$work/amazon.json" <<CONFIG
{
  "lwa_client_id": "amzn1.application-oa2-client.demo",
  "lwa_client_secret": "amzn1.oa2-cs.v1.demo",
  "refresh_token": "Atzr|demo",
  "marketplaces": ["US", "DE", "JP"],
  "poll_interval_seconds": 0.05,
  "endpoints": {"lwa": "$(url lwa)", "na": "$(url na)", "eu": "$(url eu)", "fe": "$(url fe)"}
}
CONFIG
cat > "$work/plytix.json" <<CONFIG
{
  "api_key": "demo-key",
  "api_password": "demo-password",
  "auth_url": "$(url plytix_auth)",
  "api_url": "$(url plytix_api)",
  "requests_per_10_seconds": 20000,
  "requests_per_hour": 5000000
}
CONFIG

# How often an operation was called since the line given.
calls() { tail -n "+$2" "$work/journal.jsonl" | grep -c "\"operation\":\"$1\"" || true; }
report() {
    printf '  %-28s %6s\n' \
        "Amazon: reports asked for" "$(calls createReport "$1")" \
        "Amazon: catalogue calls" "$(calls searchCatalogItems "$1")" \
        "Plytix: look-ups" "$(calls searchProducts "$1")" \
        "Plytix: products created" "$(calls createProduct "$1")" \
        "Plytix: families assigned" "$(calls assignFamily "$1")" \
        "Plytix: products changed" "$(calls updateProduct "$1")"
}

echo
echo "First run:  tap-amazon-seller … | target-plytix … > state.json"
tap-amazon-seller --config "$work/amazon.json" --catalog catalogs/plytix-sync.json |
    target-plytix --config "$work/plytix.json" > "$work/state.json"
report 1

first=$(($(wc -l < "$work/journal.jsonl") + 1))
echo
echo "Second run: tap-amazon-seller … --state state.json | target-plytix …"
tap-amazon-seller --config "$work/amazon.json" --catalog catalogs/plytix-sync.json --state "$work/state.json" |
    target-plytix --config "$work/plytix.json" > "$work/state2.json"
report "$first"
writes=$(($(calls createProduct "$first") + $(calls updateProduct "$first") + $(calls assignFamily "$first")))
[ "$writes" = 0 ] || { echo "the second run wrote $writes times; nothing had changed" >&2; exit 1; }

# The emulator says what Plytix holds when it is asked to stop.
kill "$emulator"
wait "$emulator" || true
emulator=
echo
tail -n +2 "$work/emulator"
