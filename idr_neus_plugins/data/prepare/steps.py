"""All steps in their order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float
from rich.progress import Progress as Bar

from idr_neus_plugins.data.files import list_images
from idr_neus_plugins.data.formats.idr import write_idr
from idr_neus_plugins.data.formats.reading import find_reader, read_posed_scene
from idr_neus_plugins.data.formats.scene import PosedScene
from idr_neus_plugins.data.formats.undistort import undistort
from idr_neus_plugins.data.mask_pairs import masks_in
from idr_neus_plugins.data.prepare import cameras, masks, photographs
from idr_neus_plugins.data.prepare.options import PrepareOptions
from idr_neus_plugins.data.prepare.region import automatic_region, sphere_around_box, sphere_around_interest
from idr_neus_plugins.data.prepare.state import Workshop, fingerprints
from idr_neus_plugins.data.region import sphere_to_matrix
from idr_neus_plugins.writing import whole_folder, write_json

NAMES = "names.json"


def work_folder(output: Path) -> Path:
    """Where intermediate results stay, beside the scene."""
    return output.with_name(f"{output.name}-work")


def prepare(source: Path, output: Path, options: PrepareOptions, bar: Bar) -> tuple[PosedScene, list[str]]:
    """Photographs, a video or a scene with cameras -> a scene in the IDR/NeuS layout at ``output``.

    Returns the scene and the names of photographs that found no place. Raises UserError for what cannot work; steps
    that are done stay done and are not repeated by the next call.
    """
    options.check()
    with whole_folder(output) as partial:
        if source.is_dir() and find_reader(source) is not None:
            scene, points, lost = read_posed_scene(source), np.zeros((0, 3)), []
        else:
            shop = Workshop.open(work_folder(output), bar.console.print)
            try:
                lost = estimate(source, shop, options, bar)
            finally:
                shop.discard_if_empty()
            scene, points = read_posed_scene(shop.folder), read_points(shop.folder / "sparse" / "0")
        finished = finish(scene, points, options, work_folder(output))
        write_idr(finished, partial)
    return finished, lost


def estimate(source: Path, shop: Workshop, options: PrepareOptions, bar: Bar) -> list[str]:
    """Everything up to the cameras, in the workshop as a COLMAP folder; names of photographs without a place."""
    images, database = shop.folder / "images", shop.folder / "database.db"
    mask_folder = shop.folder / "masks"
    names = _photographs(source, shop, options, bar)
    given = masks_in(Path(options.masks)) if Path(options.masks).is_dir() else []
    settings = {"masks": options.masks, "contents": fingerprints(given)}
    if shop.needs("masks", settings):
        masks.make_masks(options.masks, list_images(images), names, mask_folder, _shown(bar, "Masks"))
        shop.done("masks", settings, ("photographs",))
    before = ("photographs", "masks") if options.features == "object" else ("photographs",)
    settings = {"lens": options.lens, "features": options.features}
    if shop.needs("features", settings):
        used = mask_folder if options.features == "object" else None
        cameras.extract_features(images, used, database, options.lens, options.threads, _shown(bar, "Features"))
        shop.done("features", settings, before)
    sequential = options.matching == "sequential" or (options.matching == "auto" and photographs.is_video(source))
    settings = {"sequential": sequential}
    if shop.needs("matches", settings):
        shown = _shown(bar, "Matches")
        cameras.match_features(database, sequential, options.threads)
        shown(1, 1)
        shop.done("matches", settings, ("features",))
    if shop.needs("cameras", {}):
        shown = _shown(bar, "Cameras")
        lost = cameras.estimate_cameras(images, database, shop.folder / "sparse", options.threads, shown)
        write_json(shop.folder / "lost.json", {"names": [names[int(Path(name).stem)] for name in lost]})
        shop.done("cameras", {}, ("matches",))
    return _read_names(shop.folder / "lost.json")


def finish(scene: PosedScene, points: Float[np.ndarray, "points 3"], options: PrepareOptions, work: Path) -> PosedScene:
    """Pinhole pictures and a region of interest."""
    if options.region is not None:
        region = sphere_to_matrix(options.region)
    elif options.box is not None:
        region = sphere_around_box(options.box)
    elif options.interest is not None:
        region = sphere_around_interest(options.interest)
    else:
        region = scene.world_from_scene if len(points) == 0 else None
    straight = undistort(scene, work)
    if region is None:
        region = automatic_region(straight, points)
    return replace(straight, world_from_scene=region)


def read_points(model: Path) -> Float[np.ndarray, "points 3"]:
    """Points of a COLMAP model that at least three photographs see."""
    from nerfstudio.data.utils.colmap_parsing_utils import read_points3D_binary

    points = read_points3D_binary(model / "points3D.bin").values()
    kept = [point.xyz for point in points if len(point.image_ids) >= 3]
    return np.array(kept, dtype=np.float64).reshape(-1, 3)


def _photographs(source: Path, shop: Workshop, options: PrepareOptions, bar: Bar) -> list[str]:
    taken = [source] if photographs.is_video(source) else photographs.find_photographs(source)
    settings = {"contents": fingerprints(taken), "max_size": options.max_size, "frames": options.frames}
    if shop.needs("photographs", settings):
        shown = _shown(bar, "Photographs")
        names = photographs.gather(source, shop.folder / "images", options.max_size, options.frames, shown)
        write_json(shop.folder / NAMES, {"names": names})
        shop.done("photographs", settings)
    return _read_names(shop.folder / NAMES)


def _read_names(path: Path) -> list[str]:
    import json

    return json.loads(path.read_text())["names"]


def _shown(bar: Bar, what: str) -> photographs.Progress:
    task = bar.add_task(what, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)
