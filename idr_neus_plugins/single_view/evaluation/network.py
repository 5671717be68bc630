"""A trained model as a predictor."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float16
from torch import Tensor

from idr_neus_plugins.core.surface import Surface
from idr_neus_plugins.data.views import nerfstudio_camera
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.build import build_mesh
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.single_view.evaluation.prediction import Photograph, Prediction, Predictor
from idr_neus_plugins.single_view.model import SingleViewModel
from idr_neus_plugins.single_view.shapes.samples import probes

AT_ONCE = 16384


class Network(Predictor):
    name = "network"

    def __init__(self, model: SingleViewModel, resolution: int) -> None:
        self.model, self.resolution = model.eval(), resolution
        self._probes = torch.from_numpy(probes()).float().to(model.device)

    def __call__(self, photograph: Photograph, points: Float16[np.ndarray, "points 3"]) -> Prediction:
        image = torch.from_numpy(photograph.image / np.float32(255.0))[None].to(self.model.device)
        self.model.show(image, nerfstudio_camera(photograph.camera).to(self.model.device))
        surface = self.model.surface()
        inside = [surface.sdf(part) < 0 for part in self._probes.split(AT_ONCE)]
        colors = self._colors(surface, torch.from_numpy(points.astype(np.float32)).to(self.model.device))
        return Prediction(torch.cat(inside).cpu().numpy(), colors.cpu().numpy(), self._mesh(surface))

    def _colors(self, surface: Surface, points: Tensor) -> Tensor:
        return torch.cat([surface.colors(part) for part in points.split(AT_ONCE)])

    def _mesh(self, surface: Surface) -> Mesh | None:
        options = MeshOptions(resolution=self.resolution, refine=False, smallest_piece=0.0)
        try:
            return build_mesh(surface, options, progress=False).mesh
        except UserError:  # the field is nowhere negative: nothing was recognised
            return None
