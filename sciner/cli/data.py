"""`sciner data`: named corpora and your own files, before anything is trained on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from sciner.cli.console import add_row, say, say_json, table_of
from sciner.errors import InputError, nearest
from sciner.printable import printable

if TYPE_CHECKING:
    from sciner.text.corpus import Sentence
    from sciner.text.stats import Stats

app = typer.Typer(no_args_is_help=True, help="Corpora: list, fetch, check, count, convert.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Format = Annotated[str, typer.Option(help="Input format: auto, conll, jsonl, brat or text.")]
Tokenised = Annotated[
    bool,
    typer.Option(
        "--tokenised", help="Plain text has one sentence per line, with spaces between its tokens."
    ),
]
CONFLICTS = 10


@app.command("list")
def list_(json: Json = False) -> None:
    """List the named corpora, and whether they are on this machine."""
    from dataclasses import asdict

    from sciner.text.catalog.fetch import missing
    from sciner.text.catalog.known import CATALOG
    from sciner.text.formats.source import cache_folder

    cache = cache_folder()
    fetched = {name: not missing(entry, cache / name) for name, entry in CATALOG.items()}
    if json:
        shown = ("name", "task", "about", "splits", "source", "licence", "citation", "agreement")
        rows = [
            {key: value for key, value in asdict(entry).items() if key in shown}
            for entry in CATALOG.values()
        ]
        return say_json(
            [
                row | {"fetched": fetched[row["name"]], "folder": str(cache / row["name"])}
                for row in rows
            ]
        )
    table = table_of("name", "task", "splits", "licence", "fetched")
    for name, e in CATALOG.items():
        add_row(
            table, name, e.task, " ".join(e.splits), e.licence, "yes" if fetched[name] else "no"
        )
    say(table, f"Kept in {cache} (SCINER_DATA). Sources and citations: sciner data list --json")


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="Names, or all.", metavar="NAME…")],
) -> None:
    """Download named corpora and verify their checksums.

    Files that are already here are not downloaded again. SCINER_MIRROR names a folder or URL to
    take them from, SCINER_DATA the folder to keep them in.
    """
    from sciner.text.catalog.known import CATALOG, find
    from sciner.text.catalog.read import fetch_catalog

    for entry in [find(name) for name in (CATALOG if names == ["all"] else names)]:
        say(f"{entry.name}: {len(entry.files)} files, verified, in {fetch_catalog(entry.name)}")


@app.command()
def check(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…")],
    format: Format = "auto",
    tokenised: Tokenised = False,
    scheme: Annotated[
        str | None, typer.Option(help="IOB1, IOB2 or IOBES; default: recognised.")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="The allowed classes, separated by commas; others are errors."),
    ] = None,
    repair: Annotated[
        list[str] | None, typer.Option(help="A repair (docs/data.md). Can be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Read files, folders or globs as a run would.

    Prints what they contain and what had to be repaired, or up to 20 errors.
    """
    from collections import Counter

    from sciner.text.formats.faults import MOST, read_all
    from sciner.text.formats.read import expand
    from sciner.text.formats.recognise import NAMES, recognise
    from sciner.text.formats.repair import Repair
    from sciner.text.spans import parse_scheme

    notes: Counter[str] = Counter()
    for word in repair or ():
        if word not in get_args(Repair):
            raise InputError(f"unknown repair {word!r}", hint=nearest(word, get_args(Repair)))
    known = [label.strip() for label in labels.split(",")] if labels else None
    how: dict[str, Any] = {
        "format": format,
        "tokenised": tokenised,
        "labels": known,
        "repair": repair or (),
    }
    sentences, faults = read_all(
        paths, split="check", notes=notes, scheme=parse_scheme(scheme) if scheme else None, **how
    )
    if not faults:
        faults = _refused(sentences)
    for fault in faults:
        typer.echo(f"sciner: {printable(str(fault))}", err=True)
    if len(faults) >= MOST:
        typer.echo(f"sciner: {MOST} errors are shown; there may be more", err=True)
    if faults:
        raise typer.Exit(2)
    read_as = [
        recognise(file) if format == "auto" else format for path in paths for file in expand(path)
    ]
    files = Counter(NAMES[name] for name in read_as)
    found: dict[str, Any] = {
        "sentences": len(sentences),
        "tokens": sum(len(s.tokens) for s in sentences),
        "spans": sum(len(s.spans or ()) for s in sentences),
        "documents": len({s.document for s in sentences}),
        "unlabelled": sum(s.spans is None for s in sentences),
    }
    if json:
        return say_json({**found, "files": dict(files), "notes": dict(notes)})
    table = table_of("readable", "", figures=True)
    told = {f"files read as {name}": count for name, count in sorted(files.items())}
    for name, count in {**told, **found, **dict(sorted(notes.items()))}.items():
        add_row(table, name, f"{count:,}")
    say(table)


