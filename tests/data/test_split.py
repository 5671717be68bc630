"""No view is trained on and held out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idr_neus_plugins.data.split import split_views
from idr_neus_plugins.errors import UserError


@given(st.integers(2, 60), st.integers(2, 20))
def test_every_kth_view(num_views, interval):
    training, held_out = split_views(num_views, (), interval)
    assert held_out == list(range(0, num_views, interval))
    assert sorted(training + held_out) == list(range(num_views))


def test_a_list_replaces_the_interval():
    training, held_out = split_views(6, (4, 1, 4), 2)
    assert (training, held_out) == ([0, 2, 3, 5], [1, 4])


@pytest.mark.parametrize(
    ("views", "interval", "said"), [((7,), 8, "0 to 5"), ((), 1, "at least 2"), (range(6), 8, "All 6")]
)
def test_impossible_splits(views, interval, said):
    with pytest.raises(UserError, match=said):
        split_views(6, views, interval)
