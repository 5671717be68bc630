"""Checks of cameras: where they look, their conventions, and how well they explain the pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.data.doctor.examination import Examination
from idr_neus_plugins.data.doctor.finding import Finding
from idr_neus_plugins.data.doctor.matches import PairMatches, distances_of, fundamental
from idr_neus_plugins.data.doctor.pictures import seen_from_above, side_by_side, with_lines
from idr_neus_plugins.data.formats.scene import camera_in_scene
from idr_neus_plugins.data.region import sees_unit_sphere

MIN_PAIRS = 3
"""Fewer pairs of matched pictures say nothing about a scene's cameras."""
LARGEST_ERROR_PX = 1.5
"""Median distance from epipolar lines; good cameras are below half a pixel of the reduced pictures."""
SAME = 1e-6
"""Entries of two poses that differ by less, in units of the region's radius, are the same pose."""
BETTER = 0.3
"""Another convention is named where it leaves less than this share of the error."""

CONVENTIONS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "--flip-axes": ("y and z of the cameras are the other way round", flip_axes),
    "--invert-poses": ("the poses are world-to-camera", np.linalg.inv),
    "--invert-poses --flip-axes": (
        "the poses are world-to-camera with y and z the other way round",
        lambda poses: flip_axes(np.linalg.inv(poses)),
    ),
}
"""What else the poses may mean, by the options that put it right."""


def check_directions(scene: Examination) -> list[Finding]:
    """Cameras that do not see the region of interest."""
    poses = scene.camera_to_scene
    away = _blind(scene, poses)
    if not away:
        return []
    evidence = f"{len(away)} of {len(scene)} cameras do not see the region of interest: view {scene.names(away)}."
    fix = scene.drop(away)
    if 2 * len(away) > len(scene):
        fix = "Say where the object is: " + scene.convert("--region X Y Z RADIUS")
        world = np.stack([view.camera_to_world for view in scene.scene.views])
        for option, (meaning, change) in CONVENTIONS.items():
            if len(_blind(scene, camera_in_scene(change(world), scene.world_from_scene))) <= 0.1 * len(scene):
                evidence, fix = f"{evidence} They all would if {meaning}.", scene.convert(option)
                break

    def picture() -> np.ndarray:
        return seen_from_above(poses, away)

    return [Finding("cameras-look-away", "severe", evidence, fix, away, picture)]


def check_same_places(scene: Examination) -> list[Finding]:
    """Views with the very same pose: one has got the camera of the other."""
    poses = scene.camera_to_scene
    alike = [(i, j) for j in range(len(poses)) for i in range(j) if np.allclose(poses[i], poses[j], rtol=0, atol=SAME)]
    if not alike:
        return []
    names = ", ".join(f"{scene.names(pair)}" for pair in alike[:4])
    files = scene.scene.views[alike[0][1]].image.name
    evidence = f"Views {names} have the same camera pose: one of them ({files}?) has got that of the other."
    again = sorted({j for _, j in alike})
    return [Finding("same-camera", "severe", evidence, scene.drop(again), scene.called(again))]


def check_conventions(scene: Examination) -> list[Finding]:
    """Cameras against matched points: other axes, inverted poses, or just inaccurate."""
    pairs = scene.matches
    if len(pairs) < MIN_PAIRS:
        return []
    error = _median_error(pairs, scene.intrinsics, scene.camera_to_scene)
    if error < LARGEST_ERROR_PX:
        return []
    evidence = (
        f"Matched points lie {error:.1f} px (median) off the epipolar lines of the cameras, in {len(pairs)} pairs."
    )
    world = np.stack([view.camera_to_world for view in scene.scene.views])
    for option, (meaning, change) in CONVENTIONS.items():
        other = _median_error(pairs, scene.intrinsics, change(world))
        if other < BETTER * error:
            said = f"{evidence} It would be {other:.2f} px if {meaning}."
            return [Finding("camera-axes", "severe", said, scene.convert(option), (), _show(scene))]
    if (order := _text_order(scene)) is not None:
        other = _median_error(pairs, scene.intrinsics[order], world[order])
        if other < BETTER * error:
            said = (
                f"{evidence} It would be {other:.2f} px if the cameras were in the text order of the names (1, 10, 2)."
            )
            fix = f"Rename the photographs (and masks) in {scene.where} in that order: {_renaming(scene)}."
            return [Finding("camera-order", "severe", said, fix, (), _show(scene))]
    fix = f"Estimate the cameras again: idr-neus prepare {scene.where} --output NEW. Or refine them while training."
    return [Finding("cameras-inaccurate", "severe", evidence, fix, (), _show(scene))]


