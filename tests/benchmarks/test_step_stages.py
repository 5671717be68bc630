"""Stages add up, and what was timed is left as it was."""

from __future__ import annotations

import pytest

from idr_neus_plugins.benchmarks.step_stages import StageClock


class Part:
    def outer(self, clock: list[float], inner) -> str:
        clock[0] += 1.0
        inner(clock)
        clock[0] += 2.0
        return "done"

    @staticmethod
    def inner(clock: list[float]) -> None:
        clock[0] += 4.0
        if clock[0] > 100.0:
            raise ValueError("late")


def test_an_inner_stage_stops_the_outer_ones_clock():
    now = [0.0]
    clock, part = StageClock(lambda: now[0]), Part()
    with clock.timing(part, "outer", "outside"), clock.timing(Part, "inner", "inside"), clock.stage("else"):
        now[0] += 0.5
        assert part.outer(now, Part.inner) == "done"
        part.outer(now, Part.inner)
    now[0] += 50.0
    assert clock.seconds == {"else": 0.5, "outside": 6.0, "inside": 8.0}


def test_methods_are_put_back_even_after_an_error():
    now = [200.0]
    clock, part = StageClock(lambda: now[0]), Part()
    before = vars(Part)["inner"]
    with pytest.raises(ValueError), clock.timing(part, "outer", "outside"), clock.timing(Part, "inner", "inside"):
        part.outer(now, Part.inner)
    assert vars(Part)["inner"] is before and "outer" not in vars(part)
    assert clock.seconds == {"outside": 1.0, "inside": 4.0}
