"""What the last rounds tell: against their own round 0 first, then against the baseline, and no
more than the seeds allow."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from scipy import stats

from sciner.launch.summary import print_comparison
from sciner.report.answer import FEW, extremes, results
from sciner.report.answer_sentences import answers, question
from sciner.report.answer_tables import (
    answer_table,
    best_and_worst,
    comparison_table,
    cost_table,
)
from sciner.report.compared import ComparedRuns, compare_runs
from sciner.report.gain import answer_of_run
from sciner.report.provenance import provenance
from sciner.results.folder import RunFolder
from sciner.results.records import records
from tests.runs import write_run

Runs = dict[str, tuple[float, ...]]  # {words: F1 of each round}


def asked(place: Path, runs: Runs) -> ComparedRuns:
    for number, (words, values) in enumerate(runs.items()):
        rounds = [
            {
                "test/f1/micro": value,
                "test/f1/macro": value / 2,
                "budget/sentences": 10.0 * (k + 1),
                "time/round/seconds": 1800.0,
            }
            for k, value in enumerate(values)
        ]
        write_run(place / f"run{number}", words, rounds)
    return compare_runs(records([place]))


def losing(seeds: int) -> Runs:
    """Both settings lose, from seed to seed by more; fixed is worse than accept_all."""
    return {
        f"threshold={kind} seed={seed}": (
            0.6 + seed / 100,
            0.6 + seed / 100 - loss * (1 + seed / 9),
        )
        for kind, loss in (("accept_all", 0.003), ("fixed", 0.08))
        for seed in range(seeds)
    }


def test_a_sentence_does_not_name_a_key_that_has_no_value_in_a_setting(tmp_path: Path) -> None:
    runs: Runs = {
        "threshold=accept_all seed=0": (0.6, 0.5),
        "threshold=fixed threshold.min_confidence=0.8 seed=0": (0.6, 0.7),
        "threshold=fixed threshold.min_confidence=0.9 seed=0": (0.6, 0.8),
    }
    compared = asked(tmp_path, runs)
    said = " ".join(answers(compared, results(compared)))
    assert "threshold=accept_all" in said and "threshold.min_confidence=0.9" in said
    assert not re.search(r"=(,|;|\s|$)", said)


def test_a_sweep_that_loses_everywhere_says_that_first(tmp_path: Path) -> None:
    compared = asked(tmp_path, losing(FEW))
    found = results(compared)
    first, second = answers(compared, found)
    assert first.startswith("Every setting (2 of 2) loses against its own round 0")
    assert "by 0.004 to 0.098 entity F1 (all significant" in first
    assert second.startswith("threshold=fixed is 0.094 worse than the baseline threshold=accept")
    assert question(compared) == (
        "Is threshold=fixed better than threshold=accept_all, and does any setting gain over "
        "training on the seed set alone (round 0)?"
    )


def test_each_setting_is_compared_with_its_own_round_0_and_with_the_baseline(
    tmp_path: Path,
) -> None:
    """By the paired t test of SciPy, the p values of a column after Holm's correction."""
    runs = losing(FEW)
    baseline, other = results(asked(tmp_path, runs))
    assert baseline.is_baseline and baseline.difference is None and baseline.gain is not None
    assert other.gain is not None and other.difference is not None
    first, last = ([f1[k] for words, f1 in runs.items() if "fixed" in words] for k in (0, 1))
    base = [f1[1] for words, f1 in runs.items() if "accept" in words]
    assert other.difference.p == pytest.approx(stats.ttest_rel(last, base).pvalue, rel=1e-3)
    # round 0 is the same for both; Holm: the smaller twice
    p = sorted(stats.ttest_rel(values, first).pvalue for values in (last, base))
    assert sorted(g.p or 0 for g in (baseline.gain, other.gain)) == pytest.approx(
        sorted([min(2 * p[0], 1), max(2 * p[0], p[1])]), rel=1e-3
    )


@pytest.mark.parametrize("seeds", range(1, FEW))
def test_few_seeds_have_no_p_and_the_page_says_what_they_cannot_tell(
    tmp_path: Path, seeds: int
) -> None:
    compared = asked(tmp_path, losing(seeds))
    found = results(compared)
    assert all(gap.p is None for one in found for gap in (one.gain, one.difference) if gap)
    told = answers(compared, found)
    assert "significant" not in " ".join(told) and "cannot be concluded from" in told[-1]
    assert "p" not in answer_table(compared, found).headings


