"""Readers and writers: what is written is read again, and what others have written is
understood."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.conll import read_conll, write_conll, write_examples_conll
from sciner.text.formats.jsonl import read_examples_jsonl, write_examples_jsonl, write_jsonl
from sciner.text.formats.read import read_file, read_files, stream_file
from sciner.text.formats.tags import OPENED_BY_I
from sciner.text.spans import SCHEMES, Scheme, Span, decode

LABELS = ("Method", "Metric")
TAGS = ("O", *(f"{prefix}-{label}" for prefix in "BI" for label in LABELS))
few = settings(max_examples=40, deadline=None)

solid = st.text(
    st.characters(exclude_categories=["Cs"]).filter(lambda c: not c.isspace()),
    min_size=1,
    max_size=4,
)
words = st.lists(solid.filter(lambda token: token != "-DOCSTART-"), min_size=1, max_size=4)


@st.composite
def corpora(draw: st.DrawFn) -> list[Sentence]:
    """Sentences with gold, of one or two documents."""
    sentences = []
    for document in range(draw(st.integers(1, 2))):
        for i, tokens in enumerate(draw(st.lists(words, min_size=1, max_size=2))):
            tags = draw(st.lists(st.sampled_from(TAGS), min_size=len(tokens), max_size=len(tokens)))
            sentences.append(
                Sentence(f"train/file.{document:04d}#{i}", tuple(tokens), decode(tags)[0])
            )
    return sentences


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("formats")


def read(path: Path, **options: object) -> list[Sentence]:
    return read_file(path, split="train", notes=Counter(), labels=LABELS, **options)  # type: ignore[arg-type]


# What is written is read again


@few
@given(
    sentences=corpora(),
    source=st.sampled_from(["gold", "silver"]),
    confidence=st.floats(0, 1),
    weight=st.floats(0.1, 1),
)
def test_examples_read_back_as_they_were(
    folder: Path, sentences: list[Sentence], source: str, confidence: float, weight: float
) -> None:
    """But for gold beside them, and confidences behind the sixth digit."""
    examples = [
        Example(
            s.withheld(),
            s.spans or (),
            source,
            2,
            (round(confidence, 6),) * len(s.spans or ()),
            frozenset({0}),
            weight,
        )
        for s in sentences
    ]
    write_examples_jsonl(folder / "examples.jsonl", examples)
    assert read_examples_jsonl(folder / "examples.jsonl") == examples


@few
@given(sentences=corpora(), scheme=st.sampled_from(SCHEMES))
def test_conll_gives_back_the_sentences_it_was_given(
    folder: Path, sentences: list[Sentence], scheme: Scheme
) -> None:
    write_conll(folder / "file.conll", sentences, scheme=scheme)
    notes: Counter[str] = Counter()
    assert read_conll(folder / "file.conll", split="train", notes=notes) == sentences
    assert notes.keys() <= ({OPENED_BY_I} if scheme == "IOB1" else set())


@few
@given(sentences=corpora(), how=st.sampled_from(["labelled", "withheld", "masked"]))
def test_jsonl_gives_back_the_sentences_it_was_given(
    folder: Path, sentences: list[Sentence], how: str
) -> None:
    if how == "withheld":
        sentences = [sentence.withheld() for sentence in sentences]
    if how == "masked":
        sentences = [replace(s, spans=(), masked=frozenset({0})) for s in sentences]
    write_jsonl(folder / "file.jsonl", sentences)
    assert read(folder / "file.jsonl") == sentences


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence("d#0", ("New York",), ()),
        Sentence("d#0", ("a\u2028b",), ()),
        Sentence("d#0", ("",), ()),
        Sentence("d#0", ("-DOCSTART-",), ()),
        Sentence("d#0", (), ()),
        Sentence("d#0", ("a",), None),
        Sentence("d#0", ("a",), (), frozenset({0})),
        Sentence("d#0", ("a",), (Span(0, 1, "a b"),)),
        Sentence("d#0", ("a",), (Span(0, 2, "Method"),)),
    ],
    ids=repr,
)
def test_conll_refuses_what_it_cannot_hold(tmp_path: Path, sentence: Sentence) -> None:
    with pytest.raises(ValueError, match=r"CoNLL cannot hold|leaves the sentence"):
        write_conll(tmp_path / "file.conll", [sentence])
    assert not list(tmp_path.iterdir())


SENTENCE = Sentence("paper#7", ("Adam", "beats", "word", "error"), None)
EXAMPLES = [
    Example(
        SENTENCE,
        (Span(0, 1, "Method"), Span(2, 4, "Metric")),
        "silver",
        2,
        (0.123456789, 1.0),
        frozenset({3, 2}),
        0.5,
    ),
    Example(
        Sentence("paper#8", ("Adam",), (Span(0, 1, "Method"),)),
        (Span(0, 1, "Method"),),
        confidences=(1.0,),
    ),
]


def test_examples_keep_their_provenance_as_jsonl(tmp_path: Path) -> None:
    write_examples_jsonl(tmp_path / "train.jsonl", EXAMPLES)
    silver, gold = map(json.loads, (tmp_path / "train.jsonl").read_text().splitlines())
    assert silver["spans"][0] == {"start": 0, "end": 1, "label": "Method", "confidence": 0.123457}
    assert (silver["source"], silver["round"], silver["weight"], silver["masked"]) == (
        "silver",
        2,
        0.5,
        [2, 3],
    )
    assert (gold["source"], gold["round"], gold.keys() & {"weight", "masked"}) == ("gold", 0, set())
    assert silver["rejected"] == [{"start": 2, "end": 4, "label": "Metric", "confidence": 1.0}]
    found = [(s.id, s.spans) for s in read(tmp_path / "train.jsonl")]
    assert found == [(e.sentence.id, e.accepted()) for e in EXAMPLES]


def test_examples_keep_their_provenance_as_conll(tmp_path: Path) -> None:
    write_examples_conll(tmp_path / "train.conll", EXAMPLES)
    columns = [
        line.split("\t") for line in (tmp_path / "train.conll").read_text().splitlines() if line
    ]
    assert [source for _, source, _ in columns] == [
        "-X-",
        "silver:2",
        "silver:2",
        "masked",
        "masked",
        "gold",
    ]
    found = [(s.tokens, s.spans) for s in read(tmp_path / "train.conll")]
    assert found == [(e.sentence.tokens, e.accepted()) for e in EXAMPLES]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def lines() -> Iterator[str]:
        yield "new"
        raise RuntimeError

    (tmp_path / "file").write_text("old")
    with pytest.raises(RuntimeError):
        write_lines(tmp_path / "file", lines())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


# What others have written


@pytest.mark.parametrize(
    "content",
    [
        b"We\tO\nAdam\tB-Method\n\n#\tO\n",
        b"We\tO\nAdam\tB-Method\n \t\n\n#\tO",  # no final newline
        b"\xef\xbb\xbfWe\tO\r\nAdam\tB-Method\r\n\r\n#\tO\r\n",
        b"We NN  O\nAdam NN  I-Method\n\n# NN O\n\n\n",  # IOB1
        b"We x y O\nAdam x y S-Method\n\n# x y O \n",  # IOBES
    ],
)
def test_conll_dialects_hold_the_same_sentences(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.conll").write_bytes(content)
    assert read(tmp_path / "file.conll") == [
        Sentence("train/file#0", ("We", "Adam"), (Span(1, 2, "Method"),)),
        Sentence("train/file#1", ("#",), ()),
    ]


@pytest.mark.parametrize(
    ("documents", "ids"),
    [
        ("separator", ["train/f.0000#0", "train/f.0000#1", "train/f.0001#0"]),
        ("file", ["train/f#0", "train/f#1", "train/f#2"]),
    ],
)
def test_docstart_begins_a_document_unless_files_do(
    tmp_path: Path, documents: str, ids: list[str]
) -> None:
    (tmp_path / "f.conll").write_text(
        "-DOCSTART- O\n\na O\n\nb O\n-DOCSTART-\n\n-DOCSTART- -X- -X- O\n\nc O\n"
    )
    assert [sentence.id for sentence in read(tmp_path / "f.conll", documents=documents)] == ids


@pytest.mark.parametrize("name", ["file.conll", "file.jsonl"])
def test_repairs_are_counted_in_the_notes(tmp_path: Path, name: str) -> None:
    rows = {
        "file.conll": "a O\nb I-X\n",
        "file.jsonl": '{"tokens": ["a", "b"], "tags": ["O", "I-X"]}',
    }
    (tmp_path / name).write_text(rows[name])
    notes: Counter[str] = Counter()
    (sentence,) = read_file(tmp_path / name, split="train", scheme="IOB2", notes=notes)
    assert (sentence.spans, notes) == ((Span(1, 2, "X"),), {"tags repaired": 1})


def test_a_named_scheme_is_held_to_its_prefixes(tmp_path: Path) -> None:
    (tmp_path / "file.conll").write_text("a O\nb S-Method\n")
    with pytest.raises(
        InputError,
        match=r"file.conll:2: tag 'S-Method' does not exist in IOB2; set the scheme to IOBES",
    ):
        read(tmp_path / "file.conll", scheme="IOB2")


@pytest.mark.parametrize(
    "row",
    [
        {"tokens": ["We", "use", "Adam"], "tags": ["O", "O", "B-Method"], "source": "gold"},
        {"tokens": ["We", "use", "Adam"], "spans": [[2, 3, "Method"]]},
        {
            "tokens": ["We", "use", "Adam"],
            "spans": [{"start": 2, "end": 3, "label": "Method", "confidence": 1}],
            "tags": None,
        },
        {"text": "We use Adam", "spans": [[7, 11, "Method"]]},
        {"text": " We use Adam ", "entities": [{"start": 7, "end": 12, "label": "Method"}]},
    ],
    ids=str,
)
def test_jsonl_forms_hold_the_same_sentence(tmp_path: Path, row: dict[str, object]) -> None:
    (tmp_path / "file.jsonl").write_text(json.dumps(row))
    assert read(tmp_path / "file.jsonl") == [
        Sentence("train/file#0", ("We", "use", "Adam"), (Span(2, 3, "Method"),))
    ]


def test_jsonl_ids_are_kept_or_counted_by_document(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {},
        {"document": "d"},
        {"id": "e#9", "document": "d"},
        {"document": "d"},
        {},
    ]
    (tmp_path / "f.jsonl").write_text("\n\n".join(json.dumps({"text": "a"} | row) for row in rows))
    found = read(tmp_path / "f.jsonl")
    assert [sentence.id for sentence in found] == [
        "train/f#0",
        "train/d#0",
        "e#9",
        "train/d#1",
        "train/f#1",
    ]
    assert all(sentence.spans is None for sentence in found)


def test_scierc_documents_are_counted_in_tokens_with_inclusive_ends(tmp_path: Path) -> None:
    """As its authors published it; of nested spans the longest stays, the others are counted."""
    document = {
        "doc_key": "X96-1059",
        "sentences": [["We", "parse", "text", "."], [], ["Deep", "parsing", "nets", "win"]],
        "ner": [[[2, 2, "Method"]], [], [[4, 5, "Metric"], [4, 6, "Method"]]],
        "relations": [[], [], []],
        "clusters": [],
    }
    (tmp_path / "dev.json").write_text(json.dumps(document) + "\n")
    notes: Counter[str] = Counter()
    found = read_file(tmp_path / "dev.json", split="dev", notes=notes)
    assert [s.id for s in found] == ["dev/X96-1059#0", "dev/X96-1059#1"]
    assert [s.spans for s in found] == [(Span(2, 3, "Method"),), (Span(0, 3, "Method"),)]
    assert [s.dropped for s in found] == [(), ("Metric",)]
    assert notes == {"overlapping spans dropped": 1}


@pytest.mark.parametrize(
    ("ner", "fault"),
    [
        ([[[0, 0, "X"]]], '"ner" does not have one list for each'),
        ([[], [[1, 1, "X"]]], r"is outside the sentence of 1 tokens"),
        ([[], [[1]]], "is not a span"),
    ],
)
def test_scierc_spans_lie_in_their_sentences(tmp_path: Path, ner: object, fault: str) -> None:
    row = {"doc_key": "d", "sentences": [["a", "b"], ["c"]], "ner": ner}
    (tmp_path / "a.json").write_text(json.dumps(row))
    with pytest.raises(InputError, match=rf"a\.json:1: .*{fault}"):
        read(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("row", "id_"),
    [
        ({"id": 7, "tokens": ["a"], "tags": ["O"]}, "train/f#0"),
        ({"id": "7", "tokens": ["a"], "tags": ["O"]}, "train/f#0"),
        ({"id": "7", "text": "a", "spans": []}, "train/7#0"),
        ({"id": 7, "text": "a", "spans": []}, "train/7#0"),
        ({"id": "7", "document": "d", "text": "a", "spans": []}, "train/d#0"),
        ({"id": "d#7", "tokens": ["a"], "tags": ["O"]}, "d#7"),
    ],
)
def test_an_id_of_another_form_names_a_text_and_is_ignored_of_tokens(
    tmp_path: Path, row: object, id_: str
) -> None:
    (tmp_path / "f.jsonl").write_text(json.dumps(row))
    assert [s.id for s in read(tmp_path / "f.jsonl")] == [id_]


def test_what_an_annotator_rejected_or_ignored_is_no_gold(tmp_path: Path) -> None:
    """Prodigy's own tokens are not needed."""
    row = {"text": "We use Adam.", "tokens": [{"text": "We", "start": 0, "end": 2, "id": 0}]}
    row["spans"] = [{"start": 7, "end": 11, "label": "Method", "token_start": 2, "token_end": 2}]  # type: ignore[list-item]
    answers = ("accept", "reject", "ignore")
    (tmp_path / "f.jsonl").write_text(
        "\n".join(json.dumps(row | {"answer": answer}) for answer in answers)
    )
    notes: Counter[str] = Counter()
    (sentence,) = read_file(tmp_path / "f.jsonl", split="train", notes=notes)
    assert sentence.spans == (Span(2, 3, "Method"),)
    assert notes == {"rows left out: they were rejected or ignored": 2}


