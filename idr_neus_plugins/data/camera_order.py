"""Cameras in the order of the photographs' names as text (0, 1, 10, 11, 2, …), where that of their numbers is meant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from nerfstudio.utils.rich_utils import CONSOLE

from idr_neus_plugins.data.formats.scene import PosedScene
from idr_neus_plugins.errors import UserError

MOST_CONTRADICTED = 0.02
"""Of the foreground rays, by the silhouettes of other views, where cameras and masks belong together."""
BETTER = 1 / 3
"""The text order is the right one where it leaves less than this share of the contradictions."""


def in_order_of_names(scene: PosedScene) -> PosedScene:
    """The scene, or with its cameras moved to the photographs that they see, where they are in text order.

    Only where the two orders differ and there are masks: their silhouettes tell which order it is.
    """
    names = [view.image.name for view in scene.views]
    by_text = sorted(range(len(names)), key=lambda place: names[place])
    if by_text == list(range(len(names))):
        return scene
    if not scene.has_foreground:
        listed = ", ".join(names[:3])
        CONSOLE.print(f"Cameras are taken to be in the order of the numbers: {listed}, …", markup=False, soft_wrap=True)
        return scene
    cameras = {place: scene.views[number] for number, place in enumerate(by_text)}
    moved = replace(
        scene,
        views=tuple(
            replace(view, intrinsics=cameras[place].intrinsics, camera_to_world=cameras[place].camera_to_world)
            for place, view in enumerate(scene.views)
        ),
    )
    contradicted = _contradicted(scene)
    if contradicted < MOST_CONTRADICTED or _contradicted(moved) > BETTER * contradicted:
        return scene
    CONSOLE.print(
        "The cameras are in the text order of the photographs' names "
        f"({', '.join(names[place] for place in by_text[:4])}, …), as their silhouettes show; they are read so.",
        soft_wrap=True,
        markup=False,
    )
    return moved


def _contradicted(scene: PosedScene) -> float:
    """Share of the foreground that other silhouettes contradict, over all pairs of views."""
    from idr_neus_plugins.data.doctor.examination import Examination
    from idr_neus_plugins.data.doctor.masks import silhouette_agreement

    try:
        return 1.0 - float(np.nanmean(silhouette_agreement(Examination(scene, "", pairs=0))))
    except UserError:  # another fault, that other checks name
        return 0.0