def test_gains_and_losses_are_counted(tmp_path: Path) -> None:
    values = {"a": 0.7, "b": 0.65, "c": 0.5}
    compared = asked(tmp_path, {f"threshold={k} seed=0": (0.6, v) for k, v in values.items()})
    found = results(compared)
    first, second, _ = answers(compared, found)
    assert first.startswith(
        "2 of 3 settings gain over their own round 0 (training on the seed set alone), and 1 loses."
    )
    assert first.endswith(
        "The changes run from -0.100 with threshold=c to +0.100 with threshold=a."
    )
    assert second.startswith(
        "Neither of the two other settings is better than the baseline threshold=a: both are "
        "worse. The differences"
    )
    assert second.count(" to -0.050 with threshold=b.") == 1
    ends = extremes(found)
    assert ends and [one.setting["threshold"] for one in ends] == ["a", "c"]


def test_a_difference_whose_interval_includes_0_is_no_gain_and_no_loss(tmp_path: Path) -> None:
    """accept_all goes up and down, fixed up alone; against each other nothing can be told."""
    runs = {
        f"threshold={kind} seed={seed}": (0.6, 0.6 + change)
        for kind, changes in (("accept_all", (0.03, -0.02, 0.01)), ("fixed", (0.01, 0.011, 0.012)))
        for seed, change in enumerate(changes)
    }
    compared = asked(tmp_path, runs)
    first, second, _ = answers(compared, results(compared))
    assert first.startswith("1 of 2 settings gains over its own round 0")
    assert ", none loses, and 1 cannot be distinguished from it (its interval includes 0)." in first
    assert re.fullmatch(
        r"threshold=fixed cannot be distinguished from the baseline threshold=accept_all: "
        r"\+0\.004; the 95% interval \[-0\.\d+, \+0\.\d+\] includes 0\.",
        second,
    )


def test_one_round_and_one_setting_leave_nothing_to_compare(tmp_path: Path) -> None:
    compared = asked(tmp_path, {"seed=0": (0.5,)})
    found = results(compared)
    assert answers(compared, found)[0].startswith("Nothing here can be compared")
    assert "round 0" not in " ".join(answer_table(compared, found).headings)


def test_tables_hold_f1_gain_and_cost_by_setting(tmp_path: Path) -> None:
    runs = {f"threshold={k} seed=0": (0.6, v) for k, v in (("accept_all", 0.65), ("fixed", 0.5))}
    compared = asked(tmp_path, runs)
    found = results(compared)
    table = answer_table(compared, found)
    assert table.headings == (
        *("threshold", "seeds", "entity F1", "minus its round 0"),
        "minus threshold=accept_all",
    )  # and no collapse warnings, where there are none
    assert table.rows == (
        ("accept_all", "1", "0.650*", "+0.050*", "baseline"),
        ("fixed", "1", "0.500*", "-0.100*", "-0.150*"),
    )
    assert cost_table(compared, found).rows[0] == ("accept_all", "20", "60 min")
    assert comparison_table(compared, found).rows[1] == (
        *("fixed", "1", "0.500*", "0.250*", "-0.100*", "-0.150*", "20"),
    )