@pytest.mark.parametrize(
    ("key", "labels"),
    [
        ("labels", ["O", "O", "B-Method"]),
        ("ner", ["O", "O", "B-Method"]),
        ("bio", ["O", "O", "B-Method"]),
        ("entities", [[2, 3, "Method"]]),
        ("entity_mentions", [{"start": 2, "end": 3, "entity_type": "Method"}]),
    ],
)
@pytest.mark.parametrize("spans", [None, []])
def test_labels_under_another_tools_key_are_refused_by_its_name(
    tmp_path: Path, key: str, labels: list[object], spans: list[object] | None
) -> None:
    """They would pass for unlabelled text, or beside empty spans for text without an entity."""
    row = {"tokens": ["We", "use", "Adam"], "spans": spans, key: labels}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    with pytest.raises(InputError, match=f'labels in "{key}"'):
        read(tmp_path / "a.jsonl")
    (tmp_path / "a.jsonl").write_text(json.dumps(row | {key: []}))
    assert [s.spans for s in read(tmp_path / "a.jsonl")] == [None if spans is None else ()]


def test_a_row_of_docstart_begins_a_document(tmp_path: Path) -> None:
    separator, row = {"tokens": ["-DOCSTART-"], "tags": ["O"]}, {"tokens": ["a"], "tags": ["O"]}
    rows = [row, separator, separator, row, row, separator, row]
    (tmp_path / "f.jsonl").write_text("\n".join(map(json.dumps, rows)))
    notes: Counter[str] = Counter()
    found = read_file(tmp_path / "f.jsonl", split="train", notes=notes)
    assert [s.id for s in found] == [
        "train/f#0",
        "train/f.0000#0",
        "train/f.0000#1",
        "train/f.0001#0",
    ]
    assert notes == {"-DOCSTART- rows read as the beginning of a document": 3}


