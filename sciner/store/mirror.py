"""A mirror of a store: its finished entries, on object storage or wherever fsspec can write.

    URL/steps/<key>.json     the record of an entry: its key.json
    URL/files/<sha256>       a file of one or several entries, named by its checksum

Nothing there is locked, and no file changes. The record of an entry is written when all files are
there, so a reader finds an entry complete or not at all, however many clients write. If two of them
have computed the same step, the later record counts, and the files of both are there.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.redact import redacted, veiled
from sciner.store.entry import Damaged, read_meta
from sciner.store.layout import STEPS, TMP
from sciner.store.step import KEY

Files = dict[str, tuple[int, str]]  # of an entry: {name: (bytes, checksum)}

FILES = "files"  # the folder beside STEPS
# protocols under which a file appears when it is complete; elsewhere it gets its name last
OBJECT_STORAGE = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"}
NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")  # no .. and no beginning /
# what steps write: no code, and nothing that runs code when it is read, as a pickle does
KINDS = {".json", ".npy", ".npz", ".safetensors", ".crfsuite", ".txt", ".model"}
SHA256 = re.compile("[0-9a-f]{64}")
LONGEST = 200  # characters of a file's name, which file systems allow
AGAIN = "what was copied stays: repeat the command to go on"


@dataclass(frozen=True)
class Mirror:
    """The place of a mirror.

    Attributes:
        files: a file system of fsspec.
        root: a path there.
        url: for messages.
    """

    files: Any
    root: str
    url: str

    @classmethod
    def open(cls, url: str) -> Mirror:
        """Open the mirror at ``url``; nothing is written.

        Raises:
            InputError: fsspec does not know such an address, or lacks the package for it.
        """
        import fsspec

        if not url:
            raise InputError("the address of the mirror is empty", hint="give a folder or an URL")
        veiled(url)  # from now on, no message contains its password
        shown = redacted(url)
        try:
            files, root = fsspec.url_to_fs(url)
        except ImportError as error:
            hint = "pip install 'sciner[mirror]'" if url.startswith("s3") else ""
            raise InputError(str(error), file=shown, hint=hint) from None
        except Exception as error:  # a library's, whichever it is
            raise InputError(first_line(error), file=shown) from None
        return cls(files, root.rstrip("/"), shown)

    @contextmanager
    def reached(self, hint: str = "") -> Iterator[None]:
        """Turn whatever the file system raises into an InputError."""
        try:
            yield
        except Exception as error:  # a library's, whichever it is
            raise InputError(first_line(error), file=self.url, hint=hint) from None

    @property
    def is_object_storage(self) -> bool:
        return not OBJECT_STORAGE.isdisjoint(self._protocols)

    @property
    def is_local(self) -> bool:
        return "file" in self._protocols

    @property
    def _protocols(self) -> list[str]:
        named = self.files.protocol
        return [named] if isinstance(named, str) else list(named)

    def prepare(self) -> None:
        """Make the folders, which an object storage does not have."""
        if not self.is_object_storage:
            with self.reached():
                for folder in (FILES, STEPS, TMP):
                    self.files.makedirs(f"{self.root}/{folder}", exist_ok=True)

    def listed(self, folder: str) -> dict[str, int]:
        """{name: bytes} of the files in a folder; none if there is no such folder."""
        with self.reached():
            self.files.invalidate_cache()
            try:
                found = self.files.find(f"{self.root}/{folder}", detail=True)
            except FileNotFoundError:
                return {}
        return {path.rpartition("/")[2]: about["size"] for path, about in found.items()}

    def keys(self) -> list[str]:
        """The key of every entry."""
        names = [name.removesuffix(".json") for name in self.listed(STEPS)]
        return [key for key in names if KEY.fullmatch(key)]

    def put(self, file: Path, name: str) -> None:
        """Upload a file; nobody sees a part of it under ``name``."""
        place = f"{self.root}/{name}"
        with self.reached(AGAIN):
            if self.is_object_storage:
                self.files.put_file(str(file), place)
            else:
                part = f"{self.root}/{TMP}/{uuid.uuid4().hex}"
                try:
                    self.files.put_file(str(file), part)
                    self.files.mv(part, place)
                except BaseException:
                    with suppress(Exception):  # it may not exist, or nothing answers any more
                        self.files.rm_file(part)
                    raise

    def get(self, name: str, file: Path) -> None:
        """Download a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with self.reached(AGAIN):
            self.files.get_file(f"{self.root}/{name}", str(file))

    def record(self, key: str, folder: Path, there: Mapping[str, int]) -> Files:
        """Download the record of an entry, and check what it says.

        Args:
            key: of the entry.
            folder: gets ``key.json``; it has the key's name.
            there: bytes of the mirror's files.

        Returns:
            What it says of the entry's files.

        Raises:
            Damaged: the record is broken, or the mirror lacks a file.
            NewerEntry: it has a later format.
        """
        self.get(f"{STEPS}/{key}.json", folder / "key.json")
        files = files_of(read_meta(folder))
        for name, (size, sha256) in files.items():
            if there.get(sha256) != size:
                raise Damaged(f"{name} is missing or incomplete")
        return files


def files_of(meta: Mapping[str, Any]) -> Files:
    """The files of an entry, from its record.

    Raises:
        Damaged: a name or a checksum is none, or a file might be unsafe to read.
    """
    files: Files = meta["files"]
    for name, (_, sha256) in files.items():
        if not NAME.fullmatch(name) or name == "key.json" or not SHA256.fullmatch(sha256):
            raise Damaged(f"{name!r} cannot be a file of an entry")
        above = {place.as_posix() for place in Path(name).parents}
        if above & {*files, "key.json"} or max(map(len, name.split("/"))) > LONGEST:
            raise Damaged(f"{name!r} cannot be a file of an entry, beside the others")
        if Path(name).suffix not in KINDS:
            raise Damaged(f"{name} is no kind of file that sciner writes: it may be unsafe to read")
    return files


def first_line(error: Exception) -> str:
    """What an error of any library says, in one line."""
    text = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
