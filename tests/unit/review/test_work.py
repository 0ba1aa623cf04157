"""What there is to review, and in which order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.policy.people import Answer
from sciner.review.decisions import opened
from sciner.review.work import Work, open_work
from sciner.score.errors import Kind
from sciner.score.suspects import Suspect
from sciner.text.spans import Span
from tests.reviews import LONGER, SENTENCES, SPANS, silver_run, waiting_run


def work(run: Path, round: int | None = None, annotator: str = "anna") -> Work:
    return open_work(str(run), run / "store", annotator, round)


@pytest.mark.parametrize("format", ["label_studio", "prodigy", "doccano", "jsonl", "argilla"])
def test_a_waiting_run_gives_its_batch_in_the_order_in_which_it_was_chosen(
    tmp_path: Path, format: str
) -> None:
    waiting_run(tmp_path, format)
    found = work(tmp_path)
    assert (found.batch, found.round, [*found.items]) == (True, 1, [s.id for s in SENTENCES])
    for id, item in found.items.items():
        proposal = SPANS.get(id)
        assert item.proposal.spans == (proposal.spans if proposal else ())
        if proposal and format != "doccano":  # which holds no confidences
            assert item.proposal.confidences == proposal.confidences
    assert found.next == f"sciner loop continue {tmp_path} --labels {found.file}"
    assert found.file == tmp_path / "review/round_1/anna.json"


def test_silver_is_shown_by_its_least_confidence_and_sentences_without_a_span_last(
    tmp_path: Path,
) -> None:
    found = work(silver_run(tmp_path, suspects=()))
    assert (found.batch, found.round, [*found.items]) == (False, 1, ["d#1", "d#0", "d#2"])
    assert found.title == "silver of round 1" and found.next.startswith("sciner data convert ")


def test_suspected_label_errors_come_first_with_the_spans_that_would_correct_them(
    tmp_path: Path,
) -> None:
    first, *others = work(silver_run(tmp_path)).items.values()
    assert first.sentence.id == "d#0" and first.suspected and first.suspected.suspects == (LONGER,)
    assert first.suggested() == (Span(2, 4, "Method"), Span(5, 6, "Task"))
    assert [item.suggested() for item in others] == [None, None]


def test_a_suspect_of_an_earlier_round_counts_if_the_batch_proposes_the_same_span(
    tmp_path: Path,
) -> None:
    gone = Suspect(Kind.SPURIOUS, Span(0, 1, "Task"), None, 0.01, 0.9)
    silver_run(tmp_path, suspects=(gone, LONGER))
    (tmp_path / "round_1/suspects.jsonl").rename(tmp_path / "round_0/suspects.jsonl")
    waiting_run(tmp_path)
    first = next(iter(work(tmp_path).items.values()))
    assert first.suspected and first.suspected.suspects == (LONGER,)


def test_suggestions_that_overlap_are_not_offered(tmp_path: Path) -> None:
    two = [Suspect(Kind.MISSED, None, Span(n, n + 2, "Task"), 0.1, 0.9) for n in (3, 4)]
    first = next(iter(work(silver_run(tmp_path, suspects=two)).items.values()))
    assert first.suspected and first.suggested() is None


def test_what_a_person_returned_stays_in_their_review_until_the_round_is_trained(
    tmp_path: Path,
) -> None:
    """The batch file then has the others alone."""
    folder = waiting_run(tmp_path)
    with opened(work(tmp_path)) as decisions:
        save = {"id": "d#0", "tokens": list(SENTENCES[0].tokens), "spans": [], "seconds": 1}
        decisions.save({**save, "done": True, "revision": 0})
    waiting_run(tmp_path, sentences=SENTENCES[1:])
    asked = [{"id": s.id, "round": 1, "tokens": s.tokens} for s in SENTENCES]
    (folder.path / "asked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    found = work(tmp_path)
    assert [*found.items] == ["d#1", "d#2", "d#0"] and found.items["d#0"].proposal == SPANS["d#0"]
    assert [*work(tmp_path, annotator="ben").items] == ["d#1", "d#2"]


def test_another_round_can_be_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="round 0 was trained on no silver"):
        work(silver_run(tmp_path), 0)
    with pytest.raises(InputError, match="there is no round 7; its rounds are 0 to 1"):
        work(tmp_path, 7)
    waiting_run(tmp_path)
    assert work(tmp_path).batch and work(tmp_path, 1).batch


@pytest.mark.parametrize("name", ["", "../anna", "a/b", ".hidden", "a b", "x" * 65, "a\0"])
def test_a_name_that_is_none_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    waiting_run(tmp_path)
    with pytest.raises(InputError, match="cannot be the name of a file"):
        work(tmp_path, annotator=name)


def test_a_class_that_is_markup_is_refused(tmp_path: Path) -> None:
    """No annotation tool's format can hold it."""
    with pytest.raises(InputError, match="contains HTML"):
        work(silver_run(tmp_path, labels=("Task", "<b>Method</b>")))


def test_a_batch_file_with_foreign_or_changed_sentences_is_refused(tmp_path: Path) -> None:
    folder = waiting_run(tmp_path)
    file = folder.path / "round_1.json"
    whole = file.read_text(encoding="utf-8")
    for old, new, told in (
        ('"d#0"', '"d#9"', "'d#9' is not a sentence of this batch"),
        ("BERT models", "BERT MODELS", "the text of d#0 was changed"),
    ):
        file.write_text(whole.replace(old, new), encoding="utf-8")
        with pytest.raises(InputError, match=told):
            work(tmp_path)


def test_a_batch_that_has_all_its_labels_is_not_opened(tmp_path: Path) -> None:
    folder = waiting_run(tmp_path)
    folder.write_answers({s.id: {"": Answer(s.tokens, ())} for s in SENTENCES})
    with pytest.raises(InputError, match="has all its labels; type: sciner loop continue"):
        work(tmp_path)
