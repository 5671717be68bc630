"""Checks of the photographs themselves: exposure, sharpness, doubles, gaps."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int16, UInt8

from idr_neus_plugins.data.doctor.examination import Examination
from idr_neus_plugins.data.doctor.finding import Finding, name_views
from idr_neus_plugins.data.doctor.matches import PairMatches
from idr_neus_plugins.data.doctor.pictures import side_by_side

LARGEST_GAIN = 0.5
"""Natural logarithm: 0.7 stops. Shading that turns with the view alone reaches 0.42 on DTU's scan65."""
BLURRED = 0.75
"""Share of the sharpness of the median view."""
SAME, SAME_EVERYWHERE = 1.0, 32.0
"""Mean and largest difference of thumbnails, of 255, up to which two pictures are one: neighbours in a slow sequence
differ little on the whole, but much at edges."""


def check_exposure(scene: Examination) -> list[Finding]:
    """Views that are brighter or darker than others where both show the same points."""
    gains = exposure_gains(scene)
    odd = tuple(np.flatnonzero(np.abs(gains) > LARGEST_GAIN).tolist())
    if not odd:
        return []
    worst = max(odd, key=lambda view: abs(gains[view]))
    evidence = (
        f"View {worst} is {np.exp(gains[worst]):.2f} times as bright as the others where they share points; "
        f"so far off: {scene.names(odd)}."
    )
    if 3 * len(odd) > len(scene):
        fix = "Lock the exposure and photograph again, or let training fit an appearance per photograph."
    else:
        fix = scene.drop(odd)
    return [Finding("exposure", "warning", evidence, fix, odd, _show(scene, (worst, _partner(scene, worst))))]


def exposure_gains(scene: Examination) -> Float[np.ndarray, " views"]:
    """Logarithm of each view's brightness relative to the others', from matched points; 0 where nothing is shared.

    Solves gain_j - gain_i = median log ratio over all matched pairs in the least-absolute sense, median gain 0.
    """
    gains = np.zeros(len(scene))
    shared = sorted({view for pair in scene.matches for view in (pair.first, pair.second)})
    soft = {view: _soft(scene.pictures[view]) for view in shared}
    links = [(pair.first, pair.second, _log_ratio(soft, pair)) for pair in scene.matches]
    for _ in range(50):
        votes: dict[int, list[float]] = {}
        for first, second, ratio in links:
            votes.setdefault(first, []).append(gains[second] - ratio)
            votes.setdefault(second, []).append(gains[first] + ratio)
        for view, said in votes.items():
            gains[view] = 0.5 * gains[view] + 0.5 * float(np.median(said))
        gains -= np.median(gains)
    return gains


def _log_ratio(soft: dict[int, Float[np.ndarray, "_h _w"]], pair: PairMatches) -> float:
    """How much brighter the second picture is at the points of the first."""
    bright = [_at(soft[view], at) for view, at in ((pair.first, pair.in_first), (pair.second, pair.in_second))]
    usable = (np.minimum(*bright) > 12) & (np.maximum(*bright) < 245)
    return float(np.median(np.log(bright[1][usable] / bright[0][usable]))) if usable.sum() >= 10 else 0.0


def _soft(picture: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """Mean brightness of 5 x 5 pixels."""
    import cv2

    return cv2.blur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (5, 5))


def _at(values: Float[np.ndarray, "h w"], points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, " points"]:
    x, y = np.floor(points).astype(int).T
    return values[np.clip(y, 0, len(values) - 1), np.clip(x, 0, values.shape[1] - 1)].astype(np.float64)


def check_blur(scene: Examination) -> list[Finding]:
    """Views much less sharp than the median view."""
    values = np.array(scene.of_each_view(lambda view: sharpness(scene, view)))
    typical = np.nanmedian(values)
    odd = tuple(np.flatnonzero(values < BLURRED * typical).tolist())
    if not odd:
        return []
    worst, best = int(np.nanargmin(values)), int(np.nanargmin(np.abs(values - typical)))
    evidence = (
        f"View {scene.names(odd)}: fine detail is {100 * values[worst] / typical:.0f} % of what other views show."
    )
    fix = scene.drop(odd)
    return [Finding("blur", "warning", evidence, fix, odd, _show(scene, (worst, best)))]


def sharpness(scene: Examination, view: int) -> float:
    """Gradient at the file's resolution beyond what is left of it after a blur of 2 pixels, as a ratio minus 1.

    A ratio does not depend on how much texture a picture shows; NaN where it shows none.
    """
    import cv2

    from idr_neus_plugins.data.files import read_pixels

    source = scene.scene.views[view]
    gray = read_pixels(source.image, "L", source.size, 1.0).astype(np.float32)
    soft = cv2.GaussianBlur(gray, (0, 0), 2.0)
    slopes = [
        np.hypot(cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)) for picture in (gray, soft)
    ]
    strong = slopes[1] > max(float(np.quantile(slopes[1], 0.9)), 4.0)
    return float(slopes[0][strong].mean() / slopes[1][strong].mean() - 1.0) if strong.sum() > 50 else float("nan")


def check_doubles(scene: Examination) -> list[Finding]:
    """Pictures that are there twice: one of their cameras is wrong, or one adds nothing."""
    import cv2

    small = [cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA).astype(np.int16) for picture in scene.pictures]
    doubles = [(i, j) for j in range(len(small)) for i in range(j) if _same(small[i], small[j])]
    flat = float(np.mean([picture.std() for picture in small])) < 2.0
    if not doubles or flat:
        return []
    again = tuple(sorted({j for _, j in doubles}))
    first = doubles[0]
    evidence = f"Views {scene.names(first)} are the same picture; seen twice: {scene.names(again)}."
    fix = scene.drop(again)
    return [Finding("duplicate", "severe", evidence, fix, again, _show(scene, first))]


def _same(first: Int16[np.ndarray, "h w 3"], second: Int16[np.ndarray, "h w 3"]) -> bool:
    apart = np.abs(first - second)
    return float(apart.mean()) < SAME and float(apart.max()) < SAME_EVERYWHERE


def check_gaps(scene: Examination) -> list[Finding]:
    """Numbers that are missing between the names of files."""
    stems = [view.image.stem for view in scene.scene.views]
    if not all(stem.isdigit() for stem in stems):
        return []
    numbers = sorted(int(stem) for stem in stems)
    steps = np.diff(numbers)
    missing = sorted(set(range(numbers[0], numbers[-1])) - set(numbers))
    if not missing or (steps == steps[0]).all() or len(missing) > len(numbers) // 4:
        return []
    evidence = (
        f"Photograph {name_views(tuple(missing))} is missing among {numbers[0]} to {numbers[-1]}. Camera i belongs to "
        "the i-th file: if the cameras were made for all photographs, those behind the gap are wrong."
    )
    fix = f"Put the missing files back into {scene.where}, or make the cameras for the files that are there."
    return [Finding("missing-image", "warning", evidence, fix, ())]


def _partner(scene: Examination, view: int) -> int:
    """A view that shares points with this one."""
    pairs = [pair for pair in scene.matches if view in (pair.first, pair.second)]
    best = max(pairs, key=lambda pair: len(pair.in_first))
    return best.second if best.first == view else best.first


def _show(scene: Examination, views: tuple[int, int]):
    return lambda: side_by_side([scene.pictures[view] for view in views])
