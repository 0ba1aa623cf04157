"""A mirror in an S3 bucket, and pushes that are killed: entries are there completely or not."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.loop.steps.files import read_all, write_json
from sciner.store.disk import DiskStore
from sciner.store.maintenance import verify
from sciner.store.mirror import Mirror
from sciner.store.transfer import Copied, pull, push
from tests.fakes import FakeStep
from tests.specs.test_store import turn
from tests.unit.store.test_transfer import contents, stores  # noqa: F401 (a fixture)

pytestmark = pytest.mark.slow


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address in an empty bucket of moto's server."""
    pytest.importorskip("s3fs", reason="needs the extra mirror")
    server = pytest.importorskip("moto.server", reason="needs moto[server]")
    import boto3
    import s3fs

    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = uuid.uuid4().hex  # all servers of a process have the same
    boto3.client("s3").create_bucket(Bucket=bucket)
    s3fs.S3FileSystem.clear_instance_cache()
    yield f"s3://{bucket}/mirror"
    running.stop()


def test_what_is_pulled_from_a_bucket_is_what_was_pushed(
    s3: str,
    stores: list[DiskStore],  # noqa: F811
) -> None:
    ours, theirs = stores
    turn(ours)
    count = len(ours.listed())
    mirror = Mirror.open(s3)
    assert push(ours, mirror).entries == pull(theirs, mirror, read_all).entries == count
    assert contents(theirs) == contents(ours)
    again = Copied(there=count)
    assert push(theirs, mirror) == pull(ours, mirror, read_all) == again
    mirror.files.rm(f"{mirror.root}/files", recursive=True)
    emptied = pull(DiskStore(ours.root / "c"), mirror, read_all)
    assert len(emptied.refused) == count and not emptied.entries


def test_a_file_of_many_parts_arrives(s3: str, stores: list[DiskStore]) -> None:  # noqa: F811
    ours, theirs = stores
    big = "x" * 120_000_000

    def write(folder: Path) -> None:
        write_json(folder / "value.json", big)

    class Json(FakeStep):
        def load(self, folder: Path) -> str:
            return (folder / "value.json").read_text()

    key = ours.run(Json("big", write=write)).key
    push(ours, Mirror.open(s3))
    pull(theirs, Mirror.open(s3), read_all)
    theirs.verify(key)  # raises for an entry that is damaged or missing
    assert contents(theirs) == contents(ours)


def test_a_bucket_that_is_not_there_is_one_line(s3: str, stores: list[DiskStore]) -> None:  # noqa: F811
    turn(stores[0])
    nowhere = Mirror.open("s3://nowhere/mirror")
    for command in (lambda: push(stores[0], nowhere), lambda: pull(stores[0], nowhere, read_all)):
        with pytest.raises(InputError) as caught:
            command()
        assert "s3://nowhere/mirror: " in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_a_push_that_is_killed_goes_on(
    place: str,
    tmp_path: Path,
    stores: list[DiskStore],  # noqa: F811
    request: pytest.FixtureRequest,
) -> None:
    ours, theirs = stores

    def write(folder: Path) -> None:
        write_json(folder / "own.json", "x" * 1000)

    class Json(FakeStep):
        def load(self, folder: Path) -> str:
            return (folder / "own.json").read_text()

    for n in range(200):
        ours.run(Json(str(n), write=write))
    url = str(tmp_path / "mirror") if place == "folder" else request.getfixturevalue("s3")
    mirror = Mirror.open(url)
    words = [sys.executable, "-m", "sciner", "store", "push", url, "--dir", str(ours.root)]
    running = subprocess.Popen(words)
    while not mirror.keys():
        assert running.poll() is None
        time.sleep(0.01)
    running.kill()
    running.wait()
    some = pull(theirs, mirror, read_all)
    assert 0 < some.entries < 200 and not some.refused
    rest = push(ours, mirror)
    assert rest.entries + rest.there == 200 and rest.there >= some.entries
    pull(theirs, mirror, read_all)
    assert contents(theirs) == contents(ours) and not verify(theirs).damaged