def check_wrong_views(scene: Examination) -> list[Finding]:
    """Single views whose camera the pictures contradict while most cameras are right."""
    pairs = scene.matches
    errors = [float(np.median(np.abs(part))) for part in distances_of(pairs, scene.intrinsics, scene.camera_to_scene)]
    if len(pairs) < MIN_PAIRS or np.median(errors) > LARGEST_ERROR_PX:
        return []
    wrong = []
    for view in range(len(scene)):
        own = [error for pair, error in zip(pairs, errors, strict=True) if view in (pair.first, pair.second)]
        if len(own) >= 2 and min(own) > 2 * LARGEST_ERROR_PX:
            wrong.append(view)
    if not wrong:
        return []
    evidence = f"The pictures contradict the camera of view {scene.names(wrong)}, and agree with the others."
    fix = scene.drop(wrong)
    return [Finding("camera-of-view", "severe", evidence, fix, tuple(wrong), _show(scene, wrong[0]))]


def _blind(scene: Examination, poses: Float[np.ndarray, "views 4 4"]) -> tuple[int, ...]:
    cameras = enumerate(zip(scene.intrinsics, poses, scene.sizes, strict=True))
    return tuple(i for i, (matrix, pose, size) in cameras if not sees_unit_sphere(matrix, pose[:3], size))


def _text_order(scene: Examination) -> list[int] | None:
    """Of each view, which camera is its if they were written in the order of the names as text; None if it is this."""
    names = [view.image.name for view in scene.scene.views]
    camera_of = np.argsort(np.argsort(names)).tolist()
    return None if camera_of == list(range(len(names))) else camera_of


def _renaming(scene: Examination) -> str:
    names = sorted(view.image.name for view in scene.scene.views)
    shown = ", ".join(f"{name} to {place:03d}{Path(name).suffix}" for place, name in enumerate(names[:4]))
    return f"{shown}, …"


def _median_error(
    pairs: Sequence[PairMatches], intrinsics: Float[np.ndarray, "views 3 3"], poses: Float[np.ndarray, "views 4 4"]
) -> float:
    """Median over pairs, so that pairs with many points do not outvote the others."""
    return float(np.median([np.median(np.abs(part)) for part in distances_of(pairs, intrinsics, poses)]))


def _show(scene: Examination, view: int | None = None):
    """The pair with the most points (of this view): points, and the lines on which they should lie."""

    def picture() -> np.ndarray:
        pairs = [pair for pair in scene.matches if view is None or view in (pair.first, pair.second)]
        pair = max(pairs, key=lambda pair: len(pair.in_first))
        both = [pair.first, pair.second]
        matrix = fundamental(scene.intrinsics[both], scene.camera_to_scene[both])
        chosen = np.linspace(0, len(pair.in_first) - 1, 12).astype(int)
        ones = np.ones((12, 1))
        in_first, in_second = pair.in_first[chosen], pair.in_second[chosen]
        lines_second = np.concatenate([in_first, ones], 1) @ matrix.T
        lines_first = np.concatenate([in_second, ones], 1) @ matrix
        shown = [
            with_lines(scene.pictures[pair.first], lines_first, in_first),
            with_lines(scene.pictures[pair.second], lines_second, in_second),
        ]
        return side_by_side(shown)

    return picture
