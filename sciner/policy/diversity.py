"""Orders of vectors by how well they represent the others; memory grows linearly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]  # [sentences, dimensions]
Order = npt.NDArray[np.int64]  # positions, best first
CHUNK = 8192  # vectors compared at once
WHOLE = 20_000  # above so many, k-means sees batches of them
TEXT_DIMENSIONS = 64


def k_means(vectors: Vectors, count: int, seed: int) -> Order:
    """Order vectors by their distance to the centres of clusters.

    First the nearest vector of each of ``count`` clusters (large clusters first), then the second
    nearest of each, and so on (Zhdanov 2019, section 3, without its weights).

    Returns:
        All positions.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans

    count = max(1, min(count, len(vectors)))
    found = MiniBatchKMeans if len(vectors) > WHOLE else KMeans
    model = found(n_clusters=count, n_init=1, random_state=seed).fit(vectors)
    labels = model.labels_
    away = np.empty(len(vectors))
    for at in range(0, len(vectors), CHUNK):
        rows = slice(at, at + CHUNK)
        away[rows] = np.linalg.norm(vectors[rows] - model.cluster_centers_[labels[rows]], axis=1)
    sizes = np.bincount(labels, minlength=count)
    by_cluster = np.lexsort((away, labels))  # within a cluster, nearest first
    place = np.empty(len(vectors), dtype=np.int64)
    place[by_cluster] = np.arange(len(vectors)) - (np.cumsum(sizes) - sizes)[labels[by_cluster]]
    return np.lexsort((away, labels, -sizes[labels], place))


def core_set(vectors: Vectors, known: Vectors, count: int, seed: int) -> Order:
    """Order vectors by k-centre-greedy (Sener & Savarese 2018, algorithm 1).

    ``count`` times the vector furthest from all known and chosen ones, then the others, furthest
    first.

    Args:
        vectors: [n, dimensions].
        known: [m, dimensions]; if there are none, the first vector is drawn.
        count: how many are chosen greedily.
        seed: of the draw.

    Returns:
        All positions.
    """
    from sklearn.metrics import pairwise_distances_argmin_min

    squares = np.einsum("ij,ij->i", vectors, vectors)
    if len(known):
        away = pairwise_distances_argmin_min(vectors, known)[1] ** 2
    else:
        away = np.zeros(len(vectors))
        away[np.random.default_rng(seed).integers(len(vectors))] = np.inf
    taken: list[int] = []
    for _ in range(min(count, len(vectors))):
        best = int(away.argmax())
        taken.append(best)
        # |a - b|^2, a vector at a time
        to_best = squares + squares[best] - 2 * (vectors @ vectors[best])
        away = to_best if len(taken) == 1 and not len(known) else np.minimum(away, to_best)
        away[taken] = -np.inf  # never again, not even beside its copies
    rest = np.argsort(-away, kind="stable")
    return np.concatenate([np.array(taken, dtype=np.int64), rest[: len(vectors) - len(taken)]])


def text_vectors(texts: Sequence[Sequence[str]], seed: int) -> Vectors:
    """Latent semantic analysis of the words of each text (Deerwester et al. 1990).

    No label and no tagger is used.

    Returns:
        [texts, at most 64], of unit length.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    counts = TfidfVectorizer(
        analyzer=lambda tokens: [t.casefold() for t in tokens], sublinear_tf=True
    ).fit_transform(texts)
    dimensions = min(TEXT_DIMENSIONS, *counts.shape)
    reduced = (
        TruncatedSVD(dimensions, random_state=seed).fit_transform(counts)
        if dimensions > 1
        else counts.toarray()
    )
    return np.asarray(normalize(reduced), dtype=np.float32)
