"""Systems measured in turns, each in a process and an environment of its own."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from sciner.launch.environment import ENVIRONMENT, IDLE, environment

TURNS = 5


@dataclass(frozen=True)
class System:
    """A module's function ``run`` that returns tokens a second, and its arguments. settled: in the
    environment that sciner's commands set; else in one that sets nothing of it, as a peer's user
    has it."""

    run: Callable[..., float]
    arguments: tuple[Any, ...] = ()
    settled: bool = True


def in_turns(systems: dict[str, System], turns: int = TURNS) -> dict[str, Any]:
    """Tokens a second, and cores used, of each system, run one after the other, ``turns`` times;
    the first round warms up and is dropped."""
    found: dict[str, Any] = {
        "tokens_per_second": {name: [] for name in systems},
        "cores": {name: [] for name in systems},
    }
    with ExitStack() as stack:
        workers = {name: stack.enter_context(worker(s.settled)) for name, s in systems.items()}
        for turn in range(turns + 1):
            for name, system in systems.items():
                speed, cores = workers[name].submit(timed, system).result()
                if turn:
                    found["tokens_per_second"][name].append(round(speed, 1))
                    found["cores"][name].append(round(cores, 2))
                print(f"turn {turn}: {name} {speed:,.0f} tokens/s, {cores:.2f} cores", flush=True)
    return found


def worker(settled: bool) -> ProcessPoolExecutor:
    """One process, started here and now, whose torch reads this environment."""
    names = ENVIRONMENT | IDLE
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        os.environ.update(environment() if settled else {})
        made = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        made.submit(os.getpid).result()
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)
    return made


def timed(system: System) -> tuple[float, float]:
    """What ``system`` returns, and the cores that it used, whatever it prepared included."""
    began, cpu = time.perf_counter(), cpu_seconds()
    speed = system.run(*system.arguments)
    return speed, (cpu_seconds() - cpu) / (time.perf_counter() - began)


def cpu_seconds() -> float:
    """User and system time of this process, all its threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
