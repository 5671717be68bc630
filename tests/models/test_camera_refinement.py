"""Rays of moved cameras, what nerfstudio's viewer and exporters see of them, and gradients with respect to poses."""

import pytest
import torch
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.cameras.rays import RayBundle
from nerfstudio.data.scene_box import SceneBox
from torch.nn.functional import normalize

from idr_neus_plugins.core.tracing import TracingSettings
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.radiance import RadianceMLPConfig
from idr_neus_plugins.models.camera_refinement import (
    MOVE_SCALE,
    CameraRefinement,
    CameraRefinementConfig,
    rigid_motions,
    training_cameras,
)
from idr_neus_plugins.models.refinement_report import verdict
from idr_neus_plugins.models.surface_model import SurfaceModelConfig
from idr_neus_plugins.renderers.surface import SurfaceRendererConfig
from idr_neus_plugins.samplers.tracer import SphereTracerConfig
from tests.analytic import rays_at


def cameras(count: int = 3) -> Cameras:
    torch.manual_seed(0)
    rotations = torch.linalg.qr(torch.randn(count, 3, 3))[0]
    rotations *= torch.linalg.det(rotations)[:, None, None]
    poses = torch.cat([rotations, 3.0 * torch.randn(count, 3, 1)], dim=2)
    return Cameras(poses, fx=50.0, fy=50.0, cx=16.0, cy=16.0, width=32, height=32, metadata={})


def refinement(scale: float = 0.1) -> CameraRefinement:
    module = CameraRefinementConfig(mode="SE3").setup(num_cameras=3, device="cpu", cameras=cameras())
    torch.manual_seed(1)
    module.pose_adjustment.data = scale * torch.randn(3, 6)
    return module


def test_without_a_motion_nothing_moves():
    module, (origins, directions) = refinement(0.0), rays_at(0.5, 20)
    moved = module.move(origins, directions, torch.randint(3, (20,)))
    torch.testing.assert_close(moved, (origins, directions))
    torch.testing.assert_close(module.refined(), cameras().camera_to_worlds)


def test_rays_viewer_and_exporters_agree_on_the_refined_cameras():
    """The centre and axis of each refined pose are its moved ray; nerfstudio's compositions give the same pose."""
    module, given = refinement(), cameras()
    poses = given.camera_to_worlds
    refined = module.refined().detach()
    origins, axes = module.move(poses[:, :, 3], -poses[:, :, 2], torch.arange(3))
    torch.testing.assert_close((origins.detach(), axes.detach()), (refined[:, :, 3], -refined[:, :, 2]))
    assert (refined - poses).abs().max() > 0.05
    delta = module(torch.arange(3))  # the viewer multiplies it from the right
    bottom = torch.tensor([[[0.0, 0.0, 0.0, 1.0]]]).expand(3, 1, 4)
    composed = (torch.cat([poses, bottom], 1) @ torch.cat([delta, bottom], 1))[:, :3]
    torch.testing.assert_close(composed.detach(), refined, atol=1e-5, rtol=1e-5)
    camera = given[1:2]
    assert camera.metadata is not None
    camera.metadata["cam_idx"] = 1
    torch.testing.assert_close(module.apply_to_camera(camera).detach(), refined[1:2], atol=1e-5, rtol=1e-5)
    bundle = RayBundle(poses[:, :, 3], -poses[:, :, 2], torch.ones(3, 1), torch.arange(3)[:, None])
    module.apply_to_raybundle(bundle)
    torch.testing.assert_close(bundle.directions, axes)


def test_motions_are_rigid():
    rotations = refinement(1.0).motions(torch.arange(3))[:, :, :3].detach()
    torch.testing.assert_close(rotations @ rotations.transpose(1, 2), torch.eye(3).expand(3, 3, 3), atol=1e-5, rtol=0)


