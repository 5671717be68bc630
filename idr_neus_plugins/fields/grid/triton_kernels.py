"""The grid field's hot loops as Triton kernels for CUDA: same results as ``reference.py``, fused.

Scatters (the backward passes) are atomic additions: sums may differ in their last digits from run to run.

Plain Triton, as of version 3.0, which its interpreter also runs: with ``TRITON_INTERPRET=1`` set before Triton is
imported, the kernels take tensors on the CPU. That is how they are tested where there is no GPU.
"""

# Shapes: n points in index coordinates (grid nodes at integers), control values and features of all nodes, [X, Y, Z]
# and [X, Y, Z, C], or of bricks, [rows] and [rows, C] with their `first` [x, y, z bricks] and `lowest` [bricks, 3]
# (None otherwise; see bricks.py), all contiguous. A program does BLOCK items of `count`. The nodes around its items
# are the second axis of its blocks.

# Triton's declared types do not fit what its compiler takes: numbers for constexpr, loops over static_range.
# pyright: reportArgumentType=false, reportGeneralTypeIssues=false, reportOperatorIssue=false

import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]

from idr_neus_plugins.fields.grid import bricks as node_bricks
from idr_neus_plugins.fields.grid import states as node_states

_OUTSIDE, _BAND, _INSIDE = (
    tl.constexpr(state) for state in (node_states.OUTSIDE, node_states.BAND, node_states.INSIDE)
)
_SHARED = tl.constexpr(node_bricks.SHARED)

# Triton would compile a kernel anew for sizes that are multiples of 16: not worth a pause in mid-training.
_kernel = triton.jit(do_not_specialize=["count", "nx", "ny", "nz"])


@triton.jit
def _row(first, i, j, k, ny, nz, exists):
    """Where the nodes' values lie."""
    if first is None:
        row = (i * ny + j) * nz + k
    else:
        brick = ((i >> 3) * (ny >> 3) + (j >> 3)) * (nz >> 3) + (k >> 3)
        row = tl.load(first + brick, mask=exists, other=0) + ((i & 7) * 64 + (j & 7) * 8 + (k & 7))
    return row


@triton.jit
def _node(lowest, row, ny, nz, exists):
    """The nodes i, j and k whose values lie in these rows."""
    if lowest is None:
        i, j, k = row // (ny * nz), row // nz % ny, row % nz
    else:
        brick = lowest + 3 * (row >> 9)
        i = tl.load(brick, mask=exists, other=0) + (row >> 6 & 7)
        j = tl.load(brick + 1, mask=exists, other=0) + (row >> 3 & 7)
        k = tl.load(brick + 2, mask=exists, other=0) + (row & 7)
    return i, j, k


@triton.jit
def _items(count, BLOCK: tl.constexpr):
    """Numbers of this program's items [BLOCK], and which of them exist."""
    item = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    return item, item < count


@triton.jit
def _coordinate(coords, point, exists, axis: tl.constexpr):
    return tl.load(coords + 3 * point + axis, mask=exists, other=0.0)


@triton.jit
def _unclamped(u, low, high):
    """1 where a coordinate is not clamped, 0 where moving it changes nothing."""
    return tl.where((u >= low) & (u <= high), 1.0, 0.0)


@triton.jit
def _spline_sides():
    """On which side of its middle each of a spline's 27 nodes lies along x, y and z (-1, 0, 1), and which exist."""
    tap = tl.arange(0, 32)[None, :]
    return tap // 9 - 1, tap // 3 % 3 - 1, tap % 3 - 1, tap < 27


@triton.jit
def _spline_axis(u, size, side):
    """Nodes around coordinates u along an axis, their quadratic B-spline weights and the derivatives of these."""
    u = tl.minimum(tl.maximum(u, 0.5), size - 1.5)[:, None]
    middle = tl.minimum((u + 0.5).to(tl.int32), size - 2)
    f = u - middle
    beside = 0.5 + side * f
    weight = tl.where(side == 0, 0.75 - f * f, 0.5 * beside * beside)
    slope = tl.where(side == 0, -2.0 * f, f + 0.5 * side)
    return middle + side, weight, slope


