"""How much of the machine a fit and an annotation pass use, and what takes the rest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

# what an operation's own seconds are counted as: the first kind that names a part of it
KINDS = {
    "matrix products": ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm"),
    "attention": ("scaled_dot_product",),
    "optimiser, clipping": ("adamw", "AdamW", "linalg_vector_norm"),
    "casts and copies": ("aten::copy_", "_to_copy", "aten::clone"),
    "activation and norms": ("gelu", "layer_norm", "softmax"),
    "dropout": ("random_", "aten::ge"),
    "other arithmetic": (
        "aten::mul",
        "aten::add",
        "aten::sum",
        "aten::where",
        "aten::div",
        "aten::sub",
    ),
}


def limit() -> dict[str, Any]:
    """Floating point operations of a fit and of an annotation pass, a second, beside a large matrix
    product's; and of the operators' seconds of both the shares by kind."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from experiments.speed.measure import BATCH, STEPS, config
    from experiments.speed.turns import TURNS
    from sciner.run.build import build_tagger
    from sciner.run.corpus import read_corpus
    from sciner.tagger.encoder.batches import prediction_batches
    from sciner.tagger.encoder.predict import CHUNK
    from sciner.text.corpus import gold_example

    chosen = config("data=scierc", f"model.steps={STEPS}", f"model.batch_size={BATCH}")
    corpus = read_corpus(chosen.data)
    tagger = build_tagger(chosen, corpus.labels)
    examples = [gold_example(s) for s in corpus.train]
    fitted = tagger.fit(examples, seed=0)
    sentences = [s.withheld() for s in corpus.train]
    reader = fitted.reader()
    found = reader.windows(sentences)

    # a counter and a profiler see their own thread alone, and a prediction has its own
    def forward() -> None:
        list(map(fitted.forward(), reader.tensors(found, prediction_batches(found, reader.budget))))

    flops = {}
    for name, work in (("fit", lambda: tagger.fit(examples, seed=0)), ("annotate", forward)):
        with FlopCounterMode(display=False) as counter:
            work()
        flops[name] = counter.get_total_flops()

    dtype = torch.bfloat16 if tagger.device.resolved_precision() == "bf16-mixed" else torch.float32
    a, b = torch.randn(2048, 2048).to(dtype), torch.randn(2048, 2048).to(dtype)
    speeds: dict[str, list[float]] = {"matrix product": [], "fit": [], "annotate": []}
    for turn in range(TURNS + 1):
        began = time.perf_counter()
        for _ in range(20):
            a @ b
        product = 20 * 2 * 2048**3 / (time.perf_counter() - began)
        report = tagger.fit(examples, seed=0).report
        began = time.perf_counter()
        list(fitted.predict(sentences))
        annotated = time.perf_counter() - began
        if turn:
            speeds["matrix product"].append(round(product / 1e9, 1))
            speeds["fit"].append(round(flops["fit"] / report.seconds / 1e9, 1))
            speeds["annotate"].append(round(flops["annotate"] / annotated / 1e9, 1))
    shares = {
        "fit": shares_of(lambda: tagger.fit(examples, seed=0)),
        "annotate": shares_of(forward),
    }
    return {
        "precision": str(dtype).removeprefix("torch."),
        "chunk": CHUNK,
        "gflops": speeds,
        "shares": shares,
    }


def shares_of(work: Callable[[], Any]) -> dict[str, float]:
    """Of the seconds that torch's operators took by themselves, the share of each of KINDS and of
    all others."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as seen:
        work()
    seconds: Counter[str] = Counter()
    for event in seen.key_averages():
        kind = next(
            (kind for kind, parts in KINDS.items() if any(part in event.key for part in parts)),
            "all others",
        )
        seconds[kind] += event.self_cpu_time_total
    return {kind: round(seconds[kind] / seconds.total(), 3) for kind in [*KINDS, "all others"]}
