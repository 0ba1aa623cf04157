"""The protocol of Label Studio's ML backends (label-studio-ml 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from sciner.errors import InputError
from sciner.serve.service import Service
from sciner.serve.text import AnnotatedSentence, Split, split
from sciner.text.formats.exchange.fields import own_fields
from sciner.text.formats.exchange.xml import Element, parse_xml_text
from sciner.text.formats.row import ID

EXAMPLE = '<Labels name="label" toName="text">…</Labels><Text name="text" value="$text"/>'


class Task(BaseModel):
    """A task; other keys are ignored."""

    model_config = ConfigDict(strict=True)
    id: int | str | None = None
    data: dict[str, Any]


class PredictRequest(BaseModel):
    """Tasks, and the labelling configuration of their project; other keys are ignored."""

    model_config = ConfigDict(strict=True)
    tasks: list[Task]
    label_config: str


class SetupRequest(BaseModel):
    """The labelling configuration of a project; other keys are ignored."""

    model_config = ConfigDict(strict=True)
    label_config: str = Field(alias="schema")


class Event(BaseModel):
    """Something that happened in a project; other keys are ignored."""

    model_config = ConfigDict(strict=True)
    action: str


class Value(BaseModel):
    """The place of a span, in characters of the text, and its label."""

    start: int
    end: int
    text: str
    labels: tuple[str]


class Region(BaseModel):
    """A span, as Label Studio stores it; ``score`` is its confidence."""

    id: str
    from_name: str
    to_name: str
    type: Literal["labels"] = "labels"
    value: Value
    score: float


class Prediction(BaseModel):
    """The spans of a task; ``score`` is the lowest of their confidences, 1 without spans."""

    model_version: str
    score: float
    result: list[Region]


class PredictResponse(BaseModel):
    """One prediction per task, in their order."""

    results: list[Prediction]


class SetupResponse(BaseModel):
    """The name of the tagger; Label Studio asks for new predictions when it changes."""

    model_version: str


class Health(BaseModel):
    """Whether the server answers, and the name of what predicts."""

    status: Literal["UP"] = "UP"
    model_class: str


class Ignored(BaseModel):
    """The answer to an event: nothing is trained here."""

    status: str = "ignored: sciner serve does not train"


class Project(NamedTuple):
    """What a labelling configuration says.

    Attributes:
        control: the name of its <Labels>.
        shown: the name of its <Text>.
        key: of the text in a task's data.
        names: the project's label for each class of the tagger that it has.
    """

    control: str
    shown: str
    key: str
    names: Mapping[str, str]


def router(service: Service) -> APIRouter:
    """The routes /predict, /setup, /webhook and /health."""
    routes = APIRouter()

    @routes.post("/predict")
    def predict(asked: PredictRequest) -> PredictResponse:
        """Predict the spans of tasks."""
        project = project_of(asked.label_config, service.labels)
        texts = [text_of(task, project.key) for task in asked.tasks]
        found = service.annotate([sentences for _, sentences in texts])
        results = [
            prediction_of(text, sentences, project, service.name)
            for (text, _), sentences in zip(texts, found, strict=True)
        ]
        return PredictResponse(results=results)

    @routes.post("/setup")
    def setup(asked: SetupRequest) -> SetupResponse:
        """Check that the tagger can serve a project."""
        project_of(asked.label_config, service.labels)
        return SetupResponse(model_version=service.name)

    @routes.post("/webhook")
    def webhook(event: Event) -> Ignored:
        """Accept an event, and ignore it."""
        return Ignored()

    @routes.get("/health")
    async def health() -> Health:
        """Say that the server is up."""
        return Health(model_class=service.name)

    return routes


def project_of(config: str, labels: Sequence[str]) -> Project:
    """Read a labelling configuration.

    Of several <Labels>, the one is chosen that has most of the tagger's classes. A class has the
    same name in the project, or is among the ``predicted_values`` of a label, or differs in case.

    Args:
        config: XML.
        labels: the tagger's classes.

    Raises:
        InputError: it is not XML, labels no plain text, or has none of the classes.
    """
    root = parse_xml_text(config)
    texts = {element.attributes.get("name", ""): element for element in root.below("Text")}
    pairs = [
        (control, texts[control.attributes["toName"]])
        for control in root.below("Labels")
        if control.attributes.get("toName") in texts and "name" in control.attributes
    ]
    if not pairs:
        raise InputError("the labelling configuration labels no <Text>", hint=f"write {EXAMPLE}")
    control, shown = max(pairs, key=lambda pair: len(names_of(pair[0], labels)))
    names = names_of(control, labels)
    if not names:
        raise InputError(
            f"the project has none of the tagger's classes: {', '.join(labels)}",
            hint='add them to <Labels>, or name them in predicted_values="…" of a label',
        )
    told = {name.lower(): value for name, value in shown.attributes.items()}
    plain = told.get("valuetype", "text") == "text" and told.get("encoding", "none") == "none"
    key = told.get("value", "")
    if not key.startswith("$") or not plain:
        raise InputError("<Text> shows no plain text of a task's data", hint=f"write {EXAMPLE}")
    return Project(control.attributes["name"], shown.attributes["name"], key[1:], names)


def names_of(control: Element, labels: Sequence[str]) -> dict[str, str]:
    """{class of the tagger: label of the project}, by the best match of each class."""
    names: list[dict[str, str]] = [{}, {}, {}]  # the best last
    for label in control.below("Label"):
        told = label.attributes
        name = told.get("alias") or told.get("value", "")
        meant = [part.strip() for part in told.get("predicted_values", "").split(",")]
        for c in labels:
            matches = c.lower() == name.lower(), c == name, c in meant
            for found, matched in zip(names, matches, strict=True):
                if matched:
                    found.setdefault(c, name)
    return names[0] | names[1] | names[2]


def text_of(task: Task, key: str) -> tuple[str, list[Split]]:
    """The text of a task and its sentences; ids and tokens that sciner gave it are heeded."""
    text = task.data.get(key)
    try:
        if not isinstance(text, str):
            raise InputError(f'no text under "{key}"', hint="does <Text> name another key?")
        id_, tokens = own_fields(task.data, text, "task")
        return text, split(text, tokens, [(0, len(text))] if ID.fullmatch(id_) else None)
    except InputError as error:
        raise InputError(f"task {task.id}: {error}") from None


def prediction_of(
    text: str, sentences: Sequence[AnnotatedSentence], project: Project, name: str
) -> Prediction:
    """The prediction for a text; spans of classes that the project lacks are left out."""
    result = [
        Region(
            id=f"s{n}",
            from_name=project.control,
            to_name=project.shown,
            value=Value(
                start=mark.start,
                end=mark.end,
                text=text[mark.start : mark.end],
                labels=(project.names[mark.label],),
            ),
            score=confidence,
        )
        for n, (mark, confidence) in enumerate(
            (mark, confidence)
            for sentence in sentences
            for mark, (_, confidence) in zip(sentence.marks(), sentence.spans, strict=True)
            if mark.label in project.names
        )
    ]
    score = min((region.score for region in result), default=1.0)
    return Prediction(model_version=name, score=score, result=result)
