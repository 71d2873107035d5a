#!/usr/bin/env python3
"""Writes tests/fixtures/evaluation.json: the figures that scikit-learn, statsmodels and torchmetrics compute from some logits.

    python3 -m venv VENV
    VENV/bin/pip install numpy==2.4.6 scikit-learn==1.9.1 statsmodels==0.15.0 torchmetrics==1.9.0 torch==2.9.0
    VENV/bin/python scripts/evaluation_fixture.py

Five classes, sixty images. The last class has images but is never predicted, so that undefined figures
are tested too.
"""

import json
import pathlib

import numpy
import torch
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint
from torchmetrics.functional.classification import multiclass_calibration_error

IMAGES, CLASSES, TOP_K, BINS = 60, 5, 2, 15


def interval(part, whole):
    return None if whole == 0 else list(proportion_confint(part, whole, method="wilson"))


def f1_interval(right, wrong):
    """Wilson's interval of TP / (TP + FP + FN), transformed to F1 = 2 x / (1 + x)."""
    bounds = interval(right, right + wrong)
    return bounds and [2 * bound / (1 + bound) for bound in bounds]


def main():
    random = numpy.random.default_rng(0)
    labels = random.integers(CLASSES, size=IMAGES)
    logits = random.normal(size=(IMAGES, CLASSES)) + 1.5 * numpy.eye(CLASSES)[labels]
    logits[:, 4] -= 8
    # Use the values that JSON carries; zoo computes in f32.
    logits = logits.astype(numpy.float32).round(3).astype(numpy.float64)
    predictions = logits.argmax(1)
    probabilities = numpy.exp(logits) / numpy.exp(logits).sum(1, keepdims=True)
    confusion = metrics.confusion_matrix(labels, predictions, labels=range(CLASSES))
    per_class = metrics.precision_recall_fscore_support(labels, predictions, labels=range(CLASSES), zero_division=0)
    average = metrics.precision_recall_fscore_support(labels, predictions, average="macro", zero_division=0)
    right, of_class, predicted = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    fixture = {
        "labels": labels.tolist(),
        "logits": [[round(value, 3) for value in row] for row in logits.tolist()],
        "top_k": TOP_K,
        "accuracy": metrics.accuracy_score(labels, predictions),
        "accuracy_interval": interval(right.sum(), IMAGES),
        "top_k_accuracy": metrics.top_k_accuracy_score(labels, logits, k=TOP_K),
        "loss": metrics.log_loss(labels, probabilities),
        "confusion_matrix": confusion.tolist(),
        "precision": [None if predicted[label] == 0 else per_class[0][label] for label in range(CLASSES)],
        "recall": per_class[1].tolist(),
        "f1": per_class[2].tolist(),
        "precision_interval": [interval(right[label], predicted[label]) for label in range(CLASSES)],
        "recall_interval": [interval(right[label], of_class[label]) for label in range(CLASSES)],
        "f1_interval": [
            f1_interval(right[label], of_class[label] + predicted[label] - 2 * right[label]) for label in range(CLASSES)
        ],
        "macro_average": dict(zip(["precision", "recall", "f1"], average[:3])),
        "calibration_error": multiclass_calibration_error(
            torch.tensor(probabilities), torch.tensor(labels), num_classes=CLASSES, n_bins=BINS, norm="l1"
        ).item(),
        "wilson": [[part, whole, *interval(part, whole)] for part, whole in [(0, 1), (0, 10), (7, 10), (10, 10), (979, 1000)]],
    }
    path = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "evaluation.json"
    path.parent.mkdir(exist_ok=True)
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in fixture.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
