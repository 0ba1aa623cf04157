"""The committed configuration and its types say the same, and what cannot be meant is refused in
one line."""

from __future__ import annotations

import copy
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from omegaconf import OmegaConf
from pydantic import BaseModel, ValidationError

from sciner.config import RunConfig, known_keys, parse
from sciner.config.conf import CONF
from sciner.config.errors import kind_of
from sciner.config.model import CrfConfig, GazetteerConfig
from sciner.config.rounds import IterationConfig
from sciner.errors import InputError
from sciner.launch.overrides import check, parse_flags
from sciner.loop.iteration import Iteration
from sciner.policy.acquisition.base import STRATEGIES
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.acquisition.uncertainty_sampling import Bald
from sciner.policy.seed import Amount
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.base import RULES
from sciner.policy.threshold.quota import Quota

TOP = ("seed", "save_model", "suspects")  # keys of no group
SECTIONS: dict[str, tuple[type[BaseModel], ...]] = {  # several types where it is a union by kind
    name: get_args(field.annotation) or (field.annotation,)
    for name, field in RunConfig.model_fields.items()
    if name not in TOP
}
FILES = sorted(path for path in CONF.glob("*/*.yaml") if path.parent.name != "experiment")
CHOICES = [path for path in FILES if not path.stem.startswith("_")]
ENDPOINT = {"base_url": "http://localhost:8080/v1", "name": "some"}
LANGUAGE_MODEL = ("llm=endpoint", *(f"llm.{k}={v}" for k, v in ENDPOINT.items()))
NEEDED = {  # by choices that are no configuration by themselves
    "llm=endpoint": ENDPOINT,
    "data=files": {"train": "train.conll", "test": "test.conll"},
    "data=hub": {"path": "org/set"},
    "model=hub": {"name": "owner/model"},
}
DEFAULT = check(parse_flags([]))[0][0]
BASE = DEFAULT.model_dump()
GROUPS: dict[str, type[BaseModel]] = {name: type(getattr(DEFAULT, name)) for name in SECTIONS}
CRF = {"kind": "crf", "c1": 0.1, "c2": 1, "max_iterations": 100}
GAZETTEER = {"kind": "gazetteer", "case": "sensitive"}
BALD = BASE["acquire"] | {"kind": "bald", "passes": 10}
FIXED, SCHEDULE, QUOTA = (
    BASE["threshold"] | more
    for more in (
        {"kind": "fixed", "min_confidence": 0.5},
        {"kind": "curriculum", "schedule": [0.9, 0.5], "schedule_of": "share"},
        {"kind": "quota", "quota": 5, "min_confidence": 0.0},
    )
)

by_file = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}={path.stem}")


def read(path: Path) -> dict[str, Any]:
    """A group's file over those that its defaults list names."""
    values: Any = OmegaConf.to_container(OmegaConf.load(path))  # PyYAML takes 5e-4 for a word
    merged: dict[str, Any] = {}
    for name in values.pop("defaults", ["_self_"]):
        if not name.startswith("/open@"):  # an empty mapping
            merged |= values if name == "_self_" else read(path.with_name(f"{name}.yaml"))
    return merged


def changed(**values: Any) -> dict[str, Any]:
    """The default configuration with keys set: ``section__key=value``, or ``key=value`` at the
    top."""
    config = copy.deepcopy(BASE)
    for key, value in values.items():
        *above, last = key.split("__")
        (config[above[0]] if above else config)[last] = value
    return config


def refusal(values: dict[str, Any]) -> str:
    """The one line that refuses ``values``."""
    with pytest.raises(InputError) as caught:
        parse(values)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def leaves() -> list[tuple[str, str]]:
    return [
        *(("", key) for key in TOP),
        *((group, key) for group, model in GROUPS.items() for key in model.model_fields),
    ]


def type_of(path: Path) -> type[BaseModel]:
    """The type of a group's file; where the group is a union, that of its kind."""
    models = SECTIONS[path.parent.name]
    kind = read(path)["kind"] if len(models) > 1 else None
    return next(
        m for m in models if kind is None or kind in get_args(m.model_fields["kind"].annotation)
    )


