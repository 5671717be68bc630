"""Who does the jobs: this machine, a job per device at a time, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from queue import Queue
from typing import Any

from idr_neus_plugins.errors import UserError, brief
from idr_neus_plugins.provenance import gpu_names
from idr_neus_plugins.recipes.job import Job
from idr_neus_plugins.recipes.programs import stop_programs
from idr_neus_plugins.recipes.results import Result

Work = Callable[[Job, dict[str, str]], Result]
"""(job, environment) -> result."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended."""

    job: Job
    result: Result | None
    problem: str = ""
    """Why there is no result."""


def default_devices() -> list[str]:
    """Numbers of all GPUs, or the CPU."""
    return [str(number) for number in range(len(gpu_names()))] or ["cpu"]


def device_environment(device: str) -> dict[str, str]:
    """A process that has this environment sees that device only."""
    return {"CUDA_VISIBLE_DEVICES": "" if device == "cpu" else device}


def run_locally(jobs: Sequence[Job], devices: Sequence[str], work: Work) -> Iterator[Outcome]:
    """Outcomes as they come; each device has one job at a time. A device may be named twice."""
    free: Queue[str] = Queue()
    for device in devices:
        free.put(device)

    def on_a_free_device(job: Job) -> Outcome:
        device = free.get()
        try:
            return Outcome(job, work(job, device_environment(device)))
        except UserError as error:
            return Outcome(job, None, str(error))
        finally:
            free.put(device)

    with ThreadPoolExecutor(max_workers=len(devices)) as pool:
        try:
            for future in as_completed([pool.submit(on_a_free_device, job) for job in jobs]):
                yield future.result()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            stop_programs()
            raise


def run_on_ray(jobs: Sequence[Job], address: str | None, work: Work) -> Iterator[Outcome]:
    """Outcomes as they come from a Ray cluster, which gives each job one GPU where it has any, and else one CPU.

    All machines must see the same paths, as on a shared disk. Raises UserError where Ray is not installed.
    """
    try:
        import ray  # pyright: ignore[reportMissingImports]
        from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UserError("The engine 'ray' needs Ray: pip install 'idr_neus_plugins[ray]'.") from None

    if not ray.is_initialized():
        ray.init(address=address, log_to_driver=False)
    share: dict[str, Any] = {"num_gpus": 1} if ray.cluster_resources().get("GPU", 0) >= 1 else {"num_cpus": 1}
    remote = ray.remote(**share)(_ray_task)
    waiting = {remote.remote(work, job): job for job in jobs}
    while waiting:
        (done, *_), _ = ray.wait(list(waiting), num_returns=1)
        job = waiting.pop(done)
        try:
            yield ray.get(done)
        except RayError as error:
            yield Outcome(job, None, f"{job.title}: the worker was lost ({brief(error)})")


def _ray_task(work: Work, job: Job) -> Outcome:
    import ray  # pyright: ignore[reportMissingImports]

    gpus = ray.get_gpu_ids()
    try:
        return Outcome(job, work(job, device_environment(str(gpus[0]) if gpus else "cpu")))
    except UserError as error:
        return Outcome(job, None, str(error))