@pytest.mark.parametrize("columns", [2, 4])
def test_comments_before_a_sentence_are_left_out_and_counted(tmp_path: Path, columns: int) -> None:
    """The token # is none, nor is what stands within a sentence."""
    middle = " _" * (columns - 2)
    lines = [
        "# id a1b2 domain=dev",
        "#text",
        f"We{middle} O",
        f"#{middle} O",
        "",
        f"#{middle} B-Method",
        f"1{middle} O",
    ]
    (tmp_path / "f.conll").write_text("\n".join(lines))
    notes: Counter[str] = Counter()
    found = read_file(tmp_path / "f.conll", split="train", notes=notes)
    assert [s.tokens for s in found] == [("We", "#"), ("#", "1")]
    assert notes == {"comment lines left out": 2}


def test_comments_are_no_tokens_where_tags_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "m.conll").write_text(
        "# id a1b2 domain=dev\nwe _ _ _\nuse _ _ _\n\n# id c3d4 domain=dev\nBeta2 _ _ _\n"
    )
    assert [s.tokens for s in streamed(tmp_path / "m.conll")] == [("we", "use"), ("Beta2",)]


# Text alone


@few
@given(sentences=corpora(), name=st.sampled_from(["file.conll", "file.jsonl"]))
def test_streamed_text_is_the_text_that_is_read(
    folder: Path, sentences: list[Sentence], name: str
) -> None:
    (write_conll if name == "file.conll" else write_jsonl)(folder / name, sentences)
    assert streamed(folder / name) == [s.withheld() for s in read(folder / name)]


