"""The grid field's hot loops as Numba kernels for the CPU: same results as ``reference.py``, fused and allocation-free.

Scatters (the backward passes) are *owner computes*: the grid is cut into slabs along x, one per thread, and each
thread walks all samples but writes only into its own slab. So there are no atomics, no private copies of the grid,
and the sums are the same for every run with the same number of threads.

Numba compiles each kernel at its first call (some 20 s in all) and caches the machine code on disk.
"""

# Shapes: n points in index coordinates (grid nodes at integers), control values [rows], features [rows, C]; which row
# is a node's: numba_rows.py.

import numba
import numpy as np

from idr_neus_plugins.core.numba_setup import INLINE, JIT
from idr_neus_plugins.fields.grid.numba_rows import is_own, line_length, line_start, row_of
from idr_neus_plugins.fields.grid.states import BAND, INSIDE, OUTSIDE

_ONE, _HALF = np.float32(1.0), np.float32(0.5)


@numba.njit(**INLINE)
def _spline(u, size):
    """Nearest inner node of coordinate u, its three quadratic B-spline weights and their derivatives."""
    u = min(max(u, _HALF), np.float32(size) - np.float32(1.5))
    node = min(int(u + _HALF), size - 2)
    f = u - np.float32(node)
    a, b = _HALF - f, _HALF + f
    return node, _HALF * a * a, np.float32(0.75) - f * f, _HALF * b * b, -a, np.float32(-2.0) * f, b


@numba.njit(**JIT)
def bspline_forward(control, shape, first, coords, value, gradient):
    """Value and derivative (per voxel) of the quadratic B-spline with the given control values."""
    nx, ny, nz = shape
    for m in numba.prange(coords.shape[0]):
        i, x0, x1, x2, dx0, dx1, dx2 = _spline(coords[m, 0], nx)
        j, y0, y1, y2, dy0, dy1, dy2 = _spline(coords[m, 1], ny)
        k, z0, z1, z2, dz0, dz1, dz2 = _spline(coords[m, 2], nz)
        wx, dwx = (x0, x1, x2), (dx0, dx1, dx2)
        wy, dwy = (y0, y1, y2), (dy0, dy1, dy2)
        v = gx = gy = gz = np.float32(0.0)
        for a in range(3):
            s = sy = sz = np.float32(0.0)
            for b in range(3):
                c0 = control[row_of(shape, first, i + a - 1, j + b - 1, k - 1)]
                c1 = control[row_of(shape, first, i + a - 1, j + b - 1, k)]
                c2 = control[row_of(shape, first, i + a - 1, j + b - 1, k + 1)]
                along_z = z0 * c0 + z1 * c1 + z2 * c2
                s += wy[b] * along_z
                sy += dwy[b] * along_z
                sz += wy[b] * (dz0 * c0 + dz1 * c1 + dz2 * c2)
            v += wx[a] * s
            gx += dwx[a] * s
            gy += wx[a] * sy
            gz += wx[a] * sz
        value[m] = v
        gradient[m, 0] = gx
        gradient[m, 1] = gy
        gradient[m, 2] = gz


@numba.njit(**JIT)
def bspline_backward(grad_control, shape, first, coords, grad_value, grad_gradient, slabs):
    """Adds the gradient of ``bspline_forward`` to grad_control; thread t owns the x-slab slabs[t]:slabs[t + 1]."""
    nx, ny, nz = shape
    for t in numba.prange(slabs.shape[0] - 1):
        low, high = slabs[t], slabs[t + 1]
        for m in range(coords.shape[0]):
            i, x0, x1, x2, dx0, dx1, dx2 = _spline(coords[m, 0], nx)
            if i + 1 < low or i - 1 >= high:
                continue
            j, y0, y1, y2, dy0, dy1, dy2 = _spline(coords[m, 1], ny)
            k, z0, z1, z2, dz0, dz1, dz2 = _spline(coords[m, 2], nz)
            wx, dwx = (x0, x1, x2), (dx0, dx1, dx2)
            wy, dwy = (y0, y1, y2), (dy0, dy1, dy2)
            gv = grad_value[m]
            gx, gy, gz = grad_gradient[m, 0], grad_gradient[m, 1], grad_gradient[m, 2]
            for a in range(3):
                x = i + a - 1
                if x < low or x >= high:
                    continue
                p, py, pz = gv * wx[a] + gx * dwx[a], gy * wx[a], gz * wx[a]
                for b in range(3):
                    q, qz = p * wy[b] + py * dwy[b], pz * wy[b]
                    grad_control[row_of(shape, first, x, j + b - 1, k - 1)] += q * z0 + qz * dz0
                    grad_control[row_of(shape, first, x, j + b - 1, k)] += q * z1 + qz * dz1
                    grad_control[row_of(shape, first, x, j + b - 1, k + 1)] += q * z2 + qz * dz2