def literals() -> list[tuple[str, str, str]]:
    """Every choice of every key that has a closed set of them; of a union those of its default
    type, and every kind. A key that also takes numbers says so in words of its own."""
    found = []
    for group, models in SECTIONS.items():
        for model in models:
            for key, field in model.model_fields.items():
                kinds = [field.annotation, *get_args(field.annotation)]
                if model is GROUPS[group] or key == "kind":
                    found += [
                        (group, key, c)
                        for kind in kinds
                        if get_origin(kind) is Literal and float not in kinds
                        for c in get_args(kind)
                    ]
    return found


# Files and types


def test_every_group_but_the_sweeps_has_a_type() -> None:
    assert {path.parent.name for path in FILES} == set(GROUPS)
    whole = yaml.safe_load((CONF / "run.yaml").read_text(encoding="utf-8"))
    named = {name for entry in whole["defaults"] if isinstance(entry, dict) for name in entry}
    assert named == {*GROUPS, "experiment"}
    assert whole.keys() - {"defaults", "hydra"} == RunConfig.model_fields.keys() - GROUPS.keys()


@pytest.mark.parametrize("path", CHOICES, ids=lambda path: f"{path.parent.name}={path.stem}")
def test_every_committed_choice_composes(path: Path) -> None:
    group = path.parent.name
    needed = NEEDED.get(f"{group}={path.stem}", {})
    (config,), multirun, *_ = check(
        parse_flags(
            [
                f"{group}={path.stem}",
                *(f"{group}.{k}={v}" for k, v in needed.items()),
                *(LANGUAGE_MODEL if path.stem == "llm" else ()),
                *(("acquire=random",) if path.stem == "people" else ()),  # who label what it buys
            ]
        )
    )
    expected = read(path) | needed
    section = getattr(config, group).model_dump()
    assert {key: section[key] for key in expected} == expected and not multirun


@by_file
def test_no_file_has_a_dead_key_or_lacks_one(path: Path) -> None:
    """Defaults lists included, a file gives every field that has no default, and nothing that is no
    field."""
    model = type_of(path)
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert required <= read(path).keys() <= model.model_fields.keys()


@pytest.mark.parametrize("group", GROUPS)
def test_every_field_can_be_set_from_some_file(group: str) -> None:
    files = [path for path in FILES if path.parent.name == group]
    types = [type_of(path) for path in files]
    for model in SECTIONS[group]:
        found = {
            key for path, of in zip(files, types, strict=True) if of is model for key in read(path)
        }
        assert found == model.model_fields.keys()


