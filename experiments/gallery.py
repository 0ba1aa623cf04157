"""The pictures of README and docs: `make gallery`. The run of `make demo` (known to the store if it
was made here), a run of seconds, and what `make table-rounds` leaves. It needs Debian's chromium
and chromium-driver."""

from __future__ import annotations

import io
import re
import shutil
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from experiments.__main__ import main as render
from experiments.artefact import HERE

GALLERY = HERE.parent / "docs" / "gallery"
DEMO = ["model.steps=200"]  # as in the Makefile
REVIEWED = ["model=crf", "iteration.rounds=1", "suspects=true"]
SENTENCES, KINDS = 4, 2  # that are shown, with at least so many kinds of finding in each
LONGEST = 22  # tokens of a sentence that is shown


def main() -> int:
    from sciner.launch.main import main as run

    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "demo"
        if failed := run([*DEMO, "tracking=none", f"hydra.run.dir={folder}"]):
            return failed
        GALLERY.mkdir(exist_ok=True)
        (GALLERY / "sentences.svg").write_text(sentences(folder), encoding="utf-8")
        classes(folder, GALLERY / "classes.svg")
        reviewed = Path(scratch) / "reviewed"
        if failed := run([*REVIEWED, "tracking=none", f"hydra.run.dir={reviewed}"]):
            return failed
        review(reviewed, GALLERY / "review.png")
    return render(["rounds"])


def sentences(folder: Path) -> str:
    """The first short sentences of the last round that went wrong in several ways, as `sciner show
    --errors` prints them."""
    from rich.console import Console

    from sciner.report.sentences import findings_of, read_part, rounds_of
    from sciner.report.side_by_side import sentence

    console = Console(width=100, record=True, file=io.StringIO(), highlight=False)
    shown = 0
    for example in read_part(folder, rounds_of(folder)[-1], "test"):
        found = findings_of(example)
        if (
            len({f.kind for f in found}) < KINDS
            or len(example.sentence.tokens) > LONGEST
            or shown == SENTENCES
        ):
            continue
        shown += 1
        console.print(*sentence(example, found), sep="\n", end="\n\n")
    svg = console.export_svg(title="sciner show RUN --errors", unique_id="show")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)  # nothing is loaded from elsewhere


def classes(folder: Path, file: Path) -> None:
    """F1 by class and round, as on the page of the report."""
    from sciner.report.compared import compare_runs
    from sciner.report.draw import save
    from sciner.report.quality import classes as sections_of_classes
    from sciner.results.records import records

    section = next(iter(sections_of_classes(compare_runs(records([folder])))))
    assert section.figure
    with TemporaryDirectory() as scratch:
        save(section.figure, Path(scratch) / file.stem)
        file.write_bytes((Path(scratch) / file.name).read_bytes())


def review(folder: Path, file: Path) -> None:
    """The page of `sciner review` in a browser, at its first sentence."""
    from selenium import webdriver
    from selenium.webdriver.support.ui import WebDriverWait

    from sciner.review.decisions import opened
    from sciner.review.server import ReviewServer
    from sciner.review.work import open_work

    options, driver = webdriver.ChromeOptions(), shutil.which("chromedriver")
    options.binary_location = shutil.which("chromium") or ""
    for word in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--window-size=1000,745"):
        options.add_argument(word)
    work = open_work(str(folder), folder, "anna")
    with opened(work) as decisions, ReviewServer(decisions) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with webdriver.Chrome(options, webdriver.ChromeService(driver)) as browser:
            browser.get(server.url)
            WebDriverWait(browser, 10).until(lambda b: b.find_elements("css selector", ".token"))
            file.write_bytes(browser.get_screenshot_as_png())
        server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
