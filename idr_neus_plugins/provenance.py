"""What made a result: the code, the libraries, the machine. Kept with every result, so that nobody has to guess."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
LIBRARIES = ("nerfstudio", "torch", "numpy", "numba", "triton", "scipy", "trimesh", "open3d", "torchmetrics")


def provenance() -> dict[str, Any]:
    """``code`` (:func:`code_version`), ``git``, ``python``, ``libraries``, ``machine``, ``date``, as JSON has them."""
    return {
        "code": code_version(),
        "git": git_state(),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "machine": machine(),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


@cache
def code_version() -> str:
    """Version of the package and a hash over its source: equal exactly where the code is, with git or without."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{_version('idr_neus_plugins')}+{digest.hexdigest()[:12]}"


def git_state() -> dict[str, Any] | None:
    """``commit`` of the checkout and whether files differ from it (``dirty``); None where this is no checkout."""
    commit, status = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    return None if commit is None else {"commit": commit, "dirty": bool(status)}


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory in GiB, names of the GPUs."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "gpus": gpu_names(),
    }


def gpu_names() -> list[str]:
    """As the driver names them; empty without one."""
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True)
    return [line.strip() for line in listed.stdout.splitlines() if line.strip()] if listed.returncode == 0 else []


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    if shutil.which("git") is None:
        return None
    run = subprocess.run(["git", "-C", str(PACKAGE), *arguments], capture_output=True, text=True)
    return run.stdout.strip() if run.returncode == 0 else None
