"""Scenes in formats that nerfstudio reads: transforms.json, SDFStudio's meta_data.json, COLMAP folders; and BlendedMVS.

nerfstudio's parsers read the files. What they would do to the poses (turn, centre, scale) is switched off, so that the
way back to the data set's own world stays known; the region of interest becomes the unit sphere, as everywhere here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.data.dataparsers.base_dataparser import DataParserConfig, DataparserOutputs

from idr_neus_plugins.data.files import first_folder, has_alpha, image_size
from idr_neus_plugins.data.formats.blended_mvs import is_blended_mvs, read_blended_mvs
from idr_neus_plugins.data.formats.scene import PosedScene, cameras_of
from idr_neus_plugins.data.outputs import surface_outputs
from idr_neus_plugins.data.region import find_region, sphere_to_matrix
from idr_neus_plugins.errors import UserError

COLMAP_FOLDERS = ("colmap/sparse/0", "sparse/0", "sparse", "colmap")

PER_CAMERA = ("camera_to_worlds", "fx", "fy", "cx", "cy", "width", "height", "distortion_params", "camera_type")


@dataclass(frozen=True)
class ForeignScene:
    """All views of a scene as a parser of nerfstudio read them."""

    outputs: DataparserOutputs
    masks: list[Path] | None
    world_from_parsed: Float[np.ndarray, "4 4"]
    parsed_from_scene: Float[np.ndarray, "4 4"] | None = None
    """The region of interest, where the format has one."""
    held_out: tuple[int, ...] = ()
    """Views that the data set itself holds out."""


def find_reader(path: Path) -> Callable[[], ForeignScene] | None:
    """What reads this folder or file; None for a folder that is in none of these formats."""
    folder = path.parent if path.suffix == ".json" else path
    if path.name == "meta_data.json" or (path / "meta_data.json").is_file():
        return lambda: _read_sdfstudio(folder)
    if path.suffix == ".json":
        return lambda: _read_transforms(path)
    if is_blended_mvs(path):
        return lambda: _foreign(read_blended_mvs(path))
    if (path / "transforms.json").is_file():
        return lambda: _read_transforms(path / "transforms.json")
    reconstruction = next((path / name for name in COLMAP_FOLDERS if _is_reconstruction(path / name)), None)
    return (lambda: _read_colmap(path, reconstruction)) if reconstruction else None


def outputs_from_foreign_scene(
    scene: ForeignScene, region: tuple[float, float, float, float] | None
) -> DataparserOutputs:
    """The scene with its region of interest as unit sphere. ``region`` is (x, y, z, radius) in the world."""
    cameras, images = scene.outputs.cameras, scene.outputs.image_filenames
    _check_files(cameras, images)
    if scene.masks is not None:
        _check_files(cameras, scene.masks)
    if region is not None:
        parsed_from_scene = np.linalg.inv(scene.world_from_parsed) @ sphere_to_matrix(region)
    elif scene.parsed_from_scene is not None:
        parsed_from_scene = scene.parsed_from_scene
    else:
        parsed_from_scene = find_region(cameras, images, scene.masks, scene.masks is not None or has_alpha(images[0]))
    scale = np.cbrt(np.linalg.det(parsed_from_scene[:3, :3]))
    poses = np.linalg.inv(parsed_from_scene) @ _square(cameras.camera_to_worlds.double().numpy())
    poses[:, :3, :3] *= scale
    moved = replace(cameras, camera_to_worlds=torch.from_numpy(poses[:, :3]).float())
    return surface_outputs(moved, images, scene.masks, scene.world_from_parsed @ parsed_from_scene)


def _foreign(scene: PosedScene) -> ForeignScene:
    """What our own readers give, as nerfstudio's parsers would."""
    outputs = DataparserOutputs([view.image for view in scene.views], cameras_of(scene.views))
    masks = [view.mask for view in scene.views if view.mask is not None]
    return ForeignScene(outputs, masks or None, np.eye(4), scene.world_from_scene)


def _read_transforms(path: Path) -> ForeignScene:
    from nerfstudio.data.dataparsers.nerfstudio_dataparser import NerfstudioDataParserConfig

    meta = _load_json(path, needed=("frames",))
    config = NerfstudioDataParserConfig(
        # A folder, where possible: only there does nerfstudio look for what older versions left unsaid.
        data=path.parent if path.name == "transforms.json" else path,
        orientation_method="none",
        center_method="none",
        auto_scale_poses=False,
        downscale_factor=1,
        eval_mode="fraction",
        train_split_fraction=1.0,
    )
    splits = [split for split in ("train", "val", "test") if f"{split}_filenames" in meta]
    parts = [_parse(config, split, path) for split in splits or ["train"]]
    outputs = _merge(parts)
    trained_on = set(parts[0].image_filenames) if splits[:1] == ["train"] else set(outputs.image_filenames)
    held_out = tuple(i for i, name in enumerate(outputs.image_filenames) if name not in trained_on)
    world_from_parsed = _world_from_parsed(outputs)
    region = np.linalg.inv(world_from_parsed) @ np.array(meta["scale_mat"], float) if "scale_mat" in meta else None
    return ForeignScene(outputs, outputs.mask_filenames, world_from_parsed, region, held_out)


