"""Meshes in a world whose origin is far away (map coordinates in metres): files that keep their detail.

In single precision a point 5,000 km from the origin is known to half a metre.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

NEAR = 100.0
"""Up to so many sizes of the mesh from the origin, single precision is good for 1e-5 of its size."""
PLY_TYPES = {"char": "i1", "uchar": "u1", "short": "<i2", "ushort": "<u2", "int": "<i4", "uint": "<u4"}
PLY_TYPES |= {"float": "<f4", "double": "<f8"}


def distance(vertices: Float[np.ndarray, "vertices 3"]) -> float:
    """Of the farthest vertex from the world's origin, in sizes of the mesh."""
    if len(vertices) == 0:
        return 0.0
    size = float(np.ptp(vertices, axis=0).max())
    return float(np.abs(vertices).max()) / size if size > 0 else 0.0


def significant_digits(vertices: Float[np.ndarray, "vertices 3"], usual: int = 8) -> int:
    """Of coordinates written as text."""
    return usual + max(0, int(np.ceil(np.log10(max(distance(vertices), 1.0)))))


def with_double_positions(ply: bytes, vertices: Float[np.ndarray, "vertices 3"]) -> bytes:
    """A binary PLY with these vertices as doubles, where they are far from the origin; otherwise as it is."""
    if distance(vertices) <= NEAR:
        return ply
    head, body = ply.split(b"end_header\n", 1)
    lines = head.decode("ascii").splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("element vertex")) + 1
    last = next(
        place
        for place in range(first, len(lines) + 1)
        if lines[place : place + 1] == [] or lines[place].startswith("element")
    )
    fields = [(line.split()[2], PLY_TYPES[line.split()[1]]) for line in lines[first:last]]
    found = np.frombuffer(body, dtype=fields, count=len(vertices))
    doubled = np.empty(len(vertices), dtype=[(name, "<f8" if name in "xyz" else kind) for name, kind in fields])
    for name, _ in fields:
        doubled[name] = vertices[:, "xyz".index(name)] if name in "xyz" else found[name]
    lines[first:last] = [
        line.replace(" float ", " double ") if line[-1] in "xyz" and line[-2] == " " else line
        for line in lines[first:last]
    ]
    return "\n".join([*lines, "end_header\n"]).encode("ascii") + doubled.tobytes() + body[found.nbytes :]
