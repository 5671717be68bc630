"""The fused kernels against the plain reference."""

import numba
import pytest
import torch

from idr_neus_plugins.fields.grid import numba_engine as grid_engine
from idr_neus_plugins.fields.hash import numba_engine
from idr_neus_plugins.fields.hash.layout import HashLevels
from tests.fields.hash.parity import LEVELS, check


@pytest.fixture(params=[1, 2])
def threads(request):
    before = numba.get_num_threads()
    numba.set_num_threads(min(request.param, numba.config.NUMBA_NUM_THREADS))
    yield
    numba.set_num_threads(before)


@pytest.mark.parametrize("count", [0, 1, 300])
@pytest.mark.parametrize("levels", [LEVELS, HashLevels(levels=1, channels=3, coarsest=7, finest=7, log2_rows=12)])
def test_results_are_those_of_the_reference(count, levels, threads):
    torch.manual_seed(count)
    check(numba_engine, grid_engine, count, levels)


def test_gradients_add_up():
    layout, coords = LEVELS.layout(), torch.rand(50, 3)
    once, twice = (torch.nn.Parameter(torch.zeros(int(layout[-1, 1:3].sum()), 2)) for _ in range(2))
    for table, times in ((once, 1), (twice, 2)):
        for _ in range(times):
            features, derivatives = numba_engine.encode(table, coords, layout)
            (features.sum() + derivatives[:, 0].sum()).backward()
    torch.testing.assert_close(2.0 * once.grad, twice.grad)
