"""The answer in sentences: against round 0, against the baseline, and what cannot be concluded."""

from __future__ import annotations

from collections.abc import Sequence

from sciner.report.answer import ALPHA, FEW, Gap, SettingResult
from sciner.report.compared import ComparedRuns, worded
from sciner.report.gain import NO_SILVER, SEED_SET_ALONE, gain_sentence, interval_text
from sciner.report.render import p_text

MOST_NAMED = 6  # settings in a sentence


def question(compared: ComparedRuns) -> str:
    """Return the question that these runs answer, as a sentence."""
    rounds = compared.frame["round"].max() > 0
    over = f"{SEED_SET_ALONE} (round 0)"
    if not compared.key:
        return (
            f"Do the rounds gain anything over {over}?"
            if rounds
            else "How good is a tagger that was trained on the seed set alone?"
        )
    others = compared.values[1:]
    sides = f"{compared.key}={compared.baseline}"
    beats = (
        f"Is {compared.key}={others[0]} better than {sides}"
        if len(others) == 1
        else f"Which {compared.key} is better than {sides}"
    )
    return f"{beats}, and does any setting gain over {over}?" if rounds else f"{beats}?"


def answers(compared: ComparedRuns, found: Sequence[SettingResult]) -> list[str]:
    """Say what the last rounds show.

    Returns:
        Sentences: against round 0, which settings had no silver, against the baseline, which
        settings may have collapsed, and what cannot be concluded.
    """
    told = [
        _against_round_0(found),
        _no_silver(found),
        _against_baseline(compared, found),
        _collapsed(compared, found),
        _evidence(found),
    ]
    return [sentence for sentence in told if sentence] or [
        "Nothing here can be compared: it takes two rounds, or two values with a seed and a test "
        "set in common."
    ]


def _against_round_0(found: Sequence[SettingResult]) -> str:
    gains = [(one, one.gain) for one in found if one.gain]
    if not gains:
        return ""
    gaps = [gap for _, gap in gains]
    won, lost, equal = _counted(gaps)
    if len(gaps) == 1:
        return gain_sentence(gaps[0].paired.difference, _significance(gaps))
    own, size = f"round 0 ({SEED_SET_ALONE})", _between([abs(gap.point) for gap in gaps])
    if len(gaps) in (won, lost):
        verb = "loses against" if lost else "gains over"
        return (
            f"Every setting ({len(gaps)} of {len(gaps)}) {verb} its own {own}: by "
            f"{size} entity F1{_significance(gaps)}."
        )
    if len(gaps) == equal:
        told = (
            f"No setting can be distinguished from its own {own}"
            if any(gap.has_interval for gap in gaps)
            else f"Every setting has the same entity F1 as its own {own}"
        )
        return f"{told}{_significance(gaps)}. {_ends(gains, 'changes')}"
    if won:
        clauses = [
            f"{won} of {len(gaps)} settings {'gains over its' if won == 1 else 'gain over their'} "
            f"own {own}",
            f"{lost or 'none'} lose{'s' * (lost < 2)}",
        ]
    else:
        clauses = [
            f"No setting gains over its own {own}: {lost} of {len(gaps)} lose{'s' * (lost == 1)}"
        ]
    told = _listed([*clauses, *_equal(equal, gaps)], before_and=",")
    return f"{told}{_of_each(gaps)}. {_ends(gains, 'changes')}"


def _no_silver(found: Sequence[SettingResult]) -> str:
    """Which settings had no silver, which explains scores that are equal."""
    without = [one for one in found if one.no_silver]
    if not without:
        return ""
    every = len(without) == len(found)
    where = "" if every else f" with {_listed([worded(one.setting) for one in without])}"
    return f"{NO_SILVER}{where}."


def _against_baseline(compared: ComparedRuns, found: Sequence[SettingResult]) -> str:
    differing = [(one, one.difference) for one in found if one.difference]
    if not differing:
        return ""
    gaps = [gap for _, gap in differing]
    better, worse, equal = _counted(gaps)
    baseline = f"the baseline {compared.key}={compared.baseline}"
    if len(gaps) == 1:
        ((one, gap),) = differing
        this = f"{compared.key}={one.setting[str(compared.key)]}"
        ending = f"{interval_text(gap.paired.difference)}{_significance(gaps)}."
        if not equal:
            size = f"{abs(gap.point):.3f} {'better' if better else 'worse'} than"
            return f"{this} is {size} {baseline}{ending}"
        if not gap.has_interval:
            return f"{this} is as good as {baseline}."
        return f"{this} cannot be distinguished from {baseline}: {gap.point:+.3f}{ending}"
    others = "other settings"
    every, none, all_are = (
        ("Both", "Neither of the two", "both are")
        if len(gaps) == 2
        else (f"All {len(gaps)}", f"None of the {len(gaps)}", "all are")
    )
    if better == len(gaps):
        clauses = [f"{every} {others} are better than {baseline}"]
    elif better:
        clauses = [
            f"{better} of the {len(gaps)} {others} {'is' if better == 1 else 'are'} better than "
            f"{baseline}",
            f"{worse or 'none'} {'is' if worse < 2 else 'are'} worse",
        ]
    elif worse:
        number = all_are if worse == len(gaps) else f"{worse} {'is' if worse == 1 else 'are'}"
        clauses = [f"{none} {others} is better than {baseline}: {number} worse"]
    elif any(gap.has_interval for gap in gaps):
        clauses = [f"{none} {others} can be distinguished from {baseline}"]
    else:
        clauses = [f"{every} {others} are as good as {baseline}"]
    told = _listed([*clauses, *_equal(equal if better or worse else 0, gaps)], before_and=",")
    sure = _significance(gaps) if better in (0, len(gaps)) else _of_each(gaps)
    flattered = (
        " The best is chosen by the same test figures, which makes it look too good."
        if better
        else ""
    )
    return f"{told}{sure}. {_ends(differing, 'differences from the baseline')}{flattered}"


