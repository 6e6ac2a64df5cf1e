"""Compares the time from text to sound of a ProsodyFM voice with Matcha-TTS and HiFi-GAN, on one
thread.

    python tools/compare_matcha.py VOICE --matcha-python MATCHA_VENV/bin/python --out compare.json

Matcha-TTS needs old versions of many packages. In a virtual environment of its own, synthesis needs
only:

    python -m venv MATCHA_VENV
    MATCHA_VENV/bin/pip install torch torchaudio numpy matplotlib einops conformer diffusers
    MATCHA_VENV/bin/pip install transformers lightning hydra-core rich gdown wget
    MATCHA_VENV/bin/pip install --no-deps matcha-tts

Its weights are random, and its settings are those of its authors for LJSpeech (encoder of 192
channels, decoder of 256, HiFi-GAN V1, 22.05 kHz). Its durations are set so that it speaks as many
phones in as many seconds as ours: the comparison is about computation, not quality. Each case runs
in a separate process, and the systems alternate. Times are medians of CPU time, which other load on
the machine affects less. Our times include text processing, those of Matcha-TTS do not.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TEXT = "The conference has been extended, and nobody who was invited has left the building yet."


def ours(case: dict[str, Any]) -> tuple[Any, int]:
    """(function that synthesizes once and returns seconds of sound, number of parameters)."""
    sys.path.insert(0, str(ROOT))
    import avspeech

    voice: Any = avspeech.load(case["voice"], engine="torch")

    def say() -> float:
        spoken = voice(case["text"], steps=case["steps"])
        return len(spoken.audio) / spoken.sample_rate

    return say, sum(p.numel() for p in voice.model.parameters())


def matcha(case: dict[str, Any]) -> tuple[Any, int]:
    import torch
    from matcha.hifigan.config import v1
    from matcha.hifigan.models import Generator
    from matcha.models.components.flow_matching import CFM
    from matcha.models.components.text_encoder import TextEncoder

    torch.manual_seed(0)
    encoder = TextEncoder(
        "RoPE Encoder",
        SimpleNamespace(n_feats=80, n_channels=192, filter_channels=768, filter_channels_dp=256,
                        n_heads=2, n_layers=6, kernel_size=3, p_dropout=0.1, spk_emb_dim=64,
                        n_spks=1, prenet=True),
        SimpleNamespace(filter_channels_dp=256, kernel_size=3, p_dropout=0.1), 178).eval()
    decoder = CFM(160, 80, SimpleNamespace(name="CFM", solver="euler", sigma_min=1e-4),
                  dict(channels=[256, 256], dropout=0.05, attention_head_dim=64, n_blocks=1,
                       num_mid_blocks=2, num_heads=2, act_fn="snakebeta")).eval()
    vocoder = Generator(SimpleNamespace(**v1)).eval()
    vocoder.remove_weight_norm()
    # With blanks between the phones, as in its recipe
    phones = torch.randint(0, 178, (1, 2 * case["phones"] + 1))
    frames = -(-round(case["seconds"] * 22050 / 256) // 4) * 4
    place = torch.arange(frames) * phones.shape[1] // frames

    def say() -> float:
        mean, _, _ = encoder(phones, torch.tensor([phones.shape[1]]))
        mel = decoder(mean[:, :, place], torch.ones(1, 1, frames), case["steps"], 0.667)
        return float(vocoder(mel).shape[-1]) / 22050

    return say, sum(p.numel() for m in (encoder, decoder, vocoder) for p in m.parameters())


def measure(case: dict[str, Any]) -> dict[str, Any]:
    """Runs a case in this process: {"cpu": CPU seconds of each call, "seconds": of sound,
    "parameters": number}."""
    import torch

    torch.set_num_threads(1)
    say, parameters = {"ours": ours, "matcha": matcha}[case["system"]](case)
    took = []
    with torch.inference_mode():
        seconds = say()
        for _ in range(case["calls"]):
            start = time.process_time()
            say()
            took.append(time.process_time() - start)
    return {"cpu": took, "seconds": seconds, "parameters": parameters}


def run_case(python: str, case: dict[str, Any]) -> dict[str, Any]:
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run([python, str(Path(__file__).resolve()), "--case", json.dumps(case)],
                          text=True, env={**os.environ, **threads}, capture_output=True,
                          check=False)
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
        raise SystemExit(f"{case['system']}: {''.join(last) or done.returncode}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", nargs="?", default="prosodyfm-asterisk",
                        help="name or folder (default %(default)s)")
    parser.add_argument("--matcha-python", metavar="PATH",
                        help="a Python that can import matcha; without it, ours alone")
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--steps", type=int, nargs="+", default=[2, 4, 10])
    parser.add_argument("--calls", type=int, default=5,
                        help="in each process (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=2,
                        help="processes of each case (default %(default)s)")
    parser.add_argument("--out", type=Path, help="JSON of the results")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        print(json.dumps(measure(json.loads(args.case))))
        return 0
    sys.path.insert(0, str(ROOT))
    from avspeech import text
    from avspeech.core.hardware import cpu_name
    from avspeech.report import report

    phones = sum(len(word.phones) for word in text.analyse(args.text).words)
    base = {"voice": args.voice, "text": args.text, "phones": phones, "calls": args.calls}
    pythons = {"ours": sys.executable,
               **({"matcha": args.matcha_python} if args.matcha_python else {})}
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    seconds = 0.0
    for _ in range(args.repeats):
        for steps in args.steps:
            for system, python in pythons.items():
                case = {**base, "system": system, "steps": steps, "seconds": seconds}
                found.setdefault((system, steps), []).append(run_case(python, case))
                seconds = found["ours", args.steps[0]][0]["seconds"]
    rows = []
    for (system, steps), results in found.items():
        cpu = median(t for r in results for t in r["cpu"])
        name = args.voice if system == "ours" else "Matcha-TTS, HiFi-GAN V1"
        rows.append({"system": name, "condition": f"{steps} steps", "seed": None, "cpu": cpu,
                     "n": args.calls * args.repeats, "seconds": results[0]["seconds"],
                     "rtf": cpu / results[0]["seconds"], "parameters": results[0]["parameters"]})
    for row in rows:
        first = next(r for r in rows if r["condition"] == row["condition"])
        row["ratio"] = row["rtf"] / first["rtf"]
    cells = [[r["system"], r["condition"], f"{r['parameters'] / 1e6:.2f}", f"{r['seconds']:.2f}",
              f"{r['cpu']:.3f}", f"{r['rtf']:.4f}", f"{r['ratio']:.1f}"] for r in rows]
    head = ["system", "steps", "M parameters", "sound (s)", "CPU time (s)", "RTF", "RTF / ours"]
    report.print_table(report.Table(head, cells, "From text to sound, one thread"))
    meta = {"command": " ".join(["python", "tools/compare_matcha.py", *sys.argv[1:]]),
            "processor": cpu_name(), "load after": f"{os.getloadavg()[0]:.1f}"}
    print("; ".join(f"{k}: {v}" for k, v in meta.items() if k != "command"))
    if args.out:
        report.write_results(args.out, rows, meta)
    return 0


if __name__ == "__main__":
    sys.exit(main())
