import math

from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.core.schedules import ramp, shrinking_interval, warmup_cosine


@settings(deadline=None)
@given(progress=st.floats(0.0, 1.0))
def test_warmup_cosine_stays_between_zero_and_one_and_is_a_python_float(progress):
    factor = warmup_cosine(progress, warmup=0.1, floor=0.05)
    assert type(factor) is float and 0.0 <= factor <= 1.0


def test_warmup_cosine_at_its_corners():
    factors = [warmup_cosine(p, warmup=0.1, floor=0.05) for p in (0.0, 0.05, 0.1, 0.55, 1.0)]
    for factor, expected in zip(factors, [0.0, 0.5, 1.0, 0.525, 0.05], strict=True):
        assert math.isclose(factor, expected, abs_tol=1e-12)


def test_ramp():
    assert [ramp(p, 0.5) for p in (0.0, 0.25, 0.5, 1.0)] == [0.0, 0.5, 1.0, 1.0]
    assert ramp(0.0, 0.0) == 1.0


def test_shrinking_interval_has_the_papers_values():
    """Half-widths at steps of UNISURF's 450,000: 2.0 at first, 1.5e-5 a step, never below 0.1."""
    width = lambda step: shrinking_interval(step / 450_000, 2.0, 1.5e-5 * 450_000, 0.1)  # noqa: E731
    for step, expected in ((0, 2.0), (50_000, 2.0 * math.exp(-0.75)), (150_000, 2.0 * math.exp(-2.25)), (200_000, 0.1)):
        assert math.isclose(width(step), expected, rel_tol=1e-9)
    assert width(450_000) == 0.1 and type(width(10)) is float
