"""Check of CRFsuite's model files before its C library reads them.

CRFsuite (crf1d_model.c, cqdb.c) follows the offsets in a file wherever they point, and writes half
a model to a full disk without an error: a damaged file would end the process. So all that it
follows is followed here first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = 48  # bytes: four of "lCRF", the file's size, four of "FOMC", a version, eight numbers
CHUNK = 12  # bytes of a chunk's header: its name, its size, how many items it has
FEATURE = np.dtype([("type", "<u4"), ("source", "<u4"), ("label", "<u4"), ("weight", "<f8")])
STATE, TRANSITION = 0, 1  # types of a feature
TABLES = 256  # hash tables of a dictionary
DICTIONARY = 24 + 8 * TABLES  # bytes of its header and of where its tables lie
BYTE_ORDER = 0x62445371

Numbers = NDArray[np.int64]


def check_model(model: bytes) -> None:
    """Check that a model file is complete and consistent.

    Raises:
        ValueError: it is not.
    """
    try:
        _check(memoryview(model))
    except (ValueError, IndexError) as error:  # numpy's, for an offset that points out of the file
        raise ValueError(f"CRFsuite's model file is torn ({error})") from None


def _check(model: memoryview) -> None:
    _want(_named(model, 0, b"lCRF") and _named(model, 8, b"FOMC"), "it has no header")
    size, version, *numbers = _numbers(model, 4, 1).tolist() + _numbers(model, 12, 9).tolist()
    _, labels, attributes, *offsets = numbers
    at_features, at_labels, at_attributes, at_transitions, at_states = offsets
    _want(size == len(model), f"{len(model)} bytes instead of {size}")
    _want(version == 100, f"version {version}")
    features = _features(model, at_features)
    _want(bool((features["label"] < labels).all()), "a feature of an unknown label")
    weights = features["weight"]
    _want(bool(np.isfinite(weights).all() and weights.all()), "a weight of zero, or none")
    _check_dictionary(model, at_labels, labels)
    _check_dictionary(model, at_attributes, attributes)
    _check_references(model, at_transitions, b"LFRF", labels, features, TRANSITION)
    _check_references(model, at_states, b"AFRF", attributes, features, STATE)


def _features(model: memoryview, at: int) -> NDArray[Any]:
    _want(_named(model, at, b"FEAT"), "it has no features")
    size, count = _numbers(model, at + 4, 2).tolist()
    _want(size == CHUNK + count * FEATURE.itemsize, "its features end too soon")
    return np.frombuffer(model, FEATURE, count, at + CHUNK)


def _check_dictionary(model: memoryview, at: int, count: int) -> None:
    """Check the names of labels or attributes: hash tables from name to number, and back."""
    _want(_named(model, at, b"CQDB"), "it has no dictionary")
    size, _, order, back, at_back = _numbers(model, at + 4, 5).tolist()
    part = model[at : at + size]
    _want(order == BYTE_ORDER and len(part) == size, "a dictionary ends too soon")
    places, slots = _numbers(part, 24, 2 * TABLES).reshape(TABLES, 2).T
    _want(back == count and int(slots[places > 0].sum()) == 2 * count, "a dictionary lacks entries")
    _want(not slots[places == 0].any(), "a dictionary lacks a table")
    found = [np.zeros(0, np.int64)]
    for place, slot in zip(places.tolist(), slots.tolist(), strict=True):
        if place:
            records = _numbers(part, place, 2 * slot)[1::2]
            found.append(records[records > 0])
            # half of a table is empty: it is there that a search for an unknown name ends
            _want(2 * len(found[-1]) == slot, "a dictionary's table is not half empty")
    records = np.concatenate(found)
    numbers, lengths = _gathered(part, records), _gathered(part, records + 4)
    ends = records + 8 + lengths
    _want(bool((lengths > 0).all() and (ends <= size).all()), "a name ends too late")
    content = np.frombuffer(part, np.uint8)
    _want(not content[ends - 1].any(), "a name does not end")
    _want(np.array_equal(np.sort(numbers), np.arange(count)), "a dictionary's numbers have gaps")
    if count:
        _want(
            np.array_equal(_numbers(part, at_back, count), records[np.argsort(numbers)]),
            "a dictionary's two directions differ",
        )


def _check_references(
    model: memoryview, at: int, name: bytes, count: int, features: NDArray[Any], kind: int
) -> None:
    """Check the lists of features of every label, or of every attribute."""
    _want(_named(model, at, name), f"it has no {name.decode()}")
    size, lists = _numbers(model, at + 4, 2).tolist()
    _want(lists >= count and at + size <= len(model), f"its {name.decode()} end too soon")
    places = _numbers(model, at + CHUNK, count)
    lengths = _gathered(model, places)
    _want(bool((places + 4 + 4 * lengths <= len(model)).all()), "a list of features ends too late")
    _want(int(lengths.sum()) == int((features["type"] == kind).sum()), "a feature is not listed")
    before = np.repeat(np.cumsum(lengths) - lengths, lengths)
    within = np.arange(int(lengths.sum())) - before
    numbers = _gathered(model, np.repeat(places + 4, lengths) + 4 * within)
    _want(bool((numbers < len(features)).all()), "an unknown feature is listed")
    listed = features[numbers]
    owners = np.repeat(np.arange(count), lengths)
    _want(
        bool((listed["type"] == kind).all() and (listed["source"] == owners).all()),
        "a feature is listed where it does not belong",
    )


def _named(part: memoryview, at: int, name: bytes) -> bool:
    return bytes(part[at : at + 4]) == name


def _numbers(part: memoryview, at: int, count: int) -> Numbers:
    """``count`` numbers of four bytes from ``at``."""
    return np.frombuffer(part, "<u4", count, at).astype(np.int64)


def _gathered(part: memoryview, places: Numbers) -> Numbers:
    """The number of four bytes at each of ``places``, aligned or not."""
    content = np.frombuffer(part, np.uint8)
    _want(bool((places + 4 <= len(content)).all()), "an offset points behind its end")
    rows = content[places[:, None] + np.arange(4)]
    found: Numbers = rows.astype(np.int64) @ (1 << np.arange(0, 32, 8))
    return found


def _want(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
