"""Files of numbers that are damaged or too large: one message each."""

from __future__ import annotations

import io
import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.data import plain_files
from idr_neus_plugins.data.plain_files import load_npz, matrix, number, read_json
from idr_neus_plugins.errors import UserError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_of_any_editor(encoding, tmp_path):
    (tmp_path / "a.json").write_bytes(json.dumps({"ä": 1}, ensure_ascii=False).encode(encoding))
    assert read_json(tmp_path / "a.json") == {"ä": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "cannot be read as JSON"),
        (b"[1]", "holds a list"),
        (b'{"a":' * 50000, "cannot be read as JSON"),
        (b"\x80\x81", "no text in UTF-8"),
        (b"", "is empty"),
    ],
)
def test_json_that_is_none(content, said, tmp_path):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match=said) as error:
        read_json(tmp_path / "a.json")
    assert "a.json" in str(error.value)


def test_pipes_and_folders_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(UserError, match="a pipe"):
        read_json(tmp_path / "pipe.json")
    with pytest.raises(UserError, match="is a folder"):
        read_json(tmp_path)


def npz_bytes(**arrays) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def test_an_npz_that_unpacks_to_gigabytes(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.npy", bytes(2**20))
    assert (tmp_path / "a.npz").stat().st_size < 5000
    monkeypatch.setattr(plain_files, "LARGEST_ARRAYS", 2**19)
    with pytest.raises(UserError, match="unpacks to 1 MiB"):
        load_npz(tmp_path / "a.npz")


def test_an_array_whose_header_lies(tmp_path):
    """The header asks for 80 GB; the file holds 8 bytes."""
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": "<f8", "fortran_order": False, "shape": (10**10,)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("world_mat_0.npy", content.getvalue() + bytes(8))
    with pytest.raises(UserError, match="cannot be read as an npz"):
        load_npz(tmp_path / "a.npz")


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, 10**6), value=st.integers(0, 255), keep=st.floats(0, 1))
def test_damaged_archives_are_read_or_refused(place, value, keep, tmp_path_factory):
    damaged = bytearray(npz_bytes(world_mat_0=np.eye(4), scale_mat_0=np.eye(4)))
    damaged[place % len(damaged)] = value
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    path.write_bytes(damaged if keep > 0.5 else damaged[: int(2 * keep * len(damaged))])
    try:
        assert isinstance(load_npz(path), dict)
    except UserError as error:
        assert "a.npz" in str(error)


def test_objects_in_arrays_are_not_unpickled(tmp_path):
    (tmp_path / "a.npz").write_bytes(npz_bytes(world_mat_0=np.array([print], dtype=object)))
    with pytest.raises(UserError, match="allow_pickle"):
        load_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("value", ["x", None, float("nan"), float("inf"), [1], True, 10**400])
def test_what_is_no_number(value):
    with pytest.raises(UserError, match="w of 3.png"):
        number(value, "w of 3.png")


@pytest.mark.parametrize("value", ["x", [[1, 2], [3]], [[1, 2, 3]], [["a", "b"], ["c", "d"]], [[np.nan, 0], [0, 1]]])
def test_what_is_no_matrix(value):
    with pytest.raises(UserError, match="pose of 3.png"):
        matrix(value, 2, 2, "pose of 3.png")
    assert matrix("1 2 3 4".split(), 2, 2, "").tolist() == [[1, 2], [3, 4]]
