"""Windows in flat arrays are the windows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sciner.tagger.encoder.packed import PackedWindows
from sciner.tagger.encoder.windows import Window

small = st.integers(0, 2**31 - 1)
found = st.lists(
    st.builds(
        Window,
        small,
        small,
        st.lists(small, max_size=9),
        st.lists(small, max_size=9),
        st.tuples(small, small),
    ),
    max_size=5,
)


@given(found)
def test_each_window_comes_back_with_plain_integers(windows: list[Window]) -> None:
    packed = PackedWindows.of(iter(windows))
    assert list(packed) == windows and len(packed) == len(windows)
    assert packed.lengths() == [len(w.ids) for w in windows]
    assert packed.pieces() == {piece for w in windows for piece in w.ids}


def test_a_window_takes_four_bytes_a_piece_and_a_word() -> None:
    packed = PackedWindows.of(Window(i, 0, [7] * 30, [1] * 28, (0, 28)) for i in range(1000))
    arrays = [getattr(packed, name) for name in PackedWindows.__slots__]
    assert all(isinstance(a, np.ndarray) for a in arrays)
    assert sum(a.nbytes for a in arrays) == 1000 * (4 * (30 + 28 + 4) + 8 + 8) + 16
