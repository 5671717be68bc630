"""What ``import idr_neus_plugins`` offers."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

import idr_neus_plugins as inp
from tests.cli.sphere_run import write_run


def test_a_run_answers_for_its_surface(tmp_path):
    surface = inp.load_run(str(write_run(tmp_path))).surface()
    assert isinstance(surface, inp.Surface)
    positions = torch.tensor([[0.5, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert surface.sdf(positions).tolist() == pytest.approx([0.0, 0.5])


def test_a_run_that_is_not_there(tmp_path):
    with pytest.raises(inp.UserError, match="no run configuration"):
        inp.load_run(tmp_path / "config.yml")


def test_every_name_is_there_and_no_other():
    assert all(getattr(inp, name) is not None for name in inp.__all__)
    with pytest.raises(AttributeError, match="no attribute 'surfice'"):
        _ = inp.surfice  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, idr_neus_plugins; print(sorted({'torch', 'nerfstudio', 'numpy'} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
