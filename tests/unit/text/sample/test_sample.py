"""The shipped corpus is what its data statement says."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

from sciner.text.formats.inline import read_paper
from sciner.text.sample import HERE, LABELS, read_sample

SAMPLE = read_sample()
ALL = (*SAMPLE.train, *SAMPLE.test)


def test_it_holds_the_promised_text() -> None:
    assert len(ALL) >= 600
    assert len({s.document for s in ALL}) >= 24
    assert len({s.document for s in SAMPLE.test}) == 8
    assert not SAMPLE.notes


def test_every_paper_has_every_type() -> None:
    for document in {s.document for s in ALL}:
        found = {span.label for s in ALL if s.document == document for span in s.spans or ()}
        assert found == set(LABELS), document


def test_no_two_sentences_are_near_duplicates() -> None:
    """Figures aside, no two sentences have more than half of the shorter one's word pairs in
    common."""

    def pairs(tokens: tuple[str, ...]) -> set[tuple[str, str]]:
        words = ["0" if t[0].isdigit() else t.lower() for t in tokens]
        return set(pairwise(words))

    bags = [(s.id, pairs(s.tokens)) for s in ALL if len(s.tokens) > 6]
    assert [
        (a, b) for (a, x), (b, y) in combinations(bags, 2) if len(x & y) > 0.5 * min(len(x), len(y))
    ] == []


def test_a_surface_form_mostly_means_one_type() -> None:
    """Names of several words that carry two labels are slips of the annotator, the guideline's rule
    10 aside."""
    labels: dict[str, Counter[str]] = {}
    for s in ALL:
        for span in s.spans or ():
            form = " ".join(s.tokens[span.start : span.end]).lower()
            labels.setdefault(form, Counter())[span.label] += 1
    several = {form for form, seen in labels.items() if len(seen) > 1 and not form[0].isdigit()}
    assert several <= {"dropout", "label smoothing", "pinball loss", "rte", "sgd", "sqa"}


def test_reading_order_does_not_matter() -> None:
    paper = next((HERE / "papers").glob("*.md"))
    alone = read_paper(paper, labels=LABELS, notes=Counter())
    assert tuple(alone) == tuple(s for s in ALL if s.document == paper.stem)
