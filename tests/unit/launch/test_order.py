from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sciner.launch.display import short_names
from sciner.launch.order import first_fits, launch_order, next_point
from sciner.launch.overrides import check, parse_flags

groups = st.lists(st.sampled_from("abcd"), min_size=1, max_size=12)


def test_points_that_differ_behind_round_0_share_their_first_fit() -> None:
    words = ["-m", "seed=0,1", "threshold=accept_all,fixed", "iteration.teachers=1,3"]
    fits = first_fits(check(parse_flags(words)).points)
    assert (
        len(set(fits)) == 2 and [fits[i] == fits[0] for i in range(8)] == [True] * 4 + [False] * 4
    )


@given(groups)
def test_every_point_is_started_once_and_the_first_of_each_group_before_all_others(
    fits: list[str],
) -> None:
    order = launch_order(fits)
    assert sorted(order) == list(range(len(fits)))
    kinds = len(set(fits))
    assert {fits[i] for i in order[:kinds]} == set(fits)
    assert order[kinds:] == sorted(order[kinds:])


@given(groups, st.sets(st.sampled_from("abcd")))
def test_a_point_whose_fit_is_being_computed_waits_while_another_could_run(
    fits: list[str], begun: set[str]
) -> None:
    waiting = launch_order(fits)
    chosen = next_point(waiting, fits, begun)
    assert chosen in waiting
    assert (fits[chosen] in begun) == (set(fits) <= begun)


def test_a_job_is_called_by_the_words_that_others_do_not_have() -> None:
    jobs = [["model=crf", f"model.c1={c1}", "seed=0"] for c1 in (0.1, 0.5)]
    assert short_names(jobs) == ["c1=0.1", "c1=0.5"]
    assert short_names(jobs[:1]) == ["model=crf model.c1=0.1 seed=0"]
