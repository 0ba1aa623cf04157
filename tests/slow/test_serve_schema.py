"""Requests that schemathesis makes from the server's own OpenAPI schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.served import served

schemathesis = pytest.importorskip("schemathesis", reason="needs the extra fuzz")
pytest.importorskip("cassis", reason="needs dkpro-cassis")
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

from sciner.text.formats.exchange.cas import ENTITY  # noqa: E402
from tests.unit.serve.test_inception import XMI, types  # noqa: E402
from tests.unit.serve.test_label_studio import CONFIG  # noqa: E402

pytestmark = pytest.mark.slow
TOKEN = {"Authorization": "Bearer fuzzing-only"}
SCHEMA = schemathesis.openapi.from_asgi(
    "/openapi.json", served(token="fuzzing-only"), headers=TOKEN
)
WITHIN = ("/label_studio/predict", "/label_studio/setup", "/inception/predict")  # XML in strings
many = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@SCHEMA.parametrize()
@many
def test_every_answer_is_one_that_the_schema_promises(case: Any) -> None:
    """And none is a failure; what the schema allows is accepted, and only that."""
    excluded = [positive_data_acceptance] if case.path in WITHIN else []
    case.call_and_validate(headers=TOKEN, excluded_checks=excluded)


@SCHEMA.include(path=list(WITHIN)).parametrize()
@many
def test_valid_xml_among_arbitrary_values_makes_nothing_fail(case: Any) -> None:
    if isinstance(case.body, dict):
        known = {"label_config": CONFIG, "schema": CONFIG, "typeSystem": types().to_xml()}
        known |= {"metadata": {"layer": ENTITY, "feature": "value"}, "document": {"xmi": XMI}}
        case.body |= {name: value for name, value in known.items() if name in case.body}
    assert case.call(headers=TOKEN).status_code < 500
