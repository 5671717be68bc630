"""Which steps are done: an interrupted or changed preparation repeats what depends on the change, and only it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import write_json

RECORD, MADE_BY = "prepare.json", "idr-neus prepare"


def fingerprints(paths: Iterable[Path]) -> dict[str, str]:
    """Name -> digest of the file's content: times change when folders are copied, contents do not."""
    found = {}
    for path in paths:
        with path.open("rb") as file:
            digest = hashlib.blake2b(digest_size=16)
            while block := file.read(2**20):
                digest.update(block)
        found[path.name] = digest.hexdigest()
    return found


@dataclass
class Workshop:
    """The folder of intermediate results and its record of the steps that are done."""

    folder: Path
    say: Callable[[str], None] = print
    """Told why a step is done again."""
    steps: dict[str, Any] = field(default_factory=dict)
    """Of each step that is done: {"settings": …, "after": names of the steps whose results it used}."""

    @classmethod
    def open(cls, folder: Path, say: Callable[[str], None] = print) -> Workshop:
        """Raises UserError where the folder holds anything else. Nothing is made before the first step is done."""
        if not folder.exists() or not any(folder.iterdir()):
            return cls(folder, say)
        try:
            record = json.loads((folder / RECORD).read_text())
            assert record["made_by"] == MADE_BY
            steps = {name: step for name, step in record["steps"].items() if "settings" in step and "after" in step}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError):
            raise UserError(
                f"{folder} exists and is not of idr-neus prepare, which keeps its intermediate results there. Remove "
                "it, or name another --output."
            ) from None
        return cls(folder, say, steps)

    def needs(self, step: str, settings: dict[str, Any]) -> bool:
        """Whether the step must be done. If so, the record of it and of all steps that used its result is void."""
        settings = _plain(settings)
        if step not in self.steps:
            return True
        if self.steps[step]["settings"] == settings:
            return False
        self.say(f"Done again: {step}, as {what_changed(self.steps[step]['settings'], settings)} changed.")
        self._void(step)
        self._save()
        return True

    def done(self, step: str, settings: dict[str, Any], after: tuple[str, ...] = ()) -> None:
        self.steps[step] = {"settings": _plain(settings), "after": list(after)}
        self._save()

    def discard_if_empty(self) -> None:
        """A preparation that was refused at its beginning leaves no folder."""
        if self.folder.is_dir() and not self.steps and not any(path.name != RECORD for path in self.folder.iterdir()):
            (self.folder / RECORD).unlink(missing_ok=True)
            self.folder.rmdir()

    def _void(self, step: str) -> None:
        del self.steps[step]
        for other in [name for name, record in self.steps.items() if step in record["after"]]:
            if other in self.steps:
                self._void(other)

    def _save(self) -> None:
        write_json(self.folder / RECORD, {"made_by": MADE_BY, "steps": self.steps})


def what_changed(before: dict[str, Any], now: dict[str, Any]) -> str:
    """In words; of files, which."""
    changed = []
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
            changed.append(f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}")
        else:
            changed.append(f"{key} ({old} before, {new} now)")
    return " and ".join(changed)


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """As the record will hold them."""
    return json.loads(json.dumps(settings, default=str))
