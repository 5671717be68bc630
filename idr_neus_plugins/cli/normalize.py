"""``idr-neus normalize``: cameras of new data get the region of interest that training needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from idr_neus_plugins.errors import UserError


@dataclass
class Normalize:
    """Write cameras with a scale_mat: the visual hull of the masks goes into the unit sphere.

    Reads an npz with world_mat_i or with K, R and t, or a Middlebury *_par.txt, beside image/ and mask/."""

    folder: tyro.conf.Positional[Path]
    """The scene."""
    cameras: str = "auto"
    """Name of the file with the cameras. auto: the only one there is."""
    output: str | None = None
    """Name of the npz to write. By default cameras_sphere.npz, or <cameras>_sphere.npz for other names."""
    margin: float = 1.1
    """The sphere is larger than the hull by this factor."""
    tolerance: float = 0.0
    """Share of the views that may contradict the hull; about 0.2 for inexact cameras (linear-init)."""
    overwrite: bool = False
    """Replace the output where it exists."""

    def main(self) -> None:
        from idr_neus_plugins.data.bare_cameras import find_bare_cameras, read_projections
        from idr_neus_plugins.data.normalisation import find_scale_mat, write_normalised

        if self.margin < 1.0 or not 0.0 <= self.tolerance < 1.0:
            raise UserError("--margin is at least 1, and --tolerance a share of the views below 1.")
        source = find_bare_cameras(self.folder, self.cameras)
        target = self.folder / (self.output or _output_name(source))
        if target.exists() and not self.overwrite:
            raise UserError(f"{target} exists. Name another file with --output, or say --overwrite.")
        projections = read_projections(source)
        scale_mat = find_scale_mat(self.folder, projections, self.margin, self.tolerance)
        write_normalised(target, projections, scale_mat)
        x, y, z = scale_mat[:3, 3]
        print(
            f"{target}: {len(projections)} cameras; region at ({x:.5g}, {y:.5g}, {z:.5g}), radius {scale_mat[0, 0]:.5g}"
        )


def _output_name(source: Path) -> str:
    plain = source.suffix != ".npz" or source.stem in ("cameras", "cameras_sphere")
    return "cameras_sphere.npz" if plain else f"{source.stem}_sphere.npz"
