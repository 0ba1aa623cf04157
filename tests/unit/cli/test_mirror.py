"""`sciner store push` and `pull`, as their words are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sciner.store.disk import DiskStore
from tests.unit.cli.test_store import say, store  # noqa: F401 (fixtures)


def test_push_and_pull_say_what_they_copied(say: Any, store: DiskStore, tmp_path: Path) -> None:  # noqa: F811
    count = len(store.listed())
    assert say("push", "there", "--dry-run")[1].startswith(f"{count} entries (")
    assert not (tmp_path / "there").exists()
    code, out, err = say("push", "there")
    assert code == 0 and "pushed in" in out and out.endswith("; 0 were there already") and not err
    assert say("push", "there")[1] == f"0 entries (0 B) pushed in 0.0 s; {count} were there already"
    found = json.loads(say("pull", f"file://{tmp_path}/there", "--dir", "new", "--json")[1])
    assert found["entries"] == count == len(DiskStore(tmp_path / "new").listed())


def test_a_damaged_entry_is_a_line_and_exit_code_1(
    say: Any,  # noqa: F811
    store: DiskStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    say("push", "there")
    key = next(key for key in store.listed() if key.startswith("fit"))
    (tmp_path / "there" / "steps" / f"{key}.json").write_text("{")
    code, out, _ = say("pull", "there", "--dir", "new")
    assert code == 1 and "key.json is missing or broken" in out and "1 are damaged" in out
    assert not DiskStore(tmp_path / "new").has(key)


def test_bad_words_are_one_line_and_exit_code_2(say: Any, store: DiskStore) -> None:  # noqa: F811
    for words, fault in (
        (("push", "nosuch://ann:tr0ub4dor@h/s"), "nosuch://ann:***@h/s: ValueError: Protocol"),
        (("pull", "nowhere"), "nowhere: there is no mirror; sciner store push URL makes one"),
        (("push", "there", "--dir", "nowhere"), "nowhere: there is no store"),
        (("push", ""), "the address of the mirror is empty; give a folder or an URL"),
        (("push", f"{store.root}/m"), "/m: the mirror lies in the store; name another folder"),
    ):
        code, out, err = say(*words)
        assert (code, out, err.count("\n")) == (2, "", 1) and fault in err
