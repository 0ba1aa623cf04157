from __future__ import annotations

import yaml

from sciner.config import RunConfig
from sciner.config.conf import CONF, GROUPS, NO_RESULT
from sciner.store.layout import DEFAULT_FOLDER


def test_what_changes_no_result_is_a_group_or_key_and_but_for_experiment_a_section() -> None:
    assert NO_RESULT - set(GROUPS) == {"save_model", "suspects"}
    assert NO_RESULT - RunConfig.model_fields.keys() == {"experiment"}


def test_the_store_that_a_run_writes_is_the_one_that_commands_look_for() -> None:
    assert yaml.safe_load((CONF / "store" / "disk.yaml").read_text(encoding="utf-8"))["dir"] == str(
        DEFAULT_FOLDER
    )
