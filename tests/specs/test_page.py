"""`sciner report`: one page that opens anywhere, shows what there is, and runs nothing that a
corpus holds."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sciner.cli.main import app
from sciner.errors import InputError
from sciner.report.browser import KINDS, browser_data
from sciner.results.folder import RunFolder
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.jsonl import write_examples_jsonl
from sciner.text.spans import Span
from tests.runs import write_run

NASTY = (
    "</script><script>alert(1)</script>",
    "<img",
    "src=x",
    "onerror=alert(2)>",
    "&amp;",
    "{{7*7}}",
    "-->",
)
CLASS = "<b>Me&thod</b>"
GOLD = [
    Sentence("test/d#0", NASTY, (Span(0, 1, CLASS), Span(4, 5, "Task"))),
    Sentence("test/d#1", ("plain", "words"), ()),
]
POOL = [Sentence("train/p#0", ("silver", "here"), (Span(0, 1, "Task"),))]


def with_sentences(folder: Path, rounds: int = 2, more: int = 0) -> None:
    """Round by round: a right span, from round 1 on a wrong class as well; the silver has one
    error, which stays. more: further sentences without a span."""
    bare = [Sentence(f"test/m#{n}", ("more", str(n)), ()) for n in range(more)]
    run = RunFolder(folder, folder)
    run.write_gold([*GOLD, *bare], POOL)
    for number in range(rounds):
        spans = (Span(0, 1, CLASS), Span(4, 5, CLASS))[: 1 + number]
        predicted = [Example(GOLD[0], spans, "predicted", number, (0.875, 0.25)[: len(spans)])]
        predicted.append(
            Example(
                GOLD[1],
                (Span(0, 2, "Task"),) if number == 0 else (),
                "predicted",
                number,
                (0.5,) * (number == 0),
            )
        )
        predicted += [Example(s, (), "predicted", number) for s in bare]
        write_examples_jsonl(folder / f"round_{number}" / "test_predictions.jsonl", predicted)
        silver = [
            Example(POOL[0], (Span(0, 1, "Task"), Span(1, 2, "Task")), "silver", number, (0.9, 0.8))
        ] * (number > 0)
        write_examples_jsonl(folder / f"round_{number}" / "annotated.jsonl", silver)


SCORES = {"test/f1/micro": 0.5, "test/f1/Task": 0.4, "drift/density": 9.0, "budget/sentences": 10.0}


def with_errors(folder: Path) -> None:
    """The last round of a run that followed the wrong silver spans of the round before."""
    fates = dict.fromkeys(("before", "again", "changed", "corrected", "gone", "new", "spread"), 1.0)
    *lines, last = (folder / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(last)
    row["scores"] |= {f"silver/errors/{name}": count for name, count in fates.items()}
    (folder / "rounds.jsonl").write_text(
        "\n".join([*lines, json.dumps(row)]) + "\n", encoding="utf-8"
    )


@pytest.fixture
def runs(project: Path) -> Path:
    for seed in (0, 1):
        for kind, f1 in (("accept_all", 0.5), ("fixed", 0.6)):
            rounds = [
                SCORES,
                SCORES
                | {
                    "test/f1/micro": f1 + seed / 50,
                    "silver/precision/micro": f1,
                    "silver/recall/micro": 0.3,
                },
            ]
            write_run(project / "runs" / f"{kind}{seed}", f"threshold={kind} seed={seed}", rounds)
    return project / "runs"


def call(*words: str) -> str:
    app(["report", *words, "-o", "report"], standalone_mode=False)
    return Path("report/index.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    """Elements with their attributes, text, and the content of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if (
            self.get_starttag_text()
            and self.elements[-1][0] == "script"
            and self.cdata_elem == "script"
        ):
            self.scripts[-1] += data
        else:
            self.text += data

    def ids(self) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get("id"))]


