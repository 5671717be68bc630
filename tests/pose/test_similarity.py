"""Poses and their moves."""

from __future__ import annotations

import torch

from idr_neus_plugins.pose.ground import on_ground
from idr_neus_plugins.pose.similarity import joined, rotation_distances
from tests.pose.shapes import poses

NONE = torch.zeros(2, dtype=torch.float64)


def test_a_twist_turns_the_object_about_its_own_origin():
    some = poses()
    turned = some.moved(torch.tensor([[0.0, 0, 0, 0, 0, 0.3]] * 2).double(), NONE)
    assert torch.allclose(turned.translations, some.translations)
    angles = rotation_distances(turned.rotations, some.rotations)
    assert torch.allclose(torch.deg2rad(angles), torch.full_like(angles, 0.3), atol=1e-6)


def test_a_move_is_in_units_of_the_object():
    some = poses()
    moved = some.moved(torch.tensor([[0.1, 0, 0, 0, 0, 0]] * 2).double(), NONE)
    assert torch.allclose((moved.translations - some.translations)[:, 0], 0.1 * some.scales)


def test_matrices_do_to_points_what_poses_do():
    some, points = poses(), torch.rand(5, 3, dtype=torch.float64)
    by_matrix = points @ some.matrices[:, :3, :3].mT + some.matrices[:, None, :3, 3]
    assert torch.allclose(some.points(points), by_matrix)


def test_joined_poses_are_taken_apart_again():
    some = poses()
    assert torch.equal(joined([some.take(torch.arange(1)), some.take(torch.arange(1, 2))]).matrices, some.matrices)


def test_an_object_on_the_ground_has_its_bottom_at_the_cameras_height():
    box = torch.tensor([[-0.4, -0.5, -0.6], [0.4, 0.3, 0.7]], dtype=torch.float64)
    grounded = on_ground(poses(), box[None], 1.7)
    bottom = grounded.points(torch.tensor([[0.0, -0.1, -0.6]], dtype=torch.float64))[:, 0]
    below = -(bottom * grounded.rotations[:, :, 2]).sum(1)
    assert torch.allclose(below, torch.full_like(below, 1.7))
    ratio = grounded.translations / grounded.scales[:, None]
    assert torch.allclose(ratio, poses().translations / poses().scales[:, None]), "it looks as before"
