"""``idr-neus eval trajectory``: how far a camera's path is from the true one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reports.printing import print_scores
from idr_neus_plugins.writing import write_json


@dataclass
class EvalTrajectory:
    """Absolute and relative errors (ATE, RPE) of a path, after a similarity has laid it onto the truth."""

    trajectory: tyro.conf.Positional[Path]
    """In the TUM format (idr-neus egomotion)."""
    data: Path
    """The scene with the truth (idr-neus make-poses)."""
    plot: Path | None = None
    """Write a picture of both paths (png)."""
    json: Path | None = None
    """Write the scores to this file too."""

    def main(self) -> None:
        import numpy as np

        from idr_neus_plugins.pose.evaluation.trajectory import aligned, trajectory_scores
        from idr_neus_plugins.pose.evaluation.trajectory_plot import plot_paths
        from idr_neus_plugins.pose.files import read_truth
        from idr_neus_plugins.pose.tum import read_tum

        path, truth = read_tum(self.trajectory), np.stack([frame.camera_to_world for frame in read_truth(self.data)])
        if len(path) != len(truth):
            raise UserError(f"{self.trajectory} has {len(path)} poses, {self.data} {len(truth)} frames.")
        scores = trajectory_scores(path, truth)
        print_scores(f"{len(path)} frames against the true path", scores)
        if self.plot is not None:
            plot_paths(self.plot, {"true": truth, "found, laid onto it": aligned(path, truth)[0]})
        if self.json is not None:
            write_json(self.json, scores)
