"""`sciner data`: named corpora, and files of one's own, before anything is trained on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sciner.cli.console import add_row, say, say_json, table_of
from sciner.errors import InputError, nearest

if TYPE_CHECKING:
    from sciner.text.corpus import Sentence
    from sciner.text.stats import Stats

app = typer.Typer(no_args_is_help=True, help="Corpora: list, fetch, check, count.")
Json = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]
Format = Annotated[str, typer.Option(help="auto, conll, jsonl, brat or text.")]
CONFLICTS = 10


@app.command("list")
def list_(json: Json = False) -> None:
    """The corpora that have a name, and whether they are on this machine."""
    from dataclasses import asdict

    from sciner.text.catalog.fetch import cache_folder, missing
    from sciner.text.catalog.known import CATALOG

    cache = cache_folder()
    fetched = {name: not missing(entry, cache / name) for name, entry in CATALOG.items()}
    if json:
        shown = ("name", "task", "about", "splits", "source", "licence", "citation", "agreement")
        rows = [{key: value for key, value in asdict(entry).items() if key in shown} for entry in CATALOG.values()]
        return say_json([row | {"fetched": fetched[row["name"]], "folder": str(cache / row["name"])} for row in rows])
    table = table_of("name", "task", "splits", "licence", "fetched")
    for name, e in CATALOG.items():
        add_row(table, name, e.task, " ".join(e.splits), e.licence, "yes" if fetched[name] else "no")
    say(table, f"Kept in {cache} (SCINER_DATA). Sources and citations: sciner data list --json")


@app.command()
def fetch(names: Annotated[list[str], typer.Argument(help="Names, or all.", metavar="NAME…")]) -> None:
    """Download named corpora and verify every byte; what is there already is not fetched again.

    SCINER_MIRROR names a folder or URL to take them from, SCINER_DATA the folder that keeps them.
    """
    from sciner.text.catalog.known import CATALOG, find
    from sciner.text.catalog.read import fetch_catalog

    for entry in [find(name) for name in (CATALOG if names == ["all"] else names)]:
        say(f"{entry.name}: {len(entry.files)} files, verified, in {fetch_catalog(entry.name)}")


@app.command()
def check(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…")],
    format: Format = "auto",
    labels: Annotated[str | None, typer.Option(help="The classes there may be, with commas; any other is an error.")] = None,
    json: Json = False,
) -> None:
    """Read files, folders or globs as a run would: what they hold, and what had to be repaired."""
    from collections import Counter

    from sciner.text.formats.read import read_files

    notes: Counter[str] = Counter()
    known = [label.strip() for label in labels.split(",")] if labels else None
    sentences = read_files(paths, split="check", notes=notes, format=format, labels=known)  # type: ignore[arg-type]
    found: dict[str, Any] = {
        "sentences": len(sentences),
        "tokens": sum(len(s.tokens) for s in sentences),
        "spans": sum(len(s.spans or ()) for s in sentences),
        "documents": len({s.document for s in sentences}),
        "unlabelled": sum(s.spans is None for s in sentences),
    }
    if json:
        return say_json({**found, "notes": dict(notes)})
    table = table_of("readable", "", figures=True)
    for name, count in {**found, **dict(sorted(notes.items()))}.items():
        add_row(table, name, f"{count:,}")
    say(table)


@app.command()
def stats(
    what: Annotated[list[str], typer.Argument(metavar="NAME|PATH…")], format: Format = "auto", json: Json = False
) -> None:
    """Count a named corpus (fetched if need be), or files, each a split: sizes, classes, label conflicts, duplicates."""
    from sciner.text.stats import describe

    found = describe(_splits(what, format))
    if json:
        return say_json(asdict(found))
    shown = [_sizes(found), _classes(found), _conflicts(found)]
    say(*shown, *([_overlaps(found)] if found.overlaps else ()))


def _splits(what: list[str], format: str) -> Mapping[str, tuple[Sentence, ...]]:
    """The splits of a named corpus, or one for each path, by the shortest names that tell them apart."""
    from collections import Counter
    from glob import has_magic
    from pathlib import Path

    from sciner.text.catalog.known import CATALOG
    from sciner.text.catalog.read import read_catalog
    from sciner.text.formats.read import read_files
    from sciner.text.sample import read_sample

    if len(what) == 1 and what[0] in {*CATALOG, "sample"}:
        corpus = read_sample() if what[0] == "sample" else read_catalog(what[0])
        return {split: getattr(corpus, split) for split in ("train", "dev", "test", "unlabelled")}
    names = {path: Path(path).name for path in what}
    splits = {}
    for path in what:
        if not has_magic(path) and not Path(path).expanduser().exists():
            raise InputError("neither a file nor a named corpus", file=path, hint=nearest(path, {*CATALOG, "sample"}))
        name = names[path] if len(set(names.values())) == len(names) else path
        splits[name] = read_files(path, split=name, notes=Counter(), format=format)  # type: ignore[arg-type]
    return splits


def _sizes(found: Stats) -> Any:
    table = table_of("", *found.splits, figures=True)
    for row in ("documents", "sentences", "tokens", "spans", "longest", "duplicates"):
        words = {"longest": "longest sentence, tokens", "duplicates": "sentences that repeat an earlier one"}.get(row, row)
        add_row(table, words, *(f"{getattr(split, row):,}" for split in found.splits.values()))
    return table


def _overlaps(found: Stats) -> Any:
    table = table_of("duplicates across splits", "sentences", figures=True)
    for overlap in found.overlaps:
        add_row(table, f"{overlap.split}, standing in {overlap.other} too", f"{overlap.sentences:,}")
    return table


def _classes(found: Stats) -> Any:
    splits = {name: split for name, split in found.splits.items() if split.spans}
    table = table_of("spans by class", *splits, figures=True)
    for label in sorted({label for split in splits.values() for label in split.classes}):
        add_row(table, label, *(f"{split.classes.get(label, 0):,}" for split in splits.values()))
    return table


def _conflicts(found: Stats) -> Any:
    table = table_of(f"{len(found.conflicts):,} forms with several labels", "spans by label")
    for conflict in found.conflicts[:CONFLICTS]:
        add_row(table, conflict.form, ", ".join(f"{label} {count:,}" for label, count in conflict.labels.items()))
    return table
