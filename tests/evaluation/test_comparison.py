from idr_neus_plugins.evaluation.comparison import comparison_table


def test_a_row_per_method_and_a_column_per_score_that_any_has():
    scores = {
        "neus-idr-fast": {"chamfer": 0.13449, "chamfer_relative": 0.000671, "psnr": 31.234, "fscore_0.5": 0.9},
        "unisurf-fast": {"chamfer": None, "chamfer_relative": None, "psnr": 30.0},
    }
    table = comparison_table(scores, {"neus-idr-fast": 12_345, "unisurf-fast": None})
    assert table.splitlines() == [
        "| method | steps | Chamfer | of the diameter | PSNR |",
        "| --- | --- | --- | --- | --- |",
        "| `neus-idr-fast` | 12,345 | 0.134 | 0.07% | 31.23 |",
        "| `unisurf-fast` | – | – | – | 30.00 |",
    ]


def test_without_steps_there_is_no_such_column():
    assert "steps" not in comparison_table({"a": {"median": 0.5}})
