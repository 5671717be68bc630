"""Predictions without learning: what a network must beat to have learned to reconstruct (Tatarchenko et al. 2019)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Float16, Float32, UInt8
from scipy.spatial import KDTree

from idr_neus_plugins.single_view.data.shape_set import ShapeEntry
from idr_neus_plugins.single_view.evaluation.prediction import Photograph, Prediction, Predictor, true_occupancy

ACROSS = 16
"""Pixels across the small images that are compared."""
SHARES = (0.2, 0.3, 0.4, 0.5)


class NearestNeighbour(Predictor):
    """The training shape whose photograph is most alike; colours are those of its nearest surface point."""

    name = "nearest_neighbour"

    def __init__(self, training: list[ShapeEntry]) -> None:
        from PIL import Image

        images = [(entry, path) for entry in training for path in entry.images]
        self._entries = [entry for entry, _ in images]
        small = [small_image(np.asarray(Image.open(path).convert("RGBA"))) for _, path in images]
        self._tree = KDTree(np.stack(small))

    def __call__(self, photograph: Photograph, points: Float16[np.ndarray, "points 3"]) -> Prediction:
        entry = self._entries[int(self._tree.query(small_image(photograph.image))[1])]
        arrays = entry.arrays("surface", "colors")
        nearest = KDTree(arrays["surface"].astype(np.float64)).query(points.astype(np.float64))[1]
        return Prediction(true_occupancy(entry), arrays["colors"][nearest] / 255.0)


class MeanShape(Predictor):
    """Where most shapes of the category are, which it is told, in their mean colour."""

    name = "mean_shape"

    def __init__(self, training: list[ShapeEntry]) -> None:
        self._shapes: dict[str, Bool[np.ndarray, " probes"]] = {}
        self._colors: dict[str, Float[np.ndarray, " 3"]] = {}
        for category in dict.fromkeys(entry.category for entry in training):
            members = [entry for entry in training if entry.category == category]
            self._shapes[category] = mean_shape(np.stack([true_occupancy(entry) for entry in members]))
            means = [entry.arrays("colors")["colors"].mean(0) for entry in members]
            self._colors[category] = np.mean(means, axis=0) / 255.0

    def __call__(self, photograph: Photograph, points: Float16[np.ndarray, "points 3"]) -> Prediction:
        colors = np.broadcast_to(self._colors[photograph.category], points.shape)
        return Prediction(self._shapes[photograph.category], colors)


def mean_shape(shapes: Bool[np.ndarray, "shapes probes"]) -> Bool[np.ndarray, " probes"]:
    """What is inside at least a share of the shapes, for the share that suits them best."""
    frequency = shapes.mean(0)
    candidates = [frequency >= share for share in SHARES]
    overlaps = [((shapes & each).sum(1) / (shapes | each).sum(1).clip(min=1)).mean() for each in candidates]
    return candidates[int(np.argmax(overlaps))]


def small_image(image: UInt8[np.ndarray, "h w 4"]) -> Float32[np.ndarray, " values"]:
    """Means over areas, colours before black, silhouette beside them."""
    from PIL import Image

    rgba = image.astype(np.float32) / 255.0
    rgba[..., :3] *= rgba[..., 3:]
    channels = [Image.fromarray(rgba[..., i]).resize((ACROSS, ACROSS), Image.Resampling.BOX) for i in range(4)]
    return np.stack([np.asarray(channel) for channel in channels]).ravel()
