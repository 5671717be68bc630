"""From the folder to nerfstudio's cameras: half pixel, axes, scale, split."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh

from idr_neus_plugins.data.foreground import read_foreground
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig, idr_data
from idr_neus_plugins.data.sample_camera import trace
from idr_neus_plugins.data.solids import solid_named
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
    outputs, _ = all_views(tiny_scene)
    masks = outputs.metadata["foreground_filenames"]
    for view in range(3):
        rays = outputs.cameras.generate_rays(view).flatten()
        _, hit = trace(solid_named("jug"), rays.origins[0], rays.directions)
        covered = read_foreground(outputs.image_filenames[view], masks[view], (64, 64)) / 255.0
        shift = centroid(hit.view(64, 64).numpy()) - centroid(covered)
        assert np.abs(shift).max() < 0.1, "half a pixel would be a missing or doubled half-pixel offset"


def centroid(image):
    rows, columns = np.indices(image.shape)
    return np.array([(rows * image).sum(), (columns * image).sum()]) / image.sum()


def test_reprojection_on_scan65_is_below_a_pixel(shared_data):
    """Points triangulated from the photographs, seen by nerfstudio's cameras, and seen by the published matrices."""
    folder = shared_data / "dtu" / "scan65"
    outputs, held_out = all_views(folder, eval_views=BENCHMARK_VIEWS)
    assert held_out.metadata["view_indices"] == list(BENCHMARK_VIEWS) and len(outputs.cameras) == 42
    reference = np.load(folder / "reference_points_mm.npz")
    in_scene = to_scene(outputs, reference["xyz"])
    offsets = seen_by_nerfstudio(outputs, in_scene) - 0.5 - seen_by_matrices(folder, outputs, reference["xyz"])
    assert np.linalg.norm(offsets, axis=2).mean() + reference["err"].mean() < 1.0
    assert np.quantile(np.linalg.norm(in_scene[reference["views"] >= 4], axis=1), 0.98) < 1.0


def seen_by_nerfstudio(outputs, in_scene):
    """Pixels [views, points, 2], centres on half-integers."""
    intrinsics, poses = (part.double().numpy() for part in pinhole_matrices(outputs.cameras))
    in_camera = (in_scene - poses[:, None, :, 3]) @ poses[:, :, :3]
    pixels = in_camera @ intrinsics.transpose(0, 2, 1)
    return pixels[..., :2] / pixels[..., 2:]


def seen_by_matrices(folder, outputs, points):
    """Pixels [views, points, 2], centres on integers."""
    arrays = np.load(folder / "cameras_sphere.npz")
    world_mats = np.stack([arrays[f"world_mat_{view}"][:3] for view in outputs.metadata["view_indices"]])
    pixels = np.c_[points, np.ones(len(points))] @ world_mats.transpose(0, 2, 1)
    return pixels[..., :2] / pixels[..., 2:]


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