def _read_sdfstudio(folder: Path) -> ForeignScene:
    from nerfstudio.data.dataparsers.sdfstudio_dataparser import SDFStudioDataParserConfig

    path = folder / "meta_data.json"
    meta = _load_json(path, needed=("frames", "scene_box", "height", "width"))
    outputs = _parse(SDFStudioDataParserConfig(data=folder, auto_orient=False), "train", path)
    names = [frame.get("foreground_mask", frame.get("mask_path")) for frame in meta["frames"]]
    lower, upper = outputs.scene_box.aabb.double().numpy()
    return ForeignScene(
        outputs=outputs,
        masks=[folder / name for name in names] if all(names) else None,
        world_from_parsed=np.array(meta.get("worldtogt", np.eye(4)), dtype=np.float64),
        parsed_from_scene=sphere_to_matrix((*(lower + upper) / 2, (upper - lower).max() / 2)),
    )


def _read_colmap(folder: Path, reconstruction: Path) -> ForeignScene:
    from nerfstudio.data.dataparsers.colmap_dataparser import ColmapDataParserConfig

    image_folder = first_folder(folder, "images", "image")
    if image_folder is None:
        raise UserError(f"{folder} holds a COLMAP reconstruction but no folder images/ with its photographs.")
    config = ColmapDataParserConfig(
        data=folder,
        images_path=image_folder.relative_to(folder),
        colmap_path=reconstruction.relative_to(folder),
        orientation_method="none",
        center_method="none",
        auto_scale_poses=False,
        assume_colmap_world_coordinate_convention=False,
        load_3D_points=False,
        downscale_factor=1,
        eval_mode="fraction",
        train_split_fraction=1.0,
    )
    outputs = _parse(config, "train", reconstruction)
    mask_folder = first_folder(folder, "masks", "mask")
    names = [image.relative_to(image_folder) for image in outputs.image_filenames]
    masks = [_mask_for(name, mask_folder) for name in names] if mask_folder else None
    return ForeignScene(outputs, masks, _world_from_parsed(outputs))


def _mask_for(name: Path, folder: Path) -> Path:
    """COLMAP's naming is image.jpg.png; others keep the stem or the name."""
    candidates = [folder / f"{name}.png", folder / name.with_suffix(".png"), folder / name]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise UserError(
            f"{folder} holds no mask for {name} (tried {', '.join(path.name for path in candidates)}). There must be "
            "one per image; remove the folder to train without masks."
        )
    return found


def _is_reconstruction(folder: Path) -> bool:
    return any((folder / f"cameras{suffix}").is_file() for suffix in (".bin", ".txt"))


def _load_json(path: Path, needed: tuple[str, ...]) -> dict:
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}).") from None
    missing = [key for key in needed if key not in meta] if isinstance(meta, dict) else list(needed)
    if missing or not meta["frames"]:
        raise UserError(
            f"{path} is not in the expected format: {' and '.join(missing) or 'a non-empty frames'} missing."
        )
    return meta


def _parse(config: DataParserConfig, split: str, path: Path) -> DataparserOutputs:
    """nerfstudio's reading, with its assertions as messages."""
    try:
        outputs = config.setup().get_dataparser_outputs(split=split)
    except (AssertionError, KeyError, IndexError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"{path} cannot be read by nerfstudio's parser: {type(error).__name__}: {error}") from error
    if not torch.isfinite(outputs.cameras.camera_to_worlds).all():
        raise UserError(f"{path}: a camera pose holds NaN or infinite numbers. Remove that view.")
    return outputs


def _check_files(cameras: Cameras, files: list[Path]) -> None:
    """nerfstudio believes the sizes that the file states; images of another size would be seen wrongly."""
    for path, width, height in zip(files, cameras.width[:, 0].tolist(), cameras.height[:, 0].tolist(), strict=True):
        found = image_size(path)
        if found != (height, width):
            raise UserError(f"{path} has {found[1]}x{found[0]} pixels, but its camera is made for {width}x{height}.")


def _merge(parts: list[DataparserOutputs]) -> DataparserOutputs:
    """All views of several splits, each once."""
    if len(parts) == 1:
        return parts[0]
    names = [name for part in parts for name in part.image_filenames]
    keep = [i for i, name in enumerate(names) if name not in names[:i]]
    cameras = [part.cameras for part in parts]
    fields = [field for field in PER_CAMERA if getattr(cameras[0], field) is not None]
    joined = {field: torch.cat([getattr(camera, field) for camera in cameras])[keep] for field in fields}
    masks = [name for part in parts for name in part.mask_filenames or []]
    return replace(
        parts[0],
        image_filenames=[names[i] for i in keep],
        mask_filenames=[masks[i] for i in keep] if masks else None,
        cameras=replace(cameras[0], **joined),
    )


def _world_from_parsed(outputs: DataparserOutputs) -> Float[np.ndarray, "4 4"]:
    """Inverse of parsed = scale * transform(world)."""
    parsed_from_world = _square(outputs.dataparser_transform.double().numpy())
    parsed_from_world[:3] *= outputs.dataparser_scale
    return np.linalg.inv(parsed_from_world)


def _square(poses: Float[np.ndarray, "*views 3 4"]) -> Float[np.ndarray, "*views 4 4"]:
    bottom = np.broadcast_to([[0.0, 0.0, 0.0, 1.0]], (*poses.shape[:-2], 1, 4))
    return np.concatenate([poses, bottom], axis=-2)
