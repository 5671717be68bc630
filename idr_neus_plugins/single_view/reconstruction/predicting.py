"""The object of a photograph, shown by a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.data.views import nerfstudio_cameras
from idr_neus_plugins.single_view.fields.pose import inverted
from idr_neus_plugins.single_view.model import SingleViewModel
from idr_neus_plugins.single_view.reconstruction.framing import (
    Window,
    around_silhouette,
    around_sphere,
    cut_out,
    seen_through,
)
from idr_neus_plugins.single_view.shapes.photographs import FOCAL

LARGEST = 256
"""Pixels across the photographs that a run keeps."""


@dataclass(frozen=True)
class Framed:
    """A square photograph with the camera that took it."""

    image: UInt8[np.ndarray, "size size 4"]
    """Straight alpha."""
    camera: Camera


def input_size(model: SingleViewModel) -> int:
    """Pixels across the images that the model has learned from."""
    return model.geometry.images.shape[2]


def framed(model: SingleViewModel, image: UInt8[np.ndarray, "h w 4"], camera: Camera | None, largest: int) -> Framed:
    """The photograph in at most ``largest`` pixels; without a camera its camera is the one that the model guesses.

    An image of the very size that the model has learned from is taken as it is. Raises UserError for an empty mask and
    for a camera that does not see the scene.
    """
    window = _window(image, camera, input_size(model))
    size = min(largest, max(input_size(model), round(window.side)))
    picture = cut_out(image, window, size)
    if camera is None:
        return Framed(picture, guessed_camera(model, picture))
    return Framed(picture, seen_through(camera, window, size))


def show(model: SingleViewModel, photographs: Sequence[Framed]) -> None:
    """From now on the model is the object of these photographs: the mean of what it makes of each."""
    size = input_size(model)
    small = [_resized(photograph, size) for photograph in photographs]
    images = torch.from_numpy(np.stack([each.image for each in small]) / np.float32(255.0))
    cameras = nerfstudio_cameras([each.camera for each in small])
    model.eval().show(images.to(model.device), cameras.to(model.device))


@torch.no_grad()
def guessed_camera(model: SingleViewModel, image: UInt8[np.ndarray, "size size 4"]) -> Camera:
    """Where the pose head says that the camera of a framed image stood; its focal length is that of the training."""
    size = len(image)
    small = cut_out(image, Window(0.0, 0.0, float(size)), input_size(model))
    field = model.geometry.field
    code = field.encoder(torch.from_numpy(small / np.float32(255.0)).permute(2, 0, 1)[None].to(model.device)).code
    pose = inverted(field.pose(code))[0].cpu().double().numpy()
    intrinsics = np.array([[FOCAL * size, 0.0, size / 2], [0.0, FOCAL * size, size / 2], [0.0, 0.0, 1.0]])
    return Camera(intrinsics, pose, (size, size))


def _window(image: np.ndarray, camera: Camera | None, known: int) -> Window:
    if image.shape[:2] == (known, known):
        return Window(0.0, 0.0, float(known))
    return around_silhouette(image) if camera is None else around_sphere(camera)


def _resized(photograph: Framed, size: int) -> Framed:
    whole = Window(0.0, 0.0, float(len(photograph.image)))
    return Framed(cut_out(photograph.image, whole, size), seen_through(photograph.camera, whole, size))
