"""Extraction against shapes of known volume, area and topology, and against dense marching cubes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import marching_cubes

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.clean import face_components
from idr_neus_plugins.meshing.extract import extract_mesh
from tests.meshing.shapes import REGION, box, sphere, torus, union


def extract(sdf, resolution, region=REGION, **options):
    return extract_mesh(sdf, region, resolution, progress=False, **options)


class Counted:
    """An sdf that counts its evaluations."""

    def __init__(self, sdf):
        self.sdf, self.asked = sdf, 0

    def __call__(self, positions):
        self.asked += len(positions)
        return self.sdf(positions)


@pytest.mark.parametrize("resolution", [20, 37, 100])
def test_sphere_is_closed_round_and_looks_outwards(resolution):
    mesh = extract(sphere(0.6), resolution)
    step = 2 / (resolution - 1)
    assert mesh.is_watertight and mesh.is_winding_consistent and mesh.euler_number == 2
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 0.6**3, rel=3 * step**2)
    assert np.abs(np.linalg.norm(mesh.vertices, axis=1) - 0.6).max() < step**2


@pytest.mark.parametrize("resolution", [37, 100])
def test_torus_has_one_hole_and_its_volume(resolution):
    mesh = extract(torus(), resolution)
    assert mesh.is_watertight and mesh.euler_number == 0
    assert mesh.volume == pytest.approx(2 * np.pi**2 * 0.6 * 0.25**2, rel=20 / resolution**2)


def test_two_spheres_are_two_components():
    mesh = extract(union(sphere(0.4, (-0.5, 0, 0)), sphere(0.2, (0.5, 0.1, 0))), 64)
    assert face_components(mesh).max() == 1 and mesh.euler_number == 4


@pytest.mark.parametrize("sdf", [sphere(0.6137), torus(0.5771, 0.2113)], ids=["sphere", "torus"])
def test_no_seams_same_mesh_as_marching_cubes_of_the_dense_grid(sdf):
    resolution = 61
    axis = torch.linspace(-1, 1, resolution, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).float().reshape(-1, 3)
    dense = sdf(grid).reshape((resolution,) * 3).numpy()
    vertices, faces, _, _ = marching_cubes(dense, 0.0, method="lorensen", spacing=(2 / (resolution - 1),) * 3)
    mesh = extract(sdf, resolution)
    assert len(mesh.vertices) == len(vertices) and len(mesh.faces) == len(faces)
    ours, theirs = (np.sort(np.round(v, 4).view("f8,f8,f8"), axis=0) for v in (mesh.vertices.copy(), vertices - 1.0))
    np.testing.assert_allclose(ours.view("f8"), theirs.view("f8"), atol=2.1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_any_values_give_a_closed_surface(seed, flat):
    """White noise on the lattice meets every case of marching cubes; ``flat`` noise all ties and exact zeros."""
    resolution = 14
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand((resolution,) * 3, generator=generator) * 2 - 1
    if flat:
        values = values.sign() * (values.abs() > 0.3)

    def noise(positions):
        index = ((positions + 1) / 2 * (resolution - 1)).round().long()
        return values[tuple(index.T)] * 0.01

    mesh = extract(noise, resolution)
    assert mesh.is_watertight and mesh.is_winding_consistent
    assert mesh.area_faces.min() > 0


def test_zeros_at_samples_keep_the_mesh_clean():
    mesh = extract(box(0.5, 0.5, 0.5), 33)  # every vertex of the box's sides lies on a sample
    assert mesh.is_watertight and mesh.euler_number == 2 and mesh.area_faces.min() > 0
    np.testing.assert_allclose(np.abs(mesh.bounds), 0.5, atol=1e-4)


@pytest.mark.parametrize("scale", [0.5, 2.0, 10.0])
def test_field_that_is_no_distance(scale):
    """A stretched sphere's implicit: gradient norms between 0.5 · scale and 2 · scale."""
    radii = torch.tensor([0.8, 0.4, 0.2])
    mesh = extract(lambda p: scale * 0.4 * ((p / radii).norm(dim=-1) - 1), 90)
    assert mesh.is_watertight and mesh.euler_number == 2
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 0.8 * 0.4 * 0.2, rel=5e-3)


