"""Vertices reach the zero set, and no face turns over on the way."""

from __future__ import annotations

import numpy as np
import torch

from idr_neus_plugins.meshing.extract import extract_mesh
from idr_neus_plugins.meshing.refine import refine_vertices
from tests.meshing.shapes import REGION, sphere

CELL = 2 / 39


def bent(positions: torch.Tensor) -> torch.Tensor:
    """A sphere's implicit that is far from linear across a cell."""
    distance = positions.norm(dim=-1) - 0.6
    return (4 * distance).exp() - 1


def radial(positions: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(positions, dim=-1)


def test_vertices_reach_the_zero_set():
    mesh = extract_mesh(bent, REGION, 40, progress=False)
    refined = refine_vertices(mesh.vertices, mesh.faces, bent, radial, CELL, torch.device("cpu"))
    before, after = (np.abs(np.linalg.norm(v, axis=1) - 0.6) for v in (mesh.vertices, refined))
    assert np.median(before) > 1e-4
    assert np.percentile(after, 95) < 1e-6 and after.max() <= before.max() + 1e-6


def test_no_face_turns_over_and_no_vertex_leaves_its_cell():
    mesh = extract_mesh(sphere(0.61), REGION, 40, progress=False)
    random = np.random.default_rng(0)
    noise = torch.from_numpy(random.normal(0, 1, (4, 3))).float()

    def rough(positions):
        return sphere(0.61)(positions) + 0.02 * (positions @ noise.T * 60).sin().sum(1)

    refined = refine_vertices(mesh.vertices, mesh.faces, rough, radial, CELL, torch.device("cpu"))
    assert np.linalg.norm(refined - mesh.vertices, axis=1).max() <= CELL / 2 + 1e-6
    a, b, c = (refined[corner] for corner in mesh.faces.T)
    assert (np.einsum("ij,ij->i", np.cross(b - a, c - a), mesh.face_normals) >= 0).all()


def test_a_field_without_slope_leaves_its_vertices():
    mesh = extract_mesh(sphere(0.6), REGION, 20, progress=False)
    flat = refine_vertices(
        mesh.vertices, mesh.faces, lambda p: torch.full((len(p),), 0.3), radial, CELL, torch.device("cpu")
    )
    np.testing.assert_allclose(flat, mesh.vertices, atol=1e-6)
