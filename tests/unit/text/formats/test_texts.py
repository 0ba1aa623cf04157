"""Which files of folders and globs are read as text, and what is said of the others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.text.formats.read import read_texts
from sciner.text.formats.texts import BESIDE, LINKS, find_texts, said


@pytest.fixture
def papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of many kinds, below and beside each other."""
    monkeypatch.chdir(tmp_path)
    for name in (
        *("papers/b.txt", "papers/a.TXT", "papers/sub/b.txt", "papers/sub/deep/c.pdf"),
        *("papers/d.pdf", "papers/d.txt", "papers/e.txt", "papers/e.ann", "papers/f.png"),
        *("papers/README", "papers/.git/g.txt", "papers/.h.txt", "other/i.txt"),
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("" if name.endswith(".ann") else "We use BERT. It works.\n")
    Path("papers/link").symlink_to(tmp_path / "other")
    return Path("papers")


def found(path: str, **how: None) -> tuple[list[str], Counter[str]]:
    notes: Counter[str] = Counter()
    return [text.path for text in find_texts(path, notes, **how)], notes


def test_a_folder_is_searched_with_its_subfolders_and_what_is_left_out_is_counted(
    papers: Path,
) -> None:
    taken = ["a.TXT", "b.txt", "d.txt", "e.txt", "sub/b.txt", "sub/deep/c.pdf"]
    left_out = {BESIDE: 1, LINKS: 1, ".png files left out": 1, "other files left out": 1}
    assert found("papers") == (taken, left_out)
    linked = [*taken[:4], "link/i.txt", *taken[4:]]
    assert found("papers/**/*") == (linked, {k: n for k, n in left_out.items() if k != LINKS})
    assert said(find_texts("papers", Counter())) == "1 .pdf, 5 .txt"
    assert found("papers", readable=None)[0] == sorted([*taken, "README", "f.png"])


def test_a_file_that_is_named_is_taken_whatever_it_is(papers: Path) -> None:
    for name in ("f.png", "d.pdf", ".h.txt"):
        assert found(f"papers/{name}") == ([name], {})


def test_no_file_of_text_is_one_line_that_says_what_there_is(papers: Path) -> None:
    for path, fault in {
        "papers/*.png": "no such file; .png files left out: 1",
        "nothing": "nothing: no such file",
        "papers/.git/*.pdf": "no such file",
    }.items():
        with pytest.raises(InputError, match=fault.replace("*", r"\*")):
            find_texts(path, Counter())


def test_no_folder_of_a_file_leads_out_of_what_was_searched(papers: Path) -> None:
    assert found("papers/../oth*/*.txt")[0] == ["other/i.txt"]
    with pytest.raises(InputError, match=r"papers/\*/\.\./b\.txt: \.\. after a wildcard"):
        find_texts("papers/*/../b.txt", Counter())


def test_ids_begin_with_the_folder(papers: Path) -> None:
    texts = find_texts("papers", Counter(), {".txt"})
    read = read_texts(texts, notes=Counter(), tokenised=False)
    assert [s.id for s in read if s.document.endswith("/b")] == [
        "unlabelled/b#0",
        "unlabelled/b#1",
        "unlabelled/sub/b#0",
        "unlabelled/sub/b#1",
    ]
