"""The Triton engine: same results as the reference, kernels that compile for CUDA, and when it is chosen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.grid import engine as choice
from idr_neus_plugins.fields.grid import numba_engine, reference
from idr_neus_plugins.fields.grid.warm_up import warm_up, warm_up_bricks

ENGINE = "idr_neus_plugins.fields.grid.triton_engine"
needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="PyTorch for CPUs brings no Triton")


def run_interpreted(tests: Path) -> None:
    """On the GPU where there is one, else interpreted; in its own process, since Triton decides when it is imported."""
    interpreted = {} if torch.cuda.is_available() else {"TRITON_INTERPRET": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", tests],
        env={**os.environ, **interpreted},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def compile_for_cuda(
    engine: ModuleType, kernels: ModuleType, call_all: Callable[[], None], monkeypatch, cache: Path
) -> None:
    """Every kernel as the engine calls it, and without a GPU: the interpreter takes much that the compiler does not."""
    if tuple(map(int, version("triton").split(".")[:2])) < (3, 3):
        pytest.skip("the compiler was called differently")
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    monkeypatch.setenv("TRITON_CACHE_DIR", str(cache))
    kinds = {torch.float32: "*fp32", torch.uint8: "*u8", torch.int32: "*i32", torch.int64: "*i64"}
    kinds |= {int: "i32", float: "fp32"}
    compiled = set()

    def compile_only(kernel, programs, *arguments, **constants):
        given = dict(zip(kernel.arg_names, arguments, strict=False)) | constants
        fixed = {name for name, value in given.items() if value is None or name in constants}
        signature, values = {}, {}
        for position, name in enumerate(kernel.arg_names):
            if name in fixed:
                signature[name], values[(position,)] = "constexpr", given[name]
            else:
                signature[name] = kinds[getattr(given[name], "dtype", type(given[name]))]
        source = ASTSource(kernel, signature, values)
        assert triton.compile(source, target=GPUTarget("cuda", 80, 32)).asm["cubin"]
        compiled.add(kernel)

    monkeypatch.setattr(engine, "run", compile_only)
    call_all()
    public = {name: kernel for name, kernel in vars(kernels).items() if isinstance(kernel, triton.JITFunction)}
    assert compiled == {kernel for name, kernel in public.items() if not name.startswith("_")}


@needs_triton
def test_results_are_those_of_the_reference():
    run_interpreted(Path(__file__).parent / "triton_parity.py")


@needs_triton
def test_every_kernel_compiles_for_cuda(monkeypatch, tmp_path):
    from idr_neus_plugins.fields.grid import triton_engine
    from idr_neus_plugins.fields.grid import triton_kernels as kernels

    def call_all() -> None:
        warm_up(triton_engine, "cpu")
        warm_up_bricks.__wrapped__(triton_engine, torch.device("cpu"))

    compile_for_cuda(triton_engine, kernels, call_all, monkeypatch, tmp_path)


@pytest.fixture
def chosen(monkeypatch):
    """The choice made anew, with an engine for CUDA that needs no GPU."""
    monkeypatch.setitem(sys.modules, ENGINE, ModuleType("triton_engine"))
    monkeypatch.setattr(choice, "warm_up", lambda *_: None)
    choice.engine.cache_clear()
    yield choice.engine
    choice.engine.cache_clear()


def test_an_engine_for_each_device(chosen, capsys):
    assert chosen("auto", "cuda") is chosen("triton", "cuda") is sys.modules[ENGINE]
    assert chosen("auto", "cpu") is numba_engine and chosen("auto", "mps") is reference
    assert capsys.readouterr().out.count("Grid engine: triton on cuda") == 1


@pytest.mark.parametrize(("name", "device", "runs_on"), [("triton", "cpu", "CUDA"), ("numba", "cuda", "CPU")])
def test_an_engine_on_the_wrong_device_is_refused(name, device, runs_on, chosen):
    with pytest.raises(UserError, match=f"The {name} engine runs on {runs_on}, the model is on {device}"):
        chosen(name, device)


def test_without_triton_cuda_has_the_reference(chosen, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, ENGINE, None)
    with pytest.raises(UserError, match="Triton cannot run the grid here"):
        chosen("triton", "cuda")
    assert chosen("auto", "cuda") is reference
    assert "the reference engine can" in " ".join(capsys.readouterr().out.split())


def test_where_triton_cannot_compile_cuda_has_the_reference(chosen, monkeypatch):
    def no_compiler(*_):
        raise RuntimeError("Failed to find C compiler.")

    monkeypatch.setattr(choice, "warm_up", no_compiler)
    assert chosen("auto", "cuda") is reference
    with pytest.raises(UserError, match="Failed to find C compiler"):
        chosen("triton", "cuda")
