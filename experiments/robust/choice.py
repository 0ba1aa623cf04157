"""What was chosen on dev of scierc."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean

import pandas as pd

from experiments.sections import where
from sciner.report.render import NONE, Table, difference_text, markdown
from sciner.score.curves import Difference, t_difference
from sciner.score.multiple import holm_by_family

DEV = "dev/f1/micro"
ENSEMBLE = f"ensemble/{DEV}"
SETTINGS = (
    "iteration.steps",
    "iteration.gold_share",
    "iteration.labels",
    "iteration.teachers",
)
# what was tried later, and its value in the runs before
EXTRAS = {
    "iteration.finish_steps": "null",
    "iteration.ema": "null",
    "iteration.temperature": "1.0",
    "iteration.mask_missed": "false",
    "iteration.folds": "false",
    "iteration.rounds": "1",
}
USUAL = tuple(EXTRAS.values())
# of the first sixteen settings, the best on dev
BEST = {
    "iteration.steps": "600",
    "iteration.gold_share": "0.5",
    "iteration.labels": "soft",
    "iteration.teachers": "3",
}
PASSES = ("train/gold_passes", "train/silver_passes")
BySeed = Mapping[int, float]


def sections(frame: pd.DataFrame) -> list[str]:
    """Paragraphs and tables of RESULTS.md; none without runs."""
    chosen = normalised(frame[frame["data.dev_size"] == "100%"])
    if not len(chosen):
        return []
    first = chosen[(chosen[list(EXTRAS)] == pd.Series(EXTRAS)).all(axis=1)]
    return [
        "## Chosen on dev",
        "scierc, 10% gold, seeds 0 to 2. The figures are of **dev** (entity F1); test decides "
        "nothing and is not shown.",
        "### Each setting against two controls without silver",
        choices(first),
        "### What each ingredient is worth",
        "The setting with it against the same setting without it, seed by seed, over all settings "
        "of the others.",
        ingredients(first),
        "### What more was tried",
        f"Each on top of {', '.join(f'{name}={value}' for name, value in BEST.items())}, in one "
        "round or two. The difference is to the same number of rounds without it, seed by seed; a "
        "second round alone is compared with the first round of the same runs.",
        extras(where(chosen, BEST)),
    ]


def normalised(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the value of every setting of ``EXTRAS``, also in runs that did not name
    it."""
    named = frame.reindex(columns=[*dict.fromkeys([*frame.columns, *EXTRAS])])
    return named.assign(
        **{name: named[name].fillna("").replace("", value) for name, value in EXTRAS.items()}
    )


def by_seed(frame: pd.DataFrame, metric: str, round: int) -> BySeed:
    """{seed: value}; runs of one seed that have the same figure count once."""
    rows = frame[(frame["metric"] == metric) & (frame["round"] == round)]
    return dict(zip(rows["seed"], rows["value"], strict=True))


def choices(frame: pd.DataFrame) -> str:
    """A row for each setting, the best first."""
    alone, ensemble = by_seed(frame, DEV, 0), by_seed(frame, ENSEMBLE, 0)
    found = [
        (setting, by_seed(runs, DEV, 1), runs)
        for setting, runs in frame.groupby(list(SETTINGS), sort=False)
    ]
    found = sorted((one for one in found if one[1]), key=lambda one: -mean(one[1].values()))
    columns = [
        corrected([minus(values, control) for _, values, _ in found])
        for control in (alone, ensemble)
    ]
    rows = [
        ("no silver: round 0", *[""] * 3, NONE, NONE, f"{mean(alone.values()):.3f}", NONE, NONE),
        ("no silver: ensemble", *[""] * 3, NONE, NONE, f"{mean(ensemble.values()):.3f}", NONE, NONE)
        if ensemble
        else (),
    ]
    for (setting, values, runs), *differences in zip(found, *columns, strict=True):
        passes = (mean(by_seed(runs, name, 1).values()) for name in PASSES)
        rows.append(
            (
                *map(str, setting),
                *(f"{value:.1f}" for value in passes),
                f"{mean(values.values()):.3f} ({len(values)})",
                *differences,
            )
        )
    headings = (
        *(name.removeprefix("iteration.") for name in SETTINGS),
        "gold passes",
        "silver passes",
        "dev F1 (seeds)",
        "minus round 0",
        "minus ensemble",
    )
    notes = ("Paired by seed, mean [95% t interval], p after Holm's correction over the column.",)
    return markdown(Table(headings, tuple(row for row in rows if row), len(SETTINGS), notes))


def minus(values: BySeed, control: BySeed) -> Difference | None:
    """Paired by seed; None where no seed has both."""
    seeds = sorted(values.keys() & control.keys())
    return t_difference([values[seed] - control[seed] for seed in seeds]) if seeds else None


def corrected(found: Sequence[Difference | None]) -> list[str]:
    """Each difference as text, with its p value after Holm's correction."""
    adjusted = holm_by_family([one and one.p for one in found])
    return [
        NONE if one is None else difference_text(one) + ("" if p is None else f", p {p:.3f}")
        for one, p in zip(found, adjusted, strict=True)
    ]


def ingredients(frame: pd.DataFrame) -> str:
    """A row for each setting's second value against its first: means over pairs of settings that
    differ in nothing else, one mean for each seed."""
    values = frame[(frame["metric"] == DEV) & (frame["round"] == 1)]
    wide = values.set_index([*SETTINGS, "seed"])["value"].unstack("seed")
    differences, labels = [], []
    for name in SETTINGS:
        levels = list(dict.fromkeys(values[name]))
        if len(levels) < 2:
            continue
        with_it, without = (wide.xs(level, level=name) for level in (levels[1], levels[0]))
        each = (with_it - without).dropna()
        if len(each):
            differences.append(t_difference(each.mean().tolist()))
            labels.append((f"{name}={levels[1]} against {levels[0]}", str(len(each))))
    rows = [(*label, text) for label, text in zip(labels, corrected(differences), strict=True)]
    return markdown(Table(("ingredient", "pairs of settings", "dev F1"), tuple(rows), 2))


def extras(frame: pd.DataFrame) -> str:
    """A row for each setting that was tried on top of the best one."""
    of = dict(tuple(frame.groupby(list(EXTRAS), sort=False)))
    found = {setting: by_seed(runs, DEV, int(setting[-1])) for setting, runs in of.items()}
    tried = [setting for setting, values in found.items() if setting != USUAL and values]
    controls = [
        by_seed(of[it], DEV, int(it[-1]) - 1) if it == as_long(it) else found.get(as_long(it), {})
        for it in tried
    ]
    differences = corrected(
        [minus(found[it], control) for it, control in zip(tried, controls, strict=True)]
    )
    rows = [
        (in_words(setting), f"{mean(found[setting].values()):.3f} ({len(found[setting])})", text)
        for setting, text in zip(tried, differences, strict=True)
    ]
    if not rows:
        return "None of these runs is there yet."
    return markdown(Table(("setting", "dev F1 (seeds)", "difference"), tuple(rows), 1))


def as_long(setting: Sequence[str]) -> tuple[str, ...]:
    """The usual values, with as many rounds."""
    return (*USUAL[:-1], setting[-1])


def in_words(setting: Sequence[str]) -> str:
    """What of the values of ``EXTRAS`` is not the usual one."""
    changed = (
        f"{name.removeprefix('iteration.')}={value}"
        for (name, usual), value in zip(EXTRAS.items(), setting, strict=True)
        if value != usual
    )
    return ", ".join(changed)
