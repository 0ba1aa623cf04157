"""Files of every format, damaged at random, through the door of `sciner data check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

import sciner.text.sample
from sciner.errors import InputError
from sciner.text.corpus import UNMASKED, Sentence
from sciner.text.formats.check import is_solid
from sciner.text.formats.faults import read_all
from sciner.text.formats.inline import read_paper
from sciner.text.formats.read import read_files, stream_file
from sciner.text.sample import LABELS
from sciner.text.spans import encode

PAPER = Path(sciner.text.sample.__file__).parent / "papers" / "ner-nested.md"
FILES = {
    "two.conll": b"-DOCSTART-\tO\n\nWe\tO\nuse\tO\nAdam\tB-Method\nhere\tE-Method\n\nF1\tS-Metric\n.\tO\n",
    "four.conll": b"We PRP O O\nuse VBP O O\nAdam NNP I-NP I-Method\n\nF1 NN B-NP I-Metric\n. . O O\n",
    "rows.jsonl": b'{"id": "d#0", "tokens": ["We", "use", "Adam"], "spans": [[2, 3, "Method"]]}\n'
    b'{"document": "d", "tokens": ["F1", "."], "tags": ["B-Metric", "O"]}\n'
    b'{"text": "We use Adam.", "spans": [[7, 11, "Method"]]}\n'
    b'{"text": "F1 na\xc3\xafve", "entities": [{"start": 0, "end": 2, "label": "Metric"}]}\n'
    b'{"tokens": ["No", "gold"]}\n\n{"text": "None either \\u00e9.", "spans": null}\n',
    "tools.jsonl": b'{"doc_key": "d", "sentences": [["We", "use"], ["Adam"]], "ner": [[], [[2, 2, "Method"]]]}\n'
    b'{"id": 7, "text": "We use Adam. It wins.", "spans": [{"start": 7, "end": 11, "label": "Method"}], "answer": "accept"}\n'
    b'{"tokens": ["-DOCSTART-"]}\n{"tokens": ["We", "use"], "spans": [[0, 1, "Method"]], "masked": [1], "rejected": []}\n',
    "comments.conll": b"# id = 1\nWe\tO\nuse\tO\n\n#text\n#\tO\nAdam\tB-Method\n",
    "windows.ann": b"T1\tMethod 7 11\tAdam\nT2\tMetric 24 26\tF1\n",
    "windows.txt": b"We use Adam.\r\nIt has an F1.\r\n",
    "plain.txt": "We use Adam .\n\nAnd naïve F1 . It wins .\r\n".encode(),
    "tagged.txt": b"We O\nuse O\n\nAdam B-Method\n",
    "brat.ann": b"T1\tMethod 7 11\tAdam\nR1\tOf Arg1:T1 Arg2:T2\nT2\tMetric 7 11;21 25\tAdam wins\n#1\tNote T1\tsure\n",
    "brat.txt": b"We use Adam here.\nIt wins. So does F1.\n",
    "paper.md": b"".join(PAPER.read_bytes().splitlines(keepends=True)[:12]),
}
TELLING = (
    *'\t\r\n []{}(),:;"\\-#O0129BIES\u00a0\u2028é',
    "-DOCSTART- O\n",
    "null",
    "NaN",
    "1e9",
    "B-",
    "\\ud800",
    "[[",
    "\ufeff",
    "\0",
)
EACH = 125
Damage = Callable[[bytes, Random], bytes]


def flip(content: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]


def delete(content: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + content[at + rng.randint(1, 8) :]


def insert(content: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    new = rng.choice(TELLING).encode() if rng.random() < 0.7 else rng.randbytes(rng.randint(1, 3))
    return content[:at] + new + content[at:]


def truncate(content: bytes, rng: Random) -> bytes:
    return content[: rng.randrange(len(content))]


def swap_lines(content: bytes, rng: Random) -> bytes:
    lines = content.split(b"\n")
    a, b = (rng.randrange(len(lines)) for _ in "ab")
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


DAMAGES: tuple[Damage, ...] = (flip, delete, insert, truncate, swap_lines)


def damaged(content: bytes, rng: Random) -> bytes:
    """``content`` with 1 to 4 damages, few of them truncations, which would hide the others."""
    for damage in rng.choices(DAMAGES, weights=(3, 3, 3, 1, 3), k=rng.randint(1, 4)):
        content = damage(content or b"\n", rng)
    return content


def read(file: Path) -> list[Sentence]:
    """As `sciner data check` reads it, or, if it is a paper, as the shipped corpus is read."""
    if file.suffix == ".md":
        return read_paper(file, labels=LABELS, notes=Counter())
    return list(read_files([str(file)], split="check", notes=Counter()))


def sound(sentences: list[Sentence]) -> bool:
    """Whether there are any, each of its own id, of solid tokens, with spans that can be written as
    tags."""
    return (
        bool(sentences)
        and len({s.id for s in sentences}) == len(sentences)
        and all(s.tokens and all(map(is_solid, s.tokens)) for s in sentences)
        and all(len(encode(s.spans or (), len(s.tokens))) == len(s.tokens) for s in sentences)
        and all(is_solid(span.label) for s in sentences for span in s.spans or ())
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_what_is_damaged_here_was_sound(folder: Path, name: str) -> None:
    assert sound(read(folder / name))


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_gives_sound_sentences_or_one_line(folder: Path, name: str) -> None:
    """1,000 files over all names; anything but an InputError fails with the bytes that caused
    it."""
    assert EACH * len(FILES) >= 1000
    outcomes: Counter[str] = Counter()
    for seed in range(EACH):
        content = damaged(FILES[name], Random(f"{name} {seed}"))
        (folder / name).write_bytes(content)
        try:
            sentences = read(folder / name)
        except InputError as error:
            assert str(folder / name.partition(".")[0]) in str(error), content
            assert len(str(error).splitlines()) == 1, content
            if not name.endswith(".md"):
                assert read_all([str(folder / name)], split="check", notes=Counter())[1], content
            outcomes["refused"] += 1
        except Exception as error:
            pytest.fail(f"{type(error).__name__} ({error}) from {content!r}")
        else:
            assert sound(sentences), content
            if not name.endswith(".md"):
                streamed = [placed.sentence for placed in stream_file(folder / name, split="check")]
                assert streamed == [replace(s.withheld(), masked=UNMASKED) for s in sentences], (
                    content
                )
            outcomes["read"] += 1
    assert min(outcomes["refused"], outcomes["read"]) > 0
