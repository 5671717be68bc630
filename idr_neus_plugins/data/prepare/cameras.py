"""Steps 3 to 5: features, matches and cameras, by COLMAP (Schönberger and Frahm 2016) through pycolmap."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idr_neus_plugins.data.files import image_size, list_images
from idr_neus_plugins.data.prepare.options import Lens
from idr_neus_plugins.data.prepare.photographs import Progress
from idr_neus_plugins.errors import UserError

if TYPE_CHECKING:
    import pycolmap

LEAST_REGISTERED = 0.6
"""Of the photographs, so many must find their place in one model."""
VIEWS_FOR_PRINCIPAL_POINT = 15
"""Fewer do not tell the principal point from the cameras' directions."""
OVERLAP = 12
"""Frames of a video are matched with so many that follow."""


def load_pycolmap() -> Any:
    """Raises UserError where it is not installed."""
    try:
        import pycolmap
    except ImportError:
        raise UserError(
            "Estimating cameras needs pycolmap: pip install 'idr_neus_plugins[colmap]'. Scenes that have cameras "
            "(transforms.json, COLMAP) do without."
        ) from None
    pycolmap.logging.minloglevel = 2
    return pycolmap


def extract_features(
    images: Path, masks: Path | None, database: Path, lens: Lens, threads: int, progress: Progress
) -> None:
    """SIFT features of all photographs; photographs of one size share one camera."""
    colmap = load_pycolmap()
    database.unlink(missing_ok=True)
    paths = list_images(images)
    shared = len({image_size(path) for path in paths}) == 1
    extraction = colmap.FeatureExtractionOptions()
    extraction.num_threads = threads
    for number, path in enumerate(paths):
        reader = colmap.ImageReaderOptions()
        reader.camera_model = lens.upper()
        if masks is not None:
            reader.mask_path = str(masks)
        if shared and number:
            reader.existing_camera_id = 1
        mode = colmap.CameraMode.SINGLE if shared else colmap.CameraMode.PER_IMAGE
        colmap.extract_features(
            str(database), str(images), [path.name], mode, reader, extraction, device=colmap.Device.cpu
        )
        progress(number + 1, len(paths))


def match_features(database: Path, sequential: bool, threads: int) -> None:
    """Features that pairs of photographs share, verified by two-view geometry."""
    colmap = load_pycolmap()
    options = colmap.FeatureMatchingOptions()
    options.num_threads = threads
    if sequential:
        pairing = colmap.SequentialPairingOptions()
        pairing.overlap = OVERLAP
        colmap.match_sequential(str(database), options, pairing, device=colmap.Device.cpu)
    else:
        colmap.match_exhaustive(str(database), options, device=colmap.Device.cpu)


def estimate_cameras(images: Path, database: Path, sparse: Path, threads: int, progress: Progress) -> list[str]:
    """Writes the model to ``sparse/0``; returns the names of photographs that found no place in it.

    Raises UserError where nothing overlaps or the photographs fall apart into several models.
    """
    colmap = load_pycolmap()
    shutil.rmtree(sparse, ignore_errors=True)
    sparse.mkdir(parents=True)
    names, placed = [path.name for path in list_images(images)], [2]
    options = colmap.IncrementalPipelineOptions()
    options.num_threads, options.random_seed = threads, 0

    def count() -> None:
        placed[0] += 1
        progress(min(placed[0], len(names)), len(names))

    models = colmap.incremental_mapping(str(database), str(images), str(sparse), options, next_image_callback=count)
    best = largest_model(list(models.values()), len(names))
    _refine(best, colmap)
    shutil.rmtree(sparse)
    (sparse / "0").mkdir(parents=True)
    best.write(str(sparse / "0"))
    registered = {best.image(number).name for number in best.reg_image_ids()}
    return [name for name in names if name not in registered]


def largest_model(models: list[pycolmap.Reconstruction], photographs: int) -> pycolmap.Reconstruction:
    """The model with most photographs. Raises UserError where there is none that holds most of them."""
    if not models:
        raise UserError(
            "No two photographs could be matched: they overlap too little, are blurred, or the object has no texture. "
            "Photograph with steps of about 10 degrees, in focus; put a newspaper under a smooth object."
        )
    models = sorted(models, key=lambda model: model.num_reg_images(), reverse=True)
    sizes = [model.num_reg_images() for model in models]
    if sizes[0] < LEAST_REGISTERED * photographs:
        raise UserError(
            f"The photographs fall apart: the largest model holds {sizes[0]} of {photographs}"
            + (f", others {', '.join(map(str, sizes[1:]))}" if len(sizes) > 1 else "")
            + ". Add photographs between the parts (steps of about 10 degrees), or prepare the parts one by one."
        )
    return models[0]


def _refine(model: pycolmap.Reconstruction, colmap: Any) -> None:
    """A last adjustment of everything at once; principal points move too where enough photographs share one."""
    if model.num_reg_images() < VIEWS_FOR_PRINCIPAL_POINT * model.num_cameras():
        return
    options = colmap.BundleAdjustmentOptions()
    options.refine_principal_point = True
    colmap.bundle_adjustment(model, options)