def _refused(sentences: Sequence[Sentence]) -> list[InputError]:
    """Why a run would reject readable sentences: some have no labels, or none has an entity."""
    bare = [s.id for s in sentences if s.spans is None]
    if bare and len(bare) < len(sentences):
        hint = "give text without labels as data.unlabelled=PATH"
        return [
            InputError(
                f"{len(bare)} of {len(sentences)} sentences have no labels, the first is {bare[0]}",
                hint=hint,
            )
        ]
    if not bare and not any(s.spans for s in sentences):
        return [InputError("there are labels, but no entity", hint="check --format and --scheme")]
    return []


@app.command()
def stats(
    what: Annotated[list[str], typer.Argument(metavar="NAME|PATH…")],
    format: Format = "auto",
    tokenised: Tokenised = False,
    json: Json = False,
) -> None:
    """Count sentences, classes, label conflicts and duplicates.

    Give the name of a corpus (it is downloaded if necessary), or files, each of which is a split.
    """
    from sciner.text.stats import describe

    found = describe(_splits(what, {"format": format, "tokenised": tokenised}))
    if json:
        return say_json(asdict(found))
    shown = [_sizes(found), _classes(found), _conflicts(found)]
    say(*shown, *([_overlaps(found)] if found.overlaps else ()))


def _splits(what: list[str], how: dict[str, Any]) -> Mapping[str, tuple[Sentence, ...]]:
    """The splits of a named corpus, or one per path under the shortest distinct names."""
    from collections import Counter
    from glob import has_magic
    from pathlib import Path

    from sciner.text.catalog.known import CATALOG
    from sciner.text.catalog.read import read_catalog
    from sciner.text.formats.read import read_files
    from sciner.text.formats.source import home
    from sciner.text.sample import read_sample

    if len(what) == 1 and what[0] in {*CATALOG, "sample"}:
        corpus = read_sample() if what[0] == "sample" else read_catalog(what[0])
        return {split: getattr(corpus, split) for split in ("train", "dev", "test", "unlabelled")}
    names = {path: Path(path).name for path in what}
    splits = {}
    for path in what:
        if not has_magic(path) and not home(path).exists():
            raise InputError(
                "neither a file nor a named corpus",
                file=path,
                hint=nearest(path, {*CATALOG, "sample"}),
            )
        name = names[path] if len(set(names.values())) == len(names) else path
        splits[name] = read_files(path, split=name, notes=Counter(), **how)
    return splits


def _sizes(found: Stats) -> Any:
    table = table_of("", *found.splits, figures=True)
    for row in ("documents", "sentences", "tokens", "spans", "longest", "duplicates"):
        words = {
            "longest": "longest sentence, tokens",
            "duplicates": "sentences that repeat an earlier one",
        }.get(row, row)
        add_row(table, words, *(f"{getattr(split, row):,}" for split in found.splits.values()))
    dropped = [sum(split.dropped.values()) for split in found.splits.values()]
    if any(dropped):
        add_row(table, "gold spans that the reader dropped", *(f"{count:,}" for count in dropped))
    return table


def _overlaps(found: Stats) -> Any:
    table = table_of("duplicates across splits", "sentences", figures=True)
    for overlap in found.overlaps:
        add_row(table, f"{overlap.split}, also in {overlap.other}", f"{overlap.sentences:,}")
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
        add_row(
            table,
            conflict.form,
            ", ".join(f"{label} {count:,}" for label, count in conflict.labels.items()),
        )
    return table


@app.command()
def convert(
    source: Annotated[str, typer.Argument(metavar="IN", help="A file, folder or glob.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="A file, or a new folder.")],
    to: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="NAME", help="The format of OUT; default: as its suffix says."
        ),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="The format of IN; default: recognised."),
    ] = None,
) -> None:
    """Convert label files from one format to another.

    docs/formats.md shows what each format can store. What the new format cannot store is counted
    and printed.
    """
    from sciner.text.formats.convert import convert as convert_files
    from sciner.text.formats.convert import writer_of

    name = writer_of(out, to).name
    texts, read, lost = convert_files(source, out, to=name, origin=origin)
    say(f"{out}: {texts:,} text{'s' * (texts != 1)} as {name}")
    for words, notes in ((f"{source}, read", read), (f"{name} cannot store", lost)):
        if told := "; ".join(f"{what}: {count:,}" for what, count in sorted((+notes).items())):
            say(f"{words}: {told}")