@numba.njit(**INLINE)
def _inside(u, low, high):
    """1 where a coordinate is not clamped, 0 where moving it changes nothing."""
    return _ONE if low <= u <= high else np.float32(0.0)


@numba.njit(**JIT)
def bspline_backward_coords(control, shape, first, coords, grad_value, grad_gradient, out):
    """out [n, 3] = gradient of ``bspline_forward`` with respect to the coordinates: slope and curvature of the spline.

    The second derivatives of the three weights are 1, -2 and 1.
    """
    nx, ny, nz = shape
    for m in numba.prange(coords.shape[0]):
        i, x0, x1, x2, dx0, dx1, dx2 = _spline(coords[m, 0], nx)
        j, y0, y1, y2, dy0, dy1, dy2 = _spline(coords[m, 1], ny)
        k, z0, z1, z2, dz0, dz1, dz2 = _spline(coords[m, 2], nz)
        wx, dwx = (x0, x1, x2), (dx0, dx1, dx2)
        wy, dwy = (y0, y1, y2), (dy0, dy1, dy2)
        bend = (_ONE, np.float32(-2.0), _ONE)
        gx = gy = gz = hxx = hyy = hzz = hxy = hxz = hyz = np.float32(0.0)
        for a in range(3):
            s = sy = sz = syy = szz = syz = np.float32(0.0)
            for b in range(3):
                c0 = control[row_of(shape, first, i + a - 1, j + b - 1, k - 1)]
                c1 = control[row_of(shape, first, i + a - 1, j + b - 1, k)]
                c2 = control[row_of(shape, first, i + a - 1, j + b - 1, k + 1)]
                along, slope = z0 * c0 + z1 * c1 + z2 * c2, dz0 * c0 + dz1 * c1 + dz2 * c2
                s += wy[b] * along
                sy += dwy[b] * along
                syy += bend[b] * along
                sz += wy[b] * slope
                syz += dwy[b] * slope
                szz += wy[b] * (c0 - np.float32(2.0) * c1 + c2)
            gx += dwx[a] * s
            gy += wx[a] * sy
            gz += wx[a] * sz
            hxx += bend[a] * s
            hyy += wx[a] * syy
            hzz += wx[a] * szz
            hxy += dwx[a] * sy
            hxz += dwx[a] * sz
            hyz += wx[a] * syz
        gv, vx, vy, vz = grad_value[m], grad_gradient[m, 0], grad_gradient[m, 1], grad_gradient[m, 2]
        out[m, 0] = _inside(coords[m, 0], _HALF, nx - np.float32(1.5)) * (gv * gx + vx * hxx + vy * hxy + vz * hxz)
        out[m, 1] = _inside(coords[m, 1], _HALF, ny - np.float32(1.5)) * (gv * gy + vx * hxy + vy * hyy + vz * hyz)
        out[m, 2] = _inside(coords[m, 2], _HALF, nz - np.float32(1.5)) * (gv * gz + vx * hxz + vy * hyz + vz * hzz)


@numba.njit(**INLINE)
def _cell(u, size):
    """Lower node of the cell that holds coordinate u, and the fraction within the cell."""
    u = min(max(u, np.float32(0.0)), np.float32(size - 1))
    node = min(int(u), size - 2)
    return node, u - np.float32(node)


@numba.njit(**INLINE)
def _together(first, k):
    """Whether a node and the next one along z follow one another in memory."""
    return first is None or (k & 7) < 7


@numba.njit(**INLINE)
def _stretch(flat, row, length, channels):
    """The values of so many rows."""
    start = row * np.uintp(channels)
    return flat[start : start + np.uintp(length * channels)]


