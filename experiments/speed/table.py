"""RESULTS.md of figures.json."""

from __future__ import annotations

from statistics import median
from typing import Any


def render(figures: dict[str, Any]) -> str:
    lines = [
        "# Speed",
        "",
        "Medians (least to greatest). Parts were not all measured on one machine: compare within "
        "a part.",
        "",
    ]
    lines += [
        "| part | processor | cores | precision | Python, torch |",
        "| --- | --- | --- | --- | --- |",
    ]
    for part, found in figures.items():
        m = found["machine"]
        precision = m.get("precision", "not recorded")
        lines.append(
            f"| {part} | {m['processor']} | {m['cores']} | {precision} | {m['python']}, "
            f"{m['torch']} |"
        )
    for part, title in (("fit", "Fit"), ("annotate", "Annotate")):
        if part in figures:
            lines += ["", f"## {title}", "", *speeds(figures[part])]
    if "engines" in figures:
        lines += ["", "## Another engine", "", *engines(figures["engines"])]
    if "limit" in figures:
        lines += ["", "## Fraction of the machine", "", *fractions(figures["limit"])]
    if "score" in figures:
        s = figures["score"]
        lines += [
            "",
            "## Scoring",
            "",
            f"A judged set of {s['tokens']:,} tokens: {span(s['seconds'], 's')}.",
        ]
    if "start" in figures:
        lines += ["", "## Start-up", "", "| command | seconds |", "| --- | --- |"]
        lines += [
            f"| `{name}` | {span(values)} |" for name, values in figures["start"]["seconds"].items()
        ]
    if "acquire" in figures:
        lines += ["", "## Choosing from a pool", "", *choosing(figures["acquire"])]
    if "overhead" in figures:
        lines += ["", "## Overhead", "", *overheads(figures["overhead"])]
    if "sweep" in figures:
        lines += ["", "## A sweep", "", *sweeps(figures["sweep"])]
    if "known" in figures:
        k = figures["known"]
        lines += ["", "## A known sweep", ""]
        lines += [f"{k['points']} points of `crf` on `sample`, every step in the store:", ""]
        lines += ["| | seconds |", "| --- | --- |"]
        lines += [f"| {name} | {span(values)} |" for name, values in k["seconds"].items()]
    if "serve" in figures:
        lines += ["", "## Serving", "", *serving(figures["serve"])]
    grown = ("growth", "growth_teachers", "growth_million")
    if pools := [figures[part] for part in grown if part in figures]:
        lines += ["", "## Growing pools", "", *growing(pools)]
    lines += ["", "## GPU", "", *gpu(figures.get("gpu"))]
    return "\n".join(lines) + "\n"


