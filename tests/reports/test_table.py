"""Tables of known results."""

from __future__ import annotations

import pytest

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reports.sections import put_between_marks, read_sections, section_as_markdown
from idr_neus_plugins.reports.table import Table, markdown
from tests.reports.finished import write_result, write_results


def test_seeds_are_one_row_with_mean_and_spread(tmp_path):
    (section,) = read_sections([write_results(tmp_path)])
    (scene, ball), (_, egg), (mean, means) = section.tables()
    assert (scene, mean) == ("ball", "mean")
    assert ball.header == ["method", "seeds", "training", "steps", "Chamfer", "PSNR"]
    assert ball.rows[0] == ["fast", "0 1", "2.0 min", "1,000", "0.200 ± 0.141", "30.50 ± 0.71"]
    assert ball.rows[1] == ["slow", "0", "2.0 min", "1,000", "0.250", "30.00"]
    assert ball.rows[2] == ["NeuS, paper: theirs", "", "", "", "0.5", ""]
    assert [row[0] for row in egg.rows] == ["fast"]
    assert [row[0] for row in means.rows] == ["fast", "NeuS, paper: theirs"]  # slow lacks a scene


def test_markdown_has_every_cell_and_the_provenance(tmp_path):
    (section,) = read_sections([write_results(tmp_path)])
    text = section_as_markdown(section)
    assert "| fast | 0 1 | 2.0 min | 1,000 | 0.200 ± 0.141 | 30.50 ± 0.71 |" in text
    assert "0.1+abc" in text and "abacus, 2 cores, 4 GiB, no GPU" in text and "torch 2.4" in text


def test_results_of_different_code_are_refused(tmp_path):
    write_result(write_results(tmp_path / "a"), "egg", "slow", 0, 0.2, code="0.1+def")
    with pytest.raises(UserError, match="different versions"):
        read_sections([tmp_path / "a"])


def test_a_folder_that_is_no_recipe(tmp_path):
    write_results(tmp_path)
    with pytest.raises(UserError, match="recipe.yaml"):
        read_sections([tmp_path / "ball"])


def test_only_the_part_between_the_marks_changes():
    once = put_between_marks("# Results\n\nBy hand.\n", "r", "one")
    assert once.startswith("# Results\n\nBy hand.\n\n<!-- report: r -->\none\n")
    twice = put_between_marks(once + "After.\n", "r", "two")
    assert twice == once.replace("one", "two") + "After.\n"
    with pytest.raises(UserError, match="repair"):
        put_between_marks("<!-- report: r -->", "r", "x")


def test_names_of_others_end_no_cell_and_begin_no_tag():
    text = markdown(Table(["method"], [["a | b <script>\n# c"]]))
    assert text.splitlines()[-1] == r"| a \| b &lt;script> # c |"