@pytest.mark.slow
def test_the_page_stands_alone(runs: Path) -> None:
    """Nothing is loaded from elsewhere; every id is one element's, every link within the page leads
    somewhere."""
    with_sentences(runs / "fixed1")
    text = call("runs")
    page = Page(text)
    assert len(text) < 1_000_000
    assert not re.search(
        r"""(src|href)=["']?(https?:)?//|@import|url\((?!#)""",
        re.sub(r'xmlns(:\w+)?="[^"]*"', "", text),
    )
    assert len(page.ids()) == len(set(page.ids()))
    for tag, attributes in page.elements:
        link = attributes.get("href") or ""
        if tag == "a" and link.startswith("#"):
            assert link[1:] in page.ids()
        elif tag == "a":
            assert (Path("report") / link).is_file(), link


@pytest.mark.slow
def test_the_sections_stand_in_order_and_those_without_data_are_left_out(runs: Path) -> None:
    with_sentences(runs / "fixed1")
    sections = [a["id"] for tag, a in Page(call("runs")).elements if tag == "section"]
    assert sections == [
        *("answer", "cost", "rounds", "classes", "classes_change", "thresholds", "silver"),
        *("reliability", "drift", "confusion", "runs", "intervals", "browser"),
    ]
    shutil.rmtree("report")
    with_errors(runs / "fixed1")
    assert "propagation" in Page(call("runs")).ids()
    shutil.rmtree("runs")
    write_run(Path("runs/a"), "seed=0", [{"test/f1/micro": 0.5}])
    text = call("runs")
    sections = [a["id"] for tag, a in Page(text).elements if tag == "section"]
    assert sections == ["answer", "cost", "runs", "intervals"]
    assert "<script" not in text


@pytest.mark.slow
def test_the_answer_stands_on_top_against_round_0_and_the_baseline(runs: Path) -> None:
    text = Page(call("runs")).text
    assert "Is threshold=fixed better than threshold=accept_all" in text
    # of two seeds the intervals are wide
    assert "No setting can be distinguished from its own round 0" in text
    assert "to +0.110 with threshold=fixed." in text
    assert "threshold=fixed is 0.100 better than the baseline threshold=accept_all" in text
    assert "cannot be concluded from 2 seeds" in text
    assert "the baseline threshold=fixed" in Page(call("runs", "--baseline", "fixed")).text


