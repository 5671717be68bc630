"""How many damaged files are tried, and what became of them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.fuzz.formats import FORMATS, Format

EXAMPLES = 500
"""Of all formats together, where nobody asks for more."""
OUTCOMES: dict[str, Counter] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--examples", type=int, default=EXAMPLES, help="damaged files, over all formats")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", FORMATS, ids=lambda kind: kind.name)


@pytest.fixture
def examples(request) -> int:
    """Of one format; the folder may be collected by a run that does not know the option."""
    return -(-request.config.getoption("--examples", default=EXAMPLES) // len(FORMATS))


@pytest.fixture(scope="session")
def whole_files(tiny_scene, tmp_path_factory):
    """Format -> the undamaged files, by their path in a folder, as they are asked for."""
    made: dict[str, dict[str, bytes]] = {}

    def files(kind: Format) -> dict[str, bytes]:
        if kind.name not in made:
            folder = tmp_path_factory.mktemp("whole")
            kind.write(tiny_scene, folder)
            made[kind.name] = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }
        return made[kind.name]

    return files


@pytest.fixture
def outcomes(kind) -> Counter:
    return OUTCOMES.setdefault(kind.name, Counter())


def pytest_terminal_summary(terminalreporter) -> None:
    if OUTCOMES:
        total = sum(OUTCOMES.values(), Counter())
        rows = [("all", total), *sorted(OUTCOMES.items())]
        terminalreporter.section("damaged files")
        for name, counts in rows:
            words = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
            terminalreporter.write_line(f"{name}: {sum(counts.values())} tried, {words}")
