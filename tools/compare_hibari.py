"""Compares voices with hibari-tts in one run: CPU time from text to sound, time and memory of a
command, size, and how good it sounds to recognizers and predictors of opinion.

    python tools/compare_hibari.py TEXTS --hibari-python VENV/bin/python --out compare.json

TEXTS is a file with a sentence a line, or "kind<TAB>sentence" (errors are then told by kind too),
or a manifest (.jsonl). hibari-tts is a small voice by others (Apache-2.0): pip install
hibari-tts==0.2.1, here or in a virtual environment of its own, whose Python is then given.

Each system is a process with one thread that stays loaded; they say one sentence after another in
turns, several times over. Times are CPU times, text processing included, which other load on the
machine affects less than it does the time of a clock; the ratio is taken in each turn, and its
least and greatest are told. Commands are whole processes that say one sentence, once a turn. WER,
DNSMOS and DistillMOS are of the first turn, where their packages are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SENTENCE = "The conference has been extended, and nobody has left the building yet."
HIBARI = "hibari-tts"


def ours(voice: str, steps: int | None) -> tuple[Callable[[str], Any], int, int]:
    """(function from a text to samples, their rate, bytes of the voice)."""
    sys.path.insert(0, str(ROOT))
    from avspeech.core import pretrained
    from avspeech.synthesis.synthesizer import Synthesizer

    say = Synthesizer.from_pretrained(voice)
    size = sum(f.stat().st_size for f in pretrained.find(voice).iterdir())
    return lambda text: say(text, steps=steps).audio, say.sample_rate, size


def hibari() -> tuple[Callable[[str], Any], int, int]:
    """The same of hibari-tts."""
    import hibari  # type: ignore[import-not-found]

    say = hibari.Hibari(threads=1)
    return lambda text: say(text, seed=0), say.sample_rate, Path(say.model_path).stat().st_size


def work(case: dict[str, Any]) -> None:
    """Says what the standard input asks for, a line of JSON each, and answers with lines."""
    import numpy as np

    say, rate, size = hibari() if case["voice"] == HIBARI else ours(case["voice"], case["steps"])
    say(SENTENCE)  # what is loaded at the first use is not counted
    print(json.dumps({"rate": rate, "bytes": size}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        begin = time.process_time()
        sound = say(asked["text"])
        spent = time.process_time() - begin
        if asked["out"]:
            np.save(asked["out"], np.asarray(sound, np.float32))
        print(json.dumps({"cpu": spent, "seconds": len(sound) / rate}), flush=True)


class Worker:
    """A system in its own process.

    Args:
        name: as it is shown.
        python: its Python.
        voice: a name or folder, or HIBARI.
        steps: of the flow (None: the voice's own).
    """

    def __init__(self, name: str, python: str, voice: str, steps: int | None) -> None:
        self.name, self.python, self.voice, self.steps = name, python, voice, steps
        case = json.dumps({"voice": voice, "steps": steps})
        self.process = subprocess.Popen([python, __file__, "--worker", case], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=_environment())
        self.about = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"compare_hibari: error: {self.name} ended without an answer; its own message "
                     "stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def say(self, text: str, out: str = "") -> dict[str, Any]:
        """{"cpu", "seconds"} of a sentence, whose samples are saved in `out`."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"text": text, "out": out}) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def command(self, out: Path) -> tuple[float, float]:
        """(seconds of the clock, MiB) of a whole command that says one sentence."""
        ours = ["-m", "avspeech", "speak", SENTENCE, "--model", self.voice, "-o",
                str(out / "command.wav"), *(["--steps", str(self.steps)] if self.steps else [])]
        theirs = ["-m", "hibari.cli", SENTENCE, "-o", str(out / "command.wav")]
        begin = time.monotonic()
        process = subprocess.Popen([self.python, *(theirs if self.voice == HIBARI else ours)],
                                   stdout=subprocess.DEVNULL, env=_environment())
        _, status, used = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"compare_hibari: error: the command of {self.name} failed")
        return time.monotonic() - begin, used.ru_maxrss / 1024

    def end(self) -> None:
        """Ends the process."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait()


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}


def read(path: Path, count: int) -> list[tuple[str, str]]:
    """(kind, text) of up to `count` sentences, spread over a file."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if path.suffix == ".jsonl":
            line = json.loads(line)["text"] or ""
        kind, tab, text = line.partition("\t")
        kind, text = (kind, text) if tab else ("", line)
        if text.strip() and not line.startswith("#"):
            found.append((kind, text.strip()))
    if not found:
        sys.exit(f"compare_hibari: error: {path}: no sentence in it")
    most = min(count or len(found), len(found))
    return [found[i * len(found) // most] for i in range(most)]


def with_ends(sound: Any, rate: int, seconds: float = 0.3) -> Any:
    """A sound with the same digital silence before and behind its speech, whatever it had there:
    DNSMOS repeats short sounds, and so hears the silence at their ends as a part of the voice."""
    import numpy as np

    from avspeech.synthesis.silence import silences

    begin, end = 0, len(sound)
    for quiet in silences(sound, rate):
        if quiet.start <= 1e-9:
            begin = round(quiet.end * rate)
        if quiet.end >= len(sound) / rate - 1e-9:
            end = round(quiet.start * rate)
    return np.pad(sound[begin:end], round(seconds * rate))


def judged(sentences: list[tuple[str, str]], folder: Path, rate: int, wer: str | None,
           mos: bool) -> dict[str, Any]:
    """Errors and opinion scores of what a system said."""
    import numpy as np

    from avspeech.report import intervals
    from avspeech.synthesis import judges, scoring

    sounds = [np.load(folder / f"{i}.npy") for i in range(len(sentences))]
    found: dict[str, Any] = {}
    if wer:
        listen = judges.Recognizer(wer)
        errors: dict[str, list[int]] = {}
        counts = []
        for (kind, text), sound in zip(sentences, sounds):
            heard = listen(sound, rate)
            wrong, words = judges.word_errors(scoring.plain_words(text),
                                              scoring.plain_words(heard))
            counts.append((wrong, words))
            total = errors.setdefault(kind, [0, 0])
            total[0], total[1] = total[0] + wrong, total[1] + words
            if wrong:
                found.setdefault("heard", []).append([text, heard])
        wrongs, all_words = np.array(counts, float).T
        share = intervals.cluster_bootstrap(lambda a, b: float(a.sum() / b.sum()),
                                            range(len(counts)), wrongs, all_words)
        found["WER %"] = [100 * share.mean, 100 * share.low, 100 * share.high]
        if set(errors) != {""}:
            found |= {f"WER % {kind}": 100 * a / max(1, b) for kind, (a, b) in errors.items()}
    if mos:
        alike = [with_ends(sound, rate) for sound in sounds]
        for key, judge in judges.opinion_judges().items():
            name = {"dnsmos": "DNSMOS", "distillmos": "DistillMOS"}[key]
            for row, heard_of in ((name, sounds), (f"{name}, same ends", alike)):
                interval = intervals.bootstrap_interval([judge(s, rate) for s in heard_of])
                found[row] = [interval.mean, interval.low, interval.high]
    return found


def main() -> None:
    args = _arguments()
    if not args.texts.is_file():
        sys.exit(f"compare_hibari: error: {args.texts}: no such file")
    known = subprocess.run([args.hibari_python, "-c", "import hibari"], capture_output=True,
                           check=False, env=_environment())
    if known.returncode:
        sys.exit(f"compare_hibari: error: {args.hibari_python} has no hibari-tts; pip install "
                 "hibari-tts==0.2.1, or give the Python that has it with --hibari-python")
    sys.path.insert(0, str(ROOT))
    sentences, workers = read(args.texts, args.count), _workers(args)
    systems: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as aside:
        place = args.sounds or Path(aside)
        costs, runs = _cost(workers, sentences, args.turns, place, Path(aside))
        for worker in workers:
            worker.end()
            ratios = [a / b for a, b in zip(costs[worker.name], costs[HIBARI])]
            rate = worker.about["rate"]
            systems[worker.name] = {
                "CPU s / s": median(costs[worker.name]),
                "ratio": [mean(ratios), min(ratios), max(ratios)],
                "command, s": median(wall for wall, _ in runs[worker.name]),
                "command, MiB": max(memory for _, memory in runs[worker.name]),
                "voice, MB": worker.about["bytes"] / 1e6, "rate, Hz": rate,
                **judged(sentences, _folder(place, worker), rate, args.wer, args.mos)}
    if args.out:
        args.out.write_text(json.dumps(
            {"texts": str(args.texts), "sentences": len(sentences), "turns": args.turns,
             "systems": systems}, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"{len(sentences)} sentences, {args.turns} turns; in brackets the least and greatest "
          "ratio, and 95 % intervals\n")
    print("| | " + " | ".join(systems) + " |")
    print("| :-- |" + " --: |" * len(systems))
    for row in next(iter(systems.values())):
        if row != "heard":
            print(f"| {row} | " + " | ".join(_cell(s[row]) for s in systems.values()) + " |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--voice", action="append", metavar="NAME[@STEPS]",
                        help="a released voice or a folder, with steps of the flow; may be given "
                             "more than once (default: the default voice)")
    parser.add_argument("--hibari-python", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--count", type=int, default=0, help="sentences (default: all)")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--wer", metavar="MODEL", help="a recognizer as `avspeech score` takes it")
    parser.add_argument("--mos", action="store_true", help="DNSMOS and DistillMOS")
    parser.add_argument("--sounds", type=Path, help="folder to keep the sounds in, as .npy")
    parser.add_argument("--out", type=Path, help="write everything as JSON")
    return parser.parse_args()


def _workers(args: argparse.Namespace) -> list[Worker]:
    """A process for each voice that is asked for, and one for hibari-tts."""
    from avspeech.synthesis.command import default_voice

    workers: list[Worker] = []
    for given in args.voice or [default_voice()]:
        voice, _, steps = given.partition("@")
        label = Path(voice).name + (f", {steps} steps" if steps else "")
        if label in (HIBARI, *(w.name for w in workers)):
            sys.exit(f"compare_hibari: error: --voice {given}: two systems would be called "
                     f"{label}; give a folder of another name")
        workers.append(Worker(label, sys.executable, voice, int(steps) if steps else None))
    return [*workers, Worker(HIBARI, args.hibari_python, HIBARI, None)]


def _folder(place: Path, worker: Worker) -> Path:
    """Where the sounds of a system are kept."""
    return place / worker.name.replace(", ", "-").replace(" ", "-")


def _cost(workers: list[Worker], sentences: list[tuple[str, str]], turns: int, place: Path,
          aside: Path) -> tuple[dict[str, list[float]], dict[str, list[tuple[float, float]]]]:
    """Lets all systems say all sentences in turns, the first time into `place`.

    Returns:
        By system, for each turn: seconds of CPU time for a second of sound; and seconds and MiB of
        one sentence from the command line.
    """
    costs: dict[str, list[float]] = {w.name: [] for w in workers}
    runs: dict[str, list[tuple[float, float]]] = {w.name: [] for w in workers}
    for turn in range(turns):
        spent = {w.name: [0.0, 0.0] for w in workers}
        for number, (_, text) in enumerate(sentences):
            # The other way round every second sentence: none has the warmer caches
            for worker in workers[:: 1 if (turn + number) % 2 else -1]:
                folder = _folder(place, worker)
                folder.mkdir(parents=True, exist_ok=True)
                said = worker.say(text, "" if turn else str(folder / f"{number}.npy"))
                spent[worker.name][0] += said["cpu"]
                spent[worker.name][1] += said["seconds"]
        for worker in workers:
            cpu, seconds = spent[worker.name]
            costs[worker.name].append(cpu / seconds)
            runs[worker.name].append(worker.command(aside))
    return costs, runs


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return f"{_cell(value[0])} ({_cell(value[1])} to {_cell(value[2])})"
    return str(value) if isinstance(value, int) else f"{value:.3g}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(json.loads(sys.argv[2]))
    else:
        main()