@pytest.mark.slow
def test_the_command_prints_the_sentences_of_the_answer_and_the_page(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = call("runs")
    *told, page = capsys.readouterr().out.splitlines()
    assert len(told) == 3 and all(f"<p>{line}</p>" in text for line in told)
    assert page == "report/index.html"


@pytest.mark.slow
def test_a_run_that_was_repeated_is_listed_and_not_counted(runs: Path) -> None:
    write_run(runs / "again", "threshold=fixed seed=1", [SCORES, SCORES])
    text = call("runs")
    assert "4 runs, 2 seeds, and 1 earlier run that was repeated and is not counted" in text
    rows = list(csv.reader(Path("report/tables/runs.csv").read_text(encoding="utf-8").splitlines()))
    at = rows[0].index("not counted")
    assert {row[0]: row[at] for row in rows[1:]} == {
        **dict.fromkeys(("accept_all0", "accept_all1", "fixed0", "again"), ""),
        "fixed1": "run again later",
    }


@pytest.mark.slow
def test_every_figure_has_its_table_in_every_format(runs: Path) -> None:
    """And the F1 by class has support, intervals and the difference from round 0."""
    with_sentences(runs / "fixed1")
    call("runs")
    figures = {place.stem for place in Path("report/figures").iterdir()}
    assert figures >= {"rounds", "classes", "silver", "reliability", "confusion", "drift"}
    for suffix in ("md", "csv", "tex"):
        assert figures <= {place.stem for place in Path("report/tables").glob(f"*.{suffix}")}
    text = Path("report/tables/classes.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    assert header == [
        *("threshold", "class", "support", "round 0", "round 1", "round 1 minus round 0"),
    ]
    assert rows[0][3] == "0.400 [0.400, 0.400]" and rows[0][5] == "+0.000 [+0.000, +0.000]"
    text = Path("report/tables/confusion.csv").read_text(encoding="utf-8")
    assert "right class, wrong boundary" in text.splitlines()[0]


@pytest.mark.slow
def test_what_is_of_one_run_names_it_and_the_others(runs: Path) -> None:
    with_sentences(runs / "fixed1")
    with_sentences(runs / "accept_all0")
    page = Page(call("runs"))
    assert "round 1 of threshold=fixed, seed=1" in page.text
    assert "This is one run; 1 other can be shown" in page.text
    assert "--browse accept_all0 threshold=accept_all, seed=0" in page.text


@pytest.mark.slow
def test_figures_and_tables_are_files_too_and_the_same_bytes_each_time(runs: Path) -> None:
    call("runs")
    first = {place: place.read_bytes() for place in Path("report").rglob("*") if place.is_file()}
    assert {place.suffix for place in first} == {
        ".html",
        ".png",
        ".svg",
        ".pdf",
        ".md",
        ".csv",
        ".tex",
    }
    rows = list(
        csv.reader(Path("report/tables/answer.csv").read_text(encoding="utf-8").splitlines())
    )
    assert rows[0][:3] == ["threshold", "seeds", "entity F1"] and rows[2][2].startswith("0.610 [")
    call("runs")
    assert {place: place.read_bytes() for place in first} == first


@pytest.mark.slow
def test_a_corpus_of_markup_and_scripts_is_text(runs: Path) -> None:
    """No element but ours, no script but ours; and the sentence comes out as it went in."""
    with_sentences(runs / "fixed1")
    page = Page(call("runs"))
    kinds = [a.get("type") for tag, a in page.elements if tag == "script"]
    assert kinds == ["application/json", "application/json", None]
    assert not [
        tag for tag, a in page.elements if tag == "img" or any(name.startswith("on") for name in a)
    ]
    about, chunk = (json.loads(script) for script in page.scripts[:2])
    assert CLASS in about["labels"] and chunk[0]["tokens"] == list(NASTY)
    assert "<b>" not in re.sub(
        r"<script.*?</script>",
        "",
        Path("report/index.html").read_text(encoding="utf-8"),
        flags=re.S,
    )
    write_run(runs / "<script>alert(3)", "threshold=<i>x</i> seed=0", [SCORES])
    assert not {"i", "img"} & {tag for tag, _ in Page(call("runs")).elements}


def test_what_the_browser_shows_is_what_the_run_said(runs: Path) -> None:
    with_sentences(runs / "fixed1")
    about, chunks = browser_data(runs / "fixed1")
    first, second, silver = json.loads(chunks[0])
    method, task = (about["labels"].index(label) for label in (CLASS, "Task"))
    assert about["rounds"] == [0, 1] and about["sentences"] == 3
    kind = KINDS.index
    assert first["gold"] == [[0, 1, method], [4, 5, task]]
    assert first["rounds"]["0"]["found"] == [
        [kind("right"), [0, 1, method], [0, 1, method], 0.875, 0],
        [kind("missed"), [4, 5, task], None, None, 0],
    ]
    # new
    assert first["rounds"]["1"]["found"][1] == [
        kind("wrong class"),
        [4, 5, task],
        [4, 5, method],
        0.25,
        1,
    ]
    assert second["rounds"]["1"] == {"found": [], "lost": [[0, 2, task]]}
    assert (silver["part"], list(silver["rounds"])) == ("silver", ["1"])


@pytest.mark.slow
def test_many_sentences_have_a_page_of_their_own(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_sentences(runs / "fixed1")
    monkeypatch.setattr("sciner.report.page.MOST", 10)
    front = Page(call("runs"))
    assert not front.scripts and any(a.get("href") == "sentences.html" for _, a in front.elements)
    own = Page(Path("report/sentences.html").read_text(encoding="utf-8"))
    assert json.loads(own.scripts[1])[0]["id"] == "test/d#0"


def test_what_cannot_be_shown_is_one_line_and_no_file(runs: Path) -> None:
    for words, message in (
        (["nowhere"], "is not a folder"),
        (["runs", "--compare", "thresold"], "did you mean 'threshold'"),
        (["runs", "--where", "threshold=fixd"], "no run has threshold=fixd; did you mean 'fixed'"),
        (["runs", "--where", "thresold=fixed"], "no setting 'thresold'; did you mean 'threshold'"),
        (["runs", "--browse", "none0"], "no sentences of any round|is not the folder of a run"),
        (["runs", "--experiment", "x"], "give one of the two"),
    ):
        with pytest.raises(InputError, match=message):
            call(*words)
    assert not Path("report").exists()
