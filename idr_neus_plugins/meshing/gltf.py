"""GLB files: glTF 2.0 in one piece, with colours as the format means them.

In glTF vertex colours are linear and textures are sRGB; our colours are photographed, hence sRGB, and already lit.
So vertex colours are converted (as floats: 8 bits of linear light would band in the shadows), and the material is
unlit (KHR_materials_unlit), with a rough, non-metallic one for readers that do not know the extension.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from idr_neus_plugins.meshing.mesh import Mesh, Texture

UNLIT = "KHR_materials_unlit"


def to_glb(mesh: Mesh, record: Mapping[str, Any]) -> bytes:
    """The file's content; ``record`` becomes ``asset.extras``, attributes ``_VIEWS``, ``_CONFIDENCE``, ..."""
    import trimesh
    from trimesh.exchange.gltf import export_glb

    def complete(tree: dict) -> None:
        tree["asset"]["extras"] = dict(record)
        _make_unlit(tree)
        _name_colors(tree)
        _name_targets(tree)

    attributes: dict[str, Any] = {f"_{name.upper()}": _as_float(values) for name, values in mesh.attributes.items()}
    if mesh.colors is not None and mesh.texture is None:
        attributes["_RGB"] = srgb_to_linear(mesh.colors / 255.0).astype(np.float32)
    shape = trimesh.Trimesh(
        mesh.vertices, mesh.faces, vertex_normals=mesh.normals, vertex_attributes=attributes, process=False
    )
    if mesh.texture is not None:
        shape.visual = _picture(mesh.texture)
    return export_glb(shape, include_normals=True, tree_postprocessor=complete)


def srgb_to_linear(values: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, for values in [0, 1]."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(values: np.ndarray) -> np.ndarray:
    """Inverse of ``srgb_to_linear``."""
    return np.where(values <= 0.0031308, 12.92 * values, 1.055 * values.clip(min=0) ** (1 / 2.4) - 0.055)


def _as_float(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)  # readers know few integer types for attributes of an application


def _picture(texture: Texture):
    from PIL import Image
    from trimesh.visual.material import PBRMaterial
    from trimesh.visual.texture import TextureVisuals

    material = PBRMaterial(baseColorTexture=Image.fromarray(texture.image))
    return TextureVisuals(uv=texture.uv, material=material)


def _make_unlit(tree: dict) -> None:
    material = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
    materials = tree.setdefault("materials", [])
    if not materials:
        materials.append({})
        for part in tree["meshes"]:
            for primitive in part["primitives"]:
                primitive["material"] = 0
    for each in materials:
        each.setdefault("pbrMetallicRoughness", {}).update(material)
        each.setdefault("extensions", {})[UNLIT] = {}
    tree["extensionsUsed"] = sorted({*tree.get("extensionsUsed", []), UNLIT})


def _name_colors(tree: dict) -> None:
    for part in tree["meshes"]:
        for primitive in part["primitives"]:
            if "_RGB" in primitive["attributes"]:
                primitive["attributes"]["COLOR_0"] = primitive["attributes"].pop("_RGB")


def _name_targets(tree: dict) -> None:
    """Tells vertex data (34962) and indices (34963) apart: readers hand them to the GPU without looking further."""
    for part in tree["meshes"]:
        for primitive in part["primitives"]:
            for accessor in primitive["attributes"].values():
                tree["bufferViews"][tree["accessors"][accessor]["bufferView"]]["target"] = 34962
            tree["bufferViews"][tree["accessors"][primitive["indices"]]["bufferView"]]["target"] = 34963
