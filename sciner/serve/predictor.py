"""Predictions for requests that arrive at the same time, made in one thread."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, islice
from queue import SimpleQueue
from threading import Thread

from sciner.tagger.base import Fitted
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction

TOGETHER = 8192  # tokens; an encoder is hardly faster with more


@dataclass(frozen=True, slots=True)
class Job:
    """A request: its sentences, the predictions for the first of them, and who waits for all."""

    sentences: Sequence[Sentence]
    done: Future[list[Prediction]]
    found: list[Prediction] = field(default_factory=list)

    def following(self) -> list[Sentence]:
        """The next sentences to predict, TOGETHER tokens or a little more."""
        rest = self.sentences[len(self.found) :]
        before = accumulate((len(sentence.tokens) for sentence in rest), initial=0)
        return [sentence for sentence, n in zip(rest, before, strict=False) if n < TOGETHER]


class Unavailable(Exception):
    """No prediction can be made in time; the request may be sent again."""


class Predictor:
    """Predicts in one thread, in the order of the requests.

    Requests that wait are predicted together, TOGETHER tokens or a little more at a time: an
    encoder is several times faster so. A larger one is predicted in pieces, in turn with the
    others, so that they need not wait for all of it. A request that nobody waits for any more is
    left out.
    """

    def __init__(self, fitted: Fitted) -> None:
        self._fitted = fitted
        self._waiting: SimpleQueue[Job] = SimpleQueue()
        self._open: set[Future[list[Prediction]]] = set()
        self._closed = False
        Thread(target=self._work, name="predict", daemon=True).start()

    def predict(self, sentences: Sequence[Sentence], seconds: float) -> list[Prediction]:
        """Predictions in the order of ``sentences``.

        Args:
            sentences: without labels.
            seconds: how long to wait.

        Raises:
            Unavailable: the predictions are not ready in time, or the server stops.
        """
        done: Future[list[Prediction]] = Future()
        self._open.add(done)
        try:
            if self._closed:
                raise CancelledError
            self._waiting.put(Job(sentences, done))
            return done.result(seconds)
        except TimeoutError:
            raise Unavailable(f"no answer within {seconds:g} seconds; send less at once") from None
        except CancelledError:
            raise Unavailable("the server is stopping") from None
        finally:
            done.cancel()
            self._open.discard(done)

    def close(self) -> None:
        """End the waiting of all requests; a prediction that has begun is not interrupted."""
        self._closed = True
        for done in list(self._open):
            done.cancel()

    def _work(self) -> None:
        while True:
            jobs: list[Job] = []
            tokens = 0
            while not jobs or (tokens < TOGETHER and not self._waiting.empty()):
                job = self._waiting.get()
                if not job.done.done():
                    jobs.append(job)
                    tokens += sum(len(s.tokens) for s in job.following())
            self._answer(jobs)

    def _answer(self, jobs: Sequence[Job]) -> None:
        pieces = [job.following() for job in jobs]
        try:
            made = iter(self._fitted.predict([s for piece in pieces for s in piece]))
            found = [list(islice(made, len(piece))) for piece in pieces]
        except Exception as error:
            if len(jobs) == 1:
                with suppress(InvalidStateError):
                    jobs[0].done.set_exception(error)
            else:  # only the request that is at fault shall fail
                for job in jobs:
                    self._answer([job])
            return
        for job, predictions in zip(jobs, found, strict=True):
            job.found.extend(predictions)
            if len(job.found) < len(job.sentences):
                self._waiting.put(job)
                continue
            with suppress(InvalidStateError):  # nobody waits any more
                job.done.set_result(job.found)
