from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.cameras.rays import RayBundle
from nerfstudio.data.scene_box import SceneBox
from nerfstudio.engine.callbacks import TrainingCallbackAttributes

from idr_neus_plugins.core.views import Views
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.background import Black, InvertedSphere, InvertedSphereConfig
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.radiance import RadianceMLPConfig
from idr_neus_plugins.laws.neus import NeusLawConfig
from idr_neus_plugins.models.matching import MatchingConfig
from idr_neus_plugins.models.surface_model import SurfaceModel, SurfaceModelConfig
from idr_neus_plugins.renderers.volume import VolumeRendererConfig
from idr_neus_plugins.samplers.neus import NeusSamplerConfig
from tests.analytic import Sphere, rays_at

SMALL = SurfaceModelConfig(
    geometry=SdfMLPConfig(layers=4, width=64, octaves=2, features=16),
    radiance=RadianceMLPConfig(layers=2, width=32),
    renderer=VolumeRendererConfig(sampler=NeusSamplerConfig(coarse=16, fine=16, upsampling_steps=2)),
    rays_at_once=100,
)
SPHERE = Sphere(0.4, (0.15, 0.0, 0.1))


def build(config: SurfaceModelConfig = SMALL, metadata: dict | None = None) -> SurfaceModel:
    torch.manual_seed(0)
    box = SceneBox(torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]))
    return config.setup(scene_box=box, num_train_data=1, metadata=metadata or {})


def batch(count: int = 200, seed: int = 0) -> tuple[RayBundle, dict]:
    """Rays and what they would have measured of the sphere: normals as colours over white, and the mask."""
    origins, directions = rays_at(0.6, count, seed)
    distances, met = SPHERE.meet(origins, directions)
    normals = SPHERE(origins + distances.nan_to_num()[:, None] * directions).gradients
    image = torch.where(met[:, None], 0.5 + 0.5 * normals, torch.ones(3))
    rays = RayBundle(origins, directions, torch.ones(count, 1), torch.zeros(count, 1))
    return rays, {"image": image, "foreground": met[:, None].float()}


def test_outputs_are_per_ray_and_as_exporters_want_them():
    model, (rays, _) = build().eval(), batch()
    with torch.no_grad():
        outputs = model(rays)
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "rgb": (200, 3), "accumulation": (200, 1), "depth": (200, 1), "normals": (200, 3)
    }  # fmt: skip
    assert outputs["normals"].min() >= 0.0 and outputs["normals"].max() <= 1.0
    hit = outputs["accumulation"][:, 0] > 0.9
    points = (rays.origins + outputs["depth"] * rays.directions)[hit]
    assert model.surface().sdf(points).abs().mean() < 0.05
    rgba = model.get_rgba_image(outputs)
    assert rgba.shape == (200, 4) and torch.equal(rgba[:, 3:], outputs["accumulation"].clamp(0, 1))


def test_what_is_brighter_than_white_is_white_in_pictures_only(monkeypatch):
    model, (rays, _) = build(), batch()
    bright = torch.full((1, 3), 1.05)
    monkeypatch.setattr(model.radiance, "forward", lambda positions, *_: bright.expand(len(positions), 3))
    assert model.train()(rays)["rgb"].max() > 1.02
    with torch.no_grad():
        assert model.eval()(rays)["rgb"].max() == 1.0
    assert model.surface().colors(rays.origins).max() == 1.0


def test_an_image_renders_and_its_metrics_have_their_names():
    pose = torch.eye(4)[:3]
    pose[2, 3] = 3.0
    camera = Cameras(pose[None], fx=12.0, fy=12.0, cx=8.0, cy=6.0, width=16, height=12)
    model = build().eval()
    outputs = model.get_outputs_for_camera(camera)
    assert outputs["rgb"].shape == (12, 16, 3) and outputs["depth"].shape == (12, 16, 1)
    photograph = {"image": torch.rand(12, 16, 3), "foreground": torch.ones(12, 16, 1)}
    metrics, images = model.get_image_metrics_and_images(outputs, photograph)
    assert set(metrics) == {"psnr", "ssim", "psnr_masked", "mask_iou"}
    assert all(type(value) is float for value in metrics.values())
    assert images["img"].shape == (12, 32, 3) and images["normals"].shape == (12, 16, 3)


def test_masks_required_optional_ignored():
    rays, measured = batch()
    unmasked = {"image": measured["image"]}
    with pytest.raises(UserError, match="neus-idr-womask"):
        build().get_loss_dict(build()(rays), unmasked)
    optional = build(replace(SMALL, masks="optional"))
    assert set(optional.get_loss_dict(optional(rays), unmasked)) == {"rgb", "eikonal"}
    assert set(optional.get_loss_dict(optional(rays), measured)) == {"rgb", "eikonal", "mask"}
    ignoring = build(replace(SMALL, masks="ignored"))
    assert set(ignoring.get_loss_dict(ignoring(rays), measured)) == {"rgb", "eikonal"}


def test_optional_masks_decide_what_is_behind():
    behind = InvertedSphereConfig(layers=2, width=16)
    optional = replace(SMALL, masks="optional", background=behind)
    for masks in ({"foreground_filenames": ["mask.png"]}, {"foreground_in_alpha": True}):
        assert isinstance(build(optional, masks).background, Black)
        assert isinstance(build(replace(optional, masks="ignored"), masks).background, InvertedSphere)
    assert isinstance(build(optional).background, InvertedSphere)


