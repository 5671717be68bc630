import io

import torch

from idr_neus_plugins.training.schedulers import ProgressLR, WarmupCosineConfig


def schedule() -> tuple[torch.optim.Adam, ProgressLR]:
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=2e-3)
    return optimizer, WarmupCosineConfig(warmup=0.1, floor=0.05).setup().get_scheduler(optimizer, lr_init=2e-3)


def rate_at(optimizer: torch.optim.Adam, scheduler: ProgressLR, progress: float) -> float:
    scheduler.progress = progress
    optimizer.step()
    scheduler.step()
    return optimizer.param_groups[0]["lr"]


def test_rate_follows_progress_and_not_steps():
    optimizer, scheduler = schedule()
    assert optimizer.param_groups[0]["lr"] == 0.0
    rates = [rate_at(optimizer, scheduler, progress) for progress in (0.05, 0.1, 1.0, 0.1)]
    torch.testing.assert_close(rates, [1e-3, 2e-3, 1e-4, 2e-3])


def test_state_after_the_warm_up_reloads_in_torch_without_pickled_objects():
    optimizer, scheduler = schedule()
    rate_at(optimizer, scheduler, 0.7)
    file = io.BytesIO()
    torch.save({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}, file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    fresh_optimizer, fresh_scheduler = schedule()
    fresh_optimizer.load_state_dict(state["optimizer"])
    fresh_scheduler.load_state_dict(state["scheduler"])
    assert fresh_scheduler.progress == 0.7
    assert rate_at(fresh_optimizer, fresh_scheduler, 0.8) == rate_at(optimizer, scheduler, 0.8)
