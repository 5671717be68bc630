"""What others wrote becomes data, or a message that says why not."""

from __future__ import annotations

import io
import json
import os
import zipfile

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins import reading
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import as_data, load_npy, load_npz, matrix, number, read_json, read_yaml


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
    monkeypatch.setattr(reading, "LARGEST_ARRAYS", 2**19)
    with pytest.raises(UserError, match="unpacks to 1 MiB"):
        load_npz(tmp_path / "a.npz")


def test_an_array_whose_header_lies(tmp_path):
    """The header asks for 80 GB; the file holds 8 bytes."""
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": "<f8", "fortran_order": False, "shape": (10**10,)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("world_mat_0.npy", content.getvalue() + bytes(8))
    with pytest.raises(UserError, match="cannot be read as an npz file .an array of 76,294 MiB in 0.0 MiB"):
        load_npz(tmp_path / "a.npz")
    (tmp_path / "a.npy").write_bytes(content.getvalue() + bytes(8))
    with pytest.raises(UserError, match="cannot be read as an npy file .an array of 76,294 MiB in 0.0 MiB"):
        load_npy(tmp_path / "a.npy")


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


def test_yaml_is_read_with_the_loader_that_is_given(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1")
    assert read_yaml(tmp_path / "a.yaml", "a recipe", yaml.SafeLoader) == {"a": 1}
    for text in ("!!python/name:os.system", "a: [", "[" * 5000, "!!int ''"):
        (tmp_path / "a.yaml").write_text(text)
        with pytest.raises(UserError, match="cannot be read as a recipe"):
            read_yaml(tmp_path / "a.yaml", "a recipe", yaml.SafeLoader)


def test_any_error_of_a_reader_is_the_files(tmp_path):
    path = tmp_path / "file"
    path.write_text("content")
    for error, reason in ((KeyError("up"), "it lacks 'up'"), (ZeroDivisionError(), "ZeroDivisionError")):
        with pytest.raises(UserError, match=f"file cannot be read as a scene .{reason}.. Look again"):
            with as_data(path, "a scene", "Look again."):
                raise error
    with pytest.raises(UserError, match="^as it is$"), as_data(path, "a scene"):
        raise UserError("as it is")
