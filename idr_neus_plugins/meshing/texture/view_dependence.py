"""How a texture's colours change with the view: fitted texel by texel to what many cameras see of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from idr_neus_plugins.core.spherical_harmonics import num_harmonics, orthonormal_harmonics
from idr_neus_plugins.meshing.mesh import ViewDependence
from idr_neus_plugins.meshing.texture.atlas import Texels, parts_of
from idr_neus_plugins.meshing.texture.lookup import at_uv
from idr_neus_plugins.meshing.texture.view_colors import ViewColors
from idr_neus_plugins.progress import progress_bar

RIDGE = (0.005, 0.015, 0.03, 0.06)
"""Weight of the squares of the coefficients of each degree, in views: few views of a texel change little, and wavy
changes need more of them than smooth ones."""
SPREAD = 99.9
"""Percentile of |c_k| that can still be told; rare larger ones are clipped: 8 bits are then enough for the others."""
BATCH = 20_000
"""Texels fitted at once: their colours in all views are held together."""


def fit_texels(
    texels: Texels, base: np.ndarray, view_colors: Sequence[ViewColors], degree: int, progress: bool = True
) -> np.ndarray:
    """Coefficients [t, harmonics, 3] float32 for all texels with ``base`` colours [t, 3] in [0, 1]; see ``fit``."""
    coefficients = np.zeros((len(base), num_harmonics(degree), 3), np.float32)
    with progress_bar(progress) as bar:
        for part in bar.track(parts_of(texels, BATCH), description="Fitting views (parts)"):
            positions, normals = texels.positions[part], texels.normals[part]
            told = [(view.centre, *view.ask(positions, normals)) for view in view_colors]
            told = [(positions - centre, colors, weights) for centre, colors, weights in told if weights.any()]
            if told:
                ways, colors, weights = (np.stack(columns).astype(np.float32) for columns in zip(*told, strict=True))
                directions = ways / np.linalg.norm(ways, axis=-1, keepdims=True)
                coefficients[part] = fit(directions, colors - base[part].astype(np.float32), weights, degree)
    return coefficients


def fit(
    directions: np.ndarray, differences: np.ndarray, weights: np.ndarray, degree: int, ridge: Sequence[float] = RIDGE
) -> np.ndarray:
    """Coefficients c [t, harmonics, 3] that minimise Σ_v w_v |Σ_k c_k Y_k(d_v) − δ_v|² + Σ_k ridge_k |c_k|².

    Args:
        directions: unit vectors d from each camera to each point [views, t, 3].
        differences: δ, seen colours minus the base colour [views, t, 3].
        weights: w [views, t].
    """
    count = num_harmonics(degree)
    basis = harmonics(directions.reshape(-1, 3), degree).reshape(*directions.shape[:2], count)
    weighted = basis * weights[..., None]
    normal = np.einsum("vti,vtj->tij", weighted, basis, optimize=True)
    penalty = [ridge[d] for d in range(degree + 1) for _ in range(2 * d + 1)]
    normal[:, np.arange(count), np.arange(count)] += np.asarray(penalty, normal.dtype)
    return np.linalg.solve(normal, np.einsum("vti,vtc->tic", weighted, differences, optimize=True))


def harmonics(directions: np.ndarray, degree: int) -> np.ndarray:
    """Orthonormal real harmonics [n, (degree + 1)²] float32 of unit vectors [n, 3]."""
    return orthonormal_harmonics(torch.from_numpy(np.asarray(directions, np.float32)), degree).numpy()


def quantised(coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bytes [t, harmonics, 3] as in ``ViewDependence``, and the limits [harmonics]."""
    limits = np.percentile(np.abs(coefficients), SPREAD, axis=(0, 2)).clip(min=1e-6)
    steps = np.rint(127 * coefficients / limits[:, None]).clip(-127, 127)
    return (128 + steps).astype(np.uint8), limits


def seen_from(colors: np.ndarray, views: ViewDependence, uv: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Base ``colors`` [n, 3] in [0, 1] at texture coordinates ``uv`` [n, 2], as they are seen along ``directions``
    [n, 3] of any length (mesh frame): again in [0, 1]."""
    height, width, count, _ = views.coefficients.shape
    steps = at_uv(views.coefficients.reshape(height, width, -1), uv).reshape(-1, count, 3) - 128
    turned = directions @ views.rotation.T
    turned /= np.linalg.norm(turned, axis=1, keepdims=True).clip(min=1e-12)
    basis = harmonics(turned, round(count**0.5) - 1) * (views.limits / 127)
    return (colors + np.einsum("nk,nkc->nc", basis, steps)).clip(0, 1)
