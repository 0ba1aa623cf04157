"""What the last round of a run gained, in a sentence. Imports nothing that takes long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sciner.report.render import difference_text
from sciner.score.curves import Difference

SEED_SET_ALONE = "training on the seed set alone"
NO_SILVER = "No silver was accepted in any round"
DIGITS = 3  # of an F1; values that differ by less are called equal


def answer_of_run(rounds: Sequence[Mapping[str, Any]]) -> str:
    """Say what a single run gained.

    Args:
        rounds: the lines of its ``rounds.jsonl``.

    Returns:
        The gain of the last round over round 0, with the interval in the table of the run, and
        whether there was any silver. Only the F1 if there is just one round; "" if there is no F1.
    """
    first, last = rounds[0], rounds[-1]["scores"]
    if len(rounds) > 1 and first["round"] == 0 and "test/gain/micro" in last:
        gain = gain_sentence(_difference(last, "test/gain/micro"))
        return f"{gain} {NO_SILVER}." if no_silver(rounds) else gain
    if "test/f1/micro" not in last:
        return ""
    f1 = _difference(last, "test/f1/micro")
    interval = "" if f1.low is None else f", 95% interval [{f1.low:.3f}, {f1.high:.3f}]"
    return f"Entity F1 of round {rounds[-1]['round']} on the test set: {f1.point:.3f}{interval}."


def no_silver(rounds: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all rounds of a run were trained on the same gold alone.

    This explains why they have the same score, or nearly.
    """
    later = [line["scores"] for line in rounds if line["round"] > 0]
    gold = {line["scores"].get("budget/sentences") for line in rounds}
    accepted = [scores.get("silver/accepted_sentences") for scores in later]
    return bool(later) and len(gold) == 1 and all(count == 0 for count in accepted)


def _difference(scores: Mapping[str, float], name: str) -> Difference:
    low, high = (scores.get(f"{name}_{end}") for end in ("low", "high"))
    if low == high:  # of a single document, which is no interval
        low = high = None
    return Difference(scores[name], low, high, None, ("documents",))


def gain_sentence(difference: Difference, significance: str = "") -> str:
    """Say what the last round gains over round 0, and whether the interval includes 0.

    Args:
        difference: F1 of the last round minus F1 of round 0.
        significance: in brackets, how the sentence ends.
    """
    sign, alone = sign_of(difference), f"round 0 ({SEED_SET_ALONE})"
    ending = f"{interval_text(difference)}{significance}."
    if sign:
        verb, by = ("gains", "over") if sign > 0 else ("loses", "against")
        return f"The last round {verb} {abs(difference.point):.3f} entity F1 {by} {alone}{ending}"
    if difference.low is None or difference.low == difference.high == 0:
        return f"The last round has the same entity F1 as {alone}."
    told = f"The last round cannot be distinguished from {alone}"
    return f"{told}: {difference.point:+.3f} entity F1{ending}"


def sign_of(difference: Difference) -> int:
    """Return 1 or -1 if the interval excludes 0, otherwise 0; see ``Gap.sign``."""
    if difference.low is None or difference.high is None:
        point = round(difference.point, DIGITS)
        return (point > 0) - (point < 0)
    return (difference.low > 0) - (difference.high < 0)


def interval_text(d: Difference) -> str:
    """Say what the interval is and whether it includes 0, as the end of a sentence."""
    if d.low is None:
        return ""
    includes = "includes" if sign_of(d) == 0 else "excludes"
    return f"; the 95% interval {difference_text(d).partition(' ')[2]} {includes} 0"
