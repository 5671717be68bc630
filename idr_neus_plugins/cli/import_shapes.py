"""``idr-neus import-shapes``: data sets of others as a set of shapes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from idr_neus_plugins.errors import UserError

if TYPE_CHECKING:
    from idr_neus_plugins.single_view.importing.source import Found, Reader

Layout = Literal["choy", "onet", "im2avatar"]


@dataclass
class ImportShapes:
    """Turn renderings and shapes of other data sets into a set that ns-train disn and onet learn from."""

    source: tyro.conf.Positional[Path]
    """Folder of the data set."""
    folder: tyro.conf.Positional[Path]
    """Where to write; a new folder."""
    layout: Layout = "choy"
    """choy: renderings with rendering_metadata.txt, and OBJ meshes or DISN's SDF files. onet: npz files of
    Occupancy Networks. im2avatar: h5 voxels of Im2Avatar."""
    size: int = 64
    """Width and height of the images; they are framed anew."""
    points: int = 16384
    """Points with a signed distance for each shape, and half as many with a colour."""
    test_share: float = 0.1
    """Share of the shapes held out in categories whose split the data set does not list."""
    seed: int = 0
    """Of the points."""

    def main(self) -> None:
        from idr_neus_plugins.progress import progress_bar
        from idr_neus_plugins.single_view.importing.source import splits_of
        from idr_neus_plugins.single_view.shapes.writing import write_rows
        from idr_neus_plugins.writing import whole_folder

        reader = reader_of(self.layout, self.source)
        found = reader.find(self.source)
        splits = splits_of(self.source, found, self.test_share)
        rows = [
            {"name": f"{each.category}/{each.name}", "category": each.category, "split": split}
            for each, split in zip(found, splits, strict=True)
        ]
        with whole_folder(self.folder) as partial, progress_bar() as bar:
            for place, each in enumerate(bar.track(found, description="Importing shapes")):
                self._write(partial, reader, each, place)
            write_rows(partial, rows, {"made_by": "idr-neus import-shapes", "layout": self.layout})
        print(f"{self.folder}: {len(rows)} shapes, {splits.count('test')} of them for testing")

    def _write(self, folder: Path, reader: Reader, found: Found, place: int) -> None:
        import numpy as np

        from idr_neus_plugins.single_view.shapes.writing import write_samples

        source = reader.read(found).normalised(self.size)
        rng = np.random.default_rng((self.seed, place))
        write_samples(folder / found.category / found.name, source.shape, source.views, self.points, rng)


def reader_of(layout: Layout, root: Path) -> Reader:
    """Raises UserError where there is no folder ``root``."""
    from idr_neus_plugins.single_view.importing.choy import ChoyReader
    from idr_neus_plugins.single_view.importing.im2avatar import Im2AvatarReader
    from idr_neus_plugins.single_view.importing.occupancy_networks import OccupancyNetworksReader

    if not root.is_dir():
        raise UserError(f"There is no folder {root}.")
    readers = {"choy": ChoyReader(root), "onet": OccupancyNetworksReader(), "im2avatar": Im2AvatarReader()}
    return readers[layout]
