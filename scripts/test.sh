#!/usr/bin/env bash
# Sets up, checks style, types, layers and dead code, and runs the tests; arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh dev
export PATH="$PWD/.venv/bin:$PATH"

failed=0
ruff check . || failed=1
ruff format --check . || failed=1
pyright --pythonpath .venv/bin/python || failed=1
lint-imports --no-cache || failed=1
vulture || failed=1
[ "$failed" = 0 ] || echo "[test] Style, types, layers or dead code have findings (above); the tests run all the same."

# A process per core, of one thread each: threads of several that wait by spinning slow each other down many times.
workers="$(nproc)"
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE
pytest -n "$((workers < 4 ? workers : 4))" --dist loadgroup "$@" || failed=1
exit "$failed"
