"""``idr-neus reconstruct``: the object of a photograph, as a run and as a mesh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from idr_neus_plugins.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from nerfstudio.engine.trainer import TrainerConfig

    from idr_neus_plugins.core.views import Views
    from idr_neus_plugins.single_view.model import SingleViewModel
    from idr_neus_plugins.single_view.reconstruction.predicting import Framed


@dataclass
class Reconstruct:
    """Reconstruct the object of one photograph, or of a few, with a trained disn or onet.

    Writes <output-dir>/<image's name>/<method>/<time> with config.yml, on which ns-export, ns-render and ns-viewer work
    as on any run, and mesh.glb.
    """

    load_config: Path
    """config.yml of the trained run."""
    image: tuple[Path, ...]
    """The photograph; several of one object: the mean of what each of them says."""
    mask: tuple[Path, ...] = ()
    """Where the object is, one for each image; not needed where the images are cut out (RGBA)."""
    camera: Path | None = None
    """npz with the cameras: intrinsics and camera_to_scene (samples.npz of a set), or world_mat_i and scale_mat_i
    (IDR, NeuS; z is up). Without it they are guessed."""
    view: tuple[int, ...] = ()
    """Which cameras of the file are those of the images; by default the first ones."""
    output_dir: Path = Path("outputs")
    """Where the run goes."""
    resolution: int = 128
    """Of the mesh."""
    texture: Literal["none", "field", "photographs"] = "none"
    """Colours of mesh.glb: at its vertices, or a texture from the field or the photographs; see ns-export mesh."""
    texture_size: int = 2048
    """Pixels along each side of the texture."""

    def main(self) -> None:
        from idr_neus_plugins.meshing.build import build_mesh
        from idr_neus_plugins.meshing.options import MeshOptions
        from idr_neus_plugins.single_view.reconstruction.object_run import write_object_run
        from idr_neus_plugins.single_view.reconstruction.predicting import show

        self._check()
        config, step, model = load_single_view(self.load_config)
        photographs = self._photographs(model)
        show(model, photographs)
        options = MeshOptions(resolution=self.resolution, texture=self.texture, texture_size=self.texture_size)
        views = _training_views(photographs) if options.needs_views else None
        built = build_mesh(model.surface(), options, views)
        run = write_object_run(config, step, model, photographs, built, self.output_dir, self.image[0].stem)
        print(f"{run.parent / 'mesh.glb'}: {len(built.mesh.faces):,} faces")
        print(f"ns-viewer --load-config {run}")

    def _check(self) -> None:
        if not self.image:
            raise UserError("Name at least one photograph with --image.")
        if self.mask and len(self.mask) != len(self.image):
            raise UserError(f"{len(self.image)} images need as many masks, not {len(self.mask)}.")
        if self.view and len(self.view) != len(self.image):
            raise UserError(f"{len(self.image)} images need as many --view numbers, not {len(self.view)}.")

    def _photographs(self, model: SingleViewModel) -> list[Framed]:
        import torch

        from idr_neus_plugins.single_view.reconstruction.inputs import read_camera, read_cut_out
        from idr_neus_plugins.single_view.reconstruction.predicting import LARGEST, framed

        photographs = []
        for place, path in enumerate(self.image):
            image, camera = read_cut_out(path, self.mask[place] if self.mask else None), None
            if self.camera is not None:
                view = self.view[place] if self.view else place
                camera, world_from_scene = read_camera(self.camera, view, (image.shape[0], image.shape[1]))
                model.world_from_scene.copy_(torch.from_numpy(world_from_scene))
            photographs.append(framed(model, image, camera, LARGEST))
        return photographs


def load_single_view(load_config: Path) -> tuple[TrainerConfig, int, SingleViewModel]:
    """(configuration, last step, model) of a trained run. Raises UserError for runs of other methods."""
    from idr_neus_plugins.run import latest_checkpoint, load_run, read_config
    from idr_neus_plugins.single_view.model import SingleViewModel

    config = read_config(load_config)
    if not issubclass(config.pipeline.model._target, SingleViewModel):
        raise UserError(
            f"{load_config} is a run of '{config.method_name}', which learns from photographs of one object."
        )
    model = load_run(load_config).model
    assert isinstance(model, SingleViewModel)
    step = int(latest_checkpoint(load_config.parent / config.relative_model_dir).stem.removeprefix("step-"))
    return config, step, model


def _training_views(photographs: list[Framed]) -> Views:
    """The photographs as one stack, padded to the largest."""
    import numpy as np
    import torch

    from idr_neus_plugins.core.views import Views

    largest = max(len(photograph.image) for photograph in photographs)

    def padded(image: np.ndarray) -> np.ndarray:
        return np.pad(image, ((0, largest - len(image)), (0, largest - len(image)), (0, 0)))

    images = torch.from_numpy(np.stack([padded(photograph.image) for photograph in photographs]))
    cameras = [photograph.camera for photograph in photographs]
    return Views(
        intrinsics=torch.from_numpy(np.stack([camera.intrinsics for camera in cameras])).float(),
        camera_to_scene=torch.from_numpy(np.stack([camera.camera_to_scene for camera in cameras])).float(),
        sizes=torch.tensor([camera.size for camera in cameras]),
        images=images[..., :3],
        foreground=images[..., 3],
        is_pinhole=True,
    )
