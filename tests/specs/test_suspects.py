"""Suspected label errors: judged by taggers that did not learn from the label, for review; they
change nothing else of a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sciner.cli.main import app
from sciner.errors import InputError
from sciner.launch.follow import fits_of
from sciner.launch.main import main
from sciner.launch.overrides import configurations
from sciner.loop.iteration import Iteration
from sciner.loop.rounds import Round
from sciner.policy.acquisition.baselines import Random
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.constant import AcceptNone
from sciner.policy.threshold.precision import Precision
from sciner.report.suspects import MOST, suspects_section
from sciner.results.folder import RunFolder
from sciner.results.suspects import write_suspects
from sciner.score.errors import Kind
from sciner.score.suspects import Suspect, Suspected
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.jsonl import read_jsonl
from sciner.text.spans import Span
from tests.specs.test_loop import SAMPLE, noisy, parts_of, timeless, turn
from tests.specs.test_run import fake  # noqa: F401 (a fixture)

PARTS = parts_of(SAMPLE, "60")
SEED_SET = {s.id for s in PARTS.seed_set}


def ids(done: Round, source: str) -> set[str]:
    """Of the sentences with a suspect."""
    found = done.suspects or ()
    return {one.example.sentence.id for one in found if one.example.source == source}


def test_looking_for_errors_takes_five_fits_and_changes_no_figure() -> None:
    tagger, plain = turn(parts=PARTS)
    other, rounds = turn(parts=PARTS, suspects=True)
    assert len(other.fits) == len(tagger.fits) + 5 and other.fits[5:] == tagger.fits
    assert timeless(rounds) == timeless(plain)
    assert {s.key for r in plain for s in r.steps} <= {s.key for r in rounds for s in r.steps}
    assert all(r.suspects is None for r in plain) and all(r.suspects for r in rounds)


def test_looking_for_errors_masks_nothing_in_round_0() -> None:
    """The folds' predictions are there before round 0, where a run without them has none."""
    masking = Iteration(1, mask_missed=True)
    _, plain = turn(parts=PARTS, iteration=masking)
    _, rounds = turn(parts=PARTS, iteration=masking, suspects=True)
    assert [r.examples for r in rounds] == [r.examples for r in plain]
    assert not any(e.masked for e in rounds[0].examples)
    assert any(e.masked for e in rounds[1].examples if e.source == "gold")


def test_a_sentence_is_judged_by_taggers_that_did_not_learn_from_it() -> None:
    """Five folds of the seed set: a fold by the tagger that lacks it, the pool by all five, which
    have seen no silver."""
    tagger, rounds = turn(parts=PARTS, suspects=True)
    folds = [{e.sentence.id for e in fit} for fit in tagger.fits[:5]]
    assert all(fold < SEED_SET for fold in folds)
    assert set.union(*(SEED_SET - fold for fold in folds)) == SEED_SET
    pool = [s.id for s in PARTS.pool]
    asked = [s.id for s in tagger.seen]
    for fold in folds:  # each is asked for its fold, then for the pool
        count = len(SEED_SET) - len(fold)
        assert set(asked[:count]) == SEED_SET - fold and asked[count : count + len(pool)] == pool
        asked = asked[count + len(pool) :]
    assert ids(rounds[0], "silver") == set() and ids(rounds[0], "gold") <= SEED_SET
    assert ids(rounds[2], "silver") and ids(rounds[2], "silver").isdisjoint(SEED_SET)


def test_the_folds_of_a_threshold_are_not_trained_twice() -> None:
    tagger, _ = turn(threshold=Threshold(Precision(0.5)), parts=PARTS, suspects=True)
    assert len(tagger.fits) == 5 + 3


def test_gold_that_is_bought_later_is_searched_too() -> None:
    none = Threshold(AcceptNone())
    _, rounds = turn(
        threshold=none, parts=PARTS, acquire=Acquire(Random()), suspects=True, annotator=None
    )
    bought = set().union(*(r.acquired for r in rounds))
    assert ids(rounds[-1], "gold") & bought


def test_the_worst_suspects_are_errors_more_often_than_labels_are() -> None:
    """An annotator that errs in a fifth of the spans: the order tells the wrong from the right."""
    parts = parts_of(SAMPLE, "100%")
    _, (only,) = turn(
        parts=parts, annotator=noisy(parts, 0.2), iteration=Iteration(0), suspects=True
    )
    clean = {s.id: s.spans or () for s in SAMPLE.train}
    wrong = np.array([span not in clean[id] for id, span in doubted(only)])
    every = [span not in clean[e.sentence.id] for e in only.examples for span in e.spans]
    assert wrong[:20].mean() > 2 * np.mean(every)


def doubted(done: Round) -> Iterator[tuple[str, Span]]:
    """(sentence id, label) of the suspects that have one, the worst first."""
    every = [(s, one.example.sentence.id) for one in done.suspects or () for s in one.suspects]
    for suspect, id in sorted(every, key=lambda pair: pair[0].p_given):
        if suspect.given:
            yield id, suspect.given


