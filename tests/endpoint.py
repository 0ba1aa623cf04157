"""An OpenAI-compatible endpoint on loopback that answers by a script and counts what it is
asked."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sciner.tagger.llm.client import Reply

MODEL = "scripted"
PAGE, HTML = "<!doctype html>", {"Content-Type": "text/html"}
KEY = "sk-Qz7xvK2wpL9eh6Tn"


@dataclass(frozen=True)
class Says:
    """One response. content: None is a refusal. status: 0 closes the connection without a word.
    hang: seconds before it comes. tokens: does it tell how many there were? page: is it a web page?
    error: what is told of an error."""

    content: str | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    finish: str = "stop"
    hang: float = 0.0
    tokens: bool = True
    page: bool = False
    error: str = "no"


def repeat_demonstrations(request: dict[str, Any]) -> Says:
    """What a model would say that marks what stands marked in its demonstrations, word by word."""
    prompt = request["messages"][0]["content"]
    *shown, last = re.findall(r"Sentence: (.*)\nAnswer:(.*)", prompt)
    known = {
        tuple(e["text"].split()): e["label"]
        for _, answer in shown
        for e in json.loads(answer)["entities"]
    }
    words, found, at = last[0].split(), [], 0
    while at < len(words):
        forms = [f for f in known if tuple(words[at : at + len(f)]) == f]
        form = max(forms, key=len, default=())
        if form:
            found.append({"text": " ".join(form), "label": known[form]})
        at += max(1, len(form))
    return Says(json.dumps({"entities": found}, ensure_ascii=False))


@dataclass
class Scripted:
    """The endpoint. asked: the prompts that it has got, in their order; most_at_once: of questions
    that were open at the same time."""

    script: Callable[[dict[str, Any]], Says]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    most_at_once: int = 0
    open: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: dict[str, Any]) -> Says:
        prompt = request["messages"][0]["content"]
        with self.lock:
            self.asked.append(prompt)
            self.requests.append(request)
            self.open += 1
            self.most_at_once = max(self.most_at_once, self.open)
        try:
            says = self.script(request)
            time.sleep(says.hang)
        finally:
            with self.lock:
                self.open -= 1
        return says


@dataclass
class FakeEndpoint:
    """The same without a network. asked: the questions that it has got."""

    script: Callable[[dict[str, Any]], Says] = repeat_demonstrations
    concurrency: int = 4
    asked: list[dict[str, Any]] = field(default_factory=list)

    def check(self, model: str) -> None: ...

    def ask(self, model: str, request: dict[str, Any]) -> Reply:
        self.asked.append(request)
        says = self.script(request)
        return Reply(says.content, says.finish, 100, 10, MODEL)


@contextmanager
def serving(
    script: Callable[[dict[str, Any]], Says] = repeat_demonstrations, key: str | None = None
) -> Iterator[Scripted]:
    """An endpoint that lives as long as the block. key: the one that it wants."""
    served = Scripted(script)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith("/v1/"):
                self.send(PAGE, headers=HTML)
            elif self.allowed():
                self.send({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.allowed():
                return
            says = served.answer(body)
            if not says.status:
                self.close_connection = True
                return
            if says.page:
                self.send(PAGE, headers=HTML)
                return
            if says.status != 200:
                self.send({"error": {"message": says.error}}, says.status, says.headers)
                return
            message = {"role": "assistant", "content": says.content}
            if says.content is None:
                message["refusal"] = "I would rather not"
            choice = {"index": 0, "message": message, "finish_reason": says.finish}
            usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
            about = {"id": "1", "object": "chat.completion", "created": 0, "model": MODEL}
            self.send(about | {"choices": [choice]} | ({"usage": usage} if says.tokens else {}))

        def allowed(self) -> bool:
            if key is None or self.headers.get("Authorization") == f"Bearer {key}":
                return True
            told = self.headers.get("Authorization", "")
            self.send({"error": {"message": f"Incorrect API key: {told}"}}, 401)
            return False

        def send(
            self, value: Any, status: int = 200, headers: dict[str, str] | None = None
        ) -> None:
            data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            try:
                self.send_response(status)
                usual = {"Content-Type": "application/json", "Content-Length": str(len(data))}
                for name, told in (usual | (headers or {})).items():
                    self.send_header(name, told)
                self.end_headers()
                self.wfile.write(data)
            except OSError:  # who asked has stopped waiting
                pass

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
