#!/usr/bin/env python3
"""Makes hierarchy/: chains.safetensors, random embeddings of chains and pictures in which there is
something to find, and expected.json, what HierarCaps' definitions make of them, by masks and loops
as in TAU-VAILab/hierarcaps `hierarchical_retrieval.py` and `qualitative_evaluator.py`.

Needs numpy, scipy and safetensors. Run it in this folder."""

import json
from itertools import groupby
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.stats import kendalltau

OUT = Path(__file__).parent / "hierarchy"
random = np.random.default_rng(11)
CHAINS, TIERS, WIDTH, PICTURES = 24, 4, 16, 20


def normalize(x):
    x = x.astype(np.float64)
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


# Each chain walks from the root towards a direction of its own; its picture lies at the end.
# Every third chain begins with the same text, and one text occurs in two tiers.
root = normalize(random.normal(size=WIDTH))
ends = normalize(random.normal(size=(CHAINS, WIDTH)))
captions = [[f"chain {i} tier {k}" for k in range(TIERS)] for i in range(CHAINS)]
for i in range(0, CHAINS, 3):
    captions[i][0] = "thing"
captions[5][1] = captions[7][2]
of_text = {}
texts = np.zeros((CHAINS, TIERS, WIDTH), np.float32)
for i in range(CHAINS):
    for k in range(TIERS):
        weight = [0.3, 0.45, 0.6, 0.75][k] + random.normal() * 0.09
        point = root * (1 - weight) + ends[i] * weight + random.normal(size=WIDTH) * 0.05
        texts[i, k] = of_text.setdefault(captions[i][k], normalize(point))
chains = random.permutation(CHAINS)[:PICTURES]  # some chains have no picture
pictures = normalize(ends[chains] + root * 0.3 + random.normal(size=(PICTURES, WIDTH)) * 0.1)


def levels_of(radii, steps):
    return np.linspace(radii.min().item(), radii.max().item(), steps)


def assert_clear(values, least):
    """Ours sums in another order: nothing here may hang on the last bits."""
    gaps = np.diff(np.unique(values))
    assert gaps.size == 0 or gaps.min() > least, gaps.min()


def order_aware(preds, gts):
    indices = np.array([list(gts).index(p) for p in preds if p in gts])
    if len(indices) == 0:
        return 0.0
    signs = np.diff(indices) > 0
    runs = [len(list(g)) + 1 for k, g in groupby(signs) if k]
    return max(runs, default=1) / 4


def evaluate(steps):
    R = np.linalg.norm(texts.astype(np.float64) - root, axis=-1).astype(np.float32)
    # PyTorch compares in the tensor's precision; NumPy would compare in f64.
    levels = levels_of(R, steps).astype(np.float32)
    assert_clear(np.concatenate([np.unique(R), levels[1:-1]]), 2e-7)
    masks = [R <= level for level in levels]
    T = np.array(captions)
    found = []
    for v, chain in zip(pictures, chains):
        S = texts @ v
        assert_clear(S.round(7), 2e-7)
        preds, flat = [], []
        for mask in masks:
            index = np.flatnonzero(mask)[S[mask].argmax().item()]
            if not preds or preds[-1] != T.reshape(-1)[index]:
                preds.append(T.reshape(-1)[index])
                flat.append(int(index))
        own = list(T[chain])
        tp, fp = len(set(preds) & set(own)), len(set(preds) - set(own))
        found.append(
            {
                "candidates": flat,
                "precision": tp / max(1, tp + fp),
                "recall": sum(t in set(preds) for t in own) / 4,
                "order_aware_recall": order_aware([str(p) for p in preds], [str(t) for t in own]),
            }
        )
    taus = [kendalltau(row, [1, 2, 3, 4]).correlation for row in R.argsort(axis=-1, kind="stable")]
    return {
        "steps": steps,
        "precision": np.mean([p["precision"] for p in found]),
        "recall": np.mean([p["recall"] for p in found]),
        "order_correlation": np.mean(taus),
        "chain_correlations": taus,
        "pictures": found,
    }


def qualitative(steps):
    """Over distinct texts, by 1 - cos; the candidates are indices into `distinct`."""
    distinct = list(dict.fromkeys(t for chain in captions for t in chain))
    E = np.stack([of_text[t] for t in distinct])
    radii = np.array([1 - (e @ root).item() for e in E])
    levels = levels_of(radii, steps)
    assert_clear(np.concatenate([radii, levels[1:-1]]), 2e-7)
    paths = []
    for v in pictures:
        S = E @ v
        by_similarity = np.argsort(-S, kind="stable")
        path = []
        for level in levels:
            nearest = int(next(i for i in by_similarity if radii[i] <= level))
            if not path or path[-1] != nearest:
                path.append(nearest)
        paths.append(path)
    return {"steps": steps, "texts": distinct, "paths": paths}


def interpolated(steps):
    """MERU's traversal for CLIP: the nearest text, or the root (-1), of points on the line."""
    distinct = list(dict.fromkeys(t for chain in captions for t in chain))
    pool = np.stack([of_text[t] for t in distinct] + [root])
    paths = []
    for v in pictures:
        path = []
        for weight in np.linspace(0, 1, steps)[::-1]:
            point = normalize(root + weight * (v.astype(np.float64) - root))
            nearest = int((pool @ point).argmax())
            nearest = -1 if nearest == len(distinct) else nearest
            if nearest not in path:
                path.append(nearest)
        paths.append(path)
    return {"steps": steps, "paths": paths}


def exterior_angles():
    r = root.astype(np.float64)
    E = texts.astype(np.float64)
    a, d = E[:, :-1] - r, E[:, 1:] - E[:, :-1]
    c = (a * d).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(d, axis=-1)
    return np.arccos(np.clip(c, -1, 1)).tolist()


save_file(
    {"root": root, "texts": texts, "pictures": pictures, "chains": chains.astype(np.int64)},
    OUT / "chains.safetensors",
)
expected = {
    "captions": captions,
    "retrieval": [evaluate(50), evaluate(7)],
    "qualitative": qualitative(50),
    "interpolated": interpolated(50),
    "exterior_angles": exterior_angles(),
}
(OUT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
for result in expected["retrieval"]:
    print({k: v for k, v in result.items() if isinstance(v, float)})
