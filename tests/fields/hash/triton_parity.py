"""The Triton kernels against the plain reference. ``test_triton_engine.py`` runs this."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.fields.grid import triton_engine as grid_engine
from idr_neus_plugins.fields.hash import triton_engine
from idr_neus_plugins.fields.hash.layout import HashLevels
from tests.fields.hash.parity import check

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    count=st.integers(0, 150),
    levels=st.integers(1, 4),
    channels=st.integers(1, 5),
    cells=st.integers(1, 12),
    seed=st.integers(0, 2**31),
)
def test_results_are_those_of_the_reference(count, levels, channels, cells, seed):
    torch.manual_seed(seed)
    check(triton_engine, grid_engine, count, HashLevels(levels, channels, cells, 3 * cells, log2_rows=9), DEVICE)


@pytest.mark.parametrize("count", [0, 1, 300])
def test_published_resolutions(count):
    torch.manual_seed(0)
    check(triton_engine, grid_engine, count, HashLevels(levels=3, coarsest=16, finest=128, log2_rows=12), DEVICE)
