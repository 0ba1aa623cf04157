"""Every point of a sweep is checked before the first one starts, and every refusal shows the right
word."""

from __future__ import annotations

import math
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from sciner.config import RunConfig
from sciner.config.conf import CONF
from sciner.errors import InputError
from sciner.launch.experiment import read_experiment
from sciner.launch.hydra_errors import choices_of, explain_hydra_error
from sciner.launch.jobs import hydra_main, warn_of_older
from sciner.launch.main import main
from sciner.launch.overrides import check, parse_flags, sweep_points
from sciner.launch.quoting import can_parse, hint_for_words

ROOT = Path(__file__).parents[3]
SWEEPS = sorted(choices_of("experiment") - {"search/minilm"})  # a product of axes


def points(*words: str) -> list[RunConfig]:
    return check(parse_flags(words))[0]


def refusal(*words: str) -> str:
    """The one line that refuses ``words``."""
    with pytest.raises(InputError) as caught:
        check(parse_flags(words))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def axes(experiment: str) -> dict[str, list[str]]:
    """The swept keys of a committed sweep and their values."""
    found = read_experiment(experiment)
    return {key: found.words[key].split(",") for key in found.axes}


def composed(*words: str) -> Any:
    """What Hydra makes of ``words``, its own settings included."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("run", list(words), return_hydra_config=True)


# Refusals


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("sed=3", "unknown key sed; did you mean 'seed'?"),
        ("data.seed_sise=3", "unknown key data.seed_sise; did you mean 'seed_size'?"),
        ("dat.seed_size=3", "unknown key dat.seed_size; did you mean 'data'?"),
        ("data.sed_size.x=3", "unknown key data.sed_size.x; did you mean 'seed_size'?"),
        (
            "data.seed_size.x=3",
            "unknown key data.seed_size.x; sciner run --cfg job shows all keys",
        ),
        # the chosen data is the sample
        ("data.train=a.conll", "unknown key data.train; data=files has it"),
        ("model.c1=3", "unknown key model.c1; model=crf has it"),
        (
            "model=crf model.clip=3",
            "unknown key model.clip; model=bert_base_cased or model=bert_large_cased or "
            "model=bert_large_ner",
        ),
        (
            "model=crf +model.clip=3",
            "model.clip is not a setting of model.kind=crf; model.kind=encoder has it",
        ),
        ("model.kind=crff", "model.kind=crff: there is no such choice; did you mean 'crf'?"),
        (
            "model.config.hiden_size=3",
            "unknown key model.config.hiden_size; sciner run --cfg job shows all keys",
        ),
        (
            "threshold.classes.Task=0.6",
            "unknown key threshold.classes.Task; threshold=per_class has it",
        ),
        (
            "threshold=quantile threshold.min_confidence=0.7",
            "unknown key threshold.min_confidence; threshold=fixed or threshold=",
        ),
        (
            "threshold=quantile +threshold.min_confidence=0.7",
            "threshold.min_confidence is not a setting of threshold.kind=quantile",
        ),
        (
            "threshold=per_class threshold.quota=500",
            "unknown key threshold.quota; threshold=quota has it",
        ),
        ("acquire=mnlp acquire.passes=20", "unknown key acquire.passes; acquire=bald has it"),
        (
            "threshold=quota threshold.granularity=sentence",
            "threshold: granularity=sentence cannot be used with threshold=quota",
        ),
        (
            "threshold.measure=probabilty",
            "threshold.measure=probabilty: there is no such choice; did you mean 'probability'?",
        ),
        (
            "threshold=per_class threshold.clases.Task=0.6",
            "unknown key threshold.clases.Task; did you mean 'classes'?",
        ),
        ("+sed=3", "unknown key sed; did you mean 'seed'?"),
        ("+data.seed_sise=3", "unknown key data.seed_sise; did you mean 'seed_size'?"),
        (
            "++threshold.min_confidense=1",
            "unknown key threshold.min_confidense; did you mean 'min_confidence'?",
        ),
        ("+seed=3", "Could not append to config. An item is already at 'seed'"),
        ("~seed", "seed is not set; give seed=VALUE"),
        ("treshold=fixed", "unknown key treshold; did you mean 'threshold'?"),
        ("data=smple", "data=smple: there is no such choice; did you mean 'sample'?"),
        ("tracking=xyz", "tracking=xyz: there is no such choice; known: mlflow, none"),
        (
            "experiment=sede_size/crf",
            "experiment=sede_size/crf: there is no such choice; did you mean 'seed_size/crf'?",
        ),
        (
            "experiment=rounds",
            "experiment=rounds: there is no such choice; did you mean 'rounds/crf'?",
        ),
        (
            "experiment=rounds/_base",
            "experiment=rounds/_base: there is no such choice; did you mean 'rounds/crf'?",
        ),
        ("experiment/rounds=crf", "unknown group experiment/rounds; give experiment=rounds/CHOICE"),
        ("data=_sample", "data=_sample: there is no such choice; did you mean 'sample'?"),
        (
            "hydra/sweeper=optuna",
            "hydra/sweeper=optuna: there is no such choice; did you mean 'sciner_optuna'?",
        ),
        ("threshold=null", "Config group override must be a string or a list"),
        (
            "model=_encoder",
            "model=_encoder: there is no such choice; known: bert_base_cased, bert_large_cased",
        ),
        (
            "threshold=none",
            "threshold=none: there is no such choice; it is threshold=accept_all now",
        ),
        (
            "-m threshold=fixed,reject",
            "threshold=reject: there is no such choice; it is threshold=accept_none now",
        ),
        (
            "iteration=self_training",
            "iteration=self_training: there is no such choice; it is iteration=paper now",
        ),
        ("model.weights=torch", "unknown key model.weights; it is model.weights_format now"),
        ("store.weights=all", "unknown key store.weights; it is store.keep_weights now"),
        ("tracking.save_weights=true", "unknown key tracking.save_weights; it is save_model now"),
        (
            "model=hub",
            "model: an encoder needs a source: give model.path=FOLDER or model=hub "
            "model.name=OWNER/MODEL",
        ),
        ("seed", "Error parsing override 'seed'"),
        ("seed=", "seed='': it should be a valid integer"),
        ("data.limit=${sed}", "Interpolation key 'sed' not found"),
    ],
)
def test_a_word_that_cannot_be_meant_is_refused_with_the_right_one(word: str, told: str) -> None:
    assert refusal(*word.split(" ")).startswith(told)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--model", "crf"], "--model: settings are written without dashes; sciner run model=crf"),
        (["-m", "--seed=0,1"], "--seed: settings are written without dashes; sciner run seed=0,1"),
        # Hydra would take it for --experimental-rerun
        (["--experiment", "rounds/crf"], "--experiment: settings are written without dashes; "),
        (["--data.limit", "seed=1"], "--data.limit: settings are written without dashes; "),
        (["--modle", "crf"], "unrecognized arguments: --modle; settings are KEY=VALUE"),
        (["--cfg", "jobb"], "argument --cfg/-c: invalid choice: 'jobb'"),
    ],
)
def test_a_setting_that_is_written_as_a_flag_is_shown_without_dashes(
    words: list[str], told: str
) -> None:
    assert refusal(*words).startswith(told)


@pytest.mark.parametrize(
    "word", ["seed=0,1", "seed=range(0,2)", "threshold=accept_all,fixed", "data.seed_size=5%,10%"]
)
def test_several_values_need_the_flag(word: str) -> None:
    assert refusal(word) == f"{word} has several values; add -m to sweep over them"
    assert len(points("-m", word)) > 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["seed=0,1,-1"], "seed=-1: it should be greater than or equal to 0"),
        (
            ["threshold=accept_all,fxed"],
            "threshold=fxed: there is no such choice; did you mean 'fixed'?",
        ),
        (
            ["iteration.stop=churn", "iteration.relabel=all,frozen"],
            "iteration: stop=churn compares silver",
        ),
        (["data.pool=withheld,both"], "data: pool=both needs text"),
    ],
)
def test_a_sweep_with_one_bad_point_starts_none(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The good points before it leave nothing behind: no folder, no database."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        main(["-m", *words])
    assert str(caught.value).startswith(told)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "lines", ["data:\n  seed_size: 5%\n", "defaults:\n  - override /iteration: robust\n"]
)
def test_an_experiment_without_its_first_line_is_refused_with_that_line(
    lines: str, tmp_path: Path
) -> None:
    """Hydra would put its settings under a key ``experiment``."""
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(lines)
    told = refusal("experiment=mine", "--config-dir", str(tmp_path))
    assert told.endswith("; begin the experiment's file with the line '# @package _global_'")


def test_a_folder_of_configurations_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    told = refusal("--config-dir", str(tmp_path / "nope"))
    assert told == f"{tmp_path}/nope: --config-dir: there is no such folder; check the path"
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("data: [1\n")
    told = refusal("experiment=mine", "--config-dir", str(tmp_path))
    assert told.startswith(f"{tmp_path}/experiment/mine.yaml:2: no YAML: ")


def test_a_longer_sweep_in_the_same_folder_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("0", "1", "2", ".hydra"):
        (tmp_path / name).mkdir()
    warn_of_older(tmp_path, 3)
    warn_of_older(tmp_path / "new", 1)
    assert capsys.readouterr().err == ""
    warn_of_older(tmp_path, 1)
    assert "has results of another sweep, which stay (1, 2):" in capsys.readouterr().err


# Points


def test_no_words_are_one_run_and_no_sweep() -> None:
    found, multirun, *_ = check(parse_flags([]))
    assert len(found) == 1 and not multirun


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "seed=3,4", "threshold=fixed"],
        ["seed=3,4", "-m", "threshold=fixed"],
        ["seed=3,4", "threshold=fixed", "-m"],
        ["--multirun", "threshold=fixed", "seed=3,4"],
        ["hydra.mode=MULTIRUN", "threshold=fixed", "seed=3,4"],
    ],
)
def test_words_may_stand_before_and_behind_the_flag(words: list[str]) -> None:
    found, multirun, *_ = check(parse_flags(words))
    assert [(p.seed, p.threshold.kind) for p in found] == [(3, "fixed"), (4, "fixed")] and multirun


def test_a_list_is_one_value() -> None:
    (point,) = points("data=files", "data.train=[a.conll,b.conll]", "data.test=c.conll")
    assert point.data.train == ["a.conll", "b.conll"]


def test_a_choice_is_taken_before_its_keys_whatever_their_order() -> None:
    (point,) = points("threshold.min_confidence=0.5", "threshold=fixed")
    assert (point.threshold.kind, point.threshold.min_confidence) == ("fixed", 0.5)


@pytest.mark.parametrize(
    ("choice", "key"), [("threshold=per_class", "classes"), ("annotator=noisy", "rates")]
)
def test_a_mapping_takes_classes_that_no_file_names(choice: str, key: str) -> None:
    """In braces, one by one, on top of each other, and swept; a corpus has the classes that it
    has."""
    group = choice.partition("=")[0]
    place = f"{group}.{key}"
    sweeps = {
        (f"{place}={{Task:0.6}}",): [{"Task": 0.6}],
        (f"{place}={{Task: 0.6, Metric: 1}}",): [{"Task": 0.6, "Metric": 1}],
        (f"{place}.Task=0.6", f"+{place}.Metric=1"): [{"Task": 0.6, "Metric": 1}],
        (f"{place}={{Task:0.6}},{{Metric:1}}",): [{"Task": 0.6}, {"Metric": 1}],
        (f"{place}.Task=0.6,0.7",): [{"Task": 0.6}, {"Task": 0.7}],
    }
    for words, expected in sweeps.items():
        assert [getattr(getattr(p, group), key) for p in points("-m", choice, *words)] == expected


def test_a_bar_of_one_class_can_be_searched() -> None:
    pytest.importorskip("optuna")
    words = ("-m", "hydra/sweeper=sciner_optuna", "data.dev_size=20%", "threshold=per_class")
    found = points(*words, "threshold.classes.Task=interval(0.5,0.9)")
    assert [p.threshold.classes for p in found] == [{"Task": 0.5}, {"Task": 0.9}]


@pytest.mark.slow
@pytest.mark.parametrize("name", SWEEPS)
def test_a_committed_sweep_is_the_product_of_its_axes(name: str) -> None:
    """It needs no flag."""
    found, multirun, *_ = check(parse_flags([f"experiment={name}"]))
    assert len(found) == math.prod(len(values) for values in axes(name).values()) and multirun


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name in SWEEPS for key in sorted(axes(name))]
)
def test_a_word_for_a_swept_key_replaces_its_axis(name: str, key: str) -> None:
    one = axes(name)[key][0]
    rest = math.prod(len(values) for other, values in axes(name).items() if other != key)
    assert len(points(f"experiment={name}", f"{key}={one}")) == rest


def test_a_swept_point_has_the_values_of_its_place_in_the_product() -> None:
    found = points("experiment=seed_size/crf", "seed=5", "data.seed_size=40%")
    expected = [("40%", kind, 5) for kind in axes("seed_size/crf")["threshold"]]
    assert [(p.data.seed_size, p.threshold.kind, p.seed) for p in found] == expected


def test_a_sweep_keeps_what_its_file_sets_unless_told_otherwise() -> None:
    (point,) = points(
        "experiment=rounds/crf",
        "seed=0",
        "threshold=fixed",
        "threshold.granularity=token",
        "iteration.rounds=2",
    )
    assert (point.data.seed_size, point.iteration.rounds, point.threshold.granularity) == (
        "10%",
        2,
        "token",
    )


@pytest.mark.parametrize(
    "words",
    [
        [f"experiment={name}", *more]
        for name in SWEEPS
        for more in (
            [],
            ["seed=7"],
            ["seed=range(0,4)", "data.limit=50,60"],
            ["+model.config=null"],
        )
    ],
    ids=" ".join,
)
def test_the_points_are_those_that_hydra_will_start(words: list[str]) -> None:
    """Hydra's own sweeper splits the committed and the given words into the same jobs."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.override_parser.overrides_parser import OverridesParser

    whole = composed(words[0])
    committed = [f"{key}={value}" for key, value in whole.hydra.sweeper.params.items()]
    (jobs,) = BasicSweeper.split_arguments(
        OverridesParser.create().parse_overrides([*committed, *words]), None
    )
    assert Counter(map(frozenset, sweep_points(words, whole))) == Counter(map(frozenset, jobs))


