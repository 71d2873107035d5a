#!/usr/bin/env python3
"""Measures what pretraining gains: trains networks on eight classes of CIFAR-10, then fits them to the
other two with few images, by every method that the zoo has, against training from scratch.

    scripts/transfer.py target/release/zoo CIFAR10_DIR OUT_DIR

Trains the two networks (the small CNN by configs/cnn-cifar10.json, the ViT `mini` by
configs/vit-cifar10.json but for 6 epochs), then 2 networks x 2 sizes x 5 methods x 3 seeds, and prints
a table in Markdown. A seed determines the images as well as the fresh weights. Finished runs are not
repeated, and interrupted ones resume. Needs only Python.
"""

import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent
OTHERS = ["deer", "horse"]
KNOWN = ["airplane", "automobile", "bird", "cat", "dog", "frog", "ship", "truck"]
IMAGES_PER_CLASS = [20, 100]
SEEDS = [0, 1, 2]
BASE_EPOCHS = {"cnn": 10, "vit": 6}
EPOCHS = {20: 60, 100: 30}
NEW_HEAD = {"head": "new"}
METHODS = {
    "from scratch": None,
    "linear probe": {**NEW_HEAD, "method": "linear-probe"},
    "head alone": {**NEW_HEAD, "freeze": "all-but-head"},
    "all layers": NEW_HEAD,
    "LoRA": {**NEW_HEAD, "method": {"lora": {"rank": 4, "alpha": 8}}},
}
# Learning rates: fresh weights tolerate larger ones than trained weights do.
RATES = {
    "cnn": {"from scratch": 0.02, "head alone": 0.02, "all layers": 0.005, "LoRA": 0.02},
    "vit": {"from scratch": 5e-4, "head alone": 2e-3, "all layers": 1e-4, "LoRA": 1e-3},
}
OPTIMIZERS = {"cnn": "sgd", "vit": "adamw"}


class Experiment:
    def __init__(self, zoo, data, out):
        self.zoo, self.data, self.out = zoo, data, out
        out.mkdir(parents=True, exist_ok=True)

    def train(self, name, config):
        """The report of a run of this config."""
        run = self.out / name
        report = run / "report.json"
        if not report.exists():
            path = self.out / f"{name}.json"
            path.write_text(json.dumps(config))
            command = [self.zoo, "train", path, "--run-dir", run, "--resume", "-q"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return json.loads(report.read_text())

    def config(self, network, split):
        config = json.loads((ROOT / f"configs/{network}-cifar10.json").read_text())
        del config["$schema"], config["about"]
        config["data"] = {"cifar10": {"root": str(self.data), "split": split}}
        return config

    def base(self, network):
        config = self.config(network, {"classes": KNOWN})
        config["train"]["epochs"] = BASE_EPOCHS[network]
        report = self.train(f"{network}-base", config)
        accuracy = 100 * report["accuracy"]
        print(f"{network}: {accuracy:.1f} % of the test images of its eight classes", file=sys.stderr)
        return self.out / f"{network}-base"

    def fit(self, network, base, images, method, seed):
        split = {
            "classes": OTHERS,
            "valid": 0.02,
            "seed": seed,
            "subset": {"images_per_class": images},
        }
        config = self.config(network, split)
        config["seed"] = seed
        config["loader"]["batch_size"] = 16
        config["train"]["epochs"] = EPOCHS[images]
        # Otherwise most of the time would go into validation.
        config["train"]["validate_every"] = 5
        rate = RATES[network].get(method)
        if rate:
            config["optimizer"][OPTIMIZERS[network]]["learning_rate"] = rate
        if METHODS[method]:
            config["pretrained"] = str(base)
            config["fine_tune"] = METHODS[method]
            # The network is that of the weights; its dropout settings stay.
            del config["model"][network]["preset"]
        name = f"{network}-{images}-{method.replace(' ', '-').lower()}-{seed}"
        report = self.train(name, config)
        return 100 * report["accuracy"], report["training"]["seconds"]


def main(zoo, data, out):
    experiment = Experiment(pathlib.Path(zoo).resolve(), pathlib.Path(data).resolve(), pathlib.Path(out))
    print("| network | images per class | " + " | ".join(METHODS) + " |")
    print("| --- | --- |" + " --- |" * len(METHODS))
    for network in ["cnn", "vit"]:
        base = experiment.base(network)
        for images in IMAGES_PER_CLASS:
            cells = []
            for method in METHODS:
                fits = [experiment.fit(network, base, images, method, seed) for seed in SEEDS]
                accuracies, seconds = zip(*fits)
                mean, deviation = statistics.mean(accuracies), statistics.stdev(accuracies)
                cells.append(f"{mean:.1f} ± {deviation:.1f} %, {statistics.median(seconds):.0f} s")
            print(f"| {network} | {images} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
