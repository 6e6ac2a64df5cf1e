"""Voices from video files: clocks, lengths, views, faces. Videos are drawn;
the faces are put there by hand."""

from __future__ import annotations

import json
import os
import resource
import signal
import tempfile
import warnings
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
import soundfile

from avspeech.errors import InputError
from avspeech.extraction import files
from avspeech.extraction.choice import Report
from avspeech.extraction.extractor import Extractor
from avspeech.extraction.windows import Windows
from avspeech.media import audio, video
from avspeech.media.mouths import MouthTrack

INFO = SimpleNamespace(task="extraction", sample_rate=16000, fps=25.0)
SMALL = Windows(length=1.0, overlap=0.4)


def same(mixture, video, mask):
    return mixture


def clicks(seconds: float, rate: int, at: list[float]) -> np.ndarray:
    """20 ms bursts of a tone at the given times."""
    t = np.arange(round(seconds * rate)) / rate
    return sum(0.5 * np.sin(2 * np.pi * 1000 * t) * ((t >= x) & (t < x + 0.02)) for x in at).astype(
        np.float32
    )


def film(
    path: Path,
    seconds: float = 2.0,
    fps: int = 25,
    rate: int = 44100,
    sound: np.ndarray | None = None,
    late_sound: float = 0.0,
    late_picture: float = 0.0,
    codecs: tuple[str, str] = ("libx264", "aac"),
) -> Path:
    """A video whose pictures are uniformly grey, brighter by 2 each 1/25 s, with sound."""
    with av.open(str(path), "w") as target:
        pictures = target.add_stream(codecs[0], rate=fps)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        if codecs[0] == "libx264":
            pictures.options = {"preset": "ultrafast", "crf": "10", "bf": "2"}
        speech = None
        if sound is not None:
            speech = target.add_stream(codecs[1], rate=rate)
            speech.layout = "mono"
        packets = []
        for k in range(round(seconds * fps)):
            level = int(2 * (k / fps + late_picture) * 25) % 256
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), format="rgb24")
            frame.pts, frame.time_base = k + round(late_picture * fps), Fraction(1, fps)
            packets += pictures.encode(frame)
        packets += pictures.encode(None)
        if speech is not None:
            fifo = av.AudioFifo()
            frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
            frame.sample_rate = rate
            fifo.write(frame)
            size, done = speech.codec_context.frame_size or 1024, round(late_sound * rate)
            while part := fifo.read(size, partial=True):
                part.pts, part.time_base = done, Fraction(1, rate)
                done += part.samples
                for converted in av.AudioResampler(speech.format.name, "mono", rate).resample(part):
                    packets += speech.encode(converted)
            packets += speech.encode(None)
        for packet in sorted(packets, key=lambda p: float((p.dts or 0) * p.time_base)):
            target.mux(packet)
    return path


def track(
    frames: int, first: int = 0, last: int | None = None, x: float = 0.0, seed: int = 0, width: float = 20
) -> MouthTrack:
    present = np.zeros(frames, bool)
    present[first:last] = True
    crops = np.random.default_rng(seed).integers(0, 255, (frames, 96, 96), dtype=np.uint8)
    boxes = np.tile(np.array([x, 0, x + width, width], np.float32), (frames, 1))
    boxes[~present] = np.nan
    return MouthTrack(crops, present, boxes)


@pytest.fixture
def faces(monkeypatch):
    """Faces by the name of the file; by default one, seen all the time."""
    table: dict[str, list] = {}

    def mouth_tracks(path, fps=25.0, **options):
        return table.get(Path(path).stem, [track(len(brightness(path)))])

    monkeypatch.setattr(video, "mouth_tracks", mouth_tracks)
    return table


def onsets(samples: np.ndarray, rate: int) -> list[float]:
    """Times at which bursts begin."""
    loud = np.flatnonzero(np.abs(samples) > 0.15) / rate
    return [float(t) for k, t in enumerate(loud) if k == 0 or t - loud[k - 1] > 0.1]


