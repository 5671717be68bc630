"""What the single-view model shares with every surface model."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from nerfstudio.data.scene_box import SceneBox
from nerfstudio.engine.callbacks import TrainingCallbackAttributes

from idr_neus_plugins.models.camera_refinement import CameraRefinementConfig
from idr_neus_plugins.single_view.fields.disn import DisnFieldConfig
from idr_neus_plugins.single_view.fields.encoder import SmallResNetConfig
from idr_neus_plugins.single_view.fields.geometry import ConditionedGeometryConfig
from idr_neus_plugins.single_view.model import SingleViewModelConfig


def test_callbacks_are_those_of_a_surface_model_with_another_beginning():
    field = DisnFieldConfig(encoder=SmallResNetConfig(code=8, channels=16, widths=(8, 8)), width=16)
    config = SingleViewModelConfig(
        geometry=ConditionedGeometryConfig(field=field), camera_optimizer=CameraRefinementConfig(mode="SE3")
    )
    box = SceneBox(torch.tensor([[-1.0] * 3, [1.0] * 3]))
    model = config.setup(scene_box=box, num_train_data=2, metadata={})
    begun = []
    model.begin = begun.append
    attributes = TrainingCallbackAttributes(None, None, SimpleNamespace(), None)  # type: ignore[arg-type]
    first, *others = model.get_training_callbacks(attributes)
    first.func(0)
    assert begun == [attributes]
    assert {callback.func.__name__ for callback in others} == {"report", "adjust_bundle"}