WORDS = ["suspects=true", "data.seed_size=45", "tracking=none", "hydra.run.dir=out"]


def test_a_run_leaves_a_file_of_its_suspects_that_is_shown(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, "iteration.rounds=1"]) == 0
    printed = capsys.readouterr().out
    for number in (0, 1):
        file = Path("out") / f"round_{number}" / "suspects.jsonl"
        trained_on = {row["id"]: row["spans"] for row in lines(file.with_name("annotated.jsonl"))}
        for s in read_jsonl(file, split="train", notes=Counter()):
            given = [
                tuple(span[key] for key in ("start", "end", "label")) for span in trained_on[s.id]
            ]
            assert sorted(s.spans or ()) == sorted(given)
    rows = lines(file)
    worst = [row["suspects"][0]["p_given"] for row in rows]
    assert worst == sorted(worst)
    app(["show", "out", "--suspects", "--limit", "1"], standalone_mode=False)
    text = capsys.readouterr().out
    count = sum(len(row["suspects"]) for row in rows)
    pointer = (
        f"{count:,} labels that out-of-fold predictions contradict: sciner show out --suspects"
    )
    assert pointer in printed
    totals = f"{count:,} suspects in {len(rows):,} sentences"
    assert text.index(totals) < text.index(str(rows[0]["id"])) and f"{rows[1]['id']} (" not in text
    assert f"{len(rows) - 1:,} more sentences are not shown" in text
    app(["show", "out", "--suspects", "--silver"], standalone_mode=False)
    silver = sum(row["source"] == "silver" for row in rows)
    assert f"in {silver:,} sentences" in capsys.readouterr().out
    (section,) = suspects_section(Path("out"))
    assert section.table and len(section.table.rows) == min(MOST, count)


@pytest.mark.slow
def test_the_report_has_them_as_a_section(project: Path) -> None:
    assert main([*WORDS, "iteration.rounds=1"]) == 0
    app(["report", "out", "-o", "page"], standalone_mode=False)
    assert 'id="suspects"' in Path("page/index.html").read_text(encoding="utf-8")


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_seed_set_that_is_too_small_to_judge_by_is_refused_before_anything(
    project: Path,
) -> None:
    with pytest.raises(InputError, match="5 sentences are too few"):
        main(["suspects=true", "data.seed_size=5", "hydra.run.dir=out", "tracking=none"])
    assert not Path("out/rounds.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["iteration.rounds=0"], 1),
        (["iteration.rounds=0", "suspects=true"], 6),
        (["iteration.rounds=2", "suspects=true", "iteration.teachers=3"], 12),
        (["iteration.rounds=1", "suspects=true", "threshold=precision"], 7),
    ],
)
def test_a_plan_counts_the_five_fits_once(words: list[str], count: int) -> None:
    (config,) = configurations([words], {})
    assert fits_of(config) == count


NASTY = Sentence("train/d#0", ("[bold]BERT[/]", "\x1b[2J", "wins"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One round; a class is doubted, and a span is lacking."""
    run = RunFolder.create(tmp_path / "run", {"seed": 0})
    run.rounds.write_text('{"round": 0}\n', encoding="utf-8")
    (run.path / "round_0").mkdir()
    suspects = (
        Suspect(Kind.WRONG_CLASS, Span(0, 1, "Method"), Span(0, 1, "Task"), 0.03, 0.9),
        Suspect(Kind.MISSED, None, Span(1, 2, "Metric"), 0.2, 0.7),
    )
    found = [Suspected(Example(NASTY, (Span(0, 1, "Method"),)), suspects)]
    write_suspects(run.path / "round_0" / "suspects.jsonl", found)
    return run.path


def show(*words: str) -> None:
    app(["show", *words, "--suspects"], standalone_mode=False)


def test_label_and_suggestion_stand_beside_each_other_and_steer_no_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show(str(folder))
    text = capsys.readouterr().out
    assert "\x1b" not in text and "train/d#0 (gold)" in text
    sides = next(line for line in text.splitlines() if "[[bold]BERT[/]]Method" in line)
    assert "[[bold]BERT[/]]Task" in sides and "[\ufffd[2J]Metric" in sides
    words = " ".join(text.split())
    assert "labelled [[bold]BERT[/]]Method, 0.030; suggested [[bold]BERT[/]]Task, 0.900" in words
    assert "missed: labelled nothing, 0.200; suggested [\ufffd[2J]Metric, 0.700" in words
    show(str(folder), "--class", "Metric")
    assert "1 suspect in 1 sentence\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--class", "Methd"], "did you mean 'Method'"),
        (["--round", "3"], "no round 3; its rounds are 0 to 0"),
    ],
)
def test_what_cannot_be_shown_is_one_line(folder: Path, words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        show(str(folder), *words)


def test_a_run_that_was_not_searched_says_how_it_would_be(folder: Path) -> None:
    (folder / "round_0" / "suspects.jsonl").unlink()
    with pytest.raises(InputError, match=r"not looked for.*suspects=true"):
        show(str(folder))
    assert list(suspects_section(folder)) == []
