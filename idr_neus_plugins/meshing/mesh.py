"""The mesh that leaves the house: shape, normals of the field, and what is known at its vertices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import trimesh


@dataclass(frozen=True)
class ViewDependence:
    """What is added to a texture's colours, by the direction from which they are seen: Σ_k c_k Y_k(R d).

    d is the unit direction from the eye to the surface, in the mesh's frame; Y_k are orthonormal real spherical
    harmonics. Appearance is baked in this form since PlenOctrees (Yu et al. 2021); base colour and what a view adds
    to it are kept apart as in BakedSDF (Yariv et al. 2023).
    """

    coefficients: np.ndarray
    """c_k in steps of ``limits[k] / 127``, 128 for 0 [height, width, harmonics, 3] uint8, laid out as the texture."""
    limits: np.ndarray
    """Largest |c_k| that can be told, in units of colour [harmonics]."""
    rotation: np.ndarray
    """R [3, 3]: directions in the mesh's frame to that of the harmonics."""


@dataclass(frozen=True)
class Texture:
    """A picture for a mesh, in the convention of OBJ: u to the right, v upwards, (0, 0) the lower left corner."""

    uv: np.ndarray
    """Places of the vertices in the picture [n, 2], in [0, 1]."""
    image: np.ndarray
    """[height, width, 3] uint8, sRGB, first row on top."""
    views: ViewDependence | None = None
    """How the colours change with the view; None: not at all."""


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh in one frame. A textured one has several vertices in one place where its charts part."""

    vertices: np.ndarray
    """[n, 3]."""
    faces: np.ndarray
    """[m, 3], counter-clockwise seen from outside."""
    normals: np.ndarray
    """Unit normals of the vertices [n, 3]."""
    colors: np.ndarray | None = None
    """[n, 3] uint8, sRGB."""
    attributes: dict[str, np.ndarray] = field(default_factory=dict)
    """What else is known at the vertices [n], by name: ``views`` (count), ``confidence`` in [0, 1]."""
    texture: Texture | None = None

    @property
    def shape(self) -> trimesh.Trimesh:
        """Vertices and faces alone, as they stand."""
        import trimesh

        return trimesh.Trimesh(self.vertices, self.faces, process=False)

    def take(self, vertices: np.ndarray, faces: np.ndarray) -> Mesh:
        """Another order of the vertices (indices [k] of old ones, repeated at will) with new ``faces`` [l, 3]."""
        return replace(
            self,
            vertices=self.vertices[vertices],
            faces=faces,
            normals=self.normals[vertices],
            colors=None if self.colors is None else self.colors[vertices],
            attributes={name: values[vertices] for name, values in self.attributes.items()},
            texture=None if self.texture is None else replace(self.texture, uv=self.texture.uv[vertices]),
        )

    def only(self, keep: np.ndarray) -> Mesh:
        """The faces where ``keep`` [m] holds, and the vertices that they use."""
        used, faces = np.unique(self.faces[keep], return_inverse=True)
        return self.take(used, faces.reshape(-1, 3))
