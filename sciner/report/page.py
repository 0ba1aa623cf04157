"""`sciner report`: one self-contained HTML page, and its figures and tables as files."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from sciner.report.answer import FEW, SettingResult, results
from sciner.report.answer_sentences import answers, question
from sciner.report.answer_tables import answer_table, cost_table
from sciner.report.browser import browser_data, script_json
from sciner.report.compared import ComparedRuns
from sciner.report.draw import inline, keep_transforms_linked, save
from sciner.report.provenance import provenance
from sciner.report.render import as_csv, latex, markdown
from sciner.report.section import Section
from sciner.report.sections import browsed_name, heading, sections
from sciner.report.sentences import about_of, folder_of, rounds_of
from sciner.results.records import Record

NO_SENTENCES: Mapping[str, Any] = {"about": {}, "chunks": []}
MOST = 1_500_000  # characters of sentences on the page itself; more get a page of their own
MOST_WORKERS = 4  # processes that draw; each holds a few hundred MB
TABLES = {".md": markdown, ".csv": as_csv, ".tex": latex}
SENTENCES = "sentences.html"


def write_page(
    compared: ComparedRuns,
    out: Path,
    browse: str | None,
    store: Path,
    found: Sequence[SettingResult] | None = None,
) -> list[Path]:
    """Write ``index.html``, ``figures/`` and ``tables/``.

    The sentences of one run are on the page. If they are too many, they get a page of their own,
    ``sentences.html``. Everything is made before anything is written.

    Args:
        compared: the runs.
        out: the folder, which is made if need be.
        browse: the id of the run whose sentences are shown; None chooses one (``browsed``).
        store: the folder of the store.
        found: the results of ``compared``, if they are known already.

    Returns:
        The pages.

    Raises:
        InputError: the run ``browse`` has no sentences.
    """
    folder = browsed(compared.runs, browse, store)
    found = results(compared) if found is None else found
    with (
        TemporaryDirectory() as place,
        ProcessPoolExecutor(
            min(os.cpu_count() or 1, MOST_WORKERS), initializer=keep_transforms_linked
        ) as workers,
    ):
        scratch, made, files = Path(place), [], []
        # the next section is made while the last ones are drawn
        first = first_screen(compared, found)
        for section in chain(first, sections(compared, folder)):
            made.append(section)
            files.append(workers.submit(write_files, section, scratch))
        pages = pages_of(compared, found, folder)
        for written in files:
            written.result()
        inlined = [(section, drawn(section, scratch)) for section in made[len(first) :]]
        drawings = {"first": first, "sections": inlined}
        for name, shown in pages.items():
            (scratch / name).write_text(render({**drawings, **shown}), encoding="utf-8")
        for file in (one for one in scratch.rglob("*") if one.is_file()):
            target = out / file.relative_to(scratch)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return [out / name for name in pages]


def first_screen(compared: ComparedRuns, found: Sequence[SettingResult]) -> list[Section]:
    """Make the sections of the first screen: the answer, and what it cost."""
    text = "The last round's strict entity F1 on the test set: class and both boundaries."
    return [
        Section("answer", "Answer", text, table=answer_table(compared, found)),
        Section("cost", "Cost", "", table=cost_table(compared, found)),
    ]


def pages_of(
    compared: ComparedRuns, found: Sequence[SettingResult], folder: Path | None
) -> dict[str, dict[str, Any]]:
    """Collect what is on each page besides the sections.

    Args:
        compared: the runs.
        found: their results.
        folder: of the run whose sentences are shown; None shows no sentences.

    Returns:
        {name of the file: values of the template}.
    """
    about, chunks = browser_data(folder) if folder else ({}, [])
    own_page = sum(map(len, chunks)) > MOST
    values: dict[str, Any] = {
        "title": "What a labelled sentence is worth",
        "heading": heading(compared),
        "question": question(compared),
        "answers": answers(compared, found),
        "provenance": provenance(compared.runs),
        "few": FEW,
        "name": browsed_name(compared, folder) if folder else "",
        "other_runs": other_runs(compared, folder),
    }
    sentences = {"about": about, "chunks": chunks}
    pages = {
        "index.html": {
            **values,
            **(NO_SENTENCES if own_page else sentences),
            "sentences": SENTENCES if own_page else None,
        }
    }
    if own_page:
        pages[SENTENCES] = {
            **values,
            **sentences,
            **{"sections": [], "answers": [], "first": [], "sentences": None},
        }
    return pages


def other_runs(compared: ComparedRuns, folder: Path | None) -> list[tuple[str, str]]:
    """List the runs whose sentences could be shown instead, as (id, their settings)."""
    shown = about_of(folder / "run.json").get("id") if folder else None
    return [
        (run.about["id"], compared.name_of(run))
        for run in compared.sorted_runs
        if run.about["id"] != shown and _sentences_of(run)
    ]


def browsed(runs: Sequence[Record], browse: str | None, store: Path) -> Path | None:
    """Choose the run whose sentences are shown.

    Args:
        runs: that are compared.
        browse: the id or folder of a run; None chooses the newest run whose last round was trained
            on silver, otherwise the newest run.
        store: the folder of the store.

    Returns:
        Its folder; None if no run has sentences.

    Raises:
        InputError: the run ``browse`` does not exist, or has no sentences.
    """
    if browse is None:
        fed = [run for run in runs if run.rounds[-1]["scores"].get("silver/accepted_spans")]
        return next(
            (place for run in (*reversed(fed), *reversed(runs)) if (place := _sentences_of(run))),
            None,
        )
    given = next((run for run in runs if run.about["id"] == browse), None)
    folder = (given and _sentences_of(given)) or folder_of(browse, store)
    rounds_of(folder)
    return folder


def _sentences_of(run: Record) -> Path | None:
    """The folder with the run's sentences: that of its record, or that it wrote to."""
    places = (run.folder, Path(run.about["tags"].get("sciner.directory", run.folder)))
    whole = (
        p
        for p in places
        if (p / "round_0").is_dir() and about_of(p / "run.json").get("id") == run.about["id"]
    )
    return next(whole, None)