def test_ignored_masks_do_not_reach_the_start():
    seen = []
    bytes_ = torch.zeros(1, 4, 4, 3, dtype=torch.uint8)
    cameras = torch.zeros(1, 3, 3), torch.zeros(1, 3, 4), torch.tensor([[4, 4]])
    views = Views(*cameras, bytes_, foreground=bytes_[..., 0], is_pinhole=True)
    manager = SimpleNamespace(training_views=lambda: views)
    for masks in ("optional", "ignored"):
        model = build(replace(SMALL, masks=masks))
        model.geometry.initialise = lambda given: seen.append(given.foreground is None)  # type: ignore
        pipeline = SimpleNamespace(datamanager=manager)
        (callback,) = model.get_training_callbacks(TrainingCallbackAttributes(None, None, pipeline, None))  # type: ignore
        callback.func(0)
    assert seen == [False, True]


def test_an_unknown_loss_is_named():
    with pytest.raises(UserError, match="rgbb"):
        build(replace(SMALL, loss_coefficients={"rgbb": 1.0}))
    with pytest.raises(UserError, match="normal"):
        build(replace(SMALL, final_loss_coefficients={"normal": 1.0}))


def test_matching_wants_a_field_that_knows_distances():
    matching = MatchingConfig(at=(0.1,))
    build(replace(SMALL, matching=matching))
    with pytest.raises(UserError, match="eikonal"):
        build(replace(SMALL, matching=matching, loss_coefficients={"rgb": 1.0}))


def test_a_loss_weight_moves_from_its_first_value_to_its_last():
    model = build(replace(SMALL, loss_coefficients={"rgb": 1.0, "mask": 0.1}, final_loss_coefficients={"mask": 0.3}))
    assert model.loss_weights == {"rgb": 1.0, "mask": 0.1}
    model.set_progress(0.5)
    assert model.loss_weights == pytest.approx({"rgb": 1.0, "mask": 0.2})
    model.set_progress(1.0)
    assert model.loss_weights == pytest.approx({"rgb": 1.0, "mask": 0.3})


def test_checkpoint_carries_the_frame_and_the_schedules():
    world_from_scene = torch.diag(torch.tensor([3.0, 3.0, 3.0, 1.0], dtype=torch.float64))
    config = replace(SMALL, renderer=replace(SMALL.renderer, law=NeusLawConfig(anneal_end=0.5)))
    trained, fresh = build(config, {"world_from_scene": world_from_scene}), build(config)
    trained.set_progress(0.25)
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(fresh.world_from_scene, world_from_scene)
    assert float(fresh.progress) == 0.25 and fresh.renderer.law.anneal == 0.5


def test_surface_colours_are_seen_along_the_normal():
    surface, points = build().surface(), torch.randn(7, 3)
    colors, inward = surface.colors(points), -surface.normals(points)
    assert colors.shape == (7, 3) and not colors.requires_grad
    torch.testing.assert_close(surface.radiance(points, inward), colors)
    assert (surface.radiance(points, inward.roll(1, 0)) - colors).abs().max() > 1e-4


def test_every_parameter_is_trained_by_a_group():
    model = build(replace(SMALL, background=InvertedSphereConfig(layers=2, width=16)))
    grouped = {id(parameter) for group in model.get_param_groups().values() for parameter in group}
    assert set(model.get_param_groups()) == {"geometry", "radiance", "sharpness", "background"}
    left = [name for name, parameter in model.named_parameters() if id(parameter) not in grouped]
    assert left == ["device_indicator_param"]


def losses_on_fresh_rays(model: SurfaceModel) -> dict[str, float]:
    torch.manual_seed(9)
    rays, measured = batch(count=400, seed=99)
    return {name: float(loss.detach()) for name, loss in model.get_loss_dict(model(rays), measured).items()}


@pytest.mark.parametrize("masks", ["required", "ignored"])
def test_a_short_training_lowers_every_loss(masks):
    config = replace(SMALL, masks=masks)
    if masks == "ignored":
        background = InvertedSphereConfig(samples=8, layers=2, width=32)
        config = replace(config, background=background, loss_coefficients={"rgb": 1.0, "eikonal": 0.1})
    model = build(config)
    before = losses_on_fresh_rays(model)
    optimizer = torch.optim.Adam([p for group in model.get_param_groups().values() for p in group], lr=2e-3)
    for step in range(60):
        model.set_progress(step / 59)
        rays, measured = batch(count=128, seed=step)
        optimizer.zero_grad()
        sum(model.get_loss_dict(model(rays), measured).values()).backward()
        optimizer.step()
    after = losses_on_fresh_rays(model)
    assert all(after[name] < before[name] for name in before), (before, after)


def test_black_is_divided_out_of_transparent_colours_and_a_background_is_not():
    outputs = {"rgb": torch.full((1, 3), 0.3), "accumulation": torch.full((1, 1), 0.6)}
    torch.testing.assert_close(build().get_rgba_image(outputs), torch.tensor([[0.5, 0.5, 0.5, 0.6]]))
    before_a_background = build(replace(SMALL, background=InvertedSphereConfig(layers=2, width=16)))
    torch.testing.assert_close(before_a_background.get_rgba_image(outputs), torch.tensor([[0.3, 0.3, 0.3, 0.6]]))