def test_a_turn_leaves_the_camera_where_it_is_and_a_move_keeps_the_origin_in_view():
    centres = torch.randn(5, 3, dtype=torch.float64) * 3.0
    zeros, values = torch.zeros(5, 3, dtype=torch.float64), 0.01 * torch.randn(5, 3, dtype=torch.float64)

    def moved(moves: torch.Tensor, turns: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        motions = rigid_motions(moves, turns, centres)
        return (motions[:, :, :3] @ points[:, :, None])[:, :, 0] + motions[:, :, 3]

    torch.testing.assert_close(moved(zeros, values, centres), centres)
    torch.testing.assert_close(moved(values, zeros, centres) - centres, MOVE_SCALE * values, atol=1e-5, rtol=0)
    rotations = rigid_motions(values, zeros, centres)[:, :, :3]
    before, after = (torch.nn.functional.normalize(c, dim=1) for c in (centres, moved(values, zeros, centres)))
    seen = (rotations.transpose(1, 2) @ after[:, :, None])[:, :, 0]  # the origin's direction, in the camera
    torch.testing.assert_close(seen, before, atol=1e-4, rtol=0)


def test_cameras_turn_first_and_move_later():
    module, (origins, directions) = refinement(0.0), rays_at(0.5, 20)
    for progress, moves in ((0.0, False), (module.config.moves_from, True), (1.0, True)):
        module.zero_grad()
        module.set_progress(progress)
        moved = module.move(origins, directions, torch.randint(3, (20,)))
        (moved[0].sum() + moved[1].sum()).backward()
        gradient = module.pose_adjustment.grad
        assert gradient is not None
        assert gradient[:, 3:].abs().max() > 0
        assert bool(gradient[:, :3].abs().max() > 0) == moves


def test_what_all_cameras_share_is_a_move_of_each():
    shared, own = refinement(0.0), refinement(0.0)
    torch.manual_seed(2)
    shared.shared_moves.data = 0.1 * torch.randn(3, 4)
    centres = own.start[:, :, 3]
    places = centres / centres.norm(dim=1).mean()
    for view in range(3):
        own.pose_adjustment.data[view, :3] = shared.shared_moves.data @ torch.cat([places[view], torch.ones(1)])
    torch.testing.assert_close(shared.refined(), own.refined())
    assert (shared.refined() - shared.start).abs().max() > 0.01


def test_cameras_go_on_from_where_a_bundle_adjustment_has_put_them():
    module, other = refinement(0.0), refinement(0.05)
    poses = other.refined().detach()
    module.shared_moves.data.fill_(0.3)
    module.settle(poses)
    torch.testing.assert_close(module.refined(), poses, atol=1e-5, rtol=1e-5)
    module.pose_adjustment.data[:, 3:] = 0.1
    torch.testing.assert_close(module.refined()[:, :, 3], poses[:, :, 3], atol=1e-5, rtol=1e-5)  # a turn is in place
    loaded = refinement(0.0)
    loaded.load_state_dict(module.state_dict())
    torch.testing.assert_close(loaded.refined(), module.refined())


def test_weights_from_before_there_were_bundle_adjustments_are_read():
    module, old = refinement(0.0), refinement(0.05)
    weights = old.state_dict()
    del weights["settled"]
    module.load_state_dict(weights)
    torch.testing.assert_close(module.refined(), old.refined())


def test_a_bundle_adjustment_is_due_once_at_its_progress():
    module = CameraRefinementConfig(mode="SE3", bundle_at=(0.3,)).setup(num_cameras=3, device="cpu", cameras=cameras())
    due = []
    for progress in (0.0, 0.2, 0.31, 0.4, 1.0):
        module.set_progress(progress)
        due.append(module.bundle_due)
    assert due == [False, False, True, False, False]


def test_training_cameras_are_those_of_the_training_views():
    given = cameras()
    chosen = training_cameras({"all_cameras": given, "view_indices": [2, 0]})
    assert chosen is not None and torch.equal(chosen.camera_to_worlds, given.camera_to_worlds[[2, 0]])
    assert training_cameras({}) is None


def build(mode: str = "SE3"):
    torch.manual_seed(0)
    config = SurfaceModelConfig(
        geometry=SdfMLPConfig(layers=4, width=64, octaves=2, features=8, radius=0.5),
        radiance=RadianceMLPConfig(layers=2, width=32, octaves=2),
        renderer=SurfaceRendererConfig(tracer=SphereTracerConfig(TracingSettings(threshold=1e-12, secant_steps=40))),
        loss_coefficients={"surface_rgb": 1.0, "eikonal": 0.1, "soft_mask": 100.0},
        camera_optimizer=CameraRefinementConfig(mode=mode),  # type: ignore[arg-type]
    )
    box = SceneBox(torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]))
    metadata = {"all_cameras": cameras(), "view_indices": [0, 1, 2]}
    return config.setup(scene_box=box, num_train_data=3, metadata=metadata)


def test_the_gradient_of_the_colour_with_respect_to_poses_agrees_with_finite_differences():
    """Through pose, ray, intersection, normal and appearance, in float64, to 1e-4 relative; the search runs anew for
    every difference."""
    model = build().double()
    model.set_progress(1.0)  # cameras may move
    for parameter in model.geometry.parameters():  # off the perfect sphere, so that normals tell something
        parameter.data += 0.02 * torch.randn_like(parameter)
    origins, directions = (part.double() for part in rays_at(0.15, 24))
    bundle = RayBundle(origins, normalize(directions, dim=1), torch.ones(24, 1), torch.arange(24)[:, None] % 3)
    weights = torch.randn(24, 3, dtype=torch.float64)
    poses = model.camera_optimizer.pose_adjustment
    poses.data = 0.02 * torch.randn(3, 6, dtype=torch.float64)

    def colour() -> torch.Tensor:
        outputs = model.get_outputs(bundle)
        assert bool(outputs["on_surface"].all())
        return (outputs["rgb"] * weights).sum()

    (ours,) = torch.autograd.grad(colour(), poses)
    differences, step = torch.zeros_like(poses), 1e-6
    with torch.no_grad():
        for index in range(poses.numel()):
            values = []
            for sign in (1.0, -1.0):
                poses.view(-1)[index] += sign * step
                values.append(colour())
                poses.view(-1)[index] -= sign * step
            differences.view(-1)[index] = (values[0] - values[1]) / (2.0 * step)
    assert (ours - differences).norm() < 1e-4 * differences.norm()


def test_poses_have_an_optimiser_of_their_own_and_only_when_switched_on():
    on, off = build("SE3"), build("off")
    assert [tuple(p.shape) for p in on.get_param_groups()["camera_opt"]] == [(3, 6), (3, 4)]
    assert "camera_opt" not in off.get_param_groups()
    assert not any("camera" in name for name in off.state_dict())


@pytest.mark.parametrize(
    ("before", "after", "says"), [(0.8, 0.95, "better"), (0.95, 0.8, "Warning"), (0.95, 0.951, "as good")]
)
def test_the_verdict_says_when_refinement_made_it_worse(before, after, says):
    assert says in verdict(before, after)


def test_what_is_settled_survives_a_second_load_that_does_not_bring_it():
    """As nerfstudio's pipelines do: the model's part first, then the rest, without the model's."""
    source, target = build("SE3").camera_optimizer, build("SE3").camera_optimizer
    source.settle(source.refined() + 0.1)
    target.load_state_dict(source.state_dict())
    target.load_state_dict({}, strict=False)
    torch.testing.assert_close(target.refined(), source.refined())
