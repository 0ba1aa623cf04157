"""PDF files: their text is read by PDFium, in a process of its own, and kept for the next time."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from signal import SIGKILL, SIGXCPU
from threading import Event
from typing import Any

from sciner import progress
from sciner.errors import InputError
from sciner.hashing import checksum
from sciner.text.formats import pdf_process
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.lines import Line, Running, running_text
from sciner.text.formats.plain import placed_in
from sciner.text.formats.running import Placed
from sciner.text.formats.source import cache_folder

LIBRARY, EXTRA = "pypdfium2", "pdf"
RULES = 1  # version of ``running_text``
MOST = 20  # files that an error names
WAIT = 300.0  # seconds for a file, should the machine be busy or its file system not answer
TICK = 0.1  # seconds between looks whether to stop
CRASHED = {
    "problem": f"the PDF is damaged, or needs more than {pdf_process.MEMORY // 2**30} GiB",
    "hint": "open it in another program and save it again",
}
EMPTY = "pages of PDF files without text"


def stream_pdf(path: str | Path, *, split: str) -> Iterator[Placed]:
    """Yield the sentences of a PDF with their pages and the places of their tokens in its text.

    Args:
        path: the file.
        split: the first part of the ids, ``{split}/{stem}#{i}``.

    Raises:
        InputError: see ``pdf_text`` and ``stream_plain``.
    """
    running = pdf_text(path)
    for placed in placed_in(running.text.splitlines(keepends=True), path, split=split):
        assert placed.offsets
        yield placed._replace(page=running.page(placed.offsets[0][0]))


def pdf_text(path: str | Path, stop: Event | None = None) -> Running:
    """The text of a PDF.

    It is kept in the folder ``pdf`` of ``cache_folder``, under the checksum of the file.

    Args:
        path: the file.
        stop: if it is set, reading ends at once, with an error.

    Raises:
        InputError: pypdfium2 is missing, or the file cannot be read, is encrypted, has no text, or
            needs too much memory or time.
    """
    check_installed()
    path = Path(path)
    try:
        name = f"{checksum(path)}-{RULES}-{version(LIBRARY)}.json"
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", file=path, hint="check the path and its rights"
        ) from None
    place = cache_folder() / "pdf" / name
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(place.read_text(encoding="utf-8"))
        return Running(str(kept["text"]), tuple(map(int, kept["pages"])))
    running = extracted(path, stop)
    with suppress(OSError, InputError):  # the folder cannot be written
        write_lines(place, [json.dumps(running._asdict())])
    return running


def is_pdf(file: Path, format: str = "auto") -> bool:
    """Whether a file is read as PDF, if its format is given as ``format``."""
    return format == "pdf" or (format == "auto" and file.suffix.lower() == ".pdf")


def extract(files: Sequence[Path], notes: Counter[str]) -> None:
    """Read the text of PDF files, several at a time, for ``pdf_text`` to find.

    Args:
        files: to read.
        notes: counts the pages without text.

    Raises:
        InputError: some files cannot be read; all of them are named, up to MOST.
    """
    from joblib import cpu_count

    if not files:
        return
    check_installed()
    faults: list[InputError] = []
    stop = Event()
    with (
        progress.bar("read PDF files", len(files)) as advance,
        ThreadPoolExecutor(cpu_count(), "pdf") as pool,
    ):
        try:
            for running in [pool.submit(pdf_text, file, stop) for file in files]:
                try:
                    notes.update(+Counter({EMPTY: running.result().empty_pages()}))
                except InputError as fault:
                    faults.append(fault)
                advance(1)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    if len(faults) > 1:
        told = "; ".join(map(str, faults[:MOST])) + ("; …" if len(faults) > MOST else "")
        raise InputError(f"{len(faults)} of {len(files)} PDF files cannot be read: {told}")
    if faults:
        raise faults[0]


def check_installed() -> None:
    """Raise InputError if the library is missing."""
    if find_spec(LIBRARY) is None:
        raise InputError(
            f"PDF files need the package {LIBRARY}", hint=f"pip install 'sciner[{EXTRA}]'"
        )


def extracted(path: Path, stop: Event | None = None) -> Running:
    """Read the text of a PDF in a process with limits (``pdf_process``)."""
    code, output = process(path, stop)
    if code in (-SIGXCPU, -SIGKILL):
        problem = f"the PDF takes more than {pdf_process.SECONDS} seconds or too much memory"
        raise InputError(problem, file=path, hint="divide it, or give its text")
    told: dict[str, Any] = json.loads(output) if code == 0 else CRASHED
    if "problem" in told:
        raise InputError(told["problem"], file=path, hint=told["hint"])
    running = running_text([[Line(*line) for line in page] for page in told["pages"]])
    if not running.text:
        raise InputError("the PDF has no text", file=path, hint="recognise its text (OCR) first")
    return running


def process(path: Path, stop: Event | None) -> tuple[int, bytes]:
    """The exit code and the output of ``pdf_process``, killed after WAIT or if ``stop`` is set."""
    words = [sys.executable, "-P", pdf_process.__file__, str(path.absolute())]
    latest = time.monotonic() + WAIT
    # in a session of its own, Ctrl-C does not make the file look damaged
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        try:
            while not (stop and stop.is_set()) and time.monotonic() < latest:
                with suppress(subprocess.TimeoutExpired):
                    output, _ = child.communicate(timeout=TICK)
                    return child.returncode, output
        finally:
            child.kill()
    return -SIGKILL, b""
