#!/usr/bin/env python3
"""Runs the programs of docs/deploy.md on a photo, and compares what they print with `zoo predict`.

    python3 -m venv VENV
    VENV/bin/pip install onnxruntime==1.32.0 openvino==2026.4.1 numpy pillow
    VENV/bin/python scripts/deploy_check.py target/release/zoo runs/NAME photo.jpg     # needs npm and node
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# onnxruntime-node comes with its library; its install script would only fetch more.
PACKAGES = ["onnxruntime-node@1.30.0", "sharp@0.34.5"]


def main():
    zoo, run, photo = [str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:]]
    said = subprocess.run([zoo, "predict", run, photo, "--json"], capture_output=True, text=True, check=True)
    best = json.loads(said.stdout)[0]["predictions"][0]
    print(f"zoo predict: {best['class']} {best['probability']}")
    text = (ROOT / "docs/deploy.md").read_text()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        shutil.copy(photo, folder / "photo.jpg")
        subprocess.run([zoo, "export", run, "--format", "onnx", "--any-size", "--out", "any-size.onnx", "-q"], cwd=folder, check=True)
        subprocess.run(["npm", "install", "--silent", "--ignore-scripts", "--prefix", ".", *PACKAGES], cwd=folder, check=True)
        for language, program in re.findall(r"```(python|js)\n(.*?)```", text, re.DOTALL):
            file = folder / {"python": "program.py", "js": "program.mjs"}[language]
            file.write_text(program)
            command = {"python": [sys.executable, file], "js": ["node", file]}[language]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            printed = done.stdout.split()
            is_right = (done.returncode == 0 and " ".join(printed[:-1]) == best["class"]
                        and abs(float(printed[-1]) - best["probability"]) < 1e-3)
            wrong += not is_right
            print(f"{program.splitlines()[0]}: {done.stdout.strip()}{'' if is_right else ' WRONG ' + done.stderr}")
    sys.exit(wrong)


if __name__ == "__main__":
    main()