def brightness(path: Path) -> list[float]:
    return [float(frame.mean()) for frame in video.read_frames(path)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mpg", ".avi"])
@pytest.mark.parametrize(("fps", "rate"), [(25, 44100), (30, 48000), (50, 16000)])
def test_clock_is_kept(tmp_path, faces, suffix, fps, rate) -> None:
    if suffix == ".mpg" and rate == 16000:
        rate = 32000
    codecs = {".mpg": ("mpeg1video", "mp2"), ".avi": ("mpeg4", "mp2")}.get(suffix, ("libx264", "aac"))
    at = [0.3, 1.1, 1.7]
    source = film(tmp_path / f"talk{suffix}", 2.0, fps, rate, clicks(2.0, rate, at), codecs=codecs)
    paths = Extractor(same, INFO, windows=SMALL).extract(source, tmp_path / "out", progress=False)
    assert [p.name for p in paths] == ["talk_face1.wav", "talk_face1.mp4"]
    voice, voice_rate = soundfile.read(paths[0])
    assert voice_rate == 16000 and abs(len(voice) / 16000 - 2.0) < 0.05
    np.testing.assert_allclose(onsets(voice, 16000), onsets(audio.read(source), 16000), atol=0.002)
    np.testing.assert_allclose(onsets(voice, 16000), at, atol=0.04)
    np.testing.assert_allclose(onsets(audio.read(paths[1]), 16000), onsets(voice, 16000), atol=0.005)
    before, after = brightness(source), brightness(paths[1])
    assert abs(len(before) - len(after)) <= 1
    n = min(len(before), len(after))
    assert np.abs(np.subtract(before[:n], after[:n])).max() < 6  # 2 a frame
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["talk_face1.mp4", "talk_face1.wav"]


@pytest.mark.parametrize(("late_sound", "late_picture"), [(0.6, 0.0), (0.0, 0.6)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_streams_that_begin_late(tmp_path, faces, suffix, late_sound, late_picture) -> None:
    source = film(tmp_path / f"talk{suffix}", sound=clicks(2.0, 44100, [0.5, 1.0]), late_sound=late_sound,
                  late_picture=late_picture)  # fmt: skip
    wav, mp4 = Extractor(same, INFO, windows=SMALL).extract(source, tmp_path, progress=False)
    expected = [late_sound + 0.5, late_sound + 1.0]
    np.testing.assert_allclose(onsets(audio.read(wav), 16000), expected, atol=0.04)
    np.testing.assert_allclose(onsets(audio.read(mp4), 16000), expected, atol=0.04)
    before, after = brightness(source), brightness(mp4)
    assert abs(len(before) - len(after)) <= 1 and len(before) == round((2.0 + late_picture) * 25)
    assert np.abs(np.subtract(before[:49], after[:49])).max() < 6


def test_a_face_that_appears_late_is_heard_late(tmp_path, faces) -> None:
    faces["talk"] = [track(100, first=60)]
    rate = 44100
    sound = (0.3 * np.sin(2 * np.pi * 300 * np.arange(4 * rate) / rate)).astype(np.float32)
    source = film(tmp_path / "talk.mp4", 4.0, sound=sound)
    wav, mp4 = Extractor(same, INFO, windows=SMALL).extract(source, tmp_path, progress=False)
    for path in (wav, mp4):
        voice = audio.read(path)
        assert abs(len(voice) - 64000) < 640 * 3
        loud = np.flatnonzero(np.abs(voice) > 0.05)
        assert abs(loud[0] / 16000 - (60 / 25 - 0.5)) < 0.04


def test_several_faces_and_one_of_them(tmp_path, faces) -> None:
    faces["talk"] = [track(50, seed=1), track(50, seed=2), track(50, last=10, seed=3)]
    source = film(tmp_path / "talk.mp4", sound=clicks(2, 44100, [0.5]))
    paths = Extractor(same, INFO).extract([source], tmp_path / "all", progress=False)
    assert [p.name for p in paths[::2]] == [
        "talk_face1.wav",
        "talk_face2.wav",
    ]  # the third is seen too briefly
    paths = Extractor(same, INFO).extract([source], tmp_path / "one", face=2, progress=False)
    assert [p.name for p in paths] == ["talk_face2.wav", "talk_face2.mp4"]
    with pytest.raises(InputError, match="shows 2"):
        Extractor(same, INFO).extract([source], tmp_path, face=3, progress=False)


@pytest.mark.parametrize(("face", "told"), [(None, [2]), (1, []), (2, [2]), (3, [])])
def test_small_faces_are_told_by_number_where_they_are_wanted(tmp_path, faces, face, told) -> None:
    """Somebody far behind is no matter for the voice of another face, and one large view is enough."""
    large, far = track(50, seed=1, width=41), track(50, seed=2, width=39)
    unplaced = track(50, seed=3)
    unplaced.boxes = None
    faces["talk"] = [large, far, unplaced]
    source = film(tmp_path / "talk.mp4", sound=clicks(2, 44100, [0.5]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Extractor(same, INFO).extract([source], tmp_path / "out", face=face, progress=False)
    small = [str(w.message) for w in caught if "pixels wide" in str(w.message)]
    assert ["39 pixels" in text and f"talk_face{number}.wav" in text
            for number, text in zip(told, small, strict=True)] == [True] * len(told)


def test_another_track_of_pictures_is_told_where_no_face_is_found(tmp_path, faces) -> None:
    """A camera beside a shared screen, or two cameras, in one file."""
    faces["talk"] = faces["two"] = []
    source = film(tmp_path / "talk.mp4", sound=clicks(2, 44100, [0.5]))
    with av.open(str(source)) as first, av.open(str(tmp_path / "two.mkv"), "w") as target:
        pairs = [(s, target.add_stream_from_template(s)) for s in (*first.streams.video, *first.streams)]
        for packet in first.demux():
            if packet.dts is not None:
                data, pts, dts, base = bytes(packet), packet.pts, packet.dts, packet.time_base
                for stream in [new for old, new in pairs if old.index == packet.stream.index]:
                    copy = av.Packet(data)
                    copy.pts, copy.dts, copy.time_base, copy.stream = pts, dts, base, stream
                    copy.is_keyframe = packet.is_keyframe
                    target.mux(copy)
    for path, told in ((source, False), (tmp_path / "two.mkv", True)):
        said = refused(lambda path=path: Extractor(same, INFO).extract(path, tmp_path / "o", progress=False))
        assert "no face found" in said and ("2 tracks of pictures of two.mkv number 1" in said) is told


def test_faces_that_were_found_are_not_looked_for_again(tmp_path, faces, monkeypatch) -> None:
    faces["left"] = []
    faces["right"] = [track(50, seed=1), track(50, last=10, seed=2), track(50, x=30, seed=3)]
    views = [film(tmp_path / f"{side}.mp4", sound=clicks(2, 44100, [0.5])) for side in ("left", "right")]
    with pytest.warns(UserWarning, match="left.mp4: no face"):
        found = Extractor(same, INFO).faces(views, progress=False)
    assert [list(face) for face in found] == [[1], [1]]  # the second video's; one was seen too briefly
    assert found[1][1] is faces["right"][2]
    monkeypatch.setattr(video, "mouth_tracks", lambda *a, **k: pytest.fail("looked for again"))
    paths = Extractor(same, INFO).extract(views, tmp_path / "out", face=2, progress=False, faces=found)
    assert [p.name for p in paths] == ["left_face2.wav", "left_face2.mp4"]
    assert abs(audio.duration(paths[0]) - 2) < 0.05


def test_two_cameras_sound_in_the_second(tmp_path, faces) -> None:
    given = []

    def model(mixture, pictures, mask):
        given.append((pictures[0, :, :, 40, 40].numpy(), mask[0].numpy()))
        return mixture

    faces["left"] = [track(50, x=0, seed=1), track(50, x=30, seed=2)]
    other = [track(50, x=0, seed=2), track(50, x=30, seed=1)]
    faces["right"] = other
    left = film(tmp_path / "left.mp4")
    right = film(tmp_path / "right.mkv", sound=clicks(2, 44100, [0.5]))
    paths = Extractor(model, INFO).extract([left, right], tmp_path / "out", progress=False)
    assert [p.name for p in paths[::2]] == ["left_face1.wav", "left_face2.wav"]
    np.testing.assert_allclose(onsets(audio.read(paths[0]), 16000), [0.5], atol=0.04)
    for pictures, _ in given:  # the same seed is the same face
        np.testing.assert_array_equal(pictures[0], pictures[1])
    faces["right"] = []
    with pytest.warns(UserWarning, match="right.mkv: no face"):
        Extractor(model, INFO).extract([left, right], tmp_path / "out", progress=False)
    assert given[-1][0].shape[0] == 1


def test_bad_files_are_told_in_one_line(tmp_path, faces) -> None:
    mute = film(tmp_path / "mute.mp4")
    good = film(tmp_path / "good.mp4", sound=clicks(2, 44100, [0.5]))
    wav = tmp_path / "sound.wav"
    soundfile.write(wav, np.zeros(16000), 16000)
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    voice = Extractor(same, INFO)
    for paths, out, words in [
        ([], tmp_path, "no video given"),
        ([mute], tmp_path, "no sound"),
        ([tmp_path / "sound"], tmp_path, "no video stream"),
        ([text], tmp_path, "text.mp4"),
        ([tmp_path / "none.mp4"], tmp_path, "no such file"),
        ([good], wav, "looks like a file"),
        ([good], wav.rename(tmp_path / "sound"), "cannot make this folder"),
    ]:
        with pytest.raises(InputError) as caught:
            voice.extract(paths, out, progress=False)
        assert words in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(InputError, match="none: a folder"):
        (tmp_path / "none").mkdir()
        voice.extract(tmp_path / "none", tmp_path, progress=False)
    faces["good"] = []
    with pytest.raises(InputError, match="--audio 2: it has one track"):  # before faces are looked for
        voice.extract(good, tmp_path, progress=False, track=2)
    with pytest.raises(InputError, match="expected 1 number of seconds"):
        voice.extract(good, tmp_path, progress=False, late=[0, 1])
    with pytest.raises(InputError, match="late 0.1: how late several videos are"):
        voice.extract(good, tmp_path, progress=False, late=[0.1])
    with pytest.raises(InputError, match="good.mp4: no face found"):
        voice.extract(good, tmp_path, progress=False)


def test_nothing_half_written(tmp_path, faces) -> None:
    source = film(tmp_path / "talk.mp4", sound=clicks(2, 44100, [0.5, 1.5]))
    out = tmp_path / "out"
    Extractor(same, INFO).extract(source, out, progress=False)
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    calls = []

    def breaks(mixture, pictures, mask):
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return mixture * 0.5

    with pytest.raises(MemoryError):
        Extractor(breaks, INFO, windows=SMALL).extract(source, out, progress=False)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    with pytest.warns(UserWarning, match="clipped"):
        Extractor(lambda m, v, k: 10 * m, INFO).extract(source, out, progress=False)
    assert {p.name for p in out.iterdir()} == set(before)


def test_silence(tmp_path, faces) -> None:
    source = film(tmp_path / "talk.mkv", sound=np.zeros(88200, np.float32), codecs=("libx264", "flac"))
    wav, _ = Extractor(lambda m, v, k: m / m.pow(2).mean().sqrt(), INFO).extract(
        source, tmp_path, progress=False
    )
    assert not audio.read(wav).any() and len(audio.read(wav)) == 32000


def test_from_a_name(tmp_path, faces, monkeypatch) -> None:
    pretrained = SimpleNamespace(open_model=lambda name, device, engine, task: (same, INFO),
                                 names=lambda: [], content=lambda name: None)
    monkeypatch.setattr("avspeech.core.pretrained", pretrained, raising=False)
    source = film(tmp_path / "talk.mp4", sound=clicks(2, 44100, [0.5]))
    assert len(files.extract_files([source], tmp_path / "out", progress=False)) == 2


def test_no_result_takes_the_place_of_an_input(tmp_path, faces) -> None:
    talk = film(tmp_path / "talk.mp4", sound=clicks(2, 44100, [0.5]))
    side = film(tmp_path / "talk_face1.mp4")
    (tmp_path / "talk_face1.wav").write_bytes(side.read_bytes())
    (tmp_path / "link").symlink_to(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.*")}
    for out in (tmp_path, tmp_path / "link"):
        with pytest.raises(InputError, match="talk_face1.mp4: would be replaced"):
            files.extract(same, 16000, 25.0, [talk, side], out, progress=False)
        with pytest.raises(InputError, match="talk_face1.wav: would be replaced"):
            files.extract_files([talk], out, face=1, voice=tmp_path / "talk_face1.wav")
    assert before == {path: path.read_bytes() for path in tmp_path.glob("*.*")}
    files.keep_inputs([side], tmp_path, "talk", face=2)
    files.keep_inputs([side], tmp_path / "voices", "talk")


def test_a_model_for_another_task_is_refused() -> None:
    with pytest.raises(InputError, match="emotion"):
        Extractor.from_pretrained("emotion-edge")


def test_what_was_put_out_is_written_and_doubt_is_told(tmp_path, faces) -> None:
    faces["talk"] = [track(50, x=0), track(50, x=40, seed=1)]
    source = film(tmp_path / "talk.mp4", sound=clicks(2, 44100, [0.5]))
    reports = [Report([0.0, 0.5], [0.99, 0.98], [1.0, 1.0]), Report([0.0, 0.5], [0.5, 0.6], [0.9, 0.9])]
    asked = []

    def together(read, samples, views, wanted):
        asked.append((len(views), list(wanted)))
        for begin in range(0, samples, 7000):
            yield [gain * read(begin, min(begin + 7000, samples)) for gain in (1.0, 0.5)][: len(wanted)]

    def run(**options) -> list[str]:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            written = files.extract(together, 16000, 25.0, [source], tmp_path / "out", progress=False,
                                    reports=lambda: reports[: len(asked[-1][1])], **options)
        assert [str(w.message) for w in told if "do not tell" in str(w.message)] == [
            f"{tmp_path / 'out' / 'talk_face2.wav'}: {reports[1].doubt()}"][: len(asked[-1][1]) - 1]
        return [path.name for path in written]

    assert run(records=True) == ["talk_face1.wav", "talk_face1.mp4", "talk_face1.json",
                                 "talk_face2.wav", "talk_face2.mp4", "talk_face2.json"]
    for number, report in enumerate(reports, 1):
        assert json.loads((tmp_path / f"out/talk_face{number}.json").read_text()) == report.record()
    loud, quiet = (audio.read(tmp_path / f"out/talk_face{n}.wav") for n in (1, 2))
    np.testing.assert_allclose(quiet, 0.5 * loud, atol=1e-4)
    assert run(face=1) == ["talk_face1.wav", "talk_face1.mp4"]
    assert asked == [(2, [0, 1]), (2, [0])]  # the other face still competes


@pytest.mark.parametrize("seconds, told", [(1.9, False), (2.4, False), (1.2, True), (3.0, True)])
def test_pictures_that_end_away_from_the_sound_are_told(tmp_path, faces, seconds, told) -> None:
    """A video of which a part is missing, or one at 30 pictures a second that were taken at 25."""
    faces["talk"] = [track(round(25 * seconds), x=0)]
    source = film(tmp_path / "talk.mp4", seconds, sound=clicks(2, 44100, [0.5]))

    def together(read, samples, views, wanted):
        yield [read(0, samples)]

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        files.extract(together, 16000, 25.0, [source], tmp_path / "out", progress=False)
    lines = [str(w.message) for w in said if "end at" in str(w.message)]
    assert [f"{source}: its pictures end at {seconds:.1f} s and its sound at 2.0 s" in x
            for x in lines] == [True] * told


@pytest.mark.real
@pytest.mark.parametrize("kind", ["mpg", "mp4"])
def test_real_clip(tmp_path, real_data, kind) -> None:
    clip = sorted((real_data / "grid" / "video" / "s1").glob(f"*.{kind}"))[0]
    masks = []

    def model(mixture, pictures, mask):
        masks.append(mask)
        return mixture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the clip is at full scale
        wav, mp4 = Extractor(model, INFO).extract(clip, tmp_path, progress=False)
    assert masks[0].shape == (1, 1, 75) and masks[0].float().mean() > 0.9
    source, voice, sound = audio.read(clip), audio.read(wav), audio.read(mp4)
    assert len(voice) == 48000
    np.testing.assert_allclose(voice[: len(source)], np.clip(source, -1, 1), atol=1e-3)
    lag = np.argmax(np.correlate(sound[8000:40320], source[8320:40000], "valid")) - 320
    assert abs(lag) <= 2
    assert len(brightness(mp4)) == 75
    if kind == "mpg":
        with av.open(str(mp4)) as container:
            assert container.streams.video[0].codec_context.name in ("h264", "mpeg4")


@pytest.mark.parametrize("name", [
    "12:30.mkv", "http:talk.mkv", "é✓.mkv", "-o.mkv", os.fsdecode(b"caf\xe9.mkv"), 240 * "a" + ".mkv",
    80 * "✓" + ".mkv"], ids=range(7))
@pytest.mark.filterwarnings("ignore:.*pixels wide")  # pytest-xdist cannot send a name in Latin-1
def test_names_that_files_may_have(tmp_path, faces, name) -> None:
    source = film(tmp_path / "talk.mkv", sound=clicks(2, 44100, [0.5]))
    source = source.rename(tmp_path / name)
    paths = Extractor(same, INFO).extract(source, tmp_path / "out", progress=False)
    assert [p.name for p in paths] == [f"{source.stem}_face1.wav", f"{source.stem}_face1.mp4"]
    assert sorted(os.listdir(tmp_path / "out")) == sorted(p.name for p in paths)
    np.testing.assert_allclose(onsets(audio.read(paths[1]), 16000), [0.5], atol=0.04)


def refused(call) -> str:
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_places_that_cannot_be_written_to(tmp_path, faces, monkeypatch) -> None:
    source = film(tmp_path / "talk.mkv", sound=clicks(2, 44100, [0.5]))
    monkeypatch.setattr(video, "mouth_tracks", lambda *a, **k: pytest.fail("the work had begun"))
    closed = Path("/proc/1") if os.geteuid() == 0 else tmp_path / "closed"
    if closed.name == "closed":
        closed.mkdir(mode=0o500)
    assert "cannot" in refused(lambda: Extractor(same, INFO).extract(source, closed, progress=False))
    assert "talk.mkv" in refused(lambda: Extractor(same, INFO).extract(source, source, progress=False))
    long = source.rename(tmp_path / (248 * "b" + ".mkv"))
    assert "too long" in refused(lambda: Extractor(same, INFO).extract(long, tmp_path, progress=False))


@pytest.mark.parametrize(("size", "what"), [(20_000, "wav"), (70_000, "mp4")])
def test_a_full_disk_leaves_what_was_there(tmp_path, faces, size, what) -> None:
    """A bound on the size of files stands for the disk; the wav has 64 kB, the mp4 more."""
    source = film(tmp_path / "talk.mkv", 2.0, sound=clicks(2, 44100, [0.5]))
    noise = np.random.default_rng(0).integers(0, 255, (50, 240, 320, 3), dtype=np.uint8)
    large = tmp_path / "large.mkv"
    with av.open(str(large), "w") as target:
        stream = target.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 320, 240, "yuv420p", 4_000_000
        for picture in noise:
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode(None))
    out = tmp_path / "out"
    Extractor(same, INFO).extract([large, source], out, progress=False)
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    pieces = tempfile.SpooledTemporaryFile  # the decoded sound stays in memory here
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", lambda **options: pieces(max_size=10**9))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            said = refused(lambda: Extractor(same, INFO).extract([large, source], out, progress=False))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
    assert f"large_face1.{what}: cannot be written" in said
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


def test_a_full_temporary_folder_is_said(tmp_path, faces) -> None:
    source = film(tmp_path / "talk.mkv", sound=clicks(2, 44100, [0.5]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", lambda **options: open("/dev/full", "w+b"))
        said = refused(lambda: Extractor(same, INFO).extract(source, tmp_path, progress=False))
    assert "TMPDIR" in said


def test_an_offset_and_a_level_far_beyond_full_scale_do_not_reach_the_voice(tmp_path, faces) -> None:
    sound = clicks(2.0, 44100, [0.5, 1.0])
    clean = film(tmp_path / "a.mkv", sound=sound, codecs=("mpeg4", "pcm_f32le"))
    extractor = Extractor(same, INFO, windows=SMALL)
    wanted = audio.read(extractor.extract(clean, tmp_path / "a", progress=False)[0])
    for far, match in ((sound + np.float32(0.3), "offset of 0.3"),
                       (30 / np.abs(sound).max() * sound, "full scale")):
        path = film(tmp_path / "b.mkv", sound=far.astype(np.float32), codecs=("mpeg4", "pcm_f32le"))
        with pytest.warns(UserWarning, match=match):
            wav, _ = extractor.extract(path, tmp_path / "b", progress=False)
        voice = audio.read(wav)
        gain = float(voice @ wanted / (wanted @ wanted))
        assert np.abs(voice - gain * wanted).max() < 0.01 * gain and abs(voice.mean()) < 1e-3


def test_one_picture_is_told_and_no_cut_is_guessed() -> None:
    for frames, told in (([1], "it holds one picture only"), ([30], "its pictures end at 1.2 s"),
                         ([70], None)):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            files._compare(Path("a.mov"), 3.0, 25.0, frames)
        assert [told in str(w.message) for w in said] == ([True] if told else [])


@pytest.mark.parametrize("name", ["voice.wav", "voice.MP4", "voice.flac"])
def test_a_folder_that_looks_like_a_file_is_not_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: looks like a file.*such as .*voice"):
        with files.place(tmp_path / name, "a"):
            pass
    assert not list(tmp_path.iterdir())
    (tmp_path / name).mkdir()  # the user's own choice
    with files.place(tmp_path / name, "a"):
        pass
