#!/usr/bin/env bash
# Installs what the tests need beside a Rust toolchain, and runs them all.
set -euo pipefail
cd "$(dirname "$0")"

# singer-check-tap, from the package singer-tools: another program's opinion of the tap's messages.
if [ ! -x .venv/bin/singer-check-tap ]; then
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        echo "Installing python3-venv …"
        sudo=$([ "$(id -u)" = 0 ] || echo sudo)
        $sudo apt-get update -qq
        $sudo apt-get install -y -qq python3-venv
    fi
    python3 -m venv .venv
    .venv/bin/pip install --quiet singer-tools==0.4.1
fi
export SINGER_CHECK_TAP="$PWD/.venv/bin/singer-check-tap"

cargo test --workspace --locked "$@"
