"""Checks of the region of interest: whether it holds the object, and not much more."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.data.doctor.examination import Examination
from idr_neus_plugins.data.doctor.finding import Finding
from idr_neus_plugins.data.doctor.masks import check_polarity
from idr_neus_plugins.data.doctor.pictures import seen_from_above, side_by_side, with_region

SMALLEST_SHARE = 0.33
"""An object that reaches less far than this from the region's centre uses a thirtieth of its volume."""
MOST_CUT = 0.03
"""Share of the foreground that may lie outside; loose masks and stray pixels do."""
FARTHEST_ORIGIN = 1e4
"""World coordinates beyond so many radii lose the object's detail in single precision."""


def check_region_size(scene: Examination) -> list[Finding]:
    """With masks: rays of the foreground that miss the region, or all cross it near its centre."""
    if scene.foreground is None or check_polarity(scene):
        return []
    reach = [_impact(scene, view) for view in range(len(scene))]
    pooled = np.concatenate(reach)
    cut, needed = float((pooled > 1.02).mean()), float(np.quantile(pooled, 0.99))
    if cut > MOST_CUT:
        worst = int(np.argmax([(part > 1.02).mean() if len(part) else 0 for part in reach]))
        evidence = f"{100 * cut:.0f} % of the foreground lies outside the region of interest; it is too small or aside."
        return [Finding("region-small", "severe", evidence, _fix(scene), (), _show(scene, worst))]
    if needed < SMALLEST_SHARE:
        evidence = f"The object reaches only {100 * needed:.0f} % of the region's radius: detail is wasted on air."
        return [Finding("region-large", "warning", evidence, _fix(scene), (), _show(scene, 0))]
    return []


def check_cameras_outside(scene: Examination) -> list[Finding]:
    """Cameras within the region photograph it from inside; surfaces grow right before them."""
    distances = np.linalg.norm(scene.camera_to_scene[:, :3, 3], axis=1)
    inside = tuple(np.flatnonzero(distances <= 1.0 + 1e-6).tolist())
    if not inside:
        return []
    evidence = f"{len(inside)} of {len(scene)} cameras are inside the region of interest ({scene.names(inside)})."

    def picture() -> np.ndarray:
        return seen_from_above(scene.camera_to_scene, inside)

    return [Finding("region-holds-cameras", "severe", evidence, _fix(scene), inside, picture)]


def check_scale(scene: Examination) -> list[Finding]:
    """A world whose origin is so far away that mesh files in single precision blur the object."""
    radius = Similarity.of(scene.world_from_scene).scale
    distance = float(np.linalg.norm(scene.world_from_scene[:3, 3])) / radius
    if distance < FARTHEST_ORIGIN:
        return []
    evidence = (
        f"The object is {distance:.0f} of its radii away from the world's origin. Training does not mind, but GLB and "
        "STL hold single precision, which is too coarse there."
    )
    fix = "Export as PLY or OBJ, which keep the detail, or with --frame scene."
    return [Finding("world-far-away", "warning", evidence, fix)]


def _impact(scene: Examination, view: int) -> Float[np.ndarray, " rays"]:
    """Distance of the view's foreground rays from the region's centre."""
    assert scene.foreground is not None
    rows, columns = np.nonzero(scene.foreground[view][::4, ::4])
    pixels = np.stack([4 * columns + 0.5, 4 * rows + 0.5, np.ones(len(rows))], 1)
    pose = scene.camera_to_scene[view]
    directions = pixels @ np.linalg.inv(scene.intrinsics[view]).T @ pose[:3, :3].T
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.linalg.norm(np.cross(directions, pose[:3, 3]), axis=1)


def _fix(scene: Examination) -> str:
    """The command with the region that the masks and cameras suggest."""
    from dataclasses import replace

    region = replace(scene.scene, world_from_scene=None).region()
    numbers = (*region[:3, 3], region[0, 0])
    return scene.convert("--region " + " ".join(f"{number:.5g}" for number in numbers))


def _show(scene: Examination, view: int):
    def picture() -> np.ndarray:
        others = dict.fromkeys([view, (view + len(scene) // 2) % len(scene)])
        views = [with_region(scene.pictures[v], scene.intrinsics[v], scene.camera_to_scene[v]) for v in others]
        return side_by_side(views)

    return picture
