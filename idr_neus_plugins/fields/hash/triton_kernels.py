"""The hash grid's hot loops as Triton kernels for CUDA: same results as ``reference.py``, fused.

The scatter of the backward pass is an atomic addition: sums may differ in their last digits from run to run. Plain
Triton, as in ``fields/grid/triton_kernels.py``, and tested in its interpreter like those.
"""

# Shapes: table [rows, C], layout [L, 4] int64, coords [n, 3], features [n, L * C], derivatives [n, 3, L * C] or None.
# A program does BLOCK points of one level; the channels are the second axis of its blocks.

# pyright: reportArgumentType=false, reportGeneralTypeIssues=false, reportOperatorIssue=false

import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]

from idr_neus_plugins.fields.hash.layout import PRIMES

_P1, _P2 = (tl.constexpr(prime) for prime in PRIMES[1:])

_kernel = triton.jit(do_not_specialize=["levels", "count"])


@triton.jit
def _work(count, levels, BLOCK: tl.constexpr):
    """Level of this program, its points [BLOCK], and which of them exist. Programs of a level run one after another."""
    blocks = tl.cdiv(count, BLOCK)
    point = (tl.program_id(0) % blocks) * BLOCK + tl.arange(0, BLOCK)
    return tl.program_id(0) // blocks, point, point < count


@triton.jit
def _cell(coords, point, exists, cells, axis: tl.constexpr):
    """Lower node of the cell that holds a coordinate, and the fraction within the cell."""
    u = tl.minimum(tl.maximum(tl.load(coords + 3 * point + axis, mask=exists, other=0.0), 0.0), 1.0) * cells
    node = tl.minimum(u.to(tl.int64), cells - 1)
    return node, u - node.to(tl.float32)


@triton.jit
def _row(i, j, k, layout, level):
    cells = tl.load(layout + 4 * level)
    rows = tl.load(layout + 4 * level + 2)
    hashed = tl.load(layout + 4 * level + 3)
    dense = (i * (cells + 1) + j) * (cells + 1) + k
    shared = (i ^ (j * _P1) ^ (k * _P2)) & (rows - 1)
    return tl.load(layout + 4 * level + 1) + tl.where(hashed > 0, shared, dense)


@triton.jit
def _share(f, upper: tl.constexpr):
    return f if upper else 1.0 - f


@triton.jit
def _at(point, level, width, channel, CHANNELS: tl.constexpr):
    """Where a point's features of this level lie."""
    return point.to(tl.int64)[:, None] * width + level * CHANNELS + channel