def test_the_console_shows_the_whole_table_where_there_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is cut, however long the words are; and nothing but text is printed."""
    name = "a_threshold_with_a_rather_long_name_that_no_terminal_would_have_room_for"
    compared = asked(tmp_path, {f"threshold={k} seed=0": (0.6, 0.5) for k in ("accept_all", name)})
    print_comparison(compared.runs)
    out = capsys.readouterr().out
    assert name in out and "gold sentences" in out and "…" not in out and "\x1b" not in out
    assert "best: threshold=accept_all (the baseline), entity F1 0.500" in out
    assert "worst: " in out


def test_the_best_has_the_largest_difference_from_the_baseline_among_comparable_runs(
    tmp_path: Path,
) -> None:
    """Within a corpus, paired by seed: c has the highest mean only because it lacks a hard seed."""
    f1 = {
        "data=easy threshold=a seed=0": 0.9,
        "data=easy threshold=b seed=0": 0.8,
        **{f"data=hard threshold=a seed={seed}": value for seed, value in ((0, 0.5), (1, 0.3))},
        **{f"data=hard threshold=b seed={seed}": value for seed, value in ((0, 0.6), (1, 0.4))},
        "data=hard threshold=c seed=0": 0.55,
    }
    for number, (words, value) in enumerate(f1.items()):
        scores = {"test/f1/micro": value}
        write_run(tmp_path / str(number), words, [scores], corpus=words[5:9], started=number + 1)
    compared = compare_runs(records([tmp_path]))
    found = results(compared)
    assert best_and_worst(compared, found) == [
        "best of corpus=easy: threshold=a (the baseline), entity F1 0.900",
        "worst of corpus=easy: threshold=b, entity F1 0.800, -0.100 from the baseline",
        "best of corpus=hard: threshold=b, entity F1 0.500, +0.100 from the baseline",
        "worst of corpus=hard: threshold=a (the baseline), entity F1 0.400",
    ]
    told = " ".join(answers(compared, found))
    assert " to +0.100 with corpus=hard, threshold=b." in told


def warn(run: Path, *rounds: int) -> None:
    """Give rounds of a run a collapse warning."""
    file = run / "rounds.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for number in rounds:
        lines[number]["warnings"] = ["few spans"]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def test_every_setting_that_may_have_collapsed_is_named_with_its_runs_and_rounds(
    tmp_path: Path,
) -> None:
    """A warning of round 0 does not count: no silver can have caused it."""
    rounds = {"accept_all": [(0, 1, 2), (1,)], "fixed": [(0,), ()], "quantile": [(2,), ()]}
    for kind, of_seeds in rounds.items():
        for seed, warned in enumerate(of_seeds):
            words = f"threshold={kind} seed={seed}"
            scores = [{"test/f1/micro": f1} for f1 in (0.5, 0.4, 0.3)]
            warn(write_run(tmp_path / f"{kind}{seed}", words, scores), *warned)
    compared = compare_runs(records([tmp_path]))
    found = results(compared)
    (told,) = (line for line in answers(compared, found) if "collapsed" in line)
    assert told == (
        "The tagger may have collapsed with threshold=accept_all (2 of 2 runs, 3 rounds in all) "
        "and threshold=quantile (1 of 2 runs, 1 round in all). The baseline threshold=accept_all "
        "is among them: to be better than it may mean little."
    )
    for table in (answer_table(compared, found), comparison_table(compared, found)):
        assert [row[-1] for row in table.rows] == ["2 of 2 runs", "0 of 2 runs", "1 of 2 runs"]
    assert not any("collapse" in heading for heading in cost_table(compared, found).headings)
    assert best_and_worst(compared, found)[0].endswith("collapse warnings in 2 of 2 runs")


def test_a_single_run_may_have_collapsed_too(tmp_path: Path) -> None:
    warn(write_run(tmp_path / "a", "seed=0", [{"test/f1/micro": 0.5}] * 2), 1)
    compared = compare_runs(records([tmp_path]))
    assert "The tagger may have collapsed in 1 round." in answers(compared, results(compared))


def test_settings_without_silver_are_named_because_their_rounds_are_equal(tmp_path: Path) -> None:
    """One that buys gold instead is not among them."""
    for kind, accepted, more in (("accept_all", 9.0, 0), ("fixed", 0.0, 0), ("none", 0.0, 5)):
        rounds = [
            {"test/f1/micro": 0.5, "budget/sentences": 10.0 + more * k}
            | ({"silver/accepted_sentences": accepted} if k else {})
            for k in range(3)
        ]
        write_run(tmp_path / kind, f"threshold={kind} seed=0", rounds)
    compared = compare_runs(records([tmp_path]))
    told = answers(compared, results(compared))
    assert told[1] == "No silver was accepted in any round with threshold=fixed."
    alone = compare_runs(records([tmp_path / "fixed"]))
    assert "No silver was accepted in any round." in answers(alone, results(alone))
    lines = [
        {"round": k, "scores": {**line["scores"], "test/gain/micro": 0.0}}
        for k, line in enumerate(alone.runs[0].rounds)
    ]
    assert answer_of_run(lines) == (
        "The last round has the same entity F1 as round 0 (training on the seed set alone). "
        "No silver was accepted in any round."
    )


def test_each_interval_is_marked_with_what_it_is_over(tmp_path: Path) -> None:
    """The test set of one corpus is a single document, so its intervals are over seeds."""
    for corpus, documents in (("many", 3), ("one", 1)):
        for kind, right in (("accept_all", 5), ("fixed", 7)):
            for seed in range(2):
                counts = [[[n + seed, 10, 10]] * documents for n in (4, right)]
                rounds = [{"test/f1/micro": row[0][0] / 10} for row in counts]
                folder = tmp_path / f"{corpus}{kind}{seed}"
                words = f"data={corpus} threshold={kind} seed={seed}"
                write_run(folder, words, rounds, corpus=corpus, counts=counts)
    compared = compare_runs(records([tmp_path]))
    table = answer_table(compared, results(compared))
    marked = {
        row[0]: [cell.endswith("]†") for cell in row[4:] if "[" in cell] for row in table.rows
    }
    assert all(marked["one"]) and marked["one"] and not any(marked["many"])
    assert (
        "Differences: paired by seed [95% bootstrap interval over seeds and test documents; "
        "† 95% t interval over seeds]."
    ) in table.notes


def test_the_page_and_the_run_have_the_same_sentence_of_a_single_seed(tmp_path: Path) -> None:
    """Each computes a bootstrap interval, but it is given once."""
    counts = [[[correct, 10, 10] for correct in row] for row in ((5, 6, 7), (4, 7, 3))]
    gain = {"test/gain/micro": -0.133, "test/gain/micro_low": -0.402, "test/gain/micro_high": 0.101}
    rounds = [{"test/f1/micro": 0.6}, {"test/f1/micro": 0.467, **gain}]
    write_run(tmp_path / "run", "seed=0", rounds, counts=counts)
    compared = compare_runs(records([tmp_path]))
    lines = [{"round": number, "scores": scores} for number, scores in enumerate(rounds)]
    assert answers(compared, results(compared))[0] == answer_of_run(lines)


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (
            {"test/gain/micro": 0.02, "test/gain/micro_low": 0.01, "test/gain/micro_high": 0.03},
            "The last round gains 0.020 entity F1 over round 0 (training on the seed set alone); "
            "the 95% interval [+0.010, +0.030] excludes 0.",
        ),
        (
            {"test/gain/micro": -0.02, "test/gain/micro_low": -0.05, "test/gain/micro_high": 0.01},
            "The last round cannot be distinguished from round 0 (training on the seed set alone): "
            "-0.020 entity F1; the 95% interval [-0.050, +0.010] includes 0.",
        ),
        (  # one test document: no interval
            {"test/gain/micro": -0.02, "test/gain/micro_low": -0.02, "test/gain/micro_high": -0.02},
            "The last round loses 0.020 entity F1 against round 0 (training on the seed set "
            "alone).",
        ),
    ],
)
def test_a_single_run_is_answered_in_one_sentence(last: dict[str, float], told: str) -> None:
    first = {"test/f1/micro": 0.5, "test/f1/micro_low": 0.45, "test/f1/micro_high": 0.55}
    lines = [{"round": 0, "scores": first}, {"round": 1, "scores": {**first, **last}}]
    assert answer_of_run(lines) == told
    assert answer_of_run(lines[:1]) == (
        "Entity F1 of round 0 on the test set: 0.500, 95% interval [0.450, 0.550]."
    )


def test_what_the_runs_were_made_with_is_named_once_where_they_agree(tmp_path: Path) -> None:
    for name, commit in (("a", "1" * 40), ("b", "2" * 40)):
        run = write_run(tmp_path / name, f"seed={ord(name)}", [{"test/f1/micro": 0.5}])
        folder = RunFolder(run, run)
        tags = {"git.commit": commit, "git.dirty": "false", "sciner.corpus_digest": "f" * 64}
        folder.about(tags={"sciner.corpus": "sample", "version.sciner": "0.1.0", **tags})
    told = dict(provenance(records([tmp_path])))
    assert told["Versions"] == "sciner 0.1.0" and told["Corpus (SHA-256)"] == f"sample {'f' * 12}"
    assert told["Commit of the working directory"] == f"{'1' * 12}, {'2' * 12}"
    assert told["Run"] == "1970-01-01"


def test_a_budget_is_compared_only_where_nothing_else_differs(tmp_path: Path) -> None:
    both = {
        f"data.seed_size={size} threshold={kind} seed=0": (0.5,)
        for size in ("5%", "10%")
        for kind in ("accept_all", "fixed")
    }
    sizes = {f"data.seed_size={size} seed=0": (0.5,) for size in ("5%", "10%")}
    assert asked(tmp_path / "both", both).key == "threshold"
    assert asked(tmp_path / "sizes", sizes).key == "data.seed_size"
