"""What cannot be scored is refused with one message."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.reading import load_mesh, load_points


def test_load_mesh_says_what_is_wrong(tmp_path):
    with pytest.raises(UserError, match="no mesh file"):
        load_mesh(tmp_path / "none.ply")
    (tmp_path / "broken.ply").write_text("nonsense")
    with pytest.raises(UserError, match="cannot be read"):
        load_mesh(tmp_path / "broken.ply")
    trimesh.PointCloud(np.eye(3)).export(tmp_path / "cloud.ply")
    with pytest.raises(UserError, match="no triangles"):
        load_mesh(tmp_path / "cloud.ply")


def test_load_points(tmp_path):
    np.savez(tmp_path / "p.npz", xyz=np.eye(3), views=[2, 4, 5])
    assert len(load_points(tmp_path / "p.npz", 4)) == 2
    np.savez(tmp_path / "bare.npz", xyz=np.eye(3))
    assert len(load_points(tmp_path / "bare.npz", 0)) == 3
    with pytest.raises(UserError, match="views"):
        load_points(tmp_path / "bare.npz", 4)
    with pytest.raises(UserError, match="9 views or more"):
        load_points(tmp_path / "p.npz", 9)
    np.savez(tmp_path / "other.npz", points=np.eye(3))
    with pytest.raises(UserError, match="xyz"):
        load_points(tmp_path / "other.npz", 0)
    with pytest.raises(UserError, match="no point file"):
        load_points(tmp_path / "none.npz", 0)
