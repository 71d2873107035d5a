#!/usr/bin/env python3
"""Writes tests/fixtures/statistics.json: the statistics that SciPy and statsmodels compute from the figures of some runs.

    python3 -m venv VENV
    VENV/bin/pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0
    VENV/bin/python scripts/statistics_fixture.py
"""

import json
import pathlib

import numpy
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

SUMMARIES = [[0.91, 0.93], [0.5, 0.55, 0.58], [0.975, 0.971, 0.98, 0.969, 0.978]]
# Images that only one of two networks gets right.
ONLY = [(0, 0), (0, 1), (1, 0), (3, 3), (2, 9), (10, 25), (40, 12), (300, 340), (1000, 1200), (0, 60)]
P_VALUES = [[0.04], [0.01, 0.04, 0.03], [0.5, 0.001, 0.02, 0.02, 0.9, 0.04]]
# Differences between two networks' accuracies on single images, over two seeds: value and number of images.
COUNTS = [(-1.0, 31), (-0.5, 40), (0.0, 822), (0.5, 55), (1.0, 52)]


def interval(figures, level):
    return list(stats.t.interval(level, len(figures) - 1, loc=numpy.mean(figures), scale=stats.sem(figures)))


def bootstrap(figures, level):
    result = stats.bootstrap(
        (figures,), numpy.mean, n_resamples=200_000, batch=2_000, confidence_level=level, method="percentile", rng=0
    )
    return list(result.confidence_interval)


def main():
    differences = numpy.repeat([value for value, _ in COUNTS], [images for _, images in COUNTS])
    fixture = {
        "summary": [
            {
                "figures": figures,
                "mean": numpy.mean(figures),
                "deviation": numpy.std(figures, ddof=1),
                "interval": interval(figures, 0.95),
                "interval_99": interval(figures, 0.99),
            }
            for figures in SUMMARIES
        ],
        "mcnemar": [
            {"only_a": a, "only_b": b, "p": float(mcnemar([[500, a], [b, 50]], exact=True).pvalue)} for a, b in ONLY
        ],
        "holm": [{"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()} for p in P_VALUES],
        "bootstrap": {
            "counts": COUNTS,
            "interval": bootstrap(differences, 0.95),
            "interval_99": bootstrap(differences, 0.99),
        },
    }
    path = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "statistics.json"
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in fixture.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