@_kernel
def spline_forward(coords, control, value, gradient, first, nx, ny, nz, count, BLOCK: tl.constexpr):
    """Value and derivative (per voxel) of the quadratic B-spline with the given control values."""
    point, exists = _items(count, BLOCK)
    side_x, side_y, side_z, is_tap = _spline_sides()
    i, wx, dx = _spline_axis(_coordinate(coords, point, exists, 0), nx, side_x)
    j, wy, dy = _spline_axis(_coordinate(coords, point, exists, 1), ny, side_y)
    k, wz, dz = _spline_axis(_coordinate(coords, point, exists, 2), nz, side_z)
    mask = exists[:, None] & is_tap
    c = tl.load(control + _row(first, i, j, k, ny, nz, mask), mask=mask, other=0.0)
    tl.store(value + point, tl.sum(c * wx * wy * wz, axis=1), mask=exists)
    tl.store(gradient + 3 * point, tl.sum(c * dx * wy * wz, axis=1), mask=exists)
    tl.store(gradient + 3 * point + 1, tl.sum(c * wx * dy * wz, axis=1), mask=exists)
    tl.store(gradient + 3 * point + 2, tl.sum(c * wx * wy * dz, axis=1), mask=exists)


@_kernel
def spline_backward(coords, grad_value, grad_gradient, grad_control, first, nx, ny, nz, count, BLOCK: tl.constexpr):
    """Adds the gradient of ``spline_forward`` to grad_control."""
    point, exists = _items(count, BLOCK)
    side_x, side_y, side_z, is_tap = _spline_sides()
    i, wx, dx = _spline_axis(_coordinate(coords, point, exists, 0), nx, side_x)
    j, wy, dy = _spline_axis(_coordinate(coords, point, exists, 1), ny, side_y)
    k, wz, dz = _spline_axis(_coordinate(coords, point, exists, 2), nz, side_z)
    by_value = tl.load(grad_value + point, mask=exists, other=0.0)[:, None]
    by_x = _coordinate(grad_gradient, point, exists, 0)[:, None]
    by_y = _coordinate(grad_gradient, point, exists, 1)[:, None]
    by_z = _coordinate(grad_gradient, point, exists, 2)[:, None]
    summand = (by_value * wx + by_x * dx) * wy * wz + wx * (by_y * dy * wz + by_z * wy * dz)
    mask = exists[:, None] & is_tap
    tl.atomic_add(grad_control + _row(first, i, j, k, ny, nz, mask), summand, mask=mask)


@_kernel
def spline_backward_coords(
    coords, grad_value, grad_gradient, control, out, first, nx, ny, nz, count, BLOCK: tl.constexpr
):
    """out [n, 3] = gradient of ``spline_forward`` with respect to the coordinates: slope and curvature of the spline.

    The second derivatives of the three weights are 1, -2 and 1.
    """
    point, exists = _items(count, BLOCK)
    side_x, side_y, side_z, is_tap = _spline_sides()
    x = _coordinate(coords, point, exists, 0)
    y = _coordinate(coords, point, exists, 1)
    z = _coordinate(coords, point, exists, 2)
    i, wx, dx = _spline_axis(x, nx, side_x)
    j, wy, dy = _spline_axis(y, ny, side_y)
    k, wz, dz = _spline_axis(z, nz, side_z)
    mask = exists[:, None] & is_tap
    c = tl.load(control + _row(first, i, j, k, ny, nz, mask), mask=mask, other=0.0)
    by_value = tl.load(grad_value + point, mask=exists, other=0.0)[:, None]
    by_x = _coordinate(grad_gradient, point, exists, 0)[:, None]
    by_y = _coordinate(grad_gradient, point, exists, 1)[:, None]
    by_z = _coordinate(grad_gradient, point, exists, 2)[:, None]
    bend_x = tl.where(side_x == 0, -2.0, 1.0)
    bend_y = tl.where(side_y == 0, -2.0, 1.0)
    bend_z = tl.where(side_z == 0, -2.0, 1.0)
    along_x = (by_value * dx + by_x * bend_x) * wy * wz + dx * (by_y * dy * wz + by_z * wy * dz)
    along_y = (by_value * dy + by_y * bend_y) * wx * wz + dy * (by_x * dx * wz + by_z * wx * dz)
    along_z = (by_value * dz + by_z * bend_z) * wx * wy + dz * (by_x * dx * wy + by_y * wx * dy)
    tl.store(out + 3 * point, tl.sum(c * along_x, axis=1) * _unclamped(x, 0.5, nx - 1.5), mask=exists)
    tl.store(out + 3 * point + 1, tl.sum(c * along_y, axis=1) * _unclamped(y, 0.5, ny - 1.5), mask=exists)
    tl.store(out + 3 * point + 2, tl.sum(c * along_z, axis=1) * _unclamped(z, 0.5, nz - 1.5), mask=exists)


