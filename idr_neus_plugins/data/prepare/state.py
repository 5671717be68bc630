"""Which steps are done, so that an interrupted or changed preparation goes on where it can."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import write_json

RECORD, MADE_BY = "prepare.json", "idr-neus prepare"


@dataclass
class Workshop:
    """The folder of intermediate results and its record. A step is done if it and all before it were done with the
    same settings."""

    folder: Path
    steps: dict[str, Any] = field(default_factory=dict)
    """Settings of each step that is done, in order."""
    fresh: bool = False
    """A step was done in this run, so that all that follow must be."""

    @classmethod
    def open(cls, folder: Path) -> Workshop:
        """Raises UserError where the folder holds anything else."""
        if not folder.exists() or not any(folder.iterdir()):
            folder.mkdir(parents=True, exist_ok=True)
            return cls(folder)
        try:
            record = json.loads((folder / RECORD).read_text())
            assert record["made_by"] == MADE_BY
        except (OSError, ValueError, KeyError, AssertionError):
            raise UserError(f"{folder} exists and is not of idr-neus prepare. Name another --output.") from None
        return cls(folder, record["steps"])

    def needs(self, step: str, settings: dict[str, Any]) -> bool:
        """Whether the step must be done. If so, the record of it and of all later steps is void."""
        settings = json.loads(json.dumps(settings, default=str))
        if not self.fresh and self.steps.get(step) == settings:
            return False
        self.fresh = True
        self.steps.pop(step, None)
        self._save()
        return True

    def done(self, step: str, settings: dict[str, Any]) -> None:
        self.steps[step] = json.loads(json.dumps(settings, default=str))
        self._save()

    def _save(self) -> None:
        write_json(self.folder / RECORD, {"made_by": MADE_BY, "steps": self.steps})
