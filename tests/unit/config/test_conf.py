from __future__ import annotations

from sciner.config import RunConfig
from sciner.config.conf import GROUPS, NO_RESULT


def test_groups_that_change_no_result_are_groups_and_all_of_them_but_experiment_are_sections() -> None:
    assert set(GROUPS) >= NO_RESULT
    assert NO_RESULT - RunConfig.model_fields.keys() == {"experiment"}
