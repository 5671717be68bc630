from idr_neus_plugins.training.clock import TrainingClock


class Watch:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_by_steps_the_last_step_is_at_one():
    clock = TrainingClock(max_steps=5)
    assert [clock.progress(step) for step in range(5)] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert TrainingClock(max_steps=1).progress(0) == 0.0


def test_a_time_budget_starts_after_the_first_step():
    watch = Watch()
    clock = TrainingClock(max_steps=10**9, max_minutes=1.0, now=watch)
    watch.time += 500.0  # start-up and compilation
    clock.tick()
    assert clock.progress(1) < 1e-6
    watch.time += 15.0
    clock.tick()
    assert abs(clock.progress(2) - 0.25) < 1e-6
    watch.time += 1000.0
    clock.tick()
    assert clock.progress(3) == 1.0


def test_a_time_budget_replaces_the_number_of_steps():
    clock = TrainingClock(max_steps=3, max_minutes=1e6, now=Watch())
    assert clock.progress(2) == 0.0 and clock.progress(50) == 0.0


def test_pauses_do_not_count():
    watch = Watch()
    clock = TrainingClock(max_steps=100, max_minutes=1.0, now=watch)
    clock.tick()
    watch.time += 3600.0
    clock.skip()
    watch.time += 6.0
    clock.tick()
    assert clock.seconds == 6.0


def test_a_resumed_clock_continues():
    watch = Watch()
    clock = TrainingClock(max_steps=10**9, max_minutes=1.0, now=watch)
    clock.resume(30.0)
    assert clock.progress(500) == 0.5
    clock.tick()
    watch.time += 15.0
    clock.tick()
    assert clock.progress(501) == 0.75
    assert clock.seconds_per_step == 15.0 and clock.seconds_left(501) == 15.0


def test_time_left_by_steps():
    watch = Watch()
    clock = TrainingClock(max_steps=100, now=watch)
    assert clock.seconds_left(0) == 0.0
    for _ in range(3):
        clock.tick()
        watch.time += 2.0
    assert clock.seconds_per_step == 2.0 and clock.seconds_left(9) == 180.0
