"""PDF files are text with pages; what cannot be read is one line."""

from __future__ import annotations

import json
import signal
import time
import zlib
from collections import Counter
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.text.formats import pdf as pdfs
from sciner.text.formats import pdf_process
from sciner.text.formats.exchange.base import EXCHANGES
from sciner.text.formats.pdf import extract, pdf_text, stream_pdf
from tests.pdfs import Shown, assembled, pdf, stream

pytest.importorskip("pypdfium2", reason="needs pypdfium2")
PAPER = pdf(
    [
        Shown("An ef\x01cient tagger", 720, size=16),
        Shown("We fine-tune BERT on SciERC", 690),
        Shown("(2018). It wins by a con-", 678),
        Shown("siderable margin.", 666),
        Shown("1", 40, x=300),
    ],
    [],
    [Shown("It is fast, too.", 720)],
)
TEXT = (
    "An efficient tagger\n"
    "We fine-tune BERT on SciERC (2018). It wins by a considerable margin.\n"
    "1\n"
    "It is fast, too.\n"
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCINER_DATA", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def written(content: bytes, name: str = "a.pdf") -> Path:
    Path(name).write_bytes(content)
    return Path(name)


def test_every_token_has_its_place_in_the_extracted_text_and_a_page() -> None:
    file = written(PAPER, "paper.PDF")
    assert pdf_text(file).text == TEXT
    found = list(stream_pdf(file, split="input/2024"))
    for placed in found:
        assert tuple(TEXT[a:b] for a, b in placed.offsets or ()) == placed.sentence.tokens
    assert [placed.page for placed in found] == [1, 1, 1, 1, 3]
    assert found[0].sentence.id == "input/2024/paper#0" and found[1].sentence.tokens[4] == "SciERC"
    notes: Counter[str] = Counter()
    extract([file], notes)
    assert notes == {pdfs.EMPTY: 1}
    (record,) = EXCHANGES["pdf"].read(file, notes)
    assert (record.id, record.text) == ("paper", TEXT)


def test_a_file_is_read_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its name; what is kept and broken is read again."""
    first = pdf_text(written(PAPER))
    (kept,) = (cache / "pdf").iterdir()
    again = pdfs.extracted
    monkeypatch.setattr(pdfs, "extracted", lambda path, stop: pytest.fail("read again"))
    assert pdf_text(written(PAPER, "b.pdf")) == first
    monkeypatch.setattr(pdfs, "extracted", again)
    kept.write_text("{")
    assert pdf_text(Path("b.pdf")) == first and json.loads(kept.read_text())["text"] == TEXT


def encrypted() -> bytes:
    """Nobody knows its password."""
    secret = b"<</Filter/Standard/V 1/R 2/P -1/O(%s)/U(%s)>>" % (b"o" * 32, b"u" * 32)
    pages = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 0/Kids[]>>", secret]
    return assembled(pages, b"/Encrypt 3 0 R/ID[<00><00>]")


def looped() -> bytes:
    """Pages that contain themselves, and a drawing that draws itself."""
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 9/Kids[2 0 R 3 0 R]/Parent 2 0 R>>",
            b"<</Type/Page/Parent 2 0 R/Resources<</XObject<</X 4 0 R>>>>/Contents 5 0 R>>",
            stream(
                b"/X Do",
                b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>>>",
            ),
            stream(b"/X Do"),
        ]
    )


def bomb(megabytes: int) -> bytes:
    """A page whose text is this much white space, compressed twice."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 2**20) for _ in range(megabytes)) + packer.flush()
    content = stream(zlib.compress(packed, 9), b"/Filter[/FlateDecode/FlateDecode]")
    page = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"
    pages = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
    return assembled([b"<</Type/Catalog/Pages 2 0 R>>", pages, page, content])


BAD = {
    "not": (b"We use BERT.", "not a PDF, or a damaged one"),
    "empty": (b"", "not a PDF, or a damaged one"),
    "cut": (PAPER[:300], "damaged"),
    "scan": (pdf([], []), "no text; recognise its text (OCR) first"),
    "encrypted": (encrypted(), "is encrypted; save it without a password"),
    "looped": (looped(), ""),
    "deep": (b"%PDF-1.7\n1 0 obj\n" + b"[" * 10**5 + b"\nendobj\n" + PAPER[9:300], ""),
    "objects": (
        assembled(
            [stream(b"1 0", b"/Type/ObjStm/N 1000000000/First 900000000"), b"<</Type/Pages>>"]
        ),
        "",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_pdf_that_cannot_be_read_is_one_line(name: str, cache: Path) -> None:
    content, fault = BAD[name]
    with pytest.raises(InputError) as error:
        pdf_text(written(content))
    assert str(error.value).startswith("a.pdf: ") and fault in str(error.value)
    assert not cache.exists()


def test_all_files_that_cannot_be_read_are_named() -> None:
    files = [written(PAPER), written(b"", "b.pdf"), written(encrypted(), "c.pdf")]
    with pytest.raises(InputError, match=r"^2 of 3 PDF files cannot be read: b\.pdf: .*; c\.pdf: "):
        extract(files, Counter())


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfs, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'sciner\[pdf\]'"):
        pdf_text(written(PAPER))


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (-signal.SIGXCPU, "takes more than 30 seconds or too much memory; divide it"),
        (-signal.SIGKILL, "takes more than 30 seconds or too much memory; divide it"),
        (-signal.SIGSEGV, "is damaged, or needs more than 1 GiB; open it in another program"),
        (1, "is damaged, or needs more than 1 GiB; open it in another program"),
    ],
)
def test_a_process_that_ends_is_one_line(
    code: int, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdfs, "process", lambda path, stop: (code, b""))
    with pytest.raises(InputError, match=f"^a.pdf: the PDF {fault}"):
        pdf_text(written(PAPER))


@pytest.fixture
def endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import sys, time\nif sys.argv[1].endswith('endless.pdf'): time.sleep(60)"
    (tmp_path / "endless.py").write_text(script)
    monkeypatch.setattr(pdf_process, "__file__", str(tmp_path / "endless.py"))


@pytest.mark.usefixtures("endless")
def test_a_process_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfs, "WAIT", 0.2)
    with pytest.raises(InputError, match="takes more than 30 seconds"):
        pdf_text(written(PAPER, "endless.pdf"))


@pytest.mark.usefixtures("endless")
def test_an_interruption_waits_for_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: Path, stop: Event | None) -> tuple[int, bytes]:
        if path.name == "endless.pdf":
            ready.set()
        else:
            assert ready.wait(30)
            raise KeyboardInterrupt
        return process(path, stop)

    ready, process, began = Event(), pdfs.process, time.monotonic()
    monkeypatch.setattr(pdfs, "process", interrupted)
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    with pytest.raises(KeyboardInterrupt):
        extract([written(PAPER), written(b"%PDF", "endless.pdf")], Counter())
    assert time.monotonic() - began < 30


edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=4)), min_size=1, max_size=6
)


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=edits)
def test_damage_gives_text_or_one_line(edits: list[tuple[float, int, bytes]]) -> None:
    content = PAPER
    for place, length, new in edits:
        at = round(place * len(content))
        content = content[:at] + new + content[at + length :]
    try:
        running = pdf_text(written(content))
    except InputError as error:
        assert str(error).startswith("a.pdf: ") and "\n" not in str(error)
    else:
        assert running.text.strip() and running.pages == tuple(sorted(running.pages))


@pytest.mark.slow
def test_a_file_that_needs_too_much_time_or_memory_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^a\.pdf: the PDF "):
        pdf_text(written(bomb(1200)))
    assert pdf_process.MEMORY <= 2**30
