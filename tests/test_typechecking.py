"""The checks that all other tests rely on."""

from __future__ import annotations

import pytest
import torch

from idr_neus_plugins.core.bundle import Bundle, cross_matrix


def test_a_function_refuses_a_wrong_shape():
    with pytest.raises(Exception, match="vectors"):
        cross_matrix(torch.zeros(3, 4))


def test_a_record_refuses_a_wrong_shape():
    Bundle(torch.zeros(2, 3, 4), torch.zeros(5, 3))
    with pytest.raises(Exception, match="points"):
        Bundle(torch.zeros(2, 3, 4), torch.zeros(5, 2))
