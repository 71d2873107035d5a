#!/usr/bin/env python3
"""Times loading JPEG photos with zoo and with torchvision, on the same photos, one after the other.

    python3 -m venv venv && venv/bin/pip install torch torchvision pillow
    venv/bin/python scripts/bench_loader.py PHOTOS --zoo target/release/zoo

PHOTOS is a folder with one folder of JPEG files per class, or with such folders in `train`. All three
loaders read the files, decode them, take a RandomResizedCrop of 224 pixels, flip half of them, and
normalise. Each round times all three; the median over the rounds counts.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import io
from torchvision.transforms import v2

BATCH = 50
NORMALIZE = [v2.ToDtype(torch.float32, scale=True), v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
CROP = [v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip()]


def with_pillow():
    change = v2.Compose([*CROP, v2.PILToTensor(), *NORMALIZE])
    return lambda path: change(Image.open(path).convert("RGB"))


def with_decode_jpeg():
    change = v2.Compose([*CROP, *NORMALIZE])
    return lambda path: change(io.decode_jpeg(io.read_file(path), mode=io.ImageReadMode.RGB))


class Photos(Dataset):
    def __init__(self, paths, load):
        self.paths, self.load = paths, load

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        return self.load(self.paths[index]), 0


def torchvision_speed(paths, load, workers):
    loader = DataLoader(Photos(paths, load), batch_size=BATCH, shuffle=True, num_workers=workers)
    batches = iter(loader)
    for _ in range(2 * workers):
        next(batches)
    started, images = time.perf_counter(), 0
    for batch, _ in batches:
        images += len(batch)
    return images / (time.perf_counter() - started)


def zoo_speed(zoo, root, steps, workers):
    config = {
        # Without a cache, so that zoo decodes every photo as often as the others do.
        "data": {"folder": {"root": str(root), "cache_mb": 0}},
        "augment": [{"random-resized-crop": {}}, {"horizontal-flip": {}}],
        "loader": {"batch_size": BATCH, "workers": workers},
        "model": {"cnn": {}},
    }
    path = root / "config.json"
    path.write_text(json.dumps(config))
    command = [zoo, "bench", path, "--what", "load", "--steps", str(steps), "--json", "-q"]
    (row,) = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return row["images_per_second"], row["peak_memory_bytes"]


def link(photos, root, images):
    """A data set of at least this many images, made by repeating the photos."""
    folder = photos / "train" if (photos / "train").is_dir() else photos
    found = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in (".jpg", ".jpeg"))
    paths = []
    while len(paths) < images or len(paths) % BATCH:
        photo = found[len(paths) % len(found)]
        path = root / "train" / photo.parent.name / f"{len(paths)}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(photo.resolve())
        paths.append(str(path))
    for folder in (root / "train").iterdir():
        valid = root / "valid" / folder.name
        valid.mkdir(parents=True)
        (valid / "0.jpg").symlink_to(next(folder.iterdir()).resolve())
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--zoo", default="target/release/zoo")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    speeds = {"zoo": [], "Pillow": [], "decode_jpeg": []}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        paths = link(args.photos, root, args.images)
        for _ in range(args.rounds):
            speed, memory = zoo_speed(args.zoo, root, len(paths) // BATCH - 3, args.workers)
            speeds["zoo"].append(speed)
            speeds["Pillow"].append(torchvision_speed(paths, with_pillow(), args.workers))
            speeds["decode_jpeg"].append(torchvision_speed(paths, with_decode_jpeg(), args.workers))
    median = {name: statistics.median(values) for name, values in speeds.items()}
    for name, values in speeds.items():
        ratio = median["zoo"] / median[name]
        print(f"{name:12} {median[name]:6.0f} images/s ({min(values):.0f} to {max(values):.0f}), zoo is {ratio:.2f} times as fast")
    print(f"zoo's peak memory: {memory / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
