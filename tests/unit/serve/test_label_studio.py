"""Label Studio gets predictions that it accepts, at the characters that it shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.served import client_of

CONFIG = (
    '<View><Labels name="label" toName="text"><Label value="Method"/><Label value="Task"/></Labels>'
    '<Text name="text" value="$text"/></View>'
)
TEXT = "\U0001f600 BERT\r\ndoes Me\u0301 named entity recognition."


def predict(*data: dict[str, Any], config: str = CONFIG) -> Any:
    """What Label Studio sends, and the answer to it."""
    tasks = [{"id": n, "data": each, "annotations": []} for n, each in enumerate(data)]
    about = {"project": "1.1700000000", "model_version": None, "params": {"context": None}}
    asked = {"tasks": tasks, "label_config": config} | about
    body, kind = json.dumps(asked), {"Content-Type": "application/json"}
    return client_of().post("/label_studio/predict", content=body, headers=kind)


def labels(answer: Any) -> list[tuple[str, str]]:
    """(text, label) of the first task's spans."""
    assert answer.status_code == 200, answer.text
    regions = answer.json()["results"][0]["result"]
    return [(r["value"]["text"], r["value"]["labels"][0]) for r in regions]


def test_every_task_gets_a_prediction_with_scores() -> None:
    answer = predict({"text": TEXT}, {"text": ""}, {"text": "nothing", "other": 1})
    first, *others = answer.json()["results"]
    assert [other["result"] for other in others] == [[], []]
    assert first["model_version"] == "gazetteer-0"
    assert first["score"] == min(region["score"] for region in first["result"])
    values = [region["value"] for region in first["result"]]
    assert [TEXT[v["start"] : v["end"]] for v in values] == [v["text"] for v in values]
    assert labels(answer) == [("BERT", "Method"), ("named entity recognition", "Task")]
    assert len({region["id"] for region in first["result"]}) == 2


def test_label_studio_accepts_the_predictions() -> None:
    sdk = pytest.importorskip("label_studio_sdk.label_interface", reason="needs label-studio-sdk")
    for name in ('value="Method"', 'value="A" alias="a"', 'value="A B" predicted_values="Method"'):
        config = CONFIG.replace('value="Method"', name)
        interface = sdk.LabelInterface(config)
        answer = predict({"text": TEXT}, {"text": "nothing"}, config=config)
        for prediction in answer.json()["results"]:
            assert interface.validate_prediction(prediction, return_errors=True) == []
            for region in prediction["result"]:
                region["value"]["labels"] = ["Other"]
            assert interface.validate_prediction(prediction) == (not prediction["result"])


def test_tokens_and_sentences_of_a_batch_are_kept() -> None:
    """A task of a project says which tokens it has; a span ends with one of them."""
    text = "BERT. does named entity recognition"
    tokens = [[0, 5], [6, 10], [11, 16], [17, 23], [24, 35]]
    own = {"text": text, "sciner_id": "a#0", "sciner_tokens": tokens}
    assert labels(predict(own)) == [("named entity recognition", "Task")]  # "BERT." is another word
    assert len(labels(predict({"text": text}))) == 2
    split = {"text": "named entity\nrecognition", "sciner_id": "a#0"}
    assert labels(predict(split)) == [("named entity\nrecognition", "Task")]
    assert labels(predict({"text": split["text"]})) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('value="Method"', 'value="method"', ["method", "Task"]),
        ('value="Method"', 'value="A B" predicted_values="x, Method"', ["A B", "Task"]),
        ('value="Method"', 'value="Method" alias="m"', ["Task"]),
        ('value="Method"', 'value="method" alias="Method"', ["Method", "Task"]),
        ('<Label value="Method"/>', "", ["Task"]),
        ('<Label value="Task"/>', '<Label value="Task"/><Label value="TASK"/>', ["Method", "Task"]),
        ("<View>", '<View><Labels name="no" toName="text"><Label value="Task"/></Labels>', None),
        ("<View>", '<View><Labels name="no" toName="x"><Label value="Task"/></Labels>', None),
    ],
)
def test_labels_are_those_of_the_project(old: str, new: str, expected: list[str] | None) -> None:
    answer = predict({"text": TEXT}, config=CONFIG.replace(old, new))
    assert [label for _, label in labels(answer)] == (expected or ["Method", "Task"])
    (region, *_) = answer.json()["results"][0]["result"]
    assert (region["from_name"], region["to_name"]) == ("label", "text")


BAD = [
    (
        CONFIG.replace("Method", "A").replace("Task", "B"),
        "none of the tagger's classes: Method, Task",
    ),
    (CONFIG.replace("<Text", "<HyperText"), "labels no <Text>"),
    (CONFIG.replace("$text", "text"), "shows no plain text"),
    (CONFIG.replace("<Text", '<Text valueType="url"'), "shows no plain text"),
    (CONFIG.replace("<Text", '<Text encoding="base64"'), "shows no plain text"),
    ("", "invalid XML"),
    (CONFIG[:-3], "invalid XML"),
    ('<!DOCTYPE a [<!ENTITY b "c">]><View/>', "an XML entity is declared"),
    ("<a>" * 200, "too deep nesting"),
]


@pytest.mark.parametrize(("config", "fault"), BAD)
def test_a_project_that_cannot_be_served_is_refused(config: str, fault: str) -> None:
    setup = {"project": "1.1700000000", "schema": config, "hostname": "", "access_token": None}
    answers = (
        client_of().post("/label_studio/setup", json=setup),
        predict({"text": "a"}, config=config),
    )
    for answer in answers:
        assert answer.status_code == 422 and fault in answer.json()["detail"]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({}, 'task 0: no text under "text"'),
        ({"text": 1}, 'task 0: no text under "text"'),
        ({"text": "\ud800"}, "task 0: a lone surrogate"),
        ({"text": "ab", "sciner_tokens": [[0, 3]]}, "task 0: token 0 3 is not in this text"),
        ({"text": "ab", "sciner_tokens": "a"}, 'task 0: "sciner_tokens" is not a list'),
        ({"text": "ab", "sciner_id": 1}, 'task 0: "sciner_id"'),
    ],
)
def test_a_task_that_cannot_be_read_is_refused(data: dict[str, Any], fault: str) -> None:
    answer = predict(data)
    assert answer.status_code == 422 and fault in answer.json()["detail"]


def test_a_project_is_set_up_and_its_events_are_ignored() -> None:
    client = client_of()
    setup = client.post("/label_studio/setup", json={"project": "1.1", "schema": CONFIG})
    assert setup.json() == {"model_version": "gazetteer-0"}
    assert client.get("/label_studio/health").json()["status"] == "UP"
    event = client.post(
        "/label_studio/webhook", json={"action": "ANNOTATION_CREATED", "project": {}}
    )
    assert event.status_code == 200 and "ignored" in event.json()["status"]