def test_streamed_text_is_the_text_that_is_read_from_brat_and_plain_files(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("\n We use\tAdam\r\n\nIt wins\n")
    (tmp_path / "brat.txt").write_text("We use Adam. It wins.\n")
    (tmp_path / "brat.ann").write_text("T1\tMethod 7 11\tAdam\n")
    for name in ("plain.txt", "brat.txt", "brat.ann"):
        found = streamed(tmp_path / name)
        assert found == [s.withheld() for s in read(tmp_path / name)] and len(found) == 2


def streamed(path: Path) -> list[Sentence]:
    return [placed.sentence for placed in stream_file(path, split="train")]


TEXT = (
    "We fine-tune BERT. It beats a CRF (0.71 F1) on SciERC, NER and more.\r\n\r\nPöschl’s "
    "title\n  It works. It wins."
)


def test_raw_text_is_read_alike_whatever_it_comes_in(tmp_path: Path) -> None:
    """As plain text, as BRAT without spans, and line by line as JSON: the same sentences of the
    same tokens."""
    (tmp_path / "a.txt").write_text(TEXT, newline="")
    (tmp_path / "b.txt").write_text(TEXT, newline="")
    (tmp_path / "b.ann").touch()
    (tmp_path / "c.jsonl").write_text(
        "\n".join(json.dumps({"text": line}) for line in TEXT.splitlines() if line.strip())
    )
    plain, brat, rows = (
        [s.tokens for s in streamed(tmp_path / name)] for name in ("a.txt", "b.txt", "c.jsonl")
    )
    assert plain == brat == rows
    assert plain[0] == ("We", "fine-tune", "BERT", ".")
    assert len(plain) == 5


@pytest.mark.parametrize("name", ["a.txt", "b.txt", "b.ann"])
def test_every_token_has_its_place_in_the_file(tmp_path: Path, name: str) -> None:
    for stem in "ab":
        (tmp_path / f"{stem}.txt").write_text(TEXT, newline="", encoding="utf-8-sig")
    (tmp_path / "b.ann").touch()
    for tokenised in (False, True):
        for placed in stream_file(tmp_path / name, split="train", tokenised=tokenised):
            assert tuple(TEXT[a:b] for a, b in placed.offsets or ()) == placed.sentence.tokens


def test_tokenised_text_is_a_sentence_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("We use\tAdam . It wins .\n\nB- side\n")
    found = read(tmp_path / "a.txt", tokenised=True)
    assert [s.tokens for s in found] == [
        ("We", "use", "Adam", ".", "It", "wins", "."),
        ("B-", "side"),
    ]
    assert [s.id for s in found] == ["train/a#0", "train/a#1"]


def test_text_may_carry_any_tags(tmp_path: Path) -> None:
    (tmp_path / "pos.conll").write_text("We PRP\nuse VBP\n")
    (tmp_path / "tags.jsonl").write_text('{"tokens": ["We", "use"], "tags": ["PRP", "VBP"]}\n')
    for name in ("pos.conll", "tags.jsonl"):
        assert [s.tokens for s in streamed(tmp_path / name)] == [("We", "use")]


# Files, folders and globs


@pytest.mark.parametrize(
    ("name", "content", "tokens"),
    [
        (
            "a.txt",
            "We use Adam\n\nB- side O.\n",
            [("We", "use", "Adam"), ("B", "-", "side", "O", ".")],
        ),
        ("a.txt", "\n-DOCSTART- -X- O O\n\nWe NN O\n", [("We",)]),
        ("a.txt", "We\tNN\tI-Method\n", [("We",)]),
        ("a.TSV", "We O\n", [("We",)]),
        ("a.json", '{"text": "We use"}\n', [("We", "use")]),
        ("a.IOB2", "We O\n", [("We",)]),
        ("a.txt", "Vitamin B-12\n", [("Vitamin", "B-12")]),
        (
            "a.txt",
            "Radioactive iodine I-131\nAlpha1 net method\n",
            [("Radioactive", "iodine", "I-131"), ("Alpha1", "net", "method")],
        ),
        (
            "a.txt",
            "Effects of B-12\nWe use it on all tasks and so on.\n",
            [("Effects", "of", "B-12")],
        ),
        ("a.txt", "Human B-cell\n", [("Human", "B-cell")]),
        (
            "a.txt",
            "# doc = 1\nWe O\nuse O\nAdam B-Method\nhere\tO\n",
            [("We", "use", "Adam", "here")],
        ),
    ],
)
def test_auto_tells_formats_by_suffix_and_those_of_a_txt_by_its_text(
    tmp_path: Path, name: str, content: str, tokens: list[tuple[str, ...]]
) -> None:
    (tmp_path / name).write_text(content)
    assert [sentence.tokens for sentence in read(tmp_path / name)][: len(tokens)] == tokens


def test_folders_globs_and_lists_expand_to_sorted_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.conll", ".hidden"):
        (tmp_path / name).write_text("We O\n" if name == "c.conll" else "We\n")

    def ids(*paths: Path) -> list[str]:
        return [
            s.id for s in read_files([str(path) for path in paths], split="test", notes=Counter())
        ]

    assert ids(tmp_path) == ids(tmp_path / "*") == ["test/a#0", "test/b#0", "test/c#0"]
    assert ids(tmp_path / "c.conll", tmp_path / "?.txt") == ["test/c#0", "test/a#0", "test/b#0"]
    assert ids() == []


def test_two_files_of_one_name_do_not_share_ids(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("We\n")
    (tmp_path / "a.conll").write_text("We O\n")
    with pytest.raises(
        InputError, match=r"a.txt: sentence id 'test/a#0' is in .*a.conll too; give each file"
    ):
        read_files(str(tmp_path), split="test", notes=Counter())


@pytest.mark.parametrize(
    ("path", "format", "fault"),
    [
        ("nothing.conll", "auto", "nothing.conll: no such file; check"),
        ("no*.conll", "auto", r"no\*.conll: no such file; check"),
        ("empty", "auto", "empty: no file in this folder; check"),
        ("file.doc", "auto", "file.doc: suffix '.doc' is not that of a known format; set format"),
        (
            "~nobody-of-that-name/a.conll",
            "auto",
            "a.conll: no such home folder; check the name behind ~",
        ),
        ("file.doc", "connl", "unknown format 'connl'; did you mean 'conll'"),
    ],
)
def test_a_path_that_cannot_be_read_is_named(
    tmp_path: Path, path: str, format: str, fault: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.doc").touch()
    with pytest.raises(InputError, match=fault):
        read_files(
            path if path.startswith("~") else tmp_path / path,
            split="test",
            notes=Counter(),
            format=format,
        )  # type: ignore[arg-type]