def test_truncated_field():
    mesh = extract(lambda p: sphere(0.6)(p).clamp(-0.03, 0.03), 80)
    assert mesh.is_watertight and mesh.euler_number == 2


def test_thin_plate_and_distant_speck_are_kept():
    step = 2 / 127
    plate = box(0.7, 0.7, 0.75 * step)
    speck = sphere(2 * step, (0.5, 0.5, 0.8))
    mesh = extract(union(plate, speck), 128)
    assert mesh.is_watertight and face_components(mesh).max() == 1
    assert mesh.bounds[1, 2] == pytest.approx(0.8 + 2 * step, abs=0.3 * step)


def test_surface_that_leaves_the_searched_blocks_is_followed(monkeypatch):
    """Even from a single block the surface is complete."""
    from idr_neus_plugins.meshing import extract as module

    every_block = module.candidate_blocks
    monkeypatch.setattr(module, "candidate_blocks", lambda *arguments: every_block(*arguments)[:40])
    mesh = extract(torus(), 64)
    assert mesh.is_watertight and mesh.euler_number == 0


def test_solid_that_leaves_the_region_is_closed_or_left_open():
    rod = box(0.3, 0.4, 5.0)
    closed = extract(rod, 50)
    assert closed.is_watertight and closed.euler_number == 2
    np.testing.assert_allclose(closed.bounds[:, 2], [-1, 1], atol=1e-3)
    assert closed.volume == pytest.approx(0.6 * 0.8 * 2, rel=2e-2)
    opened = extract(rod, 50, close_border=False)
    assert not opened.is_watertight and opened.euler_number == 0
    edges, uses = np.unique(opened.edges_sorted, axis=0, return_counts=True)
    rim = opened.vertices[edges[uses == 1]]
    np.testing.assert_allclose(np.abs(rim[..., 2]), 1, atol=1e-6)


def test_oblong_region_is_sampled_inside_and_evenly():
    region = torch.tensor([[-0.4, -0.9, 0.1], [0.6, 1.1, 0.7]])

    def sdf(positions):
        assert (positions >= region[0] - 1e-6).all() and (positions <= region[1] + 1e-6).all()
        return sphere(0.25, (0.1, 0.1, 0.4))(positions)

    mesh = extract(sdf, 101, region)
    assert mesh.is_watertight
    np.testing.assert_allclose(mesh.bounds.mean(0), [0.1, 0.1, 0.4], atol=2e-3)


def test_evaluations_grow_with_the_surface_not_the_volume():
    counts = []
    for resolution in (64, 128, 256):
        sdf = Counted(sphere(0.5))
        extract(sdf, resolution)
        counts.append(sdf.asked)
    assert counts[2] < 5 * counts[1] and counts[2] < 0.1 * 256**3


@pytest.mark.parametrize(
    ("sdf", "message"),
    [
        (lambda p: p.norm(dim=-1) + 0.1, "everything is outside"),
        (lambda p: p.norm(dim=-1) - 5.0, "everything is inside"),
        (lambda p: torch.full_like(p[:, 0], torch.nan), "NaN"),
    ],
)
def test_no_surface_is_said_clearly(sdf, message):
    with pytest.raises(UserError, match=message):
        extract(sdf, 32)


@pytest.mark.parametrize("region", [REGION.flip(0), REGION * torch.nan])
def test_impossible_region(region):
    with pytest.raises(UserError, match="region"):
        extract(sphere(), 32, region)


def test_impossible_resolution():
    with pytest.raises(UserError, match="resolution"):
        extract(sphere(), 1)
