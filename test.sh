#!/usr/bin/env bash
# Installs what the tests need beside a Rust toolchain, and runs them all.
set -euo pipefail
cd "$(dirname "$0")"

# Packages of Debian and its kin, as root or with sudo.
install_packages() {
    if ! command -v apt-get > /dev/null; then
        echo "this needs $*; install what your system calls them, and run it again" >&2
        exit 1
    fi
    echo "Installing $* …"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" > /dev/null
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# PostgreSQL: only its programs, because every test starts a server of its own in a temporary folder.
if [ -z "${TEST_DATABASE_URL:-}" ] && ! command -v initdb > /dev/null && ! ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1; then
    if command -v apt-get > /dev/null && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        # The package would make a database and start it, unless it is told not to.
        install_packages postgresql-common
        as_root sed -i 's/^#* *create_main_cluster *=.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    fi
    install_packages postgresql
fi

# A pooler, before a server of its own in a test. PgBouncer's package would start one, which nobody needs.
if ! ls /usr/sbin/pgbouncer > /dev/null 2>&1 && ! command -v pgbouncer > /dev/null; then
    install_packages pgbouncer
    ! command -v systemctl > /dev/null || as_root systemctl disable --now pgbouncer > /dev/null 2>&1 || true
fi

# A browser, in which a test opens the page that target-plytix makes of a run. GitHub's machines have one.
command -v chromium chromium-browser google-chrome > /dev/null || install_packages chromium

if [ ! -x .venv/bin/pip ]; then
    python3 -c 'import ensurepip, venv' 2> /dev/null || install_packages python3-venv
    python3 -m venv .venv
fi
# singer-check-tap, from the package singer-tools: another program's opinion of the tap's messages.
[ -x .venv/bin/singer-check-tap ] || .venv/bin/pip install --quiet singer-tools==0.4.1
export SINGER_CHECK_TAP="$PWD/.venv/bin/singer-check-tap"
# The streams with which Meltano's SDK tests targets: files only, none of its programs run.
export SDK_TEST_STREAMS="$PWD/.venv/singer-sdk/singer_sdk/testing/target_test_streams"
[ -d "$SDK_TEST_STREAMS" ] || .venv/bin/pip install --quiet --no-deps --target .venv/singer-sdk singer-sdk==0.54.9

# plytix-pim-client: somebody else's client of Plytix, which reads what target-plytix has written. It needs
# Python 3.11.
if ! .venv/bin/python -c 'import plytix_pim_client' 2> /dev/null; then
    .venv/bin/pip install --quiet plytix-pim-client==1.3.0
fi
export PLYTIX_CLIENT_PYTHON="$PWD/.venv/bin/python"

cargo test --workspace --locked "$@"
