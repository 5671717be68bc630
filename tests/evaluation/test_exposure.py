"""Known gains are taken out again."""

from __future__ import annotations

import torch

from idr_neus_plugins.evaluation.exposure import at_exposure_of


def test_gains_of_the_channels_are_found_inside_the_mask():
    photo = torch.rand(20, 30, 3, generator=torch.Generator().manual_seed(0)) * 0.6 + 0.1
    foreground = torch.zeros(20, 30, 1)
    foreground[5:15] = 1
    rendered = photo / torch.tensor([1.2, 1.0, 0.8])
    rendered[:5] = 0.5
    matched = at_exposure_of(rendered, photo, foreground)
    torch.testing.assert_close(matched[5:15], photo[5:15], atol=0.01, rtol=0)


def test_clipped_colours_do_not_count_and_black_stays_black():
    photo, rendered = torch.full((4, 4, 3), 0.5), torch.full((4, 4, 3), 0.5)
    photo[0], rendered[0] = 1.0, 0.6
    torch.testing.assert_close(at_exposure_of(rendered, photo, None), rendered)
    assert at_exposure_of(torch.zeros(4, 4, 3), photo, None).max() == 0
