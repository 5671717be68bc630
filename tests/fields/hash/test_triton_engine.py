"""The Triton engine of the hash grid: same results as the reference, kernels that compile for CUDA."""

from __future__ import annotations

from pathlib import Path

import torch

from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from tests.fields.grid.test_triton_engine import compile_for_cuda, needs_triton, run_interpreted


@needs_triton
def test_results_are_those_of_the_reference():
    run_interpreted(Path(__file__).parent / "triton_parity.py")


@needs_triton
def test_every_kernel_compiles_for_cuda(monkeypatch, tmp_path):
    from idr_neus_plugins.fields.grid import triton_engine as grid_engine
    from idr_neus_plugins.fields.hash import triton_engine
    from idr_neus_plugins.fields.hash import triton_kernels as kernels
    from idr_neus_plugins.fields.hash.layout import HashLevels

    def call_all():
        layout = HashLevels().layout()
        table, at = torch.nn.Parameter(torch.zeros(int(layout[-1, 1:3].sum()), 2)), torch.rand(9, 3, requires_grad=True)
        touched = MarkedNodes(len(table), table.device, grid_engine)
        features, derivatives = triton_engine.encode(table, at, layout, touched=touched)
        (features.sum() + derivatives.sum()).backward()
        triton_engine.encode(table, at, layout, with_derivatives=False)[0].sum().backward()

    compile_for_cuda(triton_engine, kernels, call_all, monkeypatch, tmp_path)
