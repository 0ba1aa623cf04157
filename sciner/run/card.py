"""The model card of a saved tagger: what it finds, and how to use it with sciner and without."""

from __future__ import annotations

from collections.abc import Sequence

TRANSFORMERS = """\
## With transformers

```python
from transformers import pipeline

find = pipeline("token-classification", "FOLDER", aggregation_strategy="first")
find("We fine-tune BERT on SciERC .")  # tokens with a blank between them, as in training
```

Use `aggregation_strategy="first"`. The model was trained on the first piece of each word; what
it says of the other pieces was never trained. `"simple"` and `"none"` read those too, and cut
words into pieces; `"average"` and `"max"` mix them in. On the corpus `sample`, 150 steps of
`minilm` on all of its training sentences reach an entity F1 of .82 in sciner, .79 with
`"first"`, and .31 with `"simple"`.

What remains between `"first"` and sciner: sciner decodes the most probable *legal* tag
sequence, the pipeline takes each word's most probable tag (an `I-` tag without its `B-` begins
a span there), and sentences longer than the model reads are cut by the pipeline, while sciner
reads them in windows. A word that is one piece for a byte-level or SentencePiece tokenizer
(RoBERTa, ModernBERT, DeBERTa) may begin, for the pipeline, at the blank before it.

"""


def card(kind: str, labels: Sequence[str]) -> str:
    """``README.md`` of a saved tagger, with the metadata that the hub reads. kind: of the model."""
    encoder = kind == "encoder"
    head = ["library_name: transformers", "pipeline_tag: token-classification"] if encoder else []
    classes = "\n".join(f"- `{label}`" for label in labels)
    return (
        f"""\
---
{chr(10).join([*head, "tags:", "- named-entity-recognition", "- sciner"])}
---

# A named-entity tagger, trained with sciner

It finds spans of these classes:

{classes}

## With sciner

```sh
sciner annotate FOLDER papers/*.txt -o spans.jsonl
```

`sciner.json` says how it was trained, and holds the checksums of the files beside it.

{TRANSFORMERS if encoder else ""}""".rstrip()
        + "\n"
    )
