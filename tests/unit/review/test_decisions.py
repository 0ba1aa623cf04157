"""What a person decides is on disk at once, as `sciner loop continue` reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.results.people import PeopleFolder
from sciner.results.returned import take_in
from sciner.review.decisions import Decision, Decisions, Stale, opened
from sciner.review.work import open_work
from sciner.text.formats.convert import convert
from sciner.text.spans import Span
from tests.reviews import LABELS, SENTENCES, SPANS, silver_run, waiting_run

TOKENS = {s.id: list(s.tokens) for s in SENTENCES}
LONGER = [[2, 4, "Method"], [5, 6, "Task"]]


@pytest.fixture
def folder(tmp_path: Path) -> PeopleFolder:
    return waiting_run(tmp_path)


@pytest.fixture
def review(folder: PeopleFolder) -> Iterator[Decisions]:
    with opened(open_work(str(folder.run), folder.run, "anna")) as decisions:
        yield decisions


def row(id: str = "d#0", **change: Any) -> dict[str, Any]:
    whole = {"id": id, "tokens": TOKENS[id], "spans": LONGER if id == "d#0" else []}
    return {**whole, "done": True, "seconds": 7.26, "revision": 0, **change}


def again(review: Decisions) -> Decisions:
    """As when the command is started once more."""
    return Decisions(open_work(str(review.work.run), review.work.run, "anna"))


def test_loop_continue_reads_what_was_decided_with_its_time(
    folder: PeopleFolder, review: Decisions
) -> None:
    """HTML and characters beyond U+FFFF among the tokens included; and no more than that."""
    for id in ("d#0", "d#1"):
        review.save(row(id))
    review.save(row("d#2", done=False))
    found, faults = take_in(folder, [str(review.work.file)], LABELS, None)
    assert (found, faults) == ({"answers": 2}, [])
    said = {id: given[""] for id, given in folder.answers().items()}
    assert said["d#0"].spans == tuple(Span(*span) for span in LONGER)
    assert [(a.tokens, a.seconds) for a in said.values()] == [
        (tuple(TOKENS[id]), 7.3) for id in ("d#0", "d#1")
    ]


def test_the_file_says_who_decided_in_how_many_seconds_and_from_what(review: Decisions) -> None:
    review.save(row())
    (task,) = json.loads(review.work.file.read_text(encoding="utf-8"))
    (annotation,), (prediction,) = task["annotations"], task["predictions"]
    assert (annotation["annotator"], annotation["lead_time"]) == ("anna", 7.3)
    offered = [(r["value"]["labels"][0], r["score"]) for r in prediction["result"]]
    assert offered == [("Method", 0.9), ("Task", 0.625)]


def test_two_people_who_review_a_batch_are_told_apart_by_their_files(
    folder: PeopleFolder, review: Decisions
) -> None:
    review.save(row())
    with opened(open_work(str(folder.run), folder.run, "ben")) as other:
        other.save(row(spans=[]))
    files = [str(one.work.file) for one in (review, other)]
    assert take_in(folder, files, LABELS, "either") == ({"answers": 2}, [])
    assert {*folder.answers()["d#0"]} == {"anna", "ben"}


def test_a_finished_run_gives_a_file_that_is_converted_into_a_corpus(tmp_path: Path) -> None:
    run = silver_run(tmp_path / "run")
    with opened(open_work(str(run), run, "anna")) as decisions:
        decisions.save(row())
        decisions.save(row("d#1", done=False))
        convert(str(decisions.work.file), tmp_path / "corpus.jsonl", to="jsonl")
    (line,) = (tmp_path / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {"id": "d#0", "tokens": TOKENS["d#0"], "spans": LONGER}


def test_a_review_goes_on_where_it_was_left(review: Decisions) -> None:
    assert review.of["d#1"] == Decision(SPANS["d#1"].spans)
    review.save(row())
    review.save(row("d#1", done=False, seconds=3))
    found = again(review)
    assert found.of["d#0"] == Decision(tuple(Span(*s) for s in LONGER), True, 7.3)
    assert found.of["d#1"] == Decision((), False, 3.0)  # changed, not confirmed
    assert len(found) == len(review) == 1


def test_what_is_done_can_be_opened_again_and_is_returned_no_more(review: Decisions) -> None:
    review.save(row())
    assert review.save(row(done=False, spans=[], revision=1)) == Decision((), False, 7.3, 2)
    assert json.loads(review.work.file.read_text(encoding="utf-8")) == []
    assert again(review).of["d#0"] == Decision((), False, 7.3)
    review.save(row(revision=2))
    assert again(review).of["d#0"].done


@pytest.mark.parametrize("done", [True, False])
def test_what_was_saved_last_counts_after_a_crash(
    review: Decisions, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """Also after a later decision about another sentence."""
    review.save(row(done=not done, spans=[]))
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(review.files[not done], "drop", crash)
        review.save(row(done=done, revision=1))
    found = again(review)
    found.save(row("d#1", done=not done))
    for kept in (found, again(review)):
        assert kept.of["d#0"] == Decision(tuple(Span(*s) for s in LONGER), done, 7.3)


def crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_tab_that_knows_an_older_state_is_told_the_newer_one(review: Decisions) -> None:
    review.save(row())
    before = review.work.file.read_bytes()
    for revision in (0, 2, None, "1"):
        with pytest.raises(Stale) as stale:
            review.save(row(spans=[], revision=revision))
        assert stale.value.now == review.of["d#0"] and stale.value.now.revision == 1
    assert review.work.file.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": "d#9"}, "'d#9' is not a sentence of this review"),
        ({"id": None}, "is not a sentence of this review"),
        ({"id": ["d#0"]}, "is not a sentence of this review"),
        ({"tokens": ["We", "train"]}, "span (2, 4, 'Method') is outside the sentence of 2 tokens"),
        ({"tokens": [*TOKENS["d#0"], "!"]}, "the text of d#0 was changed (8 words, it had 7)"),
        ({"tokens": ["<b>", *TOKENS["d#0"][1:]]}, "('<b>' stands where 'We' was)"),
        ({"tokens": "We"}, '"tokens" is not a list of strings'),
        ({"tokens": None}, 'neither "tokens" nor "text"'),
        ({"spans": None}, 'no "spans" of d#0'),
        ({"spans": [[2, 4, "Metod"]]}, "unknown label 'Metod'; did you mean 'Method'?"),
        ({"spans": [[2, 4, "<b>Method</b>"]]}, "contains HTML"),
        ({"spans": [[2, 4, ""]]}, "label '' is empty"),
        ({"spans": [[2, 4, "Method"], [3, 5, "Task"]]}, "overlaps another"),
        ({"spans": [[4, 4, "Method"]]}, "is empty"),
        ({"spans": [[5, 8, "Method"]]}, "is outside the sentence of 7 tokens"),
        ({"spans": [[-1, 1, "Method"]]}, "is outside the sentence"),
        ({"spans": [[0.5, 1, "Method"]]}, "is not a span"),
        ({"spans": [[True, 2, "Method"]]}, "is not a span"),
        ({"spans": {"0": 1}}, '"spans" is not a list'),
        ({"seconds": -1}, '"seconds" is not a number of seconds'),
        ({"seconds": float("inf")}, '"seconds" is not a number of seconds'),
        ({"done": 1}, '"done" is not true or false'),
    ],
)
def test_what_loop_continue_would_refuse_is_not_saved(
    review: Decisions, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError) as refused:
        review.save(row() | change)
    assert told in str(refused.value)
    assert not review.work.file.exists() and review.of["d#0"].revision == 0


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=3), inside),
    max_leaves=6,
)
PLACE = st.integers(-1, 8)
SPAN = st.tuples(PLACE, PLACE, st.sampled_from(("Method", "Task", "<b>"))).map(list)
CHANGE = st.fixed_dictionaries(
    {},
    optional={
        "spans": st.lists(SPAN | ANYTHING, max_size=3) | ANYTHING,
        "tokens": ANYTHING,
        "seconds": ANYTHING,
        "done": ANYTHING | st.booleans(),
        "revision": ANYTHING,
    },
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(CHANGE)
def test_whatever_is_sent_is_refused_or_can_be_returned(
    review: Decisions, change: dict[str, Any]
) -> None:
    before = review.of["d#0"]
    try:
        review.save(row(revision=before.revision) | change)
    except (InputError, Stale):
        assert review.of["d#0"] == before
    if review.work.file.exists():
        folder = PeopleFolder(review.work.run)
        _, faults = take_in(folder, [str(review.work.file)], LABELS, None)
        assert faults == []
        if review.of["d#0"].done:
            assert folder.answers()["d#0"][""].spans == review.of["d#0"].spans


def test_what_is_not_of_this_review_stays_in_its_file(review: Decisions) -> None:
    other = {"data": {"text": "An earlier batch", "sciner_id": "e#0"}, "annotations": [{"id": 7}]}
    review.work.file.write_text(json.dumps([other]), encoding="utf-8")
    now = again(review)
    now.save(row())
    tasks = json.loads(now.work.file.read_text(encoding="utf-8"))
    assert tasks[0] == other and len(tasks) == 2


def test_a_file_that_another_program_has_changed_is_not_replaced(review: Decisions) -> None:
    review.save(row())
    review.work.file.write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="another program has changed it"):
        review.save(row("d#1"))
    assert review.work.file.read_text(encoding="utf-8") == "[]" and not review.of["d#1"].done


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"Method"', '"Metod"', "unknown label"),
        ("BERT", "BART", "was changed"),
        ('"start": 9, "end": 20', '"start": 10, "end": 20', "not 'BERT models'"),
        ("\n]", "", "no end"),
    ],
)
def test_a_label_file_with_a_fault_is_not_opened(
    review: Decisions, old: str, new: str, told: str
) -> None:
    review.save(row())
    text = review.work.file.read_text(encoding="utf-8")
    assert old in text
    review.work.file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=rf"anna\.json.*{told}"):
        again(review)


def test_a_disk_that_is_full_leaves_everything_as_it_was(
    review: Decisions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    review.save(row())
    before = review.work.file.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr("sciner.review.decisions.write_tasks", full)
        with pytest.raises(OSError, match="No space"):
            review.save(row("d#1"))
    assert review.work.file.read_bytes() == before and not review.of["d#1"].done
    assert review.save(row("d#1")).done and len(again(review)) == 2


def test_two_commands_do_not_write_the_same_file(review: Decisions) -> None:
    with (
        pytest.raises(InputError, match="another sciner review of anna is open"),
        opened(review.work),
    ):
        pass
    with opened(open_work(str(review.work.run), review.work.run, "ben")) as other:
        assert other.work.file != review.work.file
