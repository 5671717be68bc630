"""A snapshot answers as the model did when it was taken."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig
from idr_neus_plugins.fields.grid.radiance import GridRadianceConfig
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.radiance import RadianceMLPConfig
from idr_neus_plugins.meshing.build import build_mesh
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.viewer.snapshot import Snapshot

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
POINTS = torch.rand(50, 3, generator=torch.Generator().manual_seed(0)) * 1.2 - 0.6


def model(geometry, radiance, progress: float = 0.5):
    """What a snapshot reads of a surface model."""
    torch.manual_seed(0)
    config = SimpleNamespace(geometry=geometry, radiance=radiance)
    made = SimpleNamespace(config=config, region=REGION, world_from_scene=torch.eye(4, dtype=torch.float64))
    made.geometry = geometry.setup(REGION)
    made.radiance = radiance.setup(made.geometry, REGION)
    made.progress = torch.tensor(progress)
    for part in (made.geometry, made.radiance):
        part.set_progress(progress)
    return made


def grid_model():
    return model(GridGeometryConfig(resolutions=(16, 24), starts=(0.0, 0.4)), GridRadianceConfig(channels=2, width=8))


def mlp_model():
    geometry = SdfMLPConfig(layers=3, width=16, octaves=2, features=4, radius=0.5)
    return model(geometry, RadianceMLPConfig(layers=1, width=8))


@pytest.mark.parametrize("make", [grid_model, mlp_model])
def test_it_answers_as_the_model_did_even_after_a_journey(make):
    original = make()
    snapshot = Snapshot.take(original)
    with torch.no_grad():
        expected = original.geometry(POINTS)
        for parameter in original.geometry.parameters():
            parameter.add_(1.0)  # the training goes on
    surface = pickle.loads(pickle.dumps(snapshot)).surface()
    torch.testing.assert_close(surface.sdf(POINTS), expected.sdf, atol=1e-5, rtol=1e-5)
    normals = torch.nn.functional.normalize(expected.gradients, dim=-1)
    torch.testing.assert_close(surface.normals(POINTS), normals, atol=1e-4, rtol=1e-4)
    inward = -surface.normals(POINTS)
    torch.testing.assert_close(surface.radiance(POINTS, inward), surface.colors(POINTS))


def test_without_colours_it_is_lighter_and_makes_a_bare_mesh():
    snapshot = Snapshot.take(grid_model(), colors=False)
    assert snapshot.radiance_weights is None
    built = build_mesh(snapshot.surface(), MeshOptions(resolution=24), paint=False, progress=False)
    assert built.mesh.colors is None and built.report["watertight"]
    assert np.linalg.norm(built.mesh.vertices, axis=1).std() < 0.05