@by_file
def test_a_comment_that_lists_choices_lists_them_all(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    commented = {
        line.partition(":")[0]: line for line in lines if re.match(r"\w+: .*#.* \| ", line)
    }
    missing = [
        (k, c)
        for group, k, c in literals()
        if group == path.parent.name and c not in commented.get(k, c)
    ]
    assert missing == []


def test_a_section_has_the_fields_of_what_it_configures() -> None:
    """Where it has kinds, those of its kind and those that all have."""

    def names(target: type) -> set[str]:
        return {field.name for field in fields(target)}

    assert IterationConfig.model_fields.keys() == names(Iteration)
    for group, kinds, shared in (
        ("threshold", RULES, names(Threshold) - {"rule"}),
        ("acquire", STRATEGIES, names(Acquire) - {"strategy"} | {"scorer"}),
    ):
        found = {kind_of(model): model.model_fields.keys() - {"kind"} for model in SECTIONS[group]}
        assert found == {kind: names(policy) | shared for kind, policy in kinds.items()}


def test_a_section_describes_its_policy() -> None:
    threshold = QUOTA | {"granularity": "token", "confidence": "mean", "empty": "drop"}
    assert parse(changed(threshold=threshold)).threshold.policy() == Threshold(
        Quota(5), "token", "mean", "drop"
    )
    acquire = BALD | {"passes": 4, "batch": "5%", "budget": 9}
    assert parse(changed(acquire=acquire)).acquire.policy() == Acquire(
        Bald(4), Amount(5, True), budget=9
    )


def test_a_configuration_is_read_back_as_it_was_and_frozen() -> None:
    """Written to config.yaml and read again it is the same; nothing changes it on the way."""
    config = parse(yaml.safe_load(yaml.safe_dump(BASE)))
    assert config.model_dump() == BASE
    with pytest.raises(ValidationError, match="frozen"):
        config.data.limit = 3  # type: ignore[misc]


# Refusals


@pytest.mark.parametrize(("group", "key"), leaves())
def test_a_value_of_the_wrong_type_is_refused_by_name(group: str, key: str) -> None:
    name = f"{group}.{key}" if group else key
    assert refusal(changed(**{name.replace(".", "__"): [[None]]})).startswith(name)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", -1),
        ("seed", 2**32),
        ("seed", True),
        ("seed", "0"),
        ("data.seed_size", "abc"),
        ("data.seed_size", 0.2),
        ("data.seed_size", -1),
        ("data.dev_size", "101%"),
        ("data.limit", 0),
        ("data.seed_order", None),
        ("data.labels", ["Task", 1.5]),
        ("model.lr", 0.0),
        ("model.lr", 1),
        ("model.head_lr", -0.1),
        ("model.steps", 0),
        ("model.batch_size", 0),
        ("model.warmup", 1.1),
        ("model.weight_decay", -0.1),
        ("model.clip", 0),
        ("model.max_length", 63),
        ("model.config", {"hidden_size": "large"}),
        ("model.lora_r", 0),
        ("model.lora_alpha", 0),
        ("model.lora_dropout", 1.0),
        ("model.lora_lr", 0.0),
        ("iteration.rounds", -1),
        ("iteration.rounds", 51),
        ("iteration.rounds", 2.5),
        ("iteration.silver_weight", 0),
        ("iteration.steps", 0),
        ("iteration.gold_share", 0),
        ("iteration.gold_share", 1),
        ("iteration.labels", "fuzzy"),
        ("iteration.temperature", 0),
        ("iteration.teachers", 0),
        ("iteration.min_churn", 1.5),
        ("threshold.measure", "probabilty"),
        ("trainer.threads", 0),
        ("save_model", "yes"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(key: str, value: Any) -> None:
    assert refusal(changed(**{key.replace(".", "__"): value})).startswith(key)


@pytest.mark.parametrize(("group", "key", "choice"), literals())
def test_a_misspelt_choice_gets_its_nearest_spelling(group: str, key: str, choice: str) -> None:
    slip = choice + choice[-1]
    told = f"{group}.{key}={slip}: there is no such choice; did you mean '{choice}'?"
    assert refusal(changed(**{f"{group}__{key}": slip})) == told


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (
            CRF | {"lr": 0.1},
            "model.lr is not a setting of model.kind=crf; model.kind=encoder has it",
        ),
        (CRF | {"c1": -0.1}, "model.c1=-0.1: it should be greater than or equal to 0"),
        (CRF | {"max_iterations": 0}, "model.max_iterations=0: it should be greater than 0"),
        (
            GAZETTEER | {"case": "sensitiv"},
            "model.case=sensitiv: there is no such choice; did you mean 'sensitive'?",
        ),
        (GAZETTEER | {"kase": 1}, "unknown key model.kase; did you mean 'case'?"),
        ({"case": "sensitive"}, "model.kind is not set; give model.kind=VALUE"),
        ({"kind": 3}, "model.kind=3: it should be one of 'encoder', 'crf', 'gazetteer'"),
        (None, "model=None: it should be a valid dictionary"),
    ],
)
def test_a_model_is_refused_in_the_words_of_its_kind(model: Any, told: str) -> None:
    """The user knows of no union, so no message names its branch."""
    assert refusal(changed(model=model)).startswith(told)


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        (
            "quantile",
            {"share": 0.5, "min_confidence": 0.7},
            "fixed or per_class or precision or quota",
        ),
        ("accept_all", {"share": 0.5}, "quantile"),
        ("fixed", {"min_confidence": 0.5, "quota": 3}, "quota"),
        ("accept_none", {"schedule": [0.5]}, "curriculum"),
    ],
)
def test_a_setting_that_means_nothing_to_its_kind_names_the_kind_that_has_it(
    kind: str, values: Any, told: str
) -> None:
    key = list(values)[-1]
    expected = (
        f"threshold.{key} is not a setting of threshold.kind={kind}; threshold.kind={told} has it"
    )
    assert refusal(changed(threshold=BASE["threshold"] | {"kind": kind} | values)) == expected


