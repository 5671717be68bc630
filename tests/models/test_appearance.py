"""The geometry of one model in the appearance of another."""

from dataclasses import replace

import pytest
import torch
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.data.scene_box import SceneBox
from nerfstudio.viewer.utils import parse_object
from nerfstudio.viewer.viewer_elements import ViewerCheckbox

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig
from idr_neus_plugins.fields.grid.radiance import GridRadianceConfig
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.radiance import RadianceMLPConfig
from idr_neus_plugins.models.appearance import AppearanceSwitch, features_wanted
from idr_neus_plugins.models.surface_model import SurfaceModel, SurfaceModelConfig
from idr_neus_plugins.renderers.surface import SurfaceRendererConfig
from idr_neus_plugins.samplers.band_tracer import BandTracerConfig

NETWORK = SurfaceModelConfig(
    geometry=SdfMLPConfig(layers=4, width=64, octaves=2, features=16),
    radiance=RadianceMLPConfig(layers=2, width=32),
    renderer=SurfaceRendererConfig(),
)
VOXELS = replace(
    NETWORK,
    geometry=GridGeometryConfig(resolutions=(16,), starts=(0.0,), engine="reference"),
    radiance=GridRadianceConfig(channels=4, width=16),
    renderer=SurfaceRendererConfig(tracer=BandTracerConfig()),
)


def build(config: SurfaceModelConfig, seed: int) -> SurfaceModel:
    torch.manual_seed(seed)
    box = SceneBox(torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]))
    return config.setup(scene_box=box, num_train_data=1, metadata={}).eval()


def camera() -> Cameras:
    pose = torch.eye(4)[:3]
    pose[2, 3] = 3.0
    return Cameras(pose[None], fx=24.0, fy=24.0, cx=8.0, cy=8.0, width=16, height=16)


@pytest.mark.parametrize("geometry", [NETWORK, VOXELS])
def test_the_silhouette_is_the_ones_and_the_colour_the_others(geometry):
    one, other = build(geometry, 0), build(geometry, 1)
    with torch.no_grad():
        next(other.radiance.parameters()).add_(0.5)
    switch = AppearanceSwitch(one, other)
    own, foreign = switch.render(camera(), other=False), switch.render(camera(), other=True)
    assert torch.equal(own.sum(-1) > 0, foreign.sum(-1) > 0) and int((own.sum(-1) > 0).sum()) > 20
    assert (own - foreign).abs().max() > 1e-3
    assert torch.equal(switch.render(camera(), other=False), own)


def test_a_renderer_that_wants_features_does_not_fit_voxels():
    with pytest.raises(UserError, match="wants 16 features.*offers no features"):
        AppearanceSwitch(build(VOXELS, 0), build(NETWORK, 1))
    AppearanceSwitch(build(NETWORK, 0), build(VOXELS, 1))  # the grid brings its own
    without = replace(NETWORK, radiance=replace(NETWORK.radiance, use_feature=False))
    AppearanceSwitch(build(VOXELS, 0), build(without, 1))
    assert features_wanted(build(without, 0).radiance) == 0


def test_the_viewer_finds_the_switch():
    model = build(NETWORK, 0)
    switch = AppearanceSwitch(model, build(NETWORK, 1))
    switch.add_to_viewer()
    assert model.radiance is switch.other
    boxes = [element for _, element in parse_object(model, ViewerCheckbox, "model")]
    assert len(boxes) == 1 and "other run" in boxes[0].name
    boxes[0].cb_hook(boxes[0])
    assert model.radiance is switch.other
    switch.use(False)
    assert model.radiance is switch.own


@pytest.mark.parametrize("dropped", ["use_normal", "use_view", "use_feature"])
@pytest.mark.parametrize("config", [NETWORK, VOXELS])
def test_ablations_make_the_renderer_blind_to_what_they_drop(config, dropped):
    """M without n, v or z (IDR, ablations): another normal, view or feature changes nothing."""
    radiance = replace(config.radiance, **{dropped: False})
    field = build(replace(config, radiance=radiance), 0).radiance
    torch.manual_seed(2)
    for parameter in field.parameters():
        parameter.data = 0.3 * torch.randn_like(parameter)
    points, count = 0.4 * torch.rand(5, 3), 16
    normals, views = (torch.nn.functional.normalize(torch.randn(2, 5, 3), dim=2) for _ in range(2))
    features = torch.randn(2, 5, count) if config is NETWORK else [None, None]

    def colors(normal: int, view: int, feature: int) -> torch.Tensor:
        return field(points, normals[normal], views[view], features[feature]).detach()

    seen = {"use_normal": colors(1, 0, 0), "use_view": colors(0, 1, 0)}
    if config is NETWORK:
        seen["use_feature"] = colors(0, 0, 1)
    for name, changed in seen.items():
        assert torch.equal(changed, colors(0, 0, 0)) == (name == dropped)
