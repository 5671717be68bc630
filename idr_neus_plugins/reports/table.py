"""Results as a table: a row per method, mean and spread over seeds, published figures beside ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from idr_neus_plugins.recipes.recipe import Published
from idr_neus_plugins.recipes.results import Result, spread

COLUMNS: dict[str, str] = {
    "chamfer": "Chamfer",
    "chamfer_relative": "of the diameter",
    "accuracy": "accuracy",
    "completeness": "completeness",
    "median": "median",
    "p90": "90 %",
    "normal_consistency": "normals",
    "psnr_masked": "PSNR in mask",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "lpips": "LPIPS",
    "mask_iou": "mask IoU",
    "rotation_deg_mean": "rotation °",
    "translation_mean": "translation",
}
"""Scores that are shown, where any row has them, in this order, and their headings; files keep all."""


@dataclass(frozen=True)
class Table:
    """Text, cell by cell."""

    header: list[str]
    rows: list[list[str]]


def table_of(results: Sequence[Result], published: Sequence[Published]) -> Table:
    """The table of one scene. Seeds of one method and label share a row: mean ± sample standard deviation."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.method, result.label), []).append(result)
    shown = [name for name in COLUMNS if any(result.scores.get(name) is not None for result in results)]
    shown += [name for name in COLUMNS if name not in shown and any(entry.score == name for entry in published)]
    rows = [
        [method if label == "default" else f"{method} ({label})", *_facts(group), *(_score(group, n) for n in shown)]
        for (method, label), group in groups.items()
    ]
    rows += [
        [f"{entry.method}, {entry.source}: {entry.protocol}", "", "", "", *(_quoted(entry, name) for name in shown)]
        for entry in published
    ]
    return Table(["method", "seeds", "training", "steps", *(COLUMNS[name] for name in shown)], rows)


def mean_table(results: Sequence[Result], published: Sequence[Published]) -> Table:
    """Mean over scenes, only of methods that every scene has."""
    scenes = {result.scene for result in results}
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.method, result.label), []).append(result)
    whole = [result for group in groups.values() if {r.scene for r in group} == scenes for result in group]
    return table_of(whole, published)


def markdown(table: Table) -> str:
    """GitHub's form."""
    lines = [table.header, ["---"] * len(table.header), *table.rows]
    return "\n".join("| " + " | ".join(map(_as_cell, cells)) + " |" for cells in lines)


def _as_cell(text: str) -> str:
    """Names are others' words: no cell ends early, and no tag begins."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def provenance_line(results: Iterable[Result]) -> str:
    """Code, libraries and machines of some results, in one sentence each."""
    facts = [result.provenance for result in results]
    machines = {_machine(fact["machine"]) for fact in facts if "machine" in fact}
    libraries = {
        ", ".join(f"{name} {fact['libraries'][name]}" for name in ("torch", "nerfstudio", "numba"))
        for fact in facts
        if "libraries" in fact
    }
    dates = sorted(fact["date"][:10] for fact in facts if "date" in fact)
    parts = [f"Code {' / '.join(sorted({fact['code'] for fact in facts}))}", *sorted(libraries), *sorted(machines)]
    return "; ".join([*parts, *(sorted({dates[0], dates[-1]}) if dates else [])]) + "."


def _machine(machine: dict) -> str:
    gpus = f", {', '.join(machine['gpus'])}" if machine["gpus"] else ", no GPU"
    return f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']:g} GiB{gpus}"


def _facts(group: Sequence[Result]) -> list[str]:
    """Seeds, training time with start-up, steps."""
    minutes = spread([result.seconds["train"] / 60 for result in group if "train" in result.seconds] or [0.0]).mean
    steps = [result.training_steps for result in group if result.training_steps is not None]
    seeds = " ".join(str(result.seed) for result in sorted(group, key=lambda result: result.seed))
    return [seeds, f"{minutes:.1f} min", f"{sum(steps) / len(steps):,.0f}" if steps else "–"]


def _score(group: Sequence[Result], name: str) -> str:
    values = [value for result in group if (value := result.scores.get(name)) is not None]
    if not values:
        return "–"
    over = spread(values)
    write = _writer(over.mean, percent=name.endswith("_relative"))
    return write(over.mean) if over.deviation is None else f"{write(over.mean)} ± {write(over.deviation)}"


def _writer(largest: float, percent: bool) -> Callable[[float], str]:
    """Four digits of the mean, and the same decimals for its spread."""
    if percent:
        return lambda value: f"{100 * value:.3f} %"
    decimals = 2 if abs(largest) >= 10 else 3
    return lambda value: f"{value:.{decimals}f}"


def _quoted(entry: Published, name: str) -> str:
    return f"{entry.value:g}" if entry.score == name else ""