# Doors


def test_importing_the_doors_loads_nothing_heavy() -> None:
    heavy = (
        "torch",
        "pytorch_lightning",
        "mlflow",
        "transformers",
        "hydra",
        "omegaconf",
        "seqeval",
        "sklearn",
        "optuna",
    )
    code = f"import sys, sciner.launch, sciner.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_search_without_its_plugin_says_where_it_is(tmp_path: Path) -> None:
    """As where sciner's own folder was copied, or is a link: Hydra looks for plugins beside it, or
    installed."""
    for name in ("sciner", "conf"):
        (tmp_path / name).symlink_to(ROOT / name)
    others = (
        "sys.path[1:] = [p for p in sys.path[1:] if not pathlib.Path(p, "
        "'hydra_plugins/sciner_sweeper').is_dir()]"
    )
    code = f"import pathlib, sys; {others}; from sciner.cli.main import main; main()"
    for words in (
        ["-m", "hydra/sweeper=sciner_optuna", "model.lr=1e-4,1e-3"],
        ["experiment=search/minilm"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, "run", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert "Hydra finds no plugin of that name; install sciner as a package" in done.stderr


@pytest.mark.slow
def test_the_help_of_a_run_lists_choices_and_not_what_they_are_made_of() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sciner", "run", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    lists = dict(re.findall(r"^([\w/]+): (.+)$", done.stdout.split("== Config ==")[0], re.M))
    assert lists["experiment/rounds"] == "crf, minilm, minilm_fixed"
    assert not [
        name for listed in lists.values() for name in listed.split(", ") if name.startswith("_")
    ]


def test_help_names_the_commands_in_the_order_of_use() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sciner", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    used = ["run", "show", "review", "annotate", "export", "serve", "ui"]
    first = [line.strip("│ ").partition(" ")[0] for line in done.stdout.splitlines()]
    assert [word for word in first if word in used] == used


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("data.train=Müller/a.conll", """'data.train="Müller/a.conll"'"""),
        ("data.train=a=b.conll", """'data.train="a=b.conll"'"""),
        ("data.train=a(b).conll", """'data.train="a(b).conll"'"""),
        ("data.train=a#b.conll", """'data.train="a#b.conll"'"""),
        ("data.train=[Müller/a.conll,b.conll]", """'data.train=["Müller/a.conll",b.conll]'"""),
        ("threshold.classes.Tâche=0.6", """'threshold.classes="{Tâche: 0.6}"'"""),
        ('threshold.classes={"Tâche":0.6}', """'threshold.classes="{Tâche: 0.6}"'"""),
        (
            "threshold.classes={Metric(%):0.6,Task:0.5}",
            """'threshold.classes="{Metric(%): 0.6, Task: 0.5}"'""",
        ),
        ("data.labels=[Tâche,Metric(%)]", """'data.labels=["Tâche","Metric(%)"]'"""),
    ],
)
def test_a_word_that_hydra_does_not_take_is_shown_in_a_form_that_it_does(
    word: str, form: str
) -> None:
    told = explain_hydra_error("HydraException", ["seed=1", word])
    assert str(told) == f"Hydra cannot parse {word}; write {form}"
    (typed,) = shlex.split(form)
    assert can_parse(typed) and not can_parse(word)


def test_quotes_within_a_word_are_kept() -> None:
    """The shell reads the suggested correction as the word that was meant."""
    for value in ("it's.conll", 'a"=b.conll', "a b=c\u00e9"):
        (typed,) = shlex.split(str(hint_for_words([f"data.train={value}"])).removeprefix("write "))
        assert OverridesParser.create().parse_override(typed).value() == value


def test_classes_of_any_name_get_a_bar_from_the_command_line() -> None:
    (point,) = points(
        "threshold=per_class", 'threshold.classes="{Tâche: 0.6, Metric(%): 0.5, 123: 0.4}"'
    )
    assert point.threshold.classes == {"Tâche": 0.6, "Metric(%)": 0.5, "123": 0.4}
    assert "is not a mapping" in refusal("threshold=per_class", "threshold.classes='{a'")


@pytest.mark.parametrize("more", [[], ["--resolve"]])
def test_cfg_job_shows_what_hydra_would_show(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["threshold=fixed", "data.seed_size=5%", "--cfg", "job"]
    assert main([*words, *more]) == 0
    ours = capsys.readouterr().out
    hydra_main([*words, *more], parse_flags([*words, *more]), [])
    assert ours == capsys.readouterr().out
    assert "seed_size: 5%" in ours
