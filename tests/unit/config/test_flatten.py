from __future__ import annotations

from sciner.config.flatten import flatten


def test_keys_are_as_on_the_command_line_and_an_empty_mapping_is_a_value() -> None:
    values = {
        "seed": 1,
        "data": {"limit": None, "columns": {"tags": "ner"}},
        "threshold": {"classes": {}},
    }
    assert flatten(values) == {
        "seed": 1,
        "data.limit": None,
        "data.columns.tags": "ner",
        "threshold.classes": {},
    }