def drawn(section: Section, out: Path) -> Markup | None:
    """Return the figure of a section, which ``write_files`` wrote, as an element of the page."""
    if not section.figure:
        return None
    svg = (out / "figures" / f"{section.name}.svg").read_text(encoding="utf-8")
    return Markup(inline(svg, section.name, section.title))


def write_files(section: Section, out: Path) -> None:
    """Write the figure and the table of a section, in every format."""
    if section.figure:
        (out / "figures").mkdir(exist_ok=True)
        save(section.figure, out / "figures" / section.name)
    if section.table:
        (out / "tables").mkdir(exist_ok=True)
        for suffix, text in TABLES.items():
            (out / "tables" / f"{section.name}{suffix}").write_text(
                text(section.table), encoding="utf-8"
            )


def render(values: Mapping[str, Any]) -> str:
    """Render a page.

    What comes from corpora and commands is escaped; our own styles, scripts and figures are not.
    """
    loader = PackageLoader("sciner.report", "assets")
    page = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters["breakable"] = breakable
    assets = {name: Markup(loader.get_source(page, name)[0]) for name in ("page.css", "browser.js")}
    shown = {
        "css": assets["page.css"],
        "js": assets["browser.js"],
        "about_json": Markup(script_json(values["about"])),
        "chunks_json": [Markup(chunk) for chunk in values["chunks"]],
    }
    return re.sub(r"[ \t]+\n", "\n", page.get_template("page.html").render({**values, **shown}))


def breakable(text: str) -> Markup:
    """Let a line break between the parts of a setting, but not within a number.

    >>> breakable("data.limit=0.5<x>")
    Markup('data.<wbr>limit=<wbr>0.5&lt;x&gt;')
    """
    return Markup(re.sub(r"(\.(?=[a-z])|=)", r"\1<wbr>", str(escape(text))))
