"""What others wrote becomes data, or a message that says why not."""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np
import pytest
import yaml

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import (
    as_data,
    read_arrays,
    read_json,
    read_json_object,
    read_text,
    read_yaml,
    require_file,
)


def test_text_with_the_mark_of_windows(tmp_path):
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbfna\xc3\xafve")
    assert read_text(tmp_path / "text", "a text") == "naïve"
    (tmp_path / "text").write_bytes(b"na\xefve")
    with pytest.raises(UserError, match="text cannot be read as a text .*utf-8"):
        read_text(tmp_path / "text", "a text")


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (
        ("pipe", "no ordinary file"),
        ("nothing", "There is no"),
        ("x" * 300, "too long"),
        (".", "is a"),
    ):
        with pytest.raises(UserError, match=reason):
            require_file(tmp_path / name, "a text")
    (tmp_path / "text").write_text("long")
    with pytest.raises(UserError, match="too large"):
        require_file(tmp_path / "text", "a text", most=3)


def test_json(tmp_path):
    path = tmp_path / "file.json"
    path.write_text('{"a": [1]}')
    assert read_json_object(path, "a record") == {"a": [1]}
    path.write_text("[1]")
    assert read_json(path, "a record") == [1]
    with pytest.raises(UserError, match="holds a list"):
        read_json_object(path, "a record")
    for text, reason in (("{", "Expecting"), ("[" * 100_000, "nested too deeply"), ("1" * 5000, "digits")):
        path.write_text(text)
        with pytest.raises(UserError, match=f"file.json cannot be read as a record .*{reason}"):
            read_json(path, "a record")


def test_yaml_is_read_with_the_loader_that_is_given(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1")
    assert read_yaml(tmp_path / "a.yaml", "a recipe", yaml.SafeLoader) == {"a": 1}
    (tmp_path / "a.yaml").write_text("!!python/name:os.system")
    with pytest.raises(UserError, match="cannot be read as a recipe"):
        read_yaml(tmp_path / "a.yaml", "a recipe", yaml.SafeLoader)


def test_arrays(tmp_path):
    one, two = np.arange(6.0).reshape(2, 3), np.array([True])
    np.savez_compressed(tmp_path / "two.npz", one=one, two=two)
    np.save(tmp_path / "one.npy", one)
    content = read_arrays(tmp_path / "two.npz", "cameras")
    np.testing.assert_array_equal(content["one"], one)
    assert set(content) == {"one", "two"} and content["two"].dtype == bool
    np.testing.assert_array_equal(read_arrays(tmp_path / "one.npy", "points")["array"], one)
    np.savez(tmp_path / "objects.npz", one=np.array([{}], dtype=object))
    with pytest.raises(UserError, match="Object arrays|MB where"):
        read_arrays(tmp_path / "objects.npz", "cameras")


def test_arrays_that_are_larger_than_their_file_says(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", one=np.zeros(2**20))
    with pytest.raises(UserError, match="declares arrays of 8 MB where 1 MB can be"):
        read_arrays(tmp_path / "bomb.npz", "cameras", most=2**20)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (20_000, 20_000)})
    (tmp_path / "header.npy").write_bytes(header.getvalue())
    with zipfile.ZipFile(tmp_path / "header.npz", "w") as archive:
        archive.writestr("one.npy", header.getvalue())
    for name in ("header.npy", "header.npz"):
        with pytest.raises(UserError, match="declares arrays of 3,052 MB where 0 MB can be"):
            read_arrays(tmp_path / name, "points")


def test_any_error_of_a_reader_is_the_files(tmp_path):
    (tmp_path / "file").touch()
    for error, reason in ((KeyError("up"), "it lacks 'up'"), (ZeroDivisionError(), "ZeroDivisionError")):
        with (
            pytest.raises(UserError, match=f"file cannot be read as a scene .{reason}.. Look again"),
            as_data(tmp_path / "file", "a scene", "Look again."),
        ):
            raise error
    with pytest.raises(UserError, match="^as it is$"), as_data(tmp_path / "file", "a scene"):
        raise UserError("as it is")
