"""`sciner export --push`: what was exported, uploaded to the Hugging Face hub."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.redact import keep_secret
from sciner.report.export import CORPUS, MODEL
from sciner.tracking.address import cause

TOKEN = "HF_TOKEN"
KINDS = {MODEL: "model", CORPUS: "dataset"}  # what the hub calls them


def hub(repo: str) -> Any:
    """The hub, opened with the token of the environment; nothing is sent.

    Raises:
        InputError: there is no token, or ``repo`` is no name.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise InputError(f"--push: {error}", hint="give OWNER/NAME") from None
    if "/" not in repo:
        raise InputError(f"--push {repo} names no owner", hint=f"give OWNER/{repo}")
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise InputError("--push needs a token of the hub", hint=f"set {TOKEN} in the environment")
    keep_secret(token)  # so that no error shows it
    return HfApi(token=token)


def listing(out: Path, repo: str, api: Any, *, public: bool) -> Iterator[str]:
    """Yield lines that say which files will be uploaded, and where to."""
    seen = "public" if public else "private"
    for name, kind in KINDS.items():
        files = sorted(file for file in (out / name).rglob("*") if file.is_file())
        place = f"{api.endpoint}/{'datasets/' * (kind == 'dataset')}{repo}"
        yield f"to {place} ({kind}, {seen}):"
        yield from (f"  {file} ({file.stat().st_size:,} bytes)" for file in files)


def push(out: Path, repo: str, api: Any, *, public: bool) -> None:
    """Upload the tagger as a model, and the corpus as a dataset of the same name.

    Args:
        out: the exported folder.
        repo: is created if necessary.
        api: of ``hub``.
        public: whether everybody may see it.

    Raises:
        InputError: the hub cannot be reached or refuses; or ``repo`` is public and ``public`` is
            false, in which case nothing is uploaded.
    """
    try:
        for kind in KINDS.values():
            api.create_repo(repo, repo_type=kind, private=not public, exist_ok=True)
            if not public and not api.repo_info(repo, repo_type=kind).private:
                raise InputError(
                    f"--push {repo}: this {kind} is public on the hub",
                    hint="add --public, or give another name",
                )
        for name, kind in KINDS.items():
            words = {"repo_id": repo, "repo_type": kind, "commit_message": "sciner export"}
            api.upload_folder(folder_path=out / name, **words)
    except InputError:
        raise
    # of HTTP, of the system, and its own: they have no common base class
    except Exception as error:
        start = ["hf", "upload", *([] if public else ["--private"])]
        again = " and ".join(
            shlex.join([*start, "--repo-type", kind, repo, str(out / name)])
            for name, kind in KINDS.items()
        )
        raise InputError(
            f"{api.endpoint} did not take everything ({cause(error)})",
            hint=f"{out} is complete; try again with: {again}",
        ) from None