@numba.njit(**JIT)
def trilinear_forward(features, shape, first, coords, out):
    """Trilinear interpolation of feature vectors."""
    nx, ny, nz = shape
    flat, channels = features.reshape(-1), features.shape[1]
    for m in numba.prange(coords.shape[0]):
        i, fx = _cell(coords[m, 0], nx)
        j, fy = _cell(coords[m, 1], ny)
        k, fz = _cell(coords[m, 2], nz)
        w00, w01, w10, w11 = (_ONE - fx) * (_ONE - fy), (_ONE - fx) * fy, fx * (_ONE - fy), fx * fy
        result = out[m]
        levels = 1 if _together(first, k) else 2
        for level in range(levels):
            f00 = _stretch(flat, row_of(shape, first, i, j, k + level), 3 - levels, channels)
            f01 = _stretch(flat, row_of(shape, first, i, j + 1, k + level), 3 - levels, channels)
            f10 = _stretch(flat, row_of(shape, first, i + 1, j, k + level), 3 - levels, channels)
            f11 = _stretch(flat, row_of(shape, first, i + 1, j + 1, k + level), 3 - levels, channels)
            if levels == 1:
                for c in range(channels):
                    e = c + channels
                    low = w00 * f00[c] + w01 * f01[c] + w10 * f10[c] + w11 * f11[c]
                    high = w00 * f00[e] + w01 * f01[e] + w10 * f10[e] + w11 * f11[e]
                    result[c] = low + fz * (high - low)
            else:
                for c in range(channels):
                    here = w00 * f00[c] + w01 * f01[c] + w10 * f10[c] + w11 * f11[c]
                    result[c] = result[c] + fz * (here - result[c]) if level else here


@numba.njit(**JIT)
def trilinear_backward(grad_features, shape, first, marks, coords, grad_out, slabs):
    """Adds the gradient of ``trilinear_forward`` and marks [rows] the nodes it touched."""
    nx, ny, nz = shape
    flat, channels = grad_features.reshape(-1), grad_features.shape[1]
    for t in numba.prange(slabs.shape[0] - 1):
        low, high = slabs[t], slabs[t + 1]
        for m in range(coords.shape[0]):
            i, fx = _cell(coords[m, 0], nx)
            if i + 1 < low or i >= high:
                continue
            j, fy = _cell(coords[m, 1], ny)
            k, fz = _cell(coords[m, 2], nz)
            given = grad_out[m]
            for a in range(2):
                x = i + a
                if x < low or x >= high:
                    continue
                for b in range(2):
                    w1 = (fx if a else _ONE - fx) * (fy if b else _ONE - fy) * fz
                    w0 = (fx if a else _ONE - fx) * (fy if b else _ONE - fy) - w1
                    lower, upper = row_of(shape, first, x, j + b, k), row_of(shape, first, x, j + b, k + 1)
                    if _together(first, k):
                        pair = _stretch(flat, lower, 2, channels)
                        for c in range(channels):
                            pair[c] += w0 * given[c]
                            pair[c + channels] += w1 * given[c]
                    else:
                        for c in range(channels):
                            grad_features[lower, c] += w0 * given[c]
                            grad_features[upper, c] += w1 * given[c]
                    marks[lower] = 1
                    marks[upper] = 1


@numba.njit(**JIT)
def trilinear_backward_coords(features, shape, first, coords, grad_out, out):
    """out [n, 3] = gradient of ``trilinear_forward`` with respect to the coordinates."""
    nx, ny, nz = shape
    zero = np.float32(0.0)
    for m in numba.prange(coords.shape[0]):
        i, fx = _cell(coords[m, 0], nx)
        j, fy = _cell(coords[m, 1], ny)
        k, fz = _cell(coords[m, 2], nz)
        gx = gy = gz = zero
        for a in range(2):
            wx, sx = (fx, _ONE) if a else (_ONE - fx, -_ONE)
            for b in range(2):
                wy, sy = (fy, _ONE) if b else (_ONE - fy, -_ONE)
                for e in range(2):
                    wz, sz = (fz, _ONE) if e else (_ONE - fz, -_ONE)
                    row = row_of(shape, first, i + a, j + b, k + e)
                    dot = zero
                    for c in range(features.shape[1]):
                        dot += grad_out[m, c] * features[row, c]
                    gx += sx * wy * wz * dot
                    gy += wx * sy * wz * dot
                    gz += wx * wy * sz * dot
        out[m, 0] = gx * _inside(coords[m, 0], zero, np.float32(nx - 1))
        out[m, 1] = gy * _inside(coords[m, 1], zero, np.float32(ny - 1))
        out[m, 2] = gz * _inside(coords[m, 2], zero, np.float32(nz - 1))


