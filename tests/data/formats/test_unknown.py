"""Folders that are no scenes: what is there is named, with the command that helps."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from PIL import Image

from idr_neus_plugins.data.formats.reading import read_posed_scene
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.methods import neus_idr
from tests.data.scenes import copy_scene


def photographs(folder: Path, count: int = 6) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"{number}.png")


def said(path: Path) -> str:
    with pytest.raises(UserError) as error:
        read_posed_scene(path)
    return str(error.value)


@pytest.mark.parametrize("place", ["", "images", "input", "image/image"])
def test_photographs_without_cameras(place, tmp_path):
    photographs(tmp_path / place)
    message = said(tmp_path)
    assert "6 photographs" in message and f"idr-neus prepare {tmp_path / place}" in message


def test_photographs_of_a_phone(tmp_path):
    (tmp_path / "image").mkdir()
    for number in range(3):
        (tmp_path / "image" / f"IMG_{number}.HEIC").write_bytes(b"x")
    message = said(tmp_path)
    assert "3 photographs as HEIC (IMG_" in message and "Convert them" in message


def test_scenes_one_folder_deeper_are_named_and_can_be_read(tiny_scene, tmp_path):
    scene = copy_scene(tiny_scene, tmp_path)
    message = said(tmp_path)
    assert f"as {scene}" in message
    assert len(read_posed_scene(scene).views) == 10


def test_archives_videos_and_nothing(tmp_path):
    for name, word in (("scene.zip", "Unpack"), ("film.mp4", "idr-neus prepare"), ("notes.txt", "a folder")):
        (tmp_path / name).write_bytes(b"x")
        assert word in said(tmp_path / name)
    assert "No images" in said(tmp_path)
    assert "does not exist" in said(tmp_path / "nowhere")


def test_data_that_was_not_named_or_is_the_current_folder(tiny_scene, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="--data is missing"):
        IdrDataParserConfig().setup().get_dataparser_outputs("train")
    monkeypatch.chdir(tiny_scene)
    assert len(IdrDataParserConfig().setup().get_dataparser_outputs("train").image_filenames) == 8


def test_a_wrong_path_leaves_no_folder_of_a_run(tmp_path, capsys):
    photographs(tmp_path / "photos")
    config = deepcopy(neus_idr.config)
    config.output_dir, config.experiment_name, config.timestamp = tmp_path / "outputs", "run", "now"
    for data, word in ((tmp_path / "nowhere", "does not exist"), (tmp_path / "photos", "idr-neus prepare")):
        config.data = config.pipeline.datamanager.data = data
        with pytest.raises(SystemExit):
            config.save_config()
        assert word in capsys.readouterr().err
    assert not (tmp_path / "outputs").exists()
