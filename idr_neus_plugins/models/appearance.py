"""Appearance transfer: the geometry of one run rendered by the renderer M of another (IDR, disentanglement).

M is told a point, its normal, the viewing direction and what the geometry offers (a feature). It paints any surface
that offers as much, in the normalised scene of its own run.
"""

from __future__ import annotations

from jaxtyping import Float
from nerfstudio.viewer.viewer_elements import ViewerCheckbox
from torch import Tensor

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.grid.radiance import GridRadiance
from idr_neus_plugins.fields.radiance import RadianceField, RadianceMLP
from idr_neus_plugins.models.surface_model import SurfaceModel


class AppearanceSwitch:
    """Lets a model be rendered with its own appearance or with that of another one.

    Raises UserError where the other model's renderer wants features that this model's geometry does not offer.
    """

    def __init__(self, model: SurfaceModel, other: SurfaceModel) -> None:
        refuse_incompatible(model, other)
        self.model, self.own = model, model.radiance
        self.other = other.radiance.to(model.device)

    def use(self, other: bool) -> None:
        self.model.radiance = self.other if other else self.own

    def render(self, camera, other: bool) -> Float[Tensor, "height width 3"]:
        """Colours of one camera's image, on the CPU."""
        self.use(other)
        return self.model.get_outputs_for_camera(camera)["rgb"].float().cpu()

    def add_to_viewer(self) -> None:
        """A checkbox in nerfstudio's viewer, which looks for such attributes of the model."""
        self.use(True)
        box = ViewerCheckbox("Appearance of the other run", True, cb_hook=lambda box: self.use(box.value))
        self.model.other_appearance = box  # type: ignore[assignment]


def refuse_incompatible(geometry: SurfaceModel, appearance: SurfaceModel) -> None:
    """Raises UserError where the one's geometry does not offer what the other's renderer wants."""
    wanted, offered = features_wanted(appearance.radiance), geometry.geometry.num_features
    if wanted not in (0, offered):
        has = f"{offered} features per point" if offered else "no features"
        raise UserError(
            f"The renderer of --appearance wants {wanted} features per point from the geometry; that of --geometry "
            f"offers {has}. Use two runs of one method (or of methods with the same geometry), a run over voxels "
            "(idr-fast, neus-idr-fast) for the appearance, or one trained with --pipeline.model.radiance.use-feature "
            "False."
        )


def features_wanted(radiance: RadianceField) -> int:
    """Width of the feature that a renderer takes from the geometry; 0 where it needs none."""
    if isinstance(radiance, GridRadiance):
        return 0
    assert isinstance(radiance, RadianceMLP)
    return radiance.num_features if radiance.config.use_feature else 0