def _collapsed(compared: ComparedRuns, found: Sequence[SettingResult]) -> str:
    """Which settings have collapse warnings, in how many runs and rounds."""
    warned = [one for one in found if one.warned_runs]
    if not warned:
        return ""
    if not compared.key:
        where = f"in {_warned(warned[0])}"
    elif len(warned) > MOST_NAMED:
        where = f"with {len(warned)} of {len(found)} settings, which the table marks"
    else:
        where = f"with {_listed([f'{worded(one.setting)} ({_warned(one)})' for one in warned])}"
    told = f"The tagger may have collapsed {where}."
    if any(one.is_baseline for one in warned) and any(one.difference for one in found):
        which = (
            "This is the baseline"
            if len(warned) == 1
            else f"The baseline {compared.key}={compared.baseline} is among them"
        )
        told += f" {which}: to be better than it may mean little."
    return told


def _warned(one: SettingResult) -> str:
    rounds = f"{one.warned_rounds} round{'s' * (one.warned_rounds != 1)}"
    runs = f"{one.warned_runs} of {one.seeds} runs"
    return rounds if one.seeds == 1 else f"{runs}, {rounds} in all"


def _counted(gaps: Sequence[Gap]) -> tuple[int, int, int]:
    """(positive, negative, not distinguished from 0)."""
    signs = [gap.sign for gap in gaps]
    return signs.count(1), signs.count(-1), signs.count(0)


def _equal(count: int, gaps: Sequence[Gap]) -> list[str]:
    """A clause on the differences that are not distinguished from 0, if there are any."""
    if not count:
        return []
    if not any(gap.has_interval for gap in gaps):
        return [f"{count} {'is' if count == 1 else 'are'} equal to it"]
    interval = "its interval includes" if count == 1 else "their intervals include"
    return [f"{count} cannot be distinguished from it ({interval} 0)"]


def _listed(words: Sequence[str], before_and: str = "") -> str:
    """List words with commas and "and"."""
    *first, last = words
    return f"{', '.join(first)}{before_and} and {last}" if first else last


def _ends(differing: Sequence[tuple[SettingResult, Gap]], what: str) -> str:
    """The largest and the smallest of the differences, which are called ``what``."""
    best, worst = (end(differing, key=lambda pair: pair[1].point) for end in (max, min))
    low, high = (f"{gap.point:+.3f}" for _, gap in (worst, best))
    if low == high:
        return f"All {what} are {low}."
    return (
        f"The {what} run from {low} with {worded(worst[0].setting)} to {high} with "
        f"{worded(best[0].setting)}."
    )


def _significance(gaps: Sequence[Gap]) -> str:
    """How many differences are significant, in brackets; nothing if no p is known."""
    known = [gap for gap in gaps if gap.p is not None]
    if not known:
        return ""
    if len(known) == 1:
        p = p_text(known[0].p)
        sign = "" if p.startswith("<") else "= "
        return f" ({'' if known[0].significant else 'not '}significant: p {sign}{p})"
    counted = sum(gap.significant for gap in known)
    number = {0: "none", len(known): "all"}.get(counted, str(counted))
    return f" ({number} significant after correction, p ≤ {ALPHA})"


def _of_each(gaps: Sequence[Gap]) -> str:
    """How many gains and how many losses are significant."""
    if all(gap.p is None for gap in gaps):
        return ""
    gains, losses = (
        sum(gap.significant for gap in gaps if sign * gap.point > 0) for sign in (1, -1)
    )
    return f" (significant after correction: {gains} of the gains, {losses} of the losses)"


def _evidence(found: Sequence[SettingResult]) -> str:
    """What cannot be concluded from these seeds."""
    gaps = [gap for one in found for gap in (one.gain, one.difference) if gap]
    few = [gap for gap in gaps if gap.seeds < FEW]
    if not few:
        return ""
    least, most = min(gap.seeds for gap in few), max(gap.seeds for gap in few)
    seeds = _seeds(least) if least == most else f"{least} to {_seeds(most)}"
    where = "" if len(few) == len(gaps) else f" in {len(few)} of {len(gaps)} comparisons"
    return (
        f"Whether other seeds would do the same cannot be concluded from {seeds}{where}: p "
        f"values need at least {FEW} seeds."
    )


def _seeds(number: int) -> str:
    return f"{number} seed{'s' * (number != 1)}"


def _between(sizes: Sequence[float]) -> str:
    low, high = f"{min(sizes):.3f}", f"{max(sizes):.3f}"
    return low if low == high else f"{low} to {high}"
