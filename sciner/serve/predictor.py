"""Predictions for requests that arrive at the same time, made one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread

from sciner.tagger.base import Fitted
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction


class Unavailable(Exception):
    """No prediction can be made in time; the request may be sent again."""


class Predictor:
    """Predicts in one thread, in the order of the requests.

    A request that nobody waits for any more is left out. Requests are not predicted together: the
    batches of an encoder would depend on what else arrives, and so would the last digits of its
    confidences.
    """

    def __init__(self, fitted: Fitted) -> None:
        self._fitted = fitted
        self._waiting: SimpleQueue[tuple[Sequence[Sentence], Future[list[Prediction]]]] = (
            SimpleQueue()
        )
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
            sentences, done = self._waiting.get()
            if done.done():
                continue
            try:
                made = list(self._fitted.predict(sentences))
            except Exception as error:  # of the tagger: the request fails, the server goes on
                with suppress(InvalidStateError):
                    done.set_exception(error)
            else:
                with suppress(InvalidStateError):
                    done.set_result(made)
