"""Windows in flat arrays are the windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciner.tagger.encoder.packed import PackedWindows
from sciner.tagger.encoder.windows import Window

number = st.integers(0, 2**31 - 1)


def windows_of(piece: st.SearchStrategy[int]) -> st.SearchStrategy[list[Window]]:
    pieces = st.lists(piece, max_size=9)
    window = st.builds(Window, number, number, pieces, pieces, st.tuples(number, number))
    return st.lists(window, max_size=5)


@given(
    st.sampled_from([2**16, 2**16 + 1, 2**31]).flatmap(
        lambda limit: st.tuples(st.just(limit), windows_of(st.integers(0, limit - 1)))
    )
)
def test_each_window_comes_back_with_plain_integers(drawn: tuple[int, list[Window]]) -> None:
    limit, windows = drawn
    packed = PackedWindows.of(iter(windows), limit)
    assert list(packed) == windows and len(packed) == len(windows)
    assert packed.lengths() == [len(w.ids) for w in windows]
    assert packed.pieces() == {piece for w in windows for piece in w.ids}


@pytest.mark.parametrize(("limit", "size"), [(2**16, 2), (2**16 + 1, 4)])
def test_a_window_takes_a_few_bytes_a_piece_and_a_word(limit: int, size: int) -> None:
    packed = PackedWindows.of((Window(i, 0, [7] * 30, [1] * 28, (0, 28)) for i in range(9)), limit)
    arrays = [getattr(packed, name) for name in PackedWindows.__slots__]
    assert all(isinstance(a, np.ndarray) for a in arrays)
    assert sum(a.nbytes for a in arrays) == 9 * (size * (30 + 28) + 4 * 4 + 8 + 8) + 16


def test_a_number_beyond_the_limit_is_an_error_and_never_another_number() -> None:
    with pytest.raises(OverflowError):
        PackedWindows.of([Window(0, 0, [2**16], [0], (0, 1))], limit=9)
