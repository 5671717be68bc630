"""Metashape's cameras.xml beside the photographs.

World: that of the chunk, by its transformation where there is one, otherwise the chunk's own frame. Axes: OpenCV.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, fromstring

import numpy as np
from jaxtyping import Float
from nerfstudio.utils.rich_utils import CONSOLE

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.data.files import first_folder
from idr_neus_plugins.data.formats.readers.checks import pose_matrix
from idr_neus_plugins.data.formats.readers.colmap import IMAGE_FOLDERS
from idr_neus_plugins.data.formats.readers.lenses import Lens, pinhole
from idr_neus_plugins.data.formats.readers.named import find_named
from idr_neus_plugins.data.formats.scene import PosedScene, View, camera_in_world
from idr_neus_plugins.data.mask_pairs import with_masks
from idr_neus_plugins.data.projection import LARGEST_SKEW_PX
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import matrix, number, read_bytes

FISHEYE = ("fisheye", "equidistant_fisheye")


def find_metashape(folder: Path) -> Path | None:
    """cameras.xml, or the only XML file of Metashape."""
    if (folder / "cameras.xml").is_file():
        return folder / "cameras.xml"
    found = [path for path in sorted(folder.glob("*.xml")) if path.is_file() and b"<chunk" in read_start(path)]
    return found[0] if len(found) == 1 else None


def read_start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def read_metashape(path: Path) -> PosedScene:
    """All cameras that were aligned. Raises UserError for a file that is none and for lenses without rays."""
    try:
        document = fromstring(read_bytes(path))
    except (ParseError, ValueError, LookupError) as error:
        raise UserError(
            f"{path} is no XML ({error}). Export the cameras again (Metashape: File, Export, Cameras)."
        ) from None
    chunk = document.find("chunk") if document.tag != "chunk" else document
    if chunk is None:
        raise UserError(f"{path} has no <chunk>: it was not exported by Metashape (File, Export, Export Cameras).")
    if len(document.findall("chunk")) > 1:
        raise UserError(f"{path} has several chunks. Export the cameras of one chunk.")
    sensors = {sensor.get("id"): sensor for sensor in chunk.iter("sensor")}
    worlds = {None: _world(chunk.find("transform"), path)}
    worlds |= {part.get("id"): _world(part.find("transform"), path) for part in chunk.iter("component")}
    image_folder = first_folder(path.parent, *IMAGE_FOLDERS) or path.parent
    views, lost = [], []
    for camera in chunk.iter("camera"):
        if camera.find("transform") is None:
            lost.append(camera.get("label", "?"))
            continue
        world = worlds.get(camera.get("component_id"), worlds[None])
        views.append(_view(camera, sensors, world, image_folder, path))
    if not views:
        raise UserError(f"{path} holds no aligned camera. Align the photographs in Metashape, then export again.")
    if lost:
        CONSOLE.print(f"{len(lost)} photographs were not aligned and are left out: {', '.join(lost[:5])}", markup=False)
    return with_masks(PosedScene(tuple(views), None), path.parent, image_folder)


def _view(
    camera: Element, sensors: Mapping[str | None, Element], world: np.ndarray, image_folder: Path, path: Path
) -> View:
    label = camera.get("label", "")
    sensor = sensors.get(camera.get("sensor_id"))
    if sensor is None:
        raise UserError(f"{path}: the camera {label} has no <sensor>. Export the cameras again.")
    size, lens = _calibration(sensor, label, path)
    pose = pose_matrix((camera.findtext("transform") or "").split(), f"{path}: transform of {label}")
    return View(find_named(label, [image_folder]), None, size, lens[0], camera_in_world(pose, world), *lens[1:])


def _calibration(sensor: Element, label: str, path: Path) -> tuple[tuple[int, int], Lens]:
    """((height, width), lens); the adjusted calibration, or the initial one. Manual of Metashape, appendix D."""
    where = f"{path}: the sensor of {label}"
    parts = sensor.findall("calibration")
    adjusted = [part for part in parts if part.get("class") == "adjusted"] or parts
    if not adjusted:
        raise UserError(f"{where} has no <calibration>. Export the cameras again.")
    resolution = adjusted[0].find("resolution")
    resolution = sensor.find("resolution") if resolution is None else resolution
    if resolution is None:
        raise UserError(f"{where} has no <resolution>. Export the cameras again.")
    width, height = (round(number(resolution.get(key), f"{where}: {key}")) for key in ("width", "height"))
    found = {part.tag: number(part.text, f"{where}: {part.tag}") for part in adjusted[0] if part.tag != "resolution"}
    if "f" not in found:
        raise UserError(f"{where} has no focal length <f>. Export the cameras again.")
    kind = adjusted[0].get("type", sensor.get("type", "frame"))
    bent = [key for key in ("p3", "p4") if found.get(key)]
    if abs(found.get("b2", 0.0)) * height / 2 > LARGEST_SKEW_PX * found["f"]:
        bent.append("b2 (skew)")
    if kind not in ("frame", *FISHEYE) or bent:
        raise UserError(
            f"{where} has {f'the type {kind}' if not bent else ', '.join(bent)}, which training has no rays for. "
            "Export undistorted photographs (Metashape: File, Export, Undistort Photos) and their cameras."
        )
    intrinsics = pinhole(
        found["f"] + found.get("b1", 0.0),
        found["f"],
        width / 2 + found.get("cx", 0.0),
        height / 2 + found.get("cy", 0.0),
    )
    # Metashape's p1 and p2 are OpenCV's p2 and p1.
    distortion = tuple(found.get(key, 0.0) for key in ("k1", "k2", "k3", "k4", "p2", "p1"))
    return (height, width), Lens(intrinsics, distortion, kind in FISHEYE)


def _world(transform: Element | None, path: Path) -> Float[np.ndarray, "4 4"]:
    """The similarity from the chunk's own frame to its world; 1 where the chunk has none."""
    world = np.eye(4)
    if transform is None:
        return world
    parts = {part.tag: re.split(r"\s+", (part.text or "").strip()) for part in transform}
    scale = number(parts.get("scale", ["1"])[0], f"{path}: scale of the chunk")
    if "rotation" in parts:
        world[:3, :3] = scale * matrix(parts["rotation"], 3, 3, f"{path}: rotation of the chunk")
    if "translation" in parts:
        world[:3, 3] = matrix(parts["translation"], 1, 3, f"{path}: translation of the chunk")[0]
    Similarity.of(world, f"{path}: the transformation of the chunk")
    return world
