"""Colours for vertices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from idr_neus_plugins.progress import progress_bar


@torch.no_grad()
def vertex_colors(
    colors_at: Callable[[Tensor], Tensor],
    vertices: np.ndarray,
    device: torch.device,
    *,
    batch_size: int = 65536,
    progress: bool = True,
) -> np.ndarray:
    """Colours [n, 3] uint8 of ``vertices`` [n, 3] (scene units) from ``colors_at``: positions -> rgb in [0, 1]."""
    colors = np.empty((len(vertices), 3), np.uint8)
    with progress_bar(progress) as bar:
        task = bar.add_task("Colouring (vertices)", total=len(vertices))
        for start in range(0, len(vertices), batch_size):
            part = slice(start, start + batch_size)
            rgb = colors_at(torch.from_numpy(np.asarray(vertices[part], np.float32)).to(device))
            colors[part] = (rgb.clamp(0, 1) * 255).round().byte().cpu().numpy()
            bar.advance(task, len(rgb))
    return colors
