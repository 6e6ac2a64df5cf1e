"""Compares forward time and peak memory of an extraction model with espnet's TF-GridNet separator
of the same block settings.

    python tools/compare_tfgridnet.py --espnet-python ESPNET_VENV/bin/python --out compare.json

espnet needs old versions of many packages. In a virtual environment of its own, its separator needs
only:

    python -m venv ESPNET_VENV
    ESPNET_VENV/bin/pip install torch numpy packaging
    ESPNET_VENV/bin/pip install --no-deps espnet torch-complex typeguard

The systems to compare with, all with random weights, batch 1, float32:

- espnet: TFGridNetV3 (the version with rate-independent norms) with our n_fft, hop, D, I, J, H, B,
  L, E, and with its STFT and iSTFT. It uses no lips and is always bidirectional.
- espnet, our grid: the same separator on random input with the frames and bins of our blocks, where
  ours join several bins to one (`patch`). The work in the blocks is the same; there is no STFT, no
  lips, no patches.

A short signal is processed in one piece, a long one in the windows that `avspeech extract` uses
(ours including their joins), and with --long-whole also in one piece, within --memory-limit. Every
forward is measured in a separate process, and the systems alternate. Times are medians, and the
ratio is of CPU times. Each process first runs 1 s of audio, which is not measured.
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
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


# --- one forward, in a process of its own ---------------------------------------------------------


def ours(case: dict[str, Any]) -> tuple[Any, Any]:
    """(model, prepare): prepare(seconds, windows) makes the inputs and returns a function that runs
    one forward."""
    import numpy as np
    import torch

    from avspeech.core import models
    from avspeech.core.pretrained import ModelInfo
    from avspeech.extraction.extractor import Extractor

    torch.manual_seed(0)
    model = models.build(case["model"]).eval()
    info = ModelInfo("extraction", "mvtf", sample_rate=case["sample_rate"], fps=case["fps"])
    extractor = Extractor(model, info)

    def prepare(seconds: float, windows: bool) -> Any:
        inputs = model.example_inputs(seconds)  # type: ignore[operator]
        if not windows:
            return lambda: model(*inputs)
        audio, video = inputs[0][0].numpy(), np.ascontiguousarray(inputs[1][0].numpy())
        return lambda: extractor(audio, video, sample_rate=case["sample_rate"], fps=case["fps"])

    return model, prepare


def espnet(case: dict[str, Any]) -> tuple[Any, Any]:
    import torch
    from espnet2.enh.separator.tfgridnetv3_separator import TFGridNetV3

    from avspeech.extraction.windows import Windows

    torch.manual_seed(0)
    model = TFGridNetV3(None, n_srcs=1, **case["separator"]).eval()
    rate, fps, n_fft, hop = case["sample_rate"], case["fps"], case["n_fft"], case["hop"]
    window = torch.hann_window(n_fft).sqrt()

    def separate(samples: torch.Tensor) -> torch.Tensor:
        spectrum = torch.stft(samples, n_fft, hop, window=window, return_complex=True)
        spectrum = spectrum.transpose(1, 2)
        (out,), _, _ = model(spectrum, torch.tensor([spectrum.shape[1]]))
        out = torch.complex(out.real, out.imag).transpose(1, 2)
        return torch.istft(out, n_fft, hop, window=window, length=samples.shape[-1])

    def prepare(seconds: float, windows: bool) -> Any:
        if case["bins"]:
            frames = ([round(seconds * fps)] if not windows
                      else [b - a for a, b in Windows().plan(round(seconds * fps), fps)])
            grids = [torch.randn(1, round(n / fps * rate) // hop + 1, case["bins"],
                                 dtype=torch.complex64)
                     for n in frames]
            return lambda: [model(grid, torch.tensor([grid.shape[1]])) for grid in grids]
        samples = torch.randn(1, round(seconds * rate))
        if not windows:
            return lambda: separate(samples)
        spans = [(round(a * rate / fps), round(b * rate / fps))
                 for a, b in Windows().plan(round(seconds * fps), fps)]
        return lambda: [separate(samples[:, a:b]) for a, b in spans]

    return model, prepare


def measure(case: dict[str, Any]) -> dict[str, Any]:
    """Runs a case once: seconds, bytes of memory, parameters, and for a short case MACs per second
    of audio."""
    import torch

    from avspeech.report.profile import count_macs, measure_memory

    torch.set_num_threads(case["threads"])
    model, prepare = {"ours": ours, "espnet": espnet}[case["system"]](case)
    took = []
    with torch.inference_mode():
        prepare(1.0, False)()
        call = prepare(case["seconds"], case["windows"])
        if case["memory_limit"]:
            import resource

            size = int(case["memory_limit"] * 2**30)
            resource.setrlimit(resource.RLIMIT_AS, (size, size))

        def timed() -> None:
            begin, begin_cpu = time.perf_counter(), time.process_time()
            call()
            took.append((time.perf_counter() - begin, time.process_time() - begin_cpu))

        memory = measure_memory(timed)
    parameters = {name: p.numel() for name, p in model.named_parameters()}
    lips = sum(n for name, n in parameters.items() if name.startswith("cue."))
    result = {"time": took[0][0], "cpu": took[0][1], "parameters": sum(parameters.values()),
              "parameters_lips": lips}
    if memory is not None:
        result.update(loaded=memory.loaded, peak=memory.peak)
    if case["count"]:
        class Whole(torch.nn.Module):  # a module, so that STFT and separator are counted
            def __init__(self) -> None:
                super().__init__()
                self.model = model

            def forward(self) -> None:
                call()

        total, parts = (count_macs(model, *model.example_inputs(case["seconds"]))
                        if case["system"] == "ours"
                        else count_macs(Whole()))
        of_lips = sum(n for name, n in parts.items() if name == "cue" or name.startswith("cue."))
        result.update(macs=total / case["seconds"], macs_lips=of_lips / case["seconds"])
    return result


# --- the comparison -------------------------------------------------------------------------------


def run_case(python: str, case: dict[str, Any], timeout: float) -> dict[str, Any]:
    """The result of `measure` in a new process, or {"failed": reason}."""
    threads = str(case["threads"])
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads,
                   "OMP_WAIT_POLICY": "passive"}
    command = [python, str(Path(__file__).resolve()), "--case", json.dumps(case)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True,
                              timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"not done in {timeout:g} s"}
    if done.returncode:
        lines = ([line for line in done.stderr.splitlines() if line.strip()]
                 or [f"ended with code {done.returncode}"])
        return {"failed": lines[-1][:300]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def cases(args: argparse.Namespace) -> list[tuple[str, dict[str, Any], str]]:
    """(system, case, python) of everything to measure, in the order in which systems alternate."""
    from avspeech.core import models

    model: Any = models.build(args.model)
    c = model.config
    separator = dict(n_layers=c.blocks, lstm_hidden_units=c.hidden, attn_n_head=c.heads,
                     attn_qk_output_channel=c.query, emb_dim=c.dim, emb_ks=c.kernel,
                     emb_hs=c.stride)
    base = dict(model=args.model, threads=args.threads, sample_rate=c.sample_rate, fps=c.fps,
                n_fft=c.n_fft, hop=c.hop, separator=separator, bins=0, memory_limit=0.0,
                count=False)
    systems: list[tuple[str, dict[str, Any], str]] = [
        (args.model, {"system": "ours"}, sys.executable)]
    if args.espnet_python:
        systems.append(("espnet", {"system": "espnet"}, args.espnet_python))
        if getattr(c, "patch", 1) > 1:
            bins = -(-(c.n_fft // 2 + 1) // c.patch)
            systems.append(("espnet, our grid", {"system": "espnet", "bins": bins},
                            args.espnet_python))
    found = []
    for seconds in args.seconds:
        long = seconds > args.windows_above
        for windows in [long] + [False] * (long and args.long_whole):
            limit = args.memory_limit if long and not windows else 0.0
            for name, own, python in systems:
                case = {**base, **own, "seconds": seconds, "windows": windows,
                        "memory_limit": limit}
                found.append((name, case, python))
    return found


def compare(args: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """(one row for each system and length, meta)."""
    from tqdm import tqdm

    from avspeech.core.hardware import cpu_name

    todo = cases(args)
    results: dict[int, list[dict[str, Any]]] = {i: [] for i in range(len(todo))}
    for repeat in tqdm(range(args.repeats), desc="repeats"):
        for i, (_, case, python) in enumerate(tqdm(todo, desc="forwards", leave=False)):
            long = case["seconds"] > args.windows_above
            if repeat and (long and repeat >= args.long_repeats or "failed" in results[i][0]):
                continue
            case = {**case, "count": repeat == 0 and not long}
            results[i].append(run_case(python, case, args.timeout))
    rows = []
    for i, (name, case, _) in enumerate(todo):
        good = [r for r in results[i] if "failed" not in r]
        row: dict[str, Any] = {"system": name, "condition": f"{case['seconds']:g} s, " + (
            "in windows" if case["windows"] else "in one piece"), "seed": None, "n": len(good)}
        if good:
            times = [r["time"] for r in good]
            row.update(time=median(times), times=times, rtf=median(times) / case["seconds"],
                       cpu=median(r["cpu"] for r in good), parameters=good[0]["parameters"],
                       parameters_lips=good[0]["parameters_lips"], macs=good[0].get("macs"),
                       macs_lips=good[0].get("macs_lips"))
            if "peak" in good[0]:
                row.update(peak=max(r["peak"] for r in good),
                           forward=max(r["peak"] - r["loaded"] for r in good))
        else:
            row["failed"] = results[i][0]["failed"]
        rows.append(row)
    for row in rows:  # relative to ours at the same length
        first = next(r for r in rows if r["condition"] == row["condition"])
        row["ratio"] = row["cpu"] / first["cpu"] if "cpu" in row and "cpu" in first else None
    load = os.getloadavg()[0]
    meta = {"command": " ".join(["python", "tools/compare_tfgridnet.py", *sys.argv[1:]]),
            "processor": cpu_name(), "threads": str(args.threads), "load after": f"{load:.1f}"}
    return rows, meta


def table(rows: list[dict[str, Any]]) -> Any:
    from avspeech.report.report import Table

    def number(row: dict[str, Any], key: str, scale: float, digits: int) -> str | None:
        return None if row.get(key) is None else f"{row[key] / scale:.{digits}f}"

    def whole_and_lips(row: dict[str, Any], whole: str, lips: str, scale: float) -> str:
        if row.get(whole) is None:
            return ""
        return f"{row[whole] / scale:.2f} ({row[lips] / scale:.2f})"

    header = ["system", "audio", "time (s)", "RTF", "CPU time (s)", "CPU / ours", "peak (MiB)",
              "forward (MiB)", "M parameters", "GMAC/s"]
    cells = [[r["system"], r["condition"], number(r, "time", 1, 2), number(r, "rtf", 1, 3),
              number(r, "cpu", 1, 2), number(r, "ratio", 1, 2), number(r, "peak", 2**20, 0),
              number(r, "forward", 2**20, 0),
              whole_and_lips(r, "parameters", "parameters_lips", 1e6),
              whole_and_lips(r, "macs", "macs_lips", 1e9)]
             for r in rows]
    failures = [f"{r['system']}, {r['condition']}: {r['failed']}" for r in rows if "failed" in r]
    note = ("CPU time: of the process, which other load on the machine disturbs less. peak: "
            "resident memory "
            "of the process; forward: what the forward added to it. In brackets: of it for the "
            "lips.")
    return Table(header, cells, "Forward time and memory", "\n".join([note, *failures]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mvtf-small",
                        help="name of a configuration (default %(default)s)")
    parser.add_argument("--espnet-python", metavar="PATH",
                        help="a Python that can import espnet2; without it, ours alone")
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 600.0],
                        help="of audio (default 10 600)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5,
                        help="of each short case (default %(default)s)")
    parser.add_argument("--long-repeats", type=int, default=1,
                        help="of each long case (default %(default)s)")
    parser.add_argument("--windows-above", type=float, default=60.0,
                        help="seconds from which audio goes in windows")
    parser.add_argument("--long-whole", action="store_true", help="long audio in one piece too")
    parser.add_argument("--memory-limit", type=float, default=12.0,
                        help="GiB, for long audio in one piece")
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds, of one forward")
    parser.add_argument("--out", type=Path, help="JSON of the results")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        print(json.dumps(measure(json.loads(args.case))))
        return 0
    from avspeech.report.report import print_table, write_results

    rows, meta = compare(args)
    print_table(table(rows))
    print("; ".join(f"{key}: {value}" for key, value in meta.items() if key != "command"))
    if args.out:
        write_results(args.out, rows, meta)
        print(args.out)
    return 1 if any("failed" in row and row["system"] == args.model for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