def gpu(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return [
            "Not measured yet: no GPU could be had. `python -m experiments.speed.gpu` measures "
            "fit, annotate and F1 on one."
        ]
    words = (
        f"{found['gpu']}. {found['data']} train, {found['steps']} optimiser steps of "
        f"{found['batch_size']} sentences on average; annotated: its training and test sentences."
    )
    lines = [words]
    for model, parts in found["models"].items():
        for part, by in parts.items():
            lines += ["", f"### {model}: {part}", "", *beside(by)]
    rows = [
        f"| {where} | {span([100 * f1 for f1 in values], digits=1)} |"
        for where, values in found["f1"].items()
    ]
    head = "| minilm trained and read on | entity F1, test |"
    return [*lines, "", "### F1", "", head, "| --- | --- |", *rows]


def speeds(found: dict[str, Any]) -> list[str]:
    about = {
        "steps": (
            "scierc train, {steps} optimiser steps of {batch_size} sentences on average, in turns"
        ),
        "paragraphs": (
            "{paragraphs} unlabelled paragraphs of cmu_sciner, {tokens:,} tokens, from "
            "text to spans, in turns"
        ),
    }
    words = next(text for name, text in about.items() if name in found).format(**found)
    table = [f"{words}.", "", *beside(found)]
    return table + (["", rounding(found["int8"])] if "int8" in found else [])


def beside(found: dict[str, Any]) -> list[str]:
    """A table of systems, the first of them beside each of the others."""
    by = found["tokens_per_second"]
    ours = median(next(iter(by.values())))
    cores = found.get("cores", {})  # not recorded in older figures
    rows = [
        f"| {name} | {span(values, digits=0)} | {ours / median(values):.1f} |"
        + (f" {median(cores[name]):.1f} |" if cores else "")
        for name, values in by.items()
    ]
    return [
        "| | corpus tokens per second | sciner is faster by |" + (" cores used |" if cores else ""),
        "| --- | --- | --- |" + (" --- |" if cores else ""),
        *rows,
    ]


def engines(found: dict[str, Any]) -> list[str]:
    words = (
        "The forward pass of those paragraphs alone, in turns; bf16, and what it moves of the "
        "probabilities that float32 gives."
    )
    rows = [
        f"| {name} | {span(values, digits=0)} | {moved['mean']:.4f} | {moved['greatest']:.3f} | "
        f"{moved['other']:.2%} |"
        for name, values in found["tokens_per_second"].items()
        for moved in (found["rounding"][name],)
    ]
    head = "| | corpus tokens per second | moved by, mean | at most | words with another tag |"
    return [words, "", head, "| --- | --- | --- | --- | --- |", *rows]


def rounding(found: dict[str, Any]) -> str:
    whole, small = (100 * found[name] for name in ("f1", "f1_int8"))
    low, high = (f"{100 * end:+.1f}" for end in found["difference_interval"])
    return (
        "Entity F1 on scierc test of the same tagger, trained on all of scierc train: "
        f"{whole:.1f} in {found['precision']}, "
        f"{small:.1f} in int8, which is {small - whole:+.1f} points ({low} to {high}, 95%, test "
        "documents resampled). "
        f"Rounding takes {found['opening_seconds']:.0f} s when the tagger is opened."
    )


def fractions(found: dict[str, Any]) -> list[str]:
    by = found["gflops"]
    peak = median(by["matrix product"])
    rows = [
        f"| {name} | {span(values, digits=0)} | {median(values) / peak:.0%} |"
        for name, values in by.items()
    ]
    words = (
        f"Matrix products and attention in {found['precision']}, padding included; the limit "
        "is a product of 2048 x 2048."
    )
    table = [words, "", "| | GFLOP/s | of the limit |", "| --- | --- | --- |", *rows]
    if "shares" not in found:
        return table
    fit, annotate = (found["shares"][name] for name in ("fit", "annotate"))
    rows = [f"| {kind} | {share:.0%} | {annotate[kind]:.0%} |" for kind, share in fit.items()]
    words = (
        "Of the seconds that torch's operators took (profiled; tokenising, decoding and "
        "waiting are not among them):"
    )
    return [*table, "", words, "", "| | fit | annotate |", "| --- | --- | --- |", *rows]


def choosing(found: dict[str, Any]) -> list[str]:
    annotate, embed = (found["minilm"][name] for name in ("annotate", "embed"))
    words = (
        f"{found['batch']:,} of {found['sentences']:,} sentences, {found['known']:,} bought "
        "before: from stored predictions or "
        f"embeddings to the order of asking. `minilm` would annotate this pool in {annotate:,.0f} "
        "s and embed it in "
        f"{embed:,.0f} s (scaled up from a part); the share is of the pass that the policy needs, "
        "else of annotating."
    )
    rows = []
    for kind, cost in found["policies"].items():
        share = cost["seconds"] / (embed if kind in ("k_means", "core_set") else annotate)
        rows.append(
            f"| `{kind}` | {cost['seconds']:.1f} | {share:.1%} | {cost['before_mb']:,} | "
            f"{cost['peak_mb']:,} |"
        )
    head = "| policy | seconds | of the tagger's pass | memory before, MB | memory, MB |"
    return [words, "", head, "| --- | --- | --- | --- | --- |", *rows]


def overheads(found: dict[str, Any]) -> list[str]:
    tagger = sum(found["tagger_seconds"])
    rows = [
        f"| {name} | {seconds:.1f} | {(seconds - tagger) / seconds:.1%} |"
        for name, seconds in (
            (
                "its rounds: training, annotating, scoring, selecting, store",
                sum(found["round_seconds"]),
            ),
            ("and its files, tracking to SQLite", found["run_seconds"]),
            ("and starting, reading the corpus", found["command_seconds"]),
        )
    ]
    words = f"`{found['command']}`: its tagger took {tagger:.1f} s, and of"
    return [words, "", "| | seconds | not the tagger's |", "| --- | --- | --- |", *rows]


def sweeps(found: dict[str, Any]) -> list[str]:
    words = (
        f"{found['points']} points of `minilm` on scierc that share nothing, {found['steps']} "
        "optimiser steps each; whole commands, "
        f"{len(next(iter(found['seconds'].values())))} of each."
    )
    middle = {name: median(seconds) for name, seconds in found["seconds"].items()}
    one = middle["one after the other, waiting threads sleep"]
    rows = [
        f"| {name} | {span(seconds, digits=0)} | {middle[name] / one:.2f} |"
        for name, seconds in found["seconds"].items()
    ]
    head = "| | seconds | of the last line |"
    return [words, "", head, "| --- | --- | --- |", *rows]


def serving(found: dict[str, Any]) -> list[str]:
    words = (
        f"`sciner serve` and its clients on one machine, whose load was {found['busy']} before. "
        f"Requests of one sentence, for {found['seconds']} s at each rate, until a rate is not "
        "borne; milliseconds from the moment when a request was due to its answer."
    )
    rows = [
        f"| `{model}` | {row['rate']} | {row['sent']:,} | {row['refused']:,} | {row['lost']:,} | "
        + " | ".join(f"{1000 * row[name]:,.0f}" for name in ("median", "p99", "most"))
        + " |"
        for model, by in found["models"].items()
        for row in by
    ]
    head = "| model | requests a second | sent | refused | lost | median | 99th percentile | most |"
    return [words, "", head, "| --- | --- | --- | --- | --- | --- | --- | --- |", *rows]


def growing(found: list[dict[str, Any]]) -> list[str]:
    words = (
        "One round over sentences of scierc, each time with another word changed, 20 optimiser "
        "steps, one process for each pool. "
        "Milliseconds per sentence: annotating, comparing and selecting the pool; keys and store "
        "between the steps. "
        "Memory is the most that the process ever held, fit included."
    )
    rows = []
    for growth in found:
        for pool in growth["pools"]:
            n = pool["sentences"]
            steps, between = (
                f"{1000 * s / n:.2f}" for s in (sum(pool["seconds"].values()), pool["between"])
            )
            rows.append(
                f"| `{growth['model']}` | {n:,} | {pool['text_mb']:,.1f} | {steps} | {between} | "
                f"{pool['peak_mb']:,} |"
            )
    head = "| model | sentences | text, MB | ms per sentence | ms between | memory, MB |"
    return [words, "", head, "| --- | --- | --- | --- | --- | --- |", *rows]


def span(values: list[float], unit: str = "", digits: int = 2) -> str:
    low, middle, high = (f"{x:,.{digits}f}" for x in (min(values), median(values), max(values)))
    return f"{middle}{f' {unit}' if unit else ''} ({low} to {high})"
