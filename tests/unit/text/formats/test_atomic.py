"""A written file is complete or as it was, and nothing is left beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.text.formats.atomic import unfinished, write_lines


def test_lines_arrive_whole_with_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    write_lines(tmp_path / "new" / "out.txt", ["α", "b"])
    (tmp_path / "plain").touch()
    assert (tmp_path / "new/out.txt").read_bytes() == "α\nb\n".encode()
    assert (tmp_path / "new/out.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_whatever_is_raised_the_file_stays_as_it_was(tmp_path: Path) -> None:
    """And is named where the disk is full, which the system does not do by itself."""

    def full() -> Iterator[str]:
        yield "a"
        raise OSError(28, "No space left on device")

    write_lines(tmp_path / "out.txt", ["old"])
    with pytest.raises(OSError, match=r"out\.txt"):
        write_lines(tmp_path / "out.txt", full())
    assert [p.name for p in tmp_path.iterdir()] == ["out.txt"]
    assert (tmp_path / "out.txt").read_text() == "old\n"


@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a pipe", "device"])
def test_what_is_no_regular_file_is_not_replaced(kind: str, tmp_path: Path) -> None:
    """As root, `-o /dev/null` made a regular file of the device."""
    place = Path("/dev/null") if kind == "device" else tmp_path / "out"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    elif kind == "link to a pipe":
        os.mkfifo(tmp_path / "pipe")
        place.symlink_to(tmp_path / "pipe")
    before = place.stat()
    with pytest.raises(InputError, match="not a regular file"):
        write_lines(place, ["a"])
    assert stat.S_IFMT(place.stat().st_mode) == stat.S_IFMT(before.st_mode)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "real")
    write_lines(tmp_path / "out", ["a"])
    assert (tmp_path / "out").is_symlink() and (tmp_path / "real").read_text() == "a\n"


def test_what_a_killed_process_left_goes_with_the_next_one(tmp_path: Path) -> None:
    place, file = unfinished(tmp_path / "out.txt")
    file.write("half of it, and more than comes later")
    file.close()
    assert place.exists()
    write_lines(tmp_path / "out.txt", ["a"])
    assert [p.name for p in tmp_path.iterdir()] == ["out.txt"] and (
        tmp_path / "out.txt"
    ).read_text() == "a\n"


def test_two_that_write_the_same_file_do_not_mix(tmp_path: Path) -> None:
    """Each into a file of its own; the last wins, whole."""
    place, file = unfinished(tmp_path / "out.txt")
    file.write("first")
    write_lines(tmp_path / "out.txt", ["second"])
    file.close()
    assert place.read_text() == "first" and (tmp_path / "out.txt").read_text() == "second\n"


def test_a_name_as_long_as_names_may_be(tmp_path: Path) -> None:
    write_lines(tmp_path / ("n" * 255), ["a"])
    assert (tmp_path / ("n" * 255)).read_text() == "a\n"


def test_a_link_that_somebody_laid_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    (tmp_path / ".out.tmp").symlink_to(tmp_path / "other")
    write_lines(tmp_path / "out", ["a"])
    assert (tmp_path / "other").read_text() == "mine" and (tmp_path / "out").read_text() == "a\n"
