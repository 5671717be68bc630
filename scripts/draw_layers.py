"""Draws docs/images/layers.svg: the package's folders in the layers of pyproject.toml, and who imports whom.

python scripts/draw_layers.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import grimp

REPOSITORY = Path(__file__).parents[1]
PACKAGE = "idr_neus_plugins"
PICTURE = REPOSITORY / "docs" / "images" / "layers.svg"
WIDTH, ROW, BOX_WIDTH, BOX_HEIGHT = 1000, 84, 150, 40

Edges = Mapping[str, set[str]]
"""Folder -> folders that it imports."""


def read_layers(pyproject: Path) -> list[list[str]]:
    """The folders of the layers that import-linter holds, highest first."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    contracts = tomllib.loads(pyproject.read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    folders = [[name.strip() for name in line.split("|")] for line in layers]
    drawn = [[name for name in line if (REPOSITORY / PACKAGE / name).is_dir()] for line in folders]
    return [line for line in drawn if line]


def read_imports(layers: Iterable[Iterable[str]]) -> dict[str, set[str]]:
    """Between the folders of the layers."""
    graph = grimp.build_graph(PACKAGE)
    known = {name for line in layers for name in line}
    found: dict[str, set[str]] = {name: set() for name in known}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            source, target = (name.split(".")[1] if "." in name else "" for name in (module, imported))
            if source != target and {source, target} <= known:
                found[source].add(target)
    return found


def draw(layers: list[list[str]], imports: Edges) -> str:
    """SVG: a row per layer, a line from each box down to those that it imports."""
    middles = {
        name: (WIDTH * (column + 1) / (len(line) + 1), 30 + ROW * row)
        for row, line in enumerate(layers)
        for column, name in enumerate(line)
    }
    lines = [_line(middles[source], middles[target]) for source in imports for target in sorted(imports[source])]
    boxes = [_box(name, *middle) for name, middle in middles.items()]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {ROW * len(layers)}" '
        'font-family="sans-serif" font-size="17" text-anchor="middle">'
    )
    return "\n".join(
        [head, f'<rect width="{WIDTH}" height="{ROW * len(layers)}" fill="white"/>', *lines, *boxes, "</svg>\n"]
    )


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), (u, v) = start, end
    y, v = y + BOX_HEIGHT / 2, v - BOX_HEIGHT / 2
    bend = 0.4 * (v - y)
    path = f"M {x:.0f} {y:.0f} C {x:.0f} {y + bend:.0f} {u:.0f} {v - bend:.0f} {u:.0f} {v:.0f}"
    return f'<path d="{path}" fill="none" stroke="#4a6fa5" stroke-opacity="0.35"/>'


def _box(name: str, x: float, y: float) -> str:
    corner = f'x="{x - BOX_WIDTH / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}"'
    return f'<rect {corner} rx="6" fill="#eef2f8" stroke="#4a6fa5"/><text x="{x:.0f}" y="{y + 6:.0f}">{name}</text>'


def main() -> None:
    layers = read_layers(REPOSITORY / "pyproject.toml")
    PICTURE.write_text(draw(layers, read_imports(layers)))
    print(PICTURE)


if __name__ == "__main__":
    main()
