"""The lenses that files name, as nerfstudio's polynomial; those that it cannot express are refused with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.formats.scene import NO_DISTORTION
from idr_neus_plugins.errors import UserError


class Lens(NamedTuple):
    intrinsics: Float[np.ndarray, "3 3"]
    distortion: tuple[float, ...] = NO_DISTORTION
    is_fisheye: bool = False


def pinhole(fx: float, fy: float, cx: float, cy: float) -> Float[np.ndarray, "3 3"]:
    return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])


COLMAP_LENSES: dict[str, tuple[int, str]] = {
    "SIMPLE_PINHOLE": (0, "f cx cy"),
    "PINHOLE": (1, "fx fy cx cy"),
    "SIMPLE_RADIAL": (2, "f cx cy k1"),
    "RADIAL": (3, "f cx cy k1 k2"),
    "OPENCV": (4, "fx fy cx cy k1 k2 p1 p2"),
    "OPENCV_FISHEYE": (5, "fx fy cx cy k1 k2 k3 k4"),
    "FULL_OPENCV": (6, "fx fy cx cy k1 k2 p1 p2 k3 d1 d2 d3"),
    "FOV": (7, "fx fy cx cy omega"),
    "SIMPLE_RADIAL_FISHEYE": (8, "f cx cy k1"),
    "RADIAL_FISHEYE": (9, "f cx cy k1 k2"),
    "THIN_PRISM_FISHEYE": (10, "fx fy cx cy k1 k2 p1 p2 k3 k4 sx1 sy1"),
    "RAD_TAN_THIN_PRISM_FISHEYE": (11, "fx fy cx cy k1 k2 k3 k4 k5 k6 p1 p2 s1 s2 s3 s4"),
    "SIMPLE_DIVISION": (12, "f cx cy division"),
    "DIVISION": (13, "fx fy cx cy division"),
    "SIMPLE_FISHEYE": (14, "f cx cy"),
    "FISHEYE": (15, "fx fy cx cy"),
    "EUCM": (16, "fx fy cx cy alpha beta"),
    "EQUIRECTANGULAR": (17, "w h"),
}
"""COLMAP's models (4.2): number and parameters. d1 to d3 are FULL_OPENCV's denominator."""
KNOWN = ("k1", "k2", "k3", "k4", "p1", "p2")
ALWAYS_BENT = ("FOV", "EUCM", "EQUIRECTANGULAR")


def colmap_lens(name: str, parameters: Sequence[float], model: str) -> Lens:
    """Raises UserError, with COLMAP's command that undistorts, where nerfstudio's cameras have no such lens."""
    values = dict(zip(COLMAP_LENSES[name][1].split(), parameters, strict=True))
    places = ("f", "fx", "fy", "cx", "cy")
    others = {key: value for key, value in values.items() if key not in (*KNOWN, *places)}
    is_fisheye = "FISHEYE" in name
    prism = is_fisheye and any(values.get(key) for key in ("p1", "p2", "k5", "k6"))
    if name in ALWAYS_BENT or prism or any(others.values()):
        raise UserError(undistort_first(name, model))
    fx, fy = (values.get("f", values.get(key, 0.0)) for key in ("fx", "fy"))
    distortion = tuple(values.get(key, 0.0) for key in KNOWN)
    return Lens(pinhole(fx, fy, values["cx"], values["cy"]), distortion, is_fisheye)


def undistort_first(lens: str, model: str) -> str:
    return (
        f"{model} has the lens {lens}, which training has no rays for. Let COLMAP undistort the photographs: "
        f"`colmap image_undistorter --image_path IMAGES --input_path {model} --output_path UNDISTORTED`, and train on "
        "UNDISTORTED."
    )
