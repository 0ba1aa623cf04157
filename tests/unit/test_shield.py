from __future__ import annotations

import pytest

from sciner.shield import interrupt, shielded


def test_an_interrupt_waits_for_the_outermost_shield_and_comes_once() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), shielded():
        with shielded():
            interrupt(KeyboardInterrupt())
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]
    with shielded():
        done.append("again")
    with pytest.raises(KeyboardInterrupt):
        interrupt(KeyboardInterrupt())