def test_the_keys_of_a_group_are_those_of_all_its_kinds() -> None:
    """On the command line the kind is not known yet; below a value there are none."""
    assert {"lr", "c1", "case", "kind"} <= set(known_keys(("model",)))
    assert known_keys(("data", "columns")) == ["tokens", "tags", "document"]
    for place in (("model", "lr"), ("data", "seed_size"), ("threshold", "classes"), ("modle",)):
        with pytest.raises(KeyError):
            known_keys(place)


@pytest.mark.parametrize(("kind", "config"), [("crf", CrfConfig), ("gazetteer", GazetteerConfig)])
def test_a_scorer_is_what_the_model_of_that_name_is(kind: str, config: type[BaseModel]) -> None:
    assert config(kind=kind).model_dump() == read(CONF / "model" / f"{kind}.yaml")


def test_a_choice_like_no_other_gets_them_all() -> None:
    told = (
        "data.seed_order=xyz: there is no such choice; known: document, k_means, length, "
        "oracle_entities, random"
    )
    assert refusal(changed(data__seed_order="xyz")) == told


@pytest.mark.parametrize(("group", "key"), leaves())
def test_a_misspelt_key_gets_its_nearest_spelling(group: str, key: str) -> None:
    slip = key + key[-1]
    name = f"{group}.{slip}" if group else slip
    assert (
        refusal(changed(**{name.replace(".", "__"): 1}))
        == f"unknown key {name}; did you mean '{key}'?"
    )


@pytest.mark.parametrize("key", ["seed", "data", "data.seed_size", "threshold.kind"])
def test_a_key_that_is_not_set_is_named(key: str) -> None:
    values = copy.deepcopy(BASE)
    *above, last = key.split(".")
    (values[above[0]] if above else values).pop(last)
    assert refusal(values) == f"{key} is not set; give {key}=VALUE"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"data__pool": "unlabelled"},
            "data: pool=unlabelled needs text: give data.unlabelled=PATH",
        ),
        ({"data__pool": "both"}, "data: pool=both needs text: give data.unlabelled=PATH"),
        (
            {"data__kind": "files"},
            "data: files needs train and test: give data.train=PATH data.test=PATH",
        ),
        ({"data__kind": "files", "data__train": "a.conll"}, "data: files needs train and test"),
        ({"data__kind": "files", "data__test": ["a.conll"]}, "data: files needs train and test"),
        ({"data__kind": "hub"}, "data: hub needs a data set: give data.path=NAME"),
        (
            {"model__max_length": 100, "model__overlap": 37},
            "model: overlap=37 leaves no room in windows of max_length=100",
        ),
        (
            {"model__name": None, "model__package": None},
            "model: an encoder needs a source: give model.path=FOLDER",
        ),
        (
            {"iteration__stop": "churn", "iteration__relabel": "frozen"},
            "iteration: stop=churn compares silver",
        ),
        (
            {"iteration__folds": True},
            "iteration: folds=true lets each of several teachers",
        ),
        (
            {"iteration__folds": True, "iteration__teachers": 3, "iteration__stop": "churn"},
            "iteration: folds=true trains on all parts of the silver in the last round only, and "
            "stop=churn",
        ),
        (
            {"iteration__folds": True, "iteration__teachers": 3, "iteration__guard": "stop"},
            "iteration: folds=true trains on all parts of the silver in the last round only, and "
            "guard=stop",
        ),
        (
            {"iteration__temperature": 2},
            "iteration: temperature=2.0 only changes soft labels",
        ),
        (
            {"model": CRF, "iteration__steps": 600},
            "iteration.steps=600 is for encoders",
        ),
        (
            {"model": GAZETTEER, "iteration__gold_share": 0.5},
            "iteration.gold_share=0.5 is for encoders",
        ),
        (
            {"model": CRF, "iteration__labels": "soft"},
            "iteration.labels=soft: model=crf learns from one label",
        ),
        (
            {"model": CRF, "iteration__teachers": 3},
            "iteration.teachers=3: fits of model=crf do not depend",
        ),
        (
            {"model": CRF, "iteration__silver_weight": 0.5},
            "iteration.silver_weight=0.5 cannot be used with model=crf",
        ),
        (
            {"model": CRF, "iteration__init": "previous"},
            "iteration.init=previous starts from trained weights, and model=crf",
        ),
        (
            {"model": GAZETTEER, "iteration__init": "previous"},
            "iteration.init=previous starts from trained weights, and model=gaz",
        ),
        ({"acquire__batch": 0.05}, "acquire.batch: 0.05 is neither a number nor a share: write 5%"),
        ({"acquire__batch": "0%"}, "acquire: batch=0 buys nothing: give acquire.batch=30"),
        (
            {"acquire__budget": 500},
            "acquire: budget=500 has no effect, because acquire=none buys nothing: add "
            "acquire=random",
        ),
        (
            {"acquire__unit": "entities", "acquire__batch": "5%"},
            "acquire: batch=5%: the number of entities in the pool is unknown",
        ),
        (
            {"threshold": FIXED | {"min_confidence": 1.5}},
            "threshold.min_confidence=1.5: it should be less than or equal to 1",
        ),
        (
            {"threshold": FIXED | {"min_confidence": float("nan")}},
            "threshold.min_confidence=nan: it should be ",
        ),
        (
            {"threshold": SCHEDULE | {"schedule": [0.9, 2]}},
            "threshold.schedule.1=2: it should be less than or equal to 1",
        ),
        (
            {"threshold": SCHEDULE | {"schedule": []}},
            "threshold: a curriculum needs a schedule: give 'threshold.schedule=",
        ),
        (
            {"threshold": QUOTA | {"quota": 0}},
            "threshold.quota=0: it should be greater than or equal to 1",
        ),
        (
            {"threshold": QUOTA | {"granularity": "sentence"}},
            "threshold: granularity=sentence cannot be used with threshold=quota",
        ),
        (
            {"acquire": BALD | {"passes": 1}},
            "acquire.passes=1: it should be greater than or equal to 2",
        ),
        (
            {"acquire": BALD, "model": CRF},
            "acquire=bald needs samples, and a crf has none: use an encoder",
        ),
        (
            {"acquire__kind": "core_set", "acquire__scorer": "crf"},
            "acquire=core_set needs embeddings, and a crf has none",
        ),
        (
            {"acquire__kind": "mnlp", "data__pool": "unlabelled", "data__unlabelled": "a.txt"},
            "acquire=mnlp buys from text",
        ),
    ],
)
def test_what_cannot_go_together_is_refused(values: dict[str, Any], told: str) -> None:
    assert refusal(changed(**values)).startswith(told)


