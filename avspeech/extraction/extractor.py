"""The voice of a face: sound and synchronized mouth videos in, one speaker out, in time with the
input.

    extractor = Extractor.from_pretrained("mvtf-small")
    voice = extractor(audio, crops, sample_rate=16000)                   # arrays in, an array out
    paths = extractor.extract(["meeting.mp4"], "voices")                 # files in, wav and mp4 out

Long signals are processed in overlapping windows (`windows.py`) in bounded memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.errors import InputError
from avspeech.extraction import unseen
from avspeech.extraction.cameras import Offset, settle
from avspeech.extraction.engine import engine_of, splitter_of
from avspeech.extraction.files import extract, find_faces
from avspeech.extraction.views import arrays_as_tracks
from avspeech.extraction.windows import SHORTEST, Seam, Windows, stitch
from avspeech.media.audio import check_rate, mono, resample
from avspeech.media.audio import read as read_sound
from avspeech.media.mouths import MouthTrack

if TYPE_CHECKING:
    import torch

    from avspeech.core.engine import Choice, Graphs
    from avspeech.core.pretrained import ModelInfo
    from avspeech.extraction.choice import Report
    from avspeech.extraction.evidence import Lateness, Window
    from avspeech.extraction.gate import Gate
    from avspeech.extraction.live import Stream

Read = Callable[[int, int], np.ndarray]  # samples [start, stop) of a signal
UNSEEN = ("silence", "model")
PRECISIONS = ("auto", "float32")
SPLITTER = "voices-small"  # the released splitter
NEVER = np.iinfo(np.int64).max


class Extractor:
    """Target speaker extraction with a model of task "extraction".

    After each call `seams` lists the joins of its windows (at the model's sample rate);
    `windows.disagreement_db` converts them to dB. With a splitter, `report` says for each half
    second how sure it is that the output is the voice of the face, and what was put out
    (`choice.Report`); without one it is None.

    Args:
        model: called as `model(mixture [B, N] float32, video [B, V, T, 88, 88] uint8,
            mask [B, V, T] bool) -> [B, N]`; or the graphs of a released one.
        info: its sample rate (Hz) and frame rate (fps); see `avspeech.core.pretrained.ModelInfo`.
        windows: how long signals are cut.
        when_unseen: the output before the face first appears in any view and after it has gone for
            good, each with a margin of 0.5 s: "silence", with a splitter but for the voice that
            surely is that of the face elsewhere (`gate.carried`), or "model" (what the model
            makes of sound without a picture). While a face is lost between two appearances the
            model always runs, with those frames marked as missing.
        precision: of torch. "auto": products in bf16 where this processor has a unit for it and the
            model is known to bear it (the voice differs by -50 dB of itself), which takes two
            thirds of the time; "float32": never.
        splitter: called as `splitter(mixture [B, N] float32) -> [B, K, N]`, or the graph of one:
            separated voices in any order, of which the lips choose (`extraction/choice.py`). Needs
            a model that guesses spectra (an `MVTF` with planes). None: the output is that of the
            model alone.
        gate: weighs what may be put out; by default as it was fitted for the released splitter.
        voice: float `[N]`, some seconds of the speaker alone at the model's sample rate. It helps
            to choose, and carries on where the face is not seen. Needs a splitter.

    Raises:
        InputError: an unknown value of `when_unseen` or `precision`.
    """

    def __init__(self, model: torch.nn.Module | Graphs | Callable[..., Any], info: ModelInfo, *,
                 windows: Windows | None = None, when_unseen: str = "silence",
                 precision: str = "auto", splitter: Callable[..., Any] | Graphs | None = None,
                 gate: Gate | None = None, voice: np.ndarray | None = None) -> None:
        if when_unseen not in UNSEEN:
            raise InputError(f"when_unseen={when_unseen!r}: expected one of {', '.join(UNSEEN)}")
        if precision not in PRECISIONS:
            raise InputError(f"precision={precision!r}: expected one of {', '.join(PRECISIONS)}")
        self.model = model
        self.engine = engine_of(model, precision)
        self.info = info
        self.windows = windows or Windows()
        self.when_unseen = when_unseen
        self.sample_rate = int(info.sample_rate)
        self.fps = float(info.fps or 25.0)
        self.seams: list[Seam] = []
        self.reports: list[Report] | None = None  # of the faces of the last call
        self.offsets: list[Offset] = []  # of the views of the last call with arrays
        self.splitter = None if splitter is None else splitter_of(splitter)
        self.gate = gate
        self.timbre = None if voice is None else self._timbre(mono(voice))
        self.identity: str | None = None  # of weights and settings; None where not all are known

    @property
    def report(self) -> Report | None:
        """What was put out for the face of the last call, and how sure it was."""
        return self.reports[0] if self.reports else None

    @classmethod
    def from_pretrained(cls, name_or_folder: str | Path, device: str = "cpu",
                        engine: Choice = "auto",
                        splitter: str | Path | Callable[..., Any] | None = "auto",
                        voice: str | Path | np.ndarray | None = None, **options: Any) -> Extractor:
        """Loads an extractor.

        Args:
            name_or_folder: a released model's name, or a model folder.
            device: a torch device, e.g. "cuda".
            engine: "auto", "onnx" or "torch": see `core.pretrained.open_model`. It is chosen for
                the splitter by itself.
            splitter: a name or folder too; "auto": the released one, where it fits the model's
                sample rate; None: without one.
            voice: a sound file, or as the class takes it.
            options: further arguments of the class.

        Raises:
            InputError: there is no such model, or it is for another task.
        """
        from avspeech.core import pretrained

        usual = voice is None and not options and (splitter is None or isinstance(splitter, str))
        automatic = splitter == "auto"
        if automatic:
            splitter = SPLITTER if SPLITTER in pretrained.names() else None
        model, info = pretrained.open_model(name_or_folder, device, engine, "extraction")
        parts = [pretrained.content(str(name_or_folder))]
        if isinstance(splitter, (str, Path)):
            about = pretrained.read_info(splitter)
            fits = about.task == "separation" and about.sample_rate == info.sample_rate
            if not (fits or automatic):
                raise InputError(f"{splitter}: a model for {about.task} at {about.sample_rate} Hz, "
                                 f"expected one for separation at {info.sample_rate} Hz")
            parts.append(pretrained.content(str(splitter)) if fits else "")
            splitter = pretrained.open_model(splitter, device, engine)[0] if fits else None
            if fits and "gate" in about.frontend:
                from avspeech.extraction.gate import Gate

                options = {"gate": Gate(about.frontend["gate"]), **options}
        if isinstance(voice, (str, Path)):
            voice = read_sound(voice, int(info.sample_rate))
        made = cls(model, info, splitter=splitter, voice=voice, **options)
        made.identity = "\n".join(map(str, parts)) if usual and None not in parts else None
        return made

    def _timbre(self, voice: np.ndarray) -> np.ndarray:
        """What a recording of the speaker sounds like."""
        from avspeech.extraction.evidence import timbre

        if self.splitter is None or self.engine.transform is None:
            raise InputError("a recording of the voice was given, but the model has no splitter to "
                             "choose from; expected a released model, or splitter=")
        if len(voice) < self.sample_rate or not np.any(voice):
            has = f"has {len(voice) / self.sample_rate:.1f} s of sound" if np.any(voice) else (
                "is silent")
            raise InputError(f"the recording of the voice {has}; expected at least 1 s of the "
                             "speaker alone")
        sound = voice / np.sqrt(np.mean(np.square(voice)))
        return timbre(self.engine.transform.log_bands(sound))

    def __call__(self, audio: np.ndarray | torch.Tensor, views: Any, *, sample_rate: int,
                 fps: float = 25.0, present: Any = None, face: int = 1,
                 late: Sequence[float] | None = None) -> np.ndarray:
        """Extracts the voice of one face.

        Sound beyond the end of the views is treated as the face being out of sight. The model uses
        nothing above half its own sample rate, and its output has nothing there.

        Args:
            audio: float `[N]`, or `[C, N]` or `[N, C]`, whose channels are averaged; full scale is
                -1 to 1.
            views: what one camera or several (list or dict) saw of the same face from sample 0 on:
                mouth crops uint8 `[T, 96, 96]` or `[T, 88, 88]` (grey, aligned as by
                `avspeech.media.video`), a stack of them `[V, T, 96, 96]`, or full pictures uint8
                `[T, H, W, 3]` (RGB), in which the face is searched.
            sample_rate: of `audio`, in Hz.
            fps: frame rate of `views`; frame k is shown from k / fps seconds on.
            present: where the face is seen, bool `[T]`, one for each view in the form of `views`;
                by default always.
            face: which face, counted from 1, where full pictures show several.
            late: seconds by which each view is late beside the first one. By default they are
                estimated from how the mouths move; `offsets` then says what was corrected.

        Returns:
            float32 `[N]`, at the sample rate of `audio`.

        Raises:
            InputError: wrong shapes or types, NaN, or pictures without a face.
        """
        samples = mono(audio)
        sample_rate = check_rate(sample_rate)
        if not (np.isfinite(fps) and fps > 0):
            raise InputError(f"fps={fps}: expected a positive number of frames per second")
        seen = arrays_as_tracks(views, present, float(fps), face, late)
        self.offsets = [Offset(track.late, track.late_by) for track in seen]
        if late is None and len(seen) > 1:
            self.offsets = settle(self.offsets, 0, [dict(enumerate(seen))])
            for track, offset in zip(seen, self.offsets, strict=True):
                track.late, track.late_by = offset.late, offset.by
        mixture = resample(samples, sample_rate, self.sample_rate)
        voice = np.concatenate(
            list(self.blocks(lambda start, stop: mixture[start:stop], len(mixture), seen)))
        voice = resample(voice, self.sample_rate, sample_rate)
        out = np.zeros(len(samples), np.float32)
        out[: min(len(voice), len(out))] = voice[: len(out)]
        return out

    def blocks(self, read: Read, samples: int, views: Sequence[MouthTrack]
               ) -> Iterator[np.ndarray]:
        """Extracts the voice block by block, for signals that do not fit into memory.

        Args:
            read: gives samples [start, stop) of the mixture, float32 at the model's sample rate.
            samples: length of the mixture.
            views: of one face.

        Yields:
            Consecutive blocks, float32.
        """
        for (block,) in self.together(read, samples, [views]):
            yield block

    def together(self, read: Read, samples: int, faces: Sequence[Sequence[MouthTrack]],
                 wanted: Sequence[int] | None = None) -> Iterator[list[np.ndarray]]:
        """Extracts the voices of several faces block by block. With a splitter they compete for its
        voices: no two faces have the same one at a time.

        Args:
            read: as for `blocks`.
            samples: as for `blocks`.
            faces: for each its views.
            wanted: the faces whose voices are given; by default all. The others only compete.

        Yields:
            Consecutive blocks, float32, one for each face that is wanted. Those of different faces
            end at different samples.
        """
        self.seams, self.reports = [], None
        out = list(range(len(faces)) if wanted is None else wanted)
        recorded = {}
        if self.timbre is not None:
            if len(out) != 1:
                raise InputError(f"a recording of one voice was given for {len(out)} faces; say "
                                 "which face it belongs to (--face N)")
            recorded = {out[0]: self.timbre}
        kept = [None if f in recorded or self.when_unseen == "model"
                else unseen.kept(samples, views, self.sample_rate) for f, views in enumerate(faces)]
        fade = max(1, round(self.windows.fade * self.sample_rate))
        stft = None if self.splitter is None else self.engine.transform
        if stft is None:
            sources = [self._pieces(read, samples, faces[f], kept[f]) for f in out]
        else:
            from avspeech.extraction.choice import Chooser

            # What ends with the signal has no end: the last step need not be a whole one
            spans = [None if f in recorded or self.when_unseen == "model"
                     else (0, NEVER) if span is None
                     else (span[0], span[1] if span[1] < samples else NEVER)
                     for f, span in enumerate(kept)]
            chooser = Chooser(len(faces), self.sample_rate, stft.hop, self.gate, recorded, spans)
            self.reports = [chooser.reports[f] for f in out]
            windows = self._windows(read, samples, faces, kept, out)
            copies = itertools.tee(chooser(windows), len(out))
            sources = [_rows(copy, f) for copy, f in zip(copies, out, strict=True)]
        streams = [stitch(source, fade, self.seams) for source in sources]
        done = [0] * len(out)
        for blocks in zip(*streams, strict=True):
            given = list(blocks)
            for i, f in enumerate(out):
                begin, done[i] = done[i], done[i] + len(given[i])
                if stft is None and (around := kept[f]) is not None:
                    given[i] = given[i] * unseen.gain(begin, done[i], samples, around,
                                                      self.sample_rate)
            yield given

    def _sample(self, frame: int) -> int:
        return round(frame * self.sample_rate / self.fps)

    def _cut(self, read: Read, samples: int) -> Iterator[tuple[int, int, int, np.ndarray]]:
        """The windows of a signal: first and last frame, first sample, and the samples `[N]`."""
        frames = max(1, -int(-samples * self.fps // self.sample_rate))
        for first, last in self.windows.plan(frames, self.fps):
            start, stop = self._sample(first), min(self._sample(last), samples)
            yield first, last, start, _checked(read, start, stop)

    def _pieces(self, read: Read, samples: int, views: Sequence[MouthTrack],
                kept: tuple[int, int] | None) -> Iterator[tuple[int, np.ndarray]]:
        """The windows of the voice of one face by the model alone, each with its first sample."""
        from avspeech.extraction.evidence import Lateness

        late = Lateness()
        for first, last, start, mixture in self._cut(read, samples):
            unheard = kept is not None and (start + len(mixture) <= kept[0] or start >= kept[1])
            if unheard or not np.any(mixture):
                yield start, np.zeros(len(mixture), np.float32)
            else:
                yield start, self._run(mixture, views, first, last, late)

    def _windows(self, read: Read, samples: int, faces: Sequence[Sequence[MouthTrack]],
                 kept: Sequence[tuple[int, int] | None], wanted: Sequence[int]
                 ) -> Iterator[Window]:
        """The windows of the signal, with all that may be put out for the faces."""
        from avspeech.extraction.choice import follow
        from avspeech.extraction.evidence import Lateness, examine

        assert self.splitter is not None
        tail: tuple[int, np.ndarray] | None = None  # where the last window ends, its voices
        late = [Lateness() for _ in faces]
        for first, last, start, mixture in self._cut(read, samples):
            stop = start + len(mixture)
            clips: list[Any] = []
            for f, views in enumerate(faces):
                span = kept[f]
                heard = span is None or (stop > span[0] and start < span[1])
                clips.append(self._inputs(mixture, views, first, last)[1:]
                             if heard and np.any(mixture) else None)
            sound = self._inputs(mixture, faces[0], first, last)[0]
            window = examine(self.engine, self.splitter, start, mixture, sound, clips, wanted,
                             late)
            self._require_finite(window.own, first, last)
            self._require_finite(window.voices, first, last)
            if tail is not None and tail[0] > start:
                window.reorder(follow(tail[1][:, start - tail[0]:],
                                      window.voices[:, : tail[0] - start]))
            tail = stop, window.voices
            yield window

    def _run(self, mixture: np.ndarray, views: Sequence[MouthTrack], first: int, last: int,
             late: Lateness) -> np.ndarray:
        """One window through the model: mixture [N] and frames [first, last) of the views -> voice
        [N]."""
        from avspeech.extraction.evidence import estimate

        inputs = self._inputs(mixture, views, first, last)
        voice = estimate(self.engine, *inputs, late)[: len(mixture)]
        self._require_finite(voice, first, last)
        return voice

    def _inputs(self, mixture: np.ndarray, views: Sequence[MouthTrack], first: int, last: int
                ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A window as the model takes it: the mixture [N] padded to the frames [first, last) or to
        `SHORTEST`, crops [V, T, 88, 88], mask [V, T]."""
        last = max(last, first + round(SHORTEST * self.fps))
        length = max(len(mixture), self._sample(last) - self._sample(first))
        padded = np.zeros(length, np.float32)
        padded[: len(mixture)] = mixture
        clips = [view.frames(first, last, self.fps) for view in views]
        # A view that misses the face all through the window can only cost time.
        clips = [clip for clip in clips if clip[1].any()] or clips[:1]
        crops, mask = (np.stack(parts) for parts in zip(*clips, strict=True))
        return padded, crops, mask

    def _require_finite(self, output: np.ndarray, first: int, last: int) -> None:
        if not np.isfinite(output).all():
            raise FloatingPointError(f"the model's output is not finite at {first / self.fps:.2f} "
                                     f"s to {last / self.fps:.2f} s")

    def stream(self, latency: float = 0.3, **options: Any) -> Stream:
        """Extracts the voice while sound and pictures still come in.

        Args:
            latency: seconds from what is heard to the voice. The less, the more it costs and the
                worse it is: docs/extraction.md has a table.
            options: further arguments of `avspeech.extraction.live.Stream`.

        Returns:
            An object with `push` and `finish`.
        """
        from avspeech.extraction.live import Stream

        return Stream(self, latency, **options)

    def extract(self, videos: Sequence[str | Path] | str | Path, out: str | Path,
                face: int | None = None, progress: bool = True, mouth: bool = False,
                track: int | None = None, faces: Sequence[Mapping[int, MouthTrack]] | None = None,
                records: bool = False, late: Sequence[float] | None = None,
                called: Callable[[int], str] | None = None) -> list[Path]:
        """Extracts the voices of the faces in videos, as wav and mp4: see
        `avspeech.extraction.files`.

        Args:
            videos: one video, or several of the same scene.
            out: folder for the results.
            face: which face, counted from 1; by default all.
            progress: whether to show progress bars.
            mouth: the videos show nothing but the mouth.
            track: of sound, from 1; by default the one that the file marks, or the first that
                sounds.
            faces: what `faces` found in these videos; by default they are looked for.
            records: write what was put out, and how sure it was, as `<stem>_face<N>.json`.
            late: seconds by which each video is late; by default estimated.
            called: what warnings call a face, by its number; by default the path of its wav.

        Returns:
            The files written.
        """
        return extract(self.together, self.sample_rate, self.fps, _paths(videos), Path(out), face,
                       progress, mouth, track, faces=faces, reports=lambda: self.reports,
                       records=records, late=late, called=called)

    def faces(self, videos: Sequence[str | Path] | str | Path, progress: bool = True,
              mouth: bool = False, late: Sequence[float] | None = None
              ) -> list[dict[int, MouthTrack]]:
        """The faces of videos, in the order in which `extract` counts them.

        Args:
            videos, progress, mouth, late: as for `extract`.

        Returns:
            For each face its tracks, by the number (from 0) of the video that shows it.
        """
        return find_faces(_paths(videos), self.fps, progress, mouth, late)


def _paths(videos: Sequence[str | Path] | str | Path) -> list[Path]:
    return [Path(v) for v in ([videos] if isinstance(videos, (str, Path)) else videos)]


def _checked(read: Read, start: int, stop: int) -> np.ndarray:
    mixture = read(start, stop)
    if len(mixture) != stop - start:
        raise ValueError(f"read samples {start} to {stop}: got {len(mixture)}")
    return mixture


def _rows(windows: Iterator[tuple[int, np.ndarray]], row: int) -> Iterator[tuple[int, np.ndarray]]:
    """The pieces of one face from those of all."""
    return ((start, rows[row]) for start, rows in windows)


def card_lines(name: str, info: ModelInfo) -> dict[str, Any]:
    """What a model card says of an extractor (see `core.models.PIPELINES`).

    Args:
        name: of the model.
        info: its record.

    Returns:
        "title": a sentence that says what the model does; "python": lines of Python after
        `model = avspeech.load(...)`; "shell": commands.
    """
    return {"title": "Hears one speaker in a mixture by watching their lips",
            "python": [f"voice = model(audio, views, sample_rate={info.sample_rate})"],
            "shell": [f"avspeech extract VIDEO --model {name}"]}
