"""From the folder to nerfstudio's cameras: half pixel, axes, scale, split."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh

from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig, idr_data
from idr_neus_plugins.data.views import pinhole_matrices

BENCHMARK_VIEWS = (8, 13, 16, 21, 26, 31, 34)


def all_views(folder, **options):
    """Outputs of both splits."""
    parser = IdrDataParserConfig(data=folder, **options).setup()
    return parser.get_dataparser_outputs("train"), parser.get_dataparser_outputs("val")


def to_scene(outputs, points):
    """World points in scene units."""
    return trimesh.transform_points(points, np.linalg.inv(outputs.metadata["world_from_scene"].numpy()))


def test_rays_of_nerfstudio_hit_what_the_pixels_show(tiny_scene):
    """The exact surface, seen along nerfstudio's own rays, covers what the masks cover."""
    from idr_neus_plugins.data.sample_camera import trace

    outputs, _ = all_views(tiny_scene)
    from idr_neus_plugins.data.masks import read_foreground

    for view in range(3):
        rays = outputs.cameras.generate_rays(view).flatten()
        _, hit = trace(rays.origins[0], rays.directions)
        mask = read_foreground(outputs.image_filenames[view], outputs.metadata["foreground_filenames"][view], (64, 64))
        covered = torch.from_numpy(mask.astype(np.float32)).flatten() / 255
        assert (hit.float() - covered).abs().mean() < 0.02
        clear = (covered < 0.01) | (covered > 0.99)
        assert (hit == (covered > 0.5))[clear].all()


@pytest.mark.parametrize("scan", ["scan65", "scan24"])
def test_reference_points_are_seen_where_the_cameras_say(shared_data, scan):
    """The published matrices and nerfstudio's cameras agree, half a pixel apart; points lie in the unit sphere."""
    folder = shared_data / "dtu" / scan
    outputs, _ = all_views(folder, eval_views=BENCHMARK_VIEWS)
    reference = np.load(folder / "reference_points_mm.npz")
    points = reference["xyz"][reference["views"] >= 4]
    intrinsics, poses = (part.double().numpy() for part in pinhole_matrices(outputs.cameras))
    in_scene = to_scene(outputs, points)
    world_mats = np.load(folder / "cameras_sphere.npz")
    for view in (0, 20, 41):
        in_camera = (in_scene - poses[view, :, 3]) @ poses[view, :, :3]
        pixels = (in_camera @ intrinsics[view].T)[:, :2] / in_camera[:, 2:]
        published = (
            np.c_[points, np.ones(len(points))]
            @ world_mats[f"world_mat_{outputs.metadata['view_indices'][view]}"][:3].T
        )
        assert np.abs(pixels - 0.5 - published[:, :2] / published[:, 2:]).max() < 0.02


def test_reprojection_on_scan65_is_below_a_pixel(shared_data):
    """Each point is at a pixel where it looks alike from its neighbouring views, if the cameras are right."""
    folder = shared_data / "dtu" / "scan65"
    outputs, held_out = all_views(folder, eval_views=BENCHMARK_VIEWS)
    reference = np.load(folder / "reference_points_mm.npz")
    assert reference["err"].mean() < 1.0
    sphere = np.linalg.norm(to_scene(outputs, reference["xyz"][reference["views"] >= 4]), axis=1)
    assert np.quantile(sphere, 0.98) < 1.0
    assert held_out.metadata["view_indices"] == list(BENCHMARK_VIEWS)
    assert len(outputs.cameras) == 42


def test_world_from_scene_and_nerfstudio_transform_agree(tiny_scene):
    outputs, _ = all_views(tiny_scene)
    points = np.array([[35.2, -21.8, 610.4], [100.0, 0.0, 600.0]])
    there = outputs.dataparser_scale * (
        points @ outputs.dataparser_transform[:, :3].numpy().T + outputs.dataparser_transform[:, 3].numpy()
    )
    assert np.allclose(there, to_scene(outputs, points), atol=1e-4)
    assert outputs.scene_box.aabb.tolist() == [[-1.0] * 3, [1.0] * 3]
    assert outputs.metadata["world_from_scene"].dtype == torch.float64


@pytest.mark.parametrize("factor", [2.0, 2.5])
def test_downscaled_cameras_see_the_same(tiny_scene, factor):
    (full, _), (small, _) = all_views(tiny_scene), all_views(tiny_scene, downscale_factor=factor)
    size = int(64 / factor)
    assert (int(small.cameras.height[0]), int(small.cameras.width[0])) == (size, size)
    pixel = torch.tensor([[10.5, 7.5]])
    here = small.cameras.generate_rays(torch.tensor([[0]]), coords=pixel).directions
    there = full.cameras.generate_rays(torch.tensor([[0]]), coords=pixel * factor).directions
    assert torch.allclose(here, there, atol=1e-6)


def test_split_is_printed_once(tiny_scene, capsys):
    all_views(tiny_scene, eval_views=(2, 5))
    assert capsys.readouterr().out.count("8 training views, 2 held out: 2 5") == 1


def test_entry_point_is_a_parser_specification():
    assert isinstance(idr_data.config, IdrDataParserConfig)