@triton.jit
def _cell(u, size):
    """Lower node of the cell that holds coordinate u, and the fraction within the cell."""
    u = tl.minimum(tl.maximum(u, 0.0), size - 1.0)
    node = tl.minimum(u.to(tl.int32), size - 2)
    return node, u - node


@triton.jit
def _share(f, upper: tl.constexpr):
    """Weight of a cell's upper or lower node."""
    return f * upper + (1.0 - f) * (1 - upper)


@triton.jit
def _corner(first, i, j, k, ny, nz, exists, corner: tl.constexpr):
    """Where the values of one of a cell's eight nodes lie."""
    return _row(first, i + corner // 4, j + corner // 2 % 2, k + corner % 2, ny, nz, exists)


@triton.jit
def _corner_share(fx, fy, fz, corner: tl.constexpr):
    """Trilinear weight of one of a cell's eight nodes."""
    return _share(fx, corner // 4) * _share(fy, corner // 2 % 2) * _share(fz, corner % 2)


@_kernel
def trilinear_forward(
    coords, features, out, first, nx, ny, nz, count, CHANNELS: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr
):
    """Trilinear interpolation of feature vectors; WIDTH is the power of two that holds CHANNELS."""
    point, exists = _items(count, BLOCK)
    i, fx = _cell(_coordinate(coords, point, exists, 0), nx)
    j, fy = _cell(_coordinate(coords, point, exists, 1), ny)
    k, fz = _cell(_coordinate(coords, point, exists, 2), nz)
    channel = tl.arange(0, WIDTH)[None, :]
    mask = exists[:, None] & (channel < CHANNELS)
    total = tl.zeros((BLOCK, WIDTH), tl.float32)
    for corner in tl.static_range(8):
        weight = _corner_share(fx, fy, fz, corner)
        node = _corner(first, i, j, k, ny, nz, exists, corner)
        at = node.to(tl.int64)[:, None] * CHANNELS + channel
        total += weight[:, None] * tl.load(features + at, mask=mask, other=0.0)
    tl.store(out + point[:, None] * CHANNELS + channel, total, mask=mask)


@_kernel
def trilinear_backward(
    coords,
    grad_out,
    grad_features,
    marks,
    first,
    nx,
    ny,
    nz,
    count,
    CHANNELS: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Adds the gradient of ``trilinear_forward`` and marks, unless None, the nodes it touched."""
    point, exists = _items(count, BLOCK)
    i, fx = _cell(_coordinate(coords, point, exists, 0), nx)
    j, fy = _cell(_coordinate(coords, point, exists, 1), ny)
    k, fz = _cell(_coordinate(coords, point, exists, 2), nz)
    channel = tl.arange(0, WIDTH)[None, :]
    mask = exists[:, None] & (channel < CHANNELS)
    grad = tl.load(grad_out + point[:, None] * CHANNELS + channel, mask=mask, other=0.0)
    for corner in tl.static_range(8):
        weight = _corner_share(fx, fy, fz, corner)
        node = _corner(first, i, j, k, ny, nz, exists, corner)
        at = node.to(tl.int64)[:, None] * CHANNELS + channel
        tl.atomic_add(grad_features + at, weight[:, None] * grad, mask=mask)
        if marks is not None:
            tl.store(marks + node, 1, mask=exists)


@_kernel
def trilinear_backward_coords(
    coords,
    grad_out,
    features,
    out,
    first,
    nx,
    ny,
    nz,
    count,
    CHANNELS: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """out [n, 3] = gradient of ``trilinear_forward`` with respect to the coordinates."""
    point, exists = _items(count, BLOCK)
    x = _coordinate(coords, point, exists, 0)
    y = _coordinate(coords, point, exists, 1)
    z = _coordinate(coords, point, exists, 2)
    i, fx = _cell(x, nx)
    j, fy = _cell(y, ny)
    k, fz = _cell(z, nz)
    channel = tl.arange(0, WIDTH)[None, :]
    mask = exists[:, None] & (channel < CHANNELS)
    grad = tl.load(grad_out + point[:, None] * CHANNELS + channel, mask=mask, other=0.0)
    along_x = tl.zeros((BLOCK,), tl.float32)
    along_y = tl.zeros((BLOCK,), tl.float32)
    along_z = tl.zeros((BLOCK,), tl.float32)
    for corner in tl.static_range(8):
        wx, wy, wz = _share(fx, corner // 4), _share(fy, corner // 2 % 2), _share(fz, corner % 2)
        node = _corner(first, i, j, k, ny, nz, exists, corner)
        at = node.to(tl.int64)[:, None] * CHANNELS + channel
        dot = tl.sum(grad * tl.load(features + at, mask=mask, other=0.0), axis=1)
        along_x += (2 * (corner // 4) - 1) * wy * wz * dot
        along_y += (2 * (corner // 2 % 2) - 1) * wx * wz * dot
        along_z += (2 * (corner % 2) - 1) * wx * wy * dot
    tl.store(out + 3 * point, along_x * _unclamped(x, 0.0, nx - 1.0), mask=exists)
    tl.store(out + 3 * point + 1, along_y * _unclamped(y, 0.0, ny - 1.0), mask=exists)
    tl.store(out + 3 * point + 2, along_z * _unclamped(z, 0.0, nz - 1.0), mask=exists)


@triton.jit
def _beside(first, lowest, row, ny, nz, exists, side: tl.constexpr):
    """Rows of the nodes next to some on one of six sides."""
    axis: tl.constexpr = side // 2
    step: tl.constexpr = 2 * (side % 2) - 1
    i, j, k = _node(lowest, row, ny, nz, exists)
    return _row(first, i + step * (axis == 0), j + step * (axis == 1), k + step * (axis == 2), ny, nz, exists)


@_kernel
def laplacian(control, nodes, out, first, lowest, ny, nz, count, BLOCK: tl.constexpr):
    """out [nodes] = discrete Laplacian at the listed nodes."""
    item, exists = _items(count, BLOCK)
    row = tl.load(nodes + item, mask=exists, other=0)
    total = -6.0 * tl.load(control + row, mask=exists, other=0.0)
    for side in tl.static_range(6):
        total += tl.load(control + _beside(first, lowest, row, ny, nz, exists, side), mask=exists, other=0.0)
    tl.store(out + item, total, mask=exists)


@_kernel
def laplacian_backward(grad_control, nodes, weights, first, lowest, ny, nz, count, BLOCK: tl.constexpr):
    """Adds the gradient of ``sum(weights * laplacian)`` to grad_control."""
    item, exists = _items(count, BLOCK)
    row = tl.load(nodes + item, mask=exists, other=0)
    weight = tl.load(weights + item, mask=exists, other=0.0)
    tl.atomic_add(grad_control + row, -6.0 * weight, mask=exists)
    for side in tl.static_range(6):
        tl.atomic_add(grad_control + _beside(first, lowest, row, ny, nz, exists, side), weight, mask=exists)


@_kernel
def adam(
    values, grad, exp_avg, exp_avg_sq, nodes, rate, beta1, beta2, count, CHANNELS: tl.constexpr, BLOCK: tl.constexpr
):
    """Adam on those of the ``count`` numbers in the listed rows of values [nodes, C] with a gradient; clears it."""
    item, exists = _items(count, BLOCK)
    row = tl.load(nodes + item // CHANNELS, mask=exists, other=0).to(tl.int64)
    at = row * CHANNELS + item % CHANNELS
    g = tl.load(grad + at, mask=exists, other=0.0)
    touched = g != 0.0
    m = beta1 * tl.load(exp_avg + at, mask=touched, other=0.0) + (1.0 - beta1) * g
    v = beta2 * tl.load(exp_avg_sq + at, mask=touched, other=0.0) + (1.0 - beta2) * g * g
    value = tl.load(values + at, mask=touched, other=0.0)
    tl.store(exp_avg + at, m, mask=touched)
    tl.store(exp_avg_sq + at, v, mask=touched)
    tl.store(grad + at, tl.zeros((BLOCK,), tl.float32), mask=touched)
    tl.store(values + at, value - rate * m / (tl.sqrt(v) + 1e-15), mask=touched)


@triton.jit
def _is_inner(i, size):
    return (i >= 2) & (i < size - 2)


@_kernel
def widen(control, states, active, half_width, first, lowest, nx, ny, nz, count, BLOCK: tl.constexpr):
    """Sets the states of outer nodes beside the band, and marks it and two nodes around it, shared rows excepted.

    Programs write the same where they write to the same node.
    """
    row, exists = _items(count, BLOCK)
    i, j, k = _node(lowest, row, ny, nz, exists)
    value = tl.load(control + row, mask=exists, other=0.0)
    core = exists & (tl.abs(value) <= half_width) & _is_inner(i, nx) & _is_inner(j, ny) & _is_inner(k, nz)
    if first is not None:
        core = core & (row >= _SHARED)
    if tl.max(core.to(tl.int32), axis=0) > 0:
        tap = tl.arange(0, 128)[None, :]
        di, dj, dk = tap // 25 - 2, tap // 5 % 5 - 2, tap % 5 - 2
        within = core[:, None] & (tap < 125)
        around = _row(first, i[:, None] + di, j[:, None] + dj, k[:, None] + dk, ny, nz, within)
        if first is not None:
            within = within & (around >= _SHARED)
        beside = within & (tl.abs(di) <= 1) & (tl.abs(dj) <= 1) & (tl.abs(dk) <= 1)
        outer = tl.load(control + around, mask=beside, other=0.0) > half_width
        tl.store(states + around, _BAND, mask=beside & outer)
        inner = _is_inner(i[:, None] + di, nx) & _is_inner(j[:, None] + dj, ny) & _is_inner(k[:, None] + dk, nz)
        tl.store(active + around, 1, mask=within & inner)


@triton.jit
def _crossing(origin, direction, lower, upper):
    """Where a ray enters and leaves the space between two planes."""
    d = tl.where(tl.abs(direction) < 1e-9, 1e-9, direction)
    first, second = (lower - origin) / d, (upper - origin) / d
    return tl.minimum(first, second), tl.maximum(first, second)


@triton.jit
def _nearest(x, lower, voxel, size):
    return tl.minimum(tl.maximum(((x - lower) / voxel + 0.5).to(tl.int32), 0), size - 1)


@_kernel
def march(
    origins,
    directions,
    jitter,
    states,
    starts,
    distances,
    counts,
    lower_x,
    lower_y,
    lower_z,
    voxel,
    step,
    first,
    nx,
    ny,
    nz,
    STEPS: tl.constexpr,
):
    """Number of each ray's intervals whose middle lies in the band; and, unless starts is None, their distances.

    One program per ray, which does STEPS steps at a time. The distances of a ray begin at its entry in starts. The ray
    ends where it enters voxels that are safely inside: what lies behind the surface is hidden.
    """
    ray = tl.program_id(0)
    x, dx = tl.load(origins + 3 * ray), tl.load(directions + 3 * ray)
    y, dy = tl.load(origins + 3 * ray + 1), tl.load(directions + 3 * ray + 1)
    z, dz = tl.load(origins + 3 * ray + 2), tl.load(directions + 3 * ray + 2)
    near_x, far_x = _crossing(x, dx, lower_x, lower_x + voxel * (nx - 1))
    near_y, far_y = _crossing(y, dy, lower_y, lower_y + voxel * (ny - 1))
    near_z, far_z = _crossing(z, dz, lower_z, lower_z + voxel * (nz - 1))
    near = tl.maximum(tl.maximum(near_x, near_y), tl.maximum(near_z, 0.0))
    far = tl.minimum(tl.minimum(far_x, far_y), far_z)
    start = near + tl.load(jitter + ray) * step
    steps = tl.ceil(tl.maximum((far - near) / step, 0.0)).to(tl.int32)
    done = steps * 0
    count = steps * 0
    while done < steps:
        number = done + tl.arange(0, STEPS)
        t = start + step * number
        i = _nearest(x + t * dx, lower_x, voxel, nx)
        j = _nearest(y + t * dy, lower_y, voxel, ny)
        k = _nearest(z + t * dz, lower_z, voxel, nz)
        within = (t < far) & (number < steps)
        state = tl.load(states + _row(first, i, j, k, ny, nz, within), mask=within, other=_OUTSIDE)
        hidden = tl.min(tl.where(state == _INSIDE, number, steps), axis=0)
        kept = ((state == _BAND) & (number < hidden)).to(tl.int32)
        if starts is not None:
            at = tl.load(starts + ray) + count + tl.cumsum(kept, axis=0) - 1
            tl.store(distances + at, t, mask=kept > 0)
        count += tl.sum(kept, axis=0)
        done = tl.where(hidden < steps, steps, done + STEPS)
    tl.store(counts + ray, count)
