"""A field that sees one shape only learns it, and its surface is found in seconds."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from idr_neus_plugins.meshing.extract import extract_mesh
from idr_neus_plugins.single_view.evaluation.scores import iou
from idr_neus_plugins.single_view.fields.conditioned import InputViews
from idr_neus_plugins.single_view.fields.disn import DisnFieldConfig
from idr_neus_plugins.single_view.fields.encoder import SmallResNetConfig
from idr_neus_plugins.single_view.fields.geometry import ConditionedGeometry, ConditionedGeometryConfig
from idr_neus_plugins.single_view.losses import occupancy, sdf
from idr_neus_plugins.single_view.shapes.samples import occupancy as true_occupancy
from idr_neus_plugins.single_view.shapes.samples import probes, sdf_samples
from tests.single_view.test_pixel_features import a_view
from tests.single_view.test_shapes import made

STEPS, BATCH = 500, 1536
REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


@pytest.fixture(scope="module")
def learned() -> ConditionedGeometry:
    """The car of seed 0 behind an image of noise: the shape can come from nowhere but the training."""
    torch.manual_seed(0)
    start = time.process_time()
    points, distances = (torch.from_numpy(each).float() for each in sdf_samples(made("car"), 32768, rng()))
    encoder = SmallResNetConfig(code=64, channels=16, widths=(8, 16))
    geometry = ConditionedGeometryConfig(field=DisnFieldConfig(encoder=encoder)).setup(REGION)
    views = InputViews(torch.rand(1, 4, 32, 32), a_view()[1])
    optimizer = torch.optim.Adam(geometry.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, STEPS)
    for _ in range(STEPS):
        rows = torch.randint(len(points), (BATCH,))
        found = geometry.field.sdf(points[None, rows], geometry.field.condition(views))
        outputs, truth = {"sdf": found, "logits": geometry.field.logits(found)}, {"sdf": distances[None, rows]}
        loss = 5 * sdf(outputs, truth) + occupancy(outputs, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    geometry.show(views)
    print(f"{time.process_time() - start:.0f} s of training")
    return geometry.eval()


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_one_shape_is_learned(learned):
    inside = learned.sdf(torch.from_numpy(probes()).float()) < 0
    found = iou(inside.numpy(), true_occupancy(made("car")))
    print(f"IoU {found:.3f}")
    assert found >= 0.95


def test_its_surface_at_128_is_found_in_five_seconds(learned):
    start = time.process_time()
    mesh = extract_mesh(learned.sdf, REGION, 128, progress=False)
    spent = time.process_time() - start
    print(f"{spent:.2f} s")
    assert spent <= 5.0 and mesh.is_watertight
    assert mesh.volume == pytest.approx(made("car").solid.volume, rel=0.06)