@_kernel
def encode_forward(
    coords,
    table,
    layout,
    features,
    derivatives,
    levels,
    count,
    CHANNELS: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Features of all levels and, unless None, their derivatives; WIDTH is the power of two that holds CHANNELS."""
    level, point, exists = _work(count, levels, BLOCK)
    cells = tl.load(layout + 4 * level)
    i, fx = _cell(coords, point, exists, cells, 0)
    j, fy = _cell(coords, point, exists, cells, 1)
    k, fz = _cell(coords, point, exists, cells, 2)
    channel = tl.arange(0, WIDTH)[None, :]
    mask = exists[:, None] & (channel < CHANNELS)
    value = tl.zeros((BLOCK, WIDTH), tl.float32)
    along_x = tl.zeros((BLOCK, WIDTH), tl.float32)
    along_y = tl.zeros((BLOCK, WIDTH), tl.float32)
    along_z = tl.zeros((BLOCK, WIDTH), tl.float32)
    for corner in tl.static_range(8):
        wx, wy, wz = _share(fx, corner // 4), _share(fy, corner // 2 % 2), _share(fz, corner % 2)
        row = _row(i + corner // 4, j + corner // 2 % 2, k + corner % 2, layout, level)
        held = tl.load(table + row[:, None] * CHANNELS + channel, mask=mask, other=0.0)
        value += (wx * wy * wz)[:, None] * held
        along_x += ((2 * (corner // 4) - 1) * wy * wz)[:, None] * held
        along_y += ((2 * (corner // 2 % 2) - 1) * wx * wz)[:, None] * held
        along_z += ((2 * (corner % 2) - 1) * wx * wy)[:, None] * held
    tl.store(features + _at(point, level, levels * CHANNELS, channel, CHANNELS), value, mask=mask)
    if derivatives is not None:
        scale = cells.to(tl.float32)
        width = levels * CHANNELS
        at = _at(3 * point, level, width, channel, CHANNELS)
        tl.store(derivatives + at, scale * along_x, mask=mask)
        tl.store(derivatives + at + width, scale * along_y, mask=mask)
        tl.store(derivatives + at + 2 * width, scale * along_z, mask=mask)


@_kernel
def encode_backward(
    coords,
    layout,
    grad_features,
    grad_derivatives,
    grad_table,
    marks,
    levels,
    count,
    CHANNELS: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Adds the gradient of ``encode_forward`` by the table to grad_table; marks [rows], unless None, its rows."""
    level, point, exists = _work(count, levels, BLOCK)
    cells = tl.load(layout + 4 * level)
    i, fx = _cell(coords, point, exists, cells, 0)
    j, fy = _cell(coords, point, exists, cells, 1)
    k, fz = _cell(coords, point, exists, cells, 2)
    channel = tl.arange(0, WIDTH)[None, :]
    mask = exists[:, None] & (channel < CHANNELS)
    width = levels * CHANNELS
    by_value = tl.load(grad_features + _at(point, level, width, channel, CHANNELS), mask=mask, other=0.0)
    by_x = tl.zeros((BLOCK, WIDTH), tl.float32)
    by_y = tl.zeros((BLOCK, WIDTH), tl.float32)
    by_z = tl.zeros((BLOCK, WIDTH), tl.float32)
    if grad_derivatives is not None:
        scale = cells.to(tl.float32)
        at = _at(3 * point, level, width, channel, CHANNELS)
        by_x = scale * tl.load(grad_derivatives + at, mask=mask, other=0.0)
        by_y = scale * tl.load(grad_derivatives + at + width, mask=mask, other=0.0)
        by_z = scale * tl.load(grad_derivatives + at + 2 * width, mask=mask, other=0.0)
    for corner in tl.static_range(8):
        wx, wy, wz = _share(fx, corner // 4), _share(fy, corner // 2 % 2), _share(fz, corner % 2)
        row = _row(i + corner // 4, j + corner // 2 % 2, k + corner % 2, layout, level)
        summand = (wx * wy * wz)[:, None] * by_value
        summand += ((2 * (corner // 4) - 1) * wy * wz)[:, None] * by_x
        summand += ((2 * (corner // 2 % 2) - 1) * wx * wz)[:, None] * by_y
        summand += ((2 * (corner % 2) - 1) * wx * wy)[:, None] * by_z
        tl.atomic_add(grad_table + row[:, None] * CHANNELS + channel, summand, mask=mask)
        if marks is not None:
            tl.store(marks + row, 1, mask=exists)


@_kernel
def encode_backward_coords(
    coords,
    layout,
    grad_features,
    grad_derivatives,
    table,
    out,
    levels,
    count,
    CHANNELS: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Adds the gradient of ``encode_forward`` with respect to the coordinates to out [n, 3]."""
    level, point, exists = _work(count, levels, BLOCK)
    cells = tl.load(layout + 4 * level)
    i, fx = _cell(coords, point, exists, cells, 0)
    j, fy = _cell(coords, point, exists, cells, 1)
    k, fz = _cell(coords, point, exists, cells, 2)
    channel = tl.arange(0, WIDTH)[None, :]
    mask = exists[:, None] & (channel < CHANNELS)
    width = levels * CHANNELS
    scale = cells.to(tl.float32)
    by_value = tl.load(grad_features + _at(point, level, width, channel, CHANNELS), mask=mask, other=0.0)
    by_x = tl.zeros((BLOCK, WIDTH), tl.float32)
    by_y = tl.zeros((BLOCK, WIDTH), tl.float32)
    by_z = tl.zeros((BLOCK, WIDTH), tl.float32)
    if grad_derivatives is not None:
        at = _at(3 * point, level, width, channel, CHANNELS)
        by_x = scale * tl.load(grad_derivatives + at, mask=mask, other=0.0)
        by_y = scale * tl.load(grad_derivatives + at + width, mask=mask, other=0.0)
        by_z = scale * tl.load(grad_derivatives + at + 2 * width, mask=mask, other=0.0)
    along_x = tl.zeros((BLOCK,), tl.float32)
    along_y = tl.zeros((BLOCK,), tl.float32)
    along_z = tl.zeros((BLOCK,), tl.float32)
    for corner in tl.static_range(8):
        wx, wy, wz = _share(fx, corner // 4), _share(fy, corner // 2 % 2), _share(fz, corner % 2)
        sx = 2 * (corner // 4) - 1
        sy = 2 * (corner // 2 % 2) - 1
        sz = 2 * (corner % 2) - 1
        row = _row(i + corner // 4, j + corner // 2 % 2, k + corner % 2, layout, level)
        held = tl.load(table + row[:, None] * CHANNELS + channel, mask=mask, other=0.0)
        value = tl.sum(held * by_value, axis=1)
        x = tl.sum(held * by_x, axis=1)
        y = tl.sum(held * by_y, axis=1)
        z = tl.sum(held * by_z, axis=1)
        along_x += sx * (wy * wz * value + sy * wz * y + wy * sz * z)
        along_y += sy * (wx * wz * value + sx * wz * x + wx * sz * z)
        along_z += sz * (wx * wy * value + sx * wy * x + wx * sy * y)
    tl.atomic_add(out + 3 * point, scale * along_x, mask=exists)
    tl.atomic_add(out + 3 * point + 1, scale * along_y, mask=exists)
    tl.atomic_add(out + 3 * point + 2, scale * along_z, mask=exists)
