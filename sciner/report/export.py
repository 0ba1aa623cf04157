"""`sciner export`: a finished run's tagger and annotated corpus, each with a card, for others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sciner.errors import InputError
from sciner.report.dataset import write_dataset
from sciner.report.model_card import write_model_card
from sciner.report.sentences import read_part
from sciner.results.records import Record, records
from sciner.run.saved import CARD, add_onnx, copy_saved, read_about
from sciner.text.formats.atomic import complete

MODEL, CORPUS = "model", "corpus"
COMPARED = 200  # test sentences on which ONNX is compared with torch


def to_export(run: Path, out: Path, encoder: Sequence[str] = ()) -> Record:
    """The record of a run that can be exported into the new folder ``out``.

    Args:
        run: the folder of the run.
        out: must not exist.
        encoder: options that only an encoder has.

    Raises:
        InputError: the run has not ended or has not saved its tagger, ``out`` exists, or the tagger
            is no encoder and ``encoder`` names an option.
    """
    if not run.is_dir():
        raise InputError("there is no such folder", file=run, hint="name the folder of a run")
    record, *others = records([run])
    if others:
        raise InputError(
            f"the folder has {1 + len(others)} runs",
            file=run,
            hint="name the folder of one of them",
        )
    if not (record.folder / MODEL).is_dir():
        raise InputError(
            "the run has not saved its tagger",
            file=run,
            hint="type its command again with save_model=true: the store knows its steps",
        )
    kind = record.config["model"]["kind"]
    if encoder and kind != "encoder":
        options = " and ".join(encoder)
        raise InputError(
            f"{options}: for encoders only, and this tagger is a {kind}",
            file=run,
            hint=f"leave out {options}",
        )
    if list(read_about(record.folder / MODEL).labels) != record.labels:
        raise InputError(
            "its classes are not those of its tagger", file=run / "run.json", hint="run it again"
        )
    if out.exists():
        raise InputError("it exists already", file=out, hint="name another folder")
    if out.resolve().is_relative_to(record.folder.resolve()):
        raise InputError("it lies in the folder of the run", file=out, hint="name another folder")
    return record


def export(record: Record, out: Path, *, onnx: bool = False) -> float | None:
    """Write ``model/`` and ``corpus/`` into the new folder ``out``, which is complete or absent.

    Args:
        record: of ``to_export``.
        out: the folder.
        onnx: also write the encoder as ONNX.

    Returns:
        With ``onnx``, the largest difference of a probability in ONNX Runtime and in torch.

    Raises:
        InputError: ``onnx`` is not possible, or ``out`` cannot be written.
    """
    difference = None
    with complete(out) as unfinished:
        model = unfinished / MODEL
        copy_saved(record.folder / MODEL, model)
        if onnx:
            tested = read_part(record.folder, record.rounds[-1]["round"], "test")
            difference = add_onnx(model, [example.sentence for example in tested[:COMPARED]])
        write_model_card(model / CARD, record, difference)
        write_dataset(unfinished / CORPUS, record)
    return difference
