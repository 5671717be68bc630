"""What ``idr-neus prepare`` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from idr_neus_plugins.errors import UserError

Matching = Literal["auto", "exhaustive", "sequential"]
Features = Literal["everywhere", "object"]
Lens = Literal["pinhole", "simple_radial", "radial", "opencv"]
MIN_PHOTOGRAPHS = 5


@dataclass
class PrepareOptions:
    """Options of the steps."""

    max_size: int = 1600
    """Photographs are reduced to this many pixels along their longer side."""
    frames: int = 80
    """Frames to take from a video: the sharpest of each of so many equal parts."""
    masks: str = "none"
    """none; alpha: the photographs' transparency; plain: whatever is not the colour of a plain background; rembg: a
    network, if that package is installed; or a folder with one mask per photograph, object white, same names."""
    features: Features = "everywhere"
    """Where photographs are compared. object: only within the masks, for an object on a turntable."""
    matching: Matching = "auto"
    """Which photographs are compared: all with all, or each with those that follow. auto: sequential for videos."""
    lens: Lens = "radial"
    """Distortion that is estimated, in COLMAP's terms."""
    region: tuple[float, float, float, float] | None = None
    """Centre and radius of the region of interest in the world of the cameras, instead of finding it."""
    box: tuple[float, float, float, float, float, float] | None = None
    """Lower and upper corner of a box that holds the object, instead."""
    interest: Path | None = None
    """Point cloud (PLY) that was cleaned by hand, such as NeuS's sparse_points_interest.ply, instead."""
    threads: int = -1
    """Threads for COLMAP; -1: all."""

    def check(self) -> None:
        """Raises UserError for what cannot work."""
        if sum(value is not None for value in (self.region, self.box, self.interest)) > 1:
            raise UserError("Say the region of interest once: --region, --box or --interest.")
        if self.features == "object" and self.masks == "none":
            raise UserError("--features object looks within masks: say where they come from with --masks.")
        if self.max_size < 64:
            raise UserError(f"--max-size {self.max_size} leaves nothing to see; 1600 is usual.")
        if self.frames < MIN_PHOTOGRAPHS:
            raise UserError(f"--frames {self.frames}: at least {MIN_PHOTOGRAPHS} are needed, 80 are usual.")
