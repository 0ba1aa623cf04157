"""Predictions for requests that arrive at the same time, made in one thread."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from itertools import islice
from queue import SimpleQueue
from threading import Thread

from sciner.tagger.base import Fitted
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction

TOGETHER = 256  # sentences; an encoder is hardly faster with more
Job = tuple[Sequence[Sentence], Future[list[Prediction]]]


class Unavailable(Exception):
    """No prediction can be made in time; the request may be sent again."""


class Predictor:
    """Predicts in one thread, in the order of the requests.

    Requests that wait are predicted together, TOGETHER sentences or a little more at a time: an
    encoder is several times faster so. A request that nobody waits for any more is left out.
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
            self._waiting.put((sentences, done))
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
            jobs = [self._waiting.get()]
            while sum(len(job[0]) for job in jobs) < TOGETHER and not self._waiting.empty():
                jobs.append(self._waiting.get())
            if wanted := [job for job in jobs if not job[1].done()]:
                self._answer(wanted)

    def _answer(self, jobs: Sequence[Job]) -> None:
        try:
            made = iter(self._fitted.predict([s for sentences, _ in jobs for s in sentences]))
            found = [list(islice(made, len(sentences))) for sentences, _ in jobs]
        except Exception as error:
            if len(jobs) == 1:
                with suppress(InvalidStateError):
                    jobs[0][1].set_exception(error)
            else:  # only the request that is at fault shall fail
                for job in jobs:
                    self._answer([job])
            return
        for (_, done), predictions in zip(jobs, found, strict=True):
            with suppress(InvalidStateError):  # nobody waits any more
                done.set_result(predictions)