@pytest.mark.parametrize(
    "values",
    [
        {"data__pool": "both", "data__unlabelled": "more.txt"},
        {"data__kind": "files", "data__train": ["a.conll", "b.conll"], "data__test": "c.conll"},
        {"model__max_length": 100, "model__overlap": 36},
        {"model__name": None, "model__package": None, "model__path": "folder"},
        {"iteration__stop": "churn", "iteration__relabel": "all"},
        {"model": CRF, "iteration__silver_weight": 1},
        {"model": GAZETTEER, "iteration__silver_weight": 0.5},
        {"acquire": BALD | {"budget": 500}},
        {"threshold": QUOTA | {"granularity": "token"}},
        {"acquire__kind": "mnlp", "acquire__scorer": "crf", "acquire__batch": "5%"},
        {"acquire__kind": "mnlp", "data__pool": "both", "data__unlabelled": "a.txt"},
        # whole numbers where fractions may be
        {"model__clip": 1, "model__weight_decay": 0, "iteration__silver_weight": 1},
    ],
)
def test_their_neighbours_are_not(values: dict[str, Any]) -> None:
    assert parse(changed(**values))


def test_a_temperature_is_a_number_or_fit() -> None:
    soft = {"iteration__labels": "soft"}
    assert parse(changed(**soft, iteration__temperature="fit")).iteration.temperature == "fit"
    assert parse(changed(**soft, iteration__temperature=2)).iteration.temperature == 2
    for slip in ("fitt", 0, True):
        assert "give a number from 0 to 100, or fit" in refusal(
            changed(iteration__temperature=slip)
        )
