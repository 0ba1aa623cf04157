"""Bad input costs one line that names file, line and correction, and never a traceback."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.cli import main as cli
from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.inline import read_paper
from sciner.text.formats.read import read_file

MALFORMED = Path(__file__).parents[1] / "data" / "malformed"
LABELS = ("Method", "Metric")

NO_TAG = (
    "only one column, so the token or the tag is missing; a line has a token, up to two further "
    "columns and a tag"
)
STRAY = r"a span is [surface](Label), a literal [ or \ is written \[, \\"
SCHEMES_MIXED = (
    "tags of several schemes: entities without E- or S-, which the file has elsewhere; "
    "use one scheme, or set data.scheme=IOBES to repair them"
)
NO_TAG_SCHEME = "belongs to no known scheme; tags are O or B-, I-, E-, S- and a class"
BRAT_FORM = "a span is T1, tab, Label START END, tab, its text"
MESSAGES = {
    "empty.conll": ": no sentence in it; expected a token and its tag on each line",
    "fewer_columns.conll": ":2: 2 columns, but line 1 has 3; fill the missing column",
    "more_columns.conll": (
        ":2: 3 columns, but line 1 has 2; give every line the same number of columns"
    ),
    "missing_column.conll": f":3: {NO_TAG}",
    "no_prefix.conll": f":2: tag 'Method' {NO_TAG_SCHEME}",
    "carriage_returns.conll": (
        ":1: a carriage return without a line feed; end lines with LF or CRLF"
    ),
    "utf16.conll": ":1: the file is UTF-16, not UTF-8; convert the file to UTF-8",
    "not_utf8.conll": ":2: byte 0xe4 is not UTF-8; convert the file to UTF-8",
    "several_schemes.conll": f":3: {SCHEMES_MIXED}",
    "blank_token.conll": (
        ":2: a token that is only white space; drop the line, or add data.repair=drop_blank_tokens"
    ),
    "token_with_space.conll": (
        ":2: token 'New York' is empty or has white space in it; split or drop it"
    ),
    "too_many_columns.conll": (
        ":1: 6 columns; a line has a token, up to two further columns and a tag"
    ),
    "unknown_label.conll": ":3: unknown label 'Metod'; did you mean 'Method'?",
    "unknown_prefix.conll": f":2: tag 'L-Method' {NO_TAG_SCHEME}",
    "empty.jsonl": ": no sentence in it; expected one JSON object per line",
    "id_twice.jsonl": ":2: id 'a#0' is on line 1 too; ids must be unique",
    "id_is_a_list.jsonl": ':1: "id" is not a string; put it in quotes',
    "doccano.jsonl": (
        ':1: labels in "label", which is not read; write them as "tags" or "spans", '
        "or try sciner data convert"
    ),
    "doccano_old.jsonl": (
        ':1: labels in "annotations", which is not read; write them as "tags" or "spans", '
        "or try sciner data convert"
    ),
    "ner_tags.jsonl": (
        ':2: labels in "ner_tags", which is not read; write them as "tags" or "spans", '
        "or try sciner data convert"
    ),
    "docstart_inside.jsonl": (
        ":1: token '-DOCSTART-' separates documents in CoNLL; put it in a row of its own, or drop "
        "it"
    ),
    "index_column.conll": (
        ": the first column only numbers the tokens of each sentence; drop that column"
    ),
    "pubtator.txt": (
        ": this is PubTator, which is not read; sciner data convert reads most formats of "
        "annotation tools"
    ),
    "bioc.xml": (
        ": this is XML (BioC, for example), which is not read; sciner data convert reads "
        "most formats of annotation tools"
    ),
    "lengths_differ.jsonl": ":1: 1 tags for 2 tokens; give each token one tag",
    "lone_surrogate.jsonl": (
        ":1: JSON with a lone surrogate, a giant number or deep nesting; correct the line"
    ),
    "no_object.jsonl": ":1: a JSON list instead of an object; write one object per line",
    "no_token.jsonl": ":1: a sentence without tokens; leave it out",
    "no_tokens.jsonl": (
        ':1: neither "tokens" nor "text"; write {"tokens": [...], ...} or {"text": "...", ...}'
    ),
    "not_utf8.jsonl": ":1: byte 0xff is not UTF-8; convert the file to UTF-8",
    "several_schemes.jsonl": f":2: {SCHEMES_MIXED}",
    "span_empty.jsonl": (
        ":1: span (1, 1, 'Method') is empty; its end is exclusive and must be greater than its "
        "start"
    ),
    "span_not_numbers.jsonl": (
        ":1: ['0', 1, 'Method'] is not a span; write [start, end, \"label\"]"
    ),
    "span_of_space.jsonl": ":1: span (2, 3, 'Method') covers only white space; drop it",
    "span_outside.jsonl": (
        ":1: span (1, 3, 'Method') is outside the sentence of 2 tokens; count tokens from 0"
    ),
    "spans_overlap.jsonl": (
        ":1: span (1, 2, 'Metric') overlaps another; keep one of them, or add "
        "data.repair=longest_span"
    ),
    "tags_and_spans.jsonl": ':1: both "tags" and "spans" in one row; keep one of them',
    "tokens_not_a_list.jsonl": (
        ':1: "tokens" is not a list of strings; write "tokens": ["...", "..."]'
    ),
    "truncated.jsonl": (
        ":2: invalid JSON at column 20 (Expecting ',' delimiter); write one object per line"
    ),
    "unknown_label.jsonl": ":1: unknown label 'Metod'; did you mean 'Method'?",
    "empty.txt": ": no sentence in it; expected text",
    "not_utf8.txt": ":2: byte 0xe4 is not UTF-8; convert the file to UTF-8",
    "brat_backwards.ann": (
        ":1: 11 7 is outside the text of 27 characters; count characters from 0"
    ),
    "brat_blank_span.ann": ":1: span 2 3 covers only white space; drop it",
    "brat_empty.txt": ": no sentence in it; expected running text",
    "brat_fragment_past_end.ann": (
        ":1: 26 40 is outside the text of 27 characters; count characters from 0"
    ),
    "brat_id_twice.ann": ":2: T1 occurs twice; ids must be unique",
    "brat_negative.ann": f":1: 'T1\\tMethod -1 4\\tWe' is not a BRAT annotation; {BRAT_FORM}",
    "brat_no_offsets.ann": f":1: 'T1\\tMethod\\tAdam' is not a BRAT annotation; {BRAT_FORM}",
    "brat_not_utf8.ann": ":1: byte 0xe4 is not UTF-8; convert the file to UTF-8",
    "brat_other_text.ann": ":1: the text has ' Ada' there, not 'Adam'; count characters from 0",
    "brat_past_end.ann": (
        ":2: 30 34 is outside the text of 27 characters; count characters from 0"
    ),
    "brat_spaces.ann": f":2: 'T1 Method 7 11 Adam' is not a BRAT annotation; {BRAT_FORM}",
    "brat_unknown_label.ann": ":3: unknown label 'Metod'; did you mean 'Method'?",
    "empty.md": ": no sentence in it; a paper begins with its title in one line, '# Title'",
    "empty_surface.md": ":2: empty surface at column 8; mark at least one word",
    "no_title.md": (
        ":1: a sentence comes before the title; a paper begins with its title in one line, "
        "'# Title'"
    ),
    "second_title.md": ":2: a second title; a paper begins with its title in one line, '# Title'",
    "stray_backslash.md": f":2: stray '\\\\' at column 8; {STRAY}",
    "stray_bracket.md": f":2: stray '[' at column 8; {STRAY}",
    "stray_closing.md": f":2: stray ']' at column 12; {STRAY}",
    "unknown_label.md": ":2: unknown label 'Metod'; did you mean 'Method'?",
}


def read(path: Path) -> list[Sentence]:
    """As a run would read it, papers included; notes are dropped."""
    if path.suffix == ".md":
        return read_paper(path, labels=LABELS, notes=Counter())
    return read_file(path, split="train", notes=Counter(), labels=LABELS)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_malformed_file_is_refused_in_one_line_with_place_and_correction(name: str) -> None:
    with pytest.raises(InputError) as error:
        read(MALFORMED / name)
    assert str(error.value) == f"{MALFORMED / name}{MESSAGES[name]}"
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", [name for name in MESSAGES if not Path(name).stem.endswith("unknown_label")]
)
def test_data_check_says_that_line_alone_and_exits_with_2(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """But for labels: it is given none, so it knows of no unknown one."""
    monkeypatch.setattr(sys, "argv", ["sciner", "data", "check", str(MALFORMED / name)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    told = (
        ": suffix '.md' is not that of a known format; "
        "set format to conll, jsonl, brat, text or pdf"
        if name.endswith(".md")
        else MESSAGES[name]
    )
    assert (end.value.code, *capsys.readouterr()) == (2, "", f"sciner: {MALFORMED / name}{told}\n")


def test_every_malformed_file_has_its_message() -> None:
    beside = {
        path.with_suffix(other).name
        for path in map(Path, MESSAGES)
        for other in (".ann", ".txt")
        if "brat" in path.name
    }
    assert set(MESSAGES) <= {path.name for path in MALFORMED.iterdir()} <= {*MESSAGES, *beside}


@pytest.mark.parametrize(
    ("name", "render", "hint"),
    [
        (
            "f.conll",
            "We O\n".__mul__,
            "put a blank line between sentences, or add data.repair=split_sentences",
        ),
        (
            "f.jsonl",
            lambda n: json.dumps({"tokens": ["We"] * n}),
            "write one sentence per object, of at most 2,000 tokens",
        ),
        ("f.txt", "We ".__mul__, "start a new line between sentences"),
        (
            "f.md",
            lambda n: "# " + "We " * n,
            "write one sentence per line, of at most 2,000 tokens",
        ),
    ],
)
def test_an_endless_sentence_is_refused(
    tmp_path: Path, name: str, render: Callable[[int], str], hint: str
) -> None:
    (tmp_path / name).write_text(render(2000))
    assert len(read(tmp_path / name)[0].tokens) == 2000
    (tmp_path / name).write_text(render(5000))
    with pytest.raises(InputError) as error:
        read(tmp_path / name)
    assert str(error.value) == f"{tmp_path / name}:1: a sentence of 5,000 tokens; {hint}"


VALID = {
    "a.conll": "-DOCSTART- O\n\nWe O\nAdam B-Method\n\nF1 B-Metric\n",
    "a.jsonl": '{"id": "d#0", "tokens": ["We", "Adam"], "spans": [[1, 2, "Method"]]}\n{"tokens": '
    '["We"], "tags": ["O"]}\n'
    '{"text": "We Adam", "entities": [{"start": 3, "end": 7, "label": "Method"}]}\n',
    "b.ann": "T1\tMethod 7 11\tAdam\nR1\tOf Arg1:T1 Arg2:T2\nT2\tMetric 7 11;21 25\tAdam wins\n",
    "a.txt": "We use Adam .\nAnd F1 .\n",
    "a.md": "# A [title](Method)\n## Head\nWe \\[1] use [Adam](Method).\n",
}
TELLING = [c.encode() for c in '\t\r\n []{}(),:"\\-#O0129BIES\u00a0\u2028'] + [
    b"\xff",
    b"\xef\xbb\xbf",
    b"\0",
    b"null",
    b"1e9",
]
edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 4), st.sampled_from(TELLING) | st.binary(max_size=2)),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("name", VALID)
@settings(max_examples=50, deadline=None)
@given(edits=edits)
def test_damage_gives_sentences_or_one_input_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, edits: list[tuple[float, int, bytes]]
) -> None:
    content = VALID[name].encode()
    for place, length, new in edits:
        at = round(place * len(content))
        content = content[:at] + new + content[at + length :]
    folder = tmp_path_factory.getbasetemp()
    (folder / name).write_bytes(content)
    if name == "b.ann":
        (folder / "b.txt").write_text("We use Adam here.\nIt wins.\n")
    try:
        sentences = read(folder / name)
    except InputError as error:
        assert name in str(error)
        assert "\n" not in str(error)
    else:
        assert sentences
        assert len({sentence.id for sentence in sentences}) == len(sentences)


def test_deep_or_giant_json_is_an_input_error_too(tmp_path: Path) -> None:
    for row in ("[" * 100_000, '{"tokens": ["a"], "n": ' + "1" * 5000 + "}"):
        (tmp_path / "a.jsonl").write_text(row)
        with pytest.raises(InputError, match=r"a.jsonl:1: .*JSON"):
            read(tmp_path / "a.jsonl")
