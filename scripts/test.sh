#!/usr/bin/env bash
# Sets up, checks the style and the types, and runs the tests; arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh dev
export PATH="$PWD/.venv/bin:$PATH"

failed=0
ruff check . || failed=1
ruff format --check . || failed=1
pyright --pythonpath .venv/bin/python || failed=1
[ "$failed" = 0 ] || echo "[test] Style or types have findings (above); the tests run all the same."

pytest "$@" || failed=1
exit "$failed"