@numba.njit(**INLINE)
def _is_inner(i, size):
    return 2 <= i < size - 2


@numba.njit(**JIT)
def classify(control, shape, first, lowest, half_width, states, active):
    """Sets the state of every node by its value, and marks what an interval in the band can reach.

    The band is widened by one node on its outer side. active (zeros) marks the band and two nodes around it, borders
    and shared rows excepted.
    """
    nx, ny, nz = shape
    length = line_length(shape, lowest)
    lines = control.shape[0] // length
    for line in numba.prange(lines):
        for row in range(line * length, (line + 1) * length):
            value = control[row]
            states[row] = OUTSIDE if value > half_width else (INSIDE if value < -half_width else BAND)
    for line in numba.prange(lines):
        i, j, start = line_start(shape, lowest, line)
        if not (_is_inner(i, nx) and _is_inner(j, ny)):
            continue
        for n in range(length):
            row, k = line * length + n, start + n
            if abs(control[row]) <= half_width and _is_inner(k, nz) and is_own(first, row):
                for a in range(-2, 3):
                    for b in range(-2, 3):
                        for e in range(-2, 3):
                            other = row_of(shape, first, i + a, j + b, k + e)
                            if not is_own(first, other):
                                continue
                            if max(abs(a), abs(b), abs(e)) == 1 and states[other] == OUTSIDE:
                                states[other] = BAND
                            if _is_inner(i + a, nx) and _is_inner(j + b, ny) and _is_inner(k + e, nz):
                                active[other] = 1


@numba.njit(**INLINE)
def _nearest(x, lower, voxel, size):
    return min(max(int((x - lower) / voxel + _HALF), 0), size - 1)


@numba.njit(**JIT)
def march(origins, directions, jitter, lower, voxel, states, shape, first, step, distances, counts):
    """Steps each ray through the grid's box and notes the intervals whose middle lies in the band.

    The ray ends where it enters voxels that are safely inside: what lies behind the surface is hidden. It steps over
    bricks that are not stored.
    """
    for r in numba.prange(origins.shape[0]):
        near, far = np.float32(0.0), np.float32(1e9)
        for a in range(3):
            d = directions[r, a]
            if abs(d) < np.float32(1e-9):
                d = np.float32(1e-9)
            upper = lower[a] + voxel * np.float32(shape[a] - 1)
            t0, t1 = (lower[a] - origins[r, a]) / d, (upper - origins[r, a]) / d
            near, far = max(near, min(t0, t1)), min(far, max(t0, t1))
        count = number = 0
        start = near + jitter[r] * step
        t = start
        while t < far and count < distances.shape[1]:
            i = _nearest(origins[r, 0] + t * directions[r, 0], lower[0], voxel, shape[0])
            j = _nearest(origins[r, 1] + t * directions[r, 1], lower[1], voxel, shape[1])
            k = _nearest(origins[r, 2] + t * directions[r, 2], lower[2], voxel, shape[2])
            row = row_of(shape, first, i, j, k)
            state = states[row]
            if state == INSIDE:
                break
            if state == BAND:
                distances[r, count] = t
                count += 1
            number += 1
            if not is_own(first, row):
                end = _end_of_brick(origins[r], directions[r], (i, j, k), lower, voxel)
                number = max(number, int((end - start) / step))
            t = start + step * np.float32(number)
        counts[r] = count


@numba.njit(**INLINE)
def _end_of_brick(origin, direction, node, lower, voxel):
    """Distance at which a ray leaves the brick that the node is in."""
    end = np.float32(1e9)
    for a in range(3):
        d = direction[a]
        if abs(d) > np.float32(1e-9):
            border = np.float32(node[a] & ~7) + (np.float32(7.5) if d > 0 else -_HALF)
            end = min(end, (lower[a] + voxel * border - origin[a]) / d)
    return end
