"""Lips that choose among separated voices: the recursions against brute force, and whole extractors
whose lips, voices and splitter are known."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import avspeech
from avspeech.core import pretrained
from avspeech.errors import InputError
from avspeech.extraction import choice
from avspeech.extraction.choice import Chooser, Report
from avspeech.extraction.engine import TorchEngine
from avspeech.extraction.evidence import Lateness, Window, fits, timbre
from avspeech.extraction.extractor import Extractor
from avspeech.extraction.gate import CANDIDATES, FEATURES, Gate
from avspeech.extraction.mvtf import MVTF, MVTFConfig, Separated
from avspeech.extraction.steps import STEP, sums
from avspeech.extraction.windows import Windows
from avspeech.media.mouths import MouthTrack

INFO = SimpleNamespace(task="extraction", sample_rate=16000, fps=25.0)
SMALL = MVTFConfig(lips="small", lips_width=2, guess=0, blocks=1, dim=4, hidden=4, heads=1, planes=1)
SHORT = Windows(length=4.0, overlap=1.5)


def voice(seconds: float, low: float, high: float, seed: int) -> np.ndarray:
    """Noise between two frequencies, in syllables whose spectra differ."""
    rng = np.random.default_rng(seed)
    count = round(seconds * 16000)
    out = np.zeros(count)
    edges = np.geomspace(low, high, 6)
    hertz = np.fft.rfftfreq(count, 1 / 16000)
    for a, b in itertools.pairwise(edges):
        spectrum = np.fft.rfft(rng.standard_normal(count)) * ((hertz >= a) & (hertz < b))
        steps = np.repeat(rng.uniform(0, 1, count // 3200 + 2) ** 2, 3200)[:count]
        out += np.convolve(steps, np.ones(400) / 400, "same") * np.fft.irfft(spectrum, count)
    return (0.1 * out / out.std()).astype(np.float32)


def split(mixture: torch.Tensor) -> torch.Tensor:
    """Splits at 1,200 Hz; the order is another one at each call."""
    spectrum = torch.fft.rfft(mixture[0])
    hertz = torch.fft.rfftfreq(mixture.shape[1], 1 / 16000)
    parts = [torch.fft.irfft(spectrum * keep, mixture.shape[1])
             for keep in (hertz < 1200, hertz >= 1200)]
    split.calls += 1  # type: ignore[attr-defined]
    return torch.stack(parts[:: (-1) ** split.calls])[None]  # type: ignore[attr-defined]


split.calls = 0  # type: ignore[attr-defined]


class Knowing(MVTF):
    """Lips that know: the first pixels of a crop say whose they are (0 for nobody's) and which frame."""

    def __init__(self, *voices: np.ndarray, late: int = 0) -> None:
        super().__init__(SMALL)
        sounds = [torch.from_numpy(v / np.sqrt(np.mean(v**2))) for v in voices]
        with torch.no_grad():
            self.known = [self.log_bands(sound[None])[0] for sound in sounds]
        self.late = late

    def cue(self, video: torch.Tensor, mask: torch.Tensor, frames: int) -> torch.Tensor:
        pixels = video[0, 0, :, 0].long()
        first = int(pixels[0, 1] * 256 + pixels[0, 2]) * 640 // 256
        who = int(pixels[:, 0].max())
        if who == 0:
            make = torch.Generator().manual_seed(first)
            return torch.randn(1, 1, frames, 64, generator=make)
        at = (first + torch.arange(frames) - self.late).clamp(0, len(self.known[who - 1]) - 1)
        return self.known[who - 1][at][None, None]

    def heard(self, mixture, planes, refine=True) -> Separated:
        return Separated(mixture * 0.5, planes, None)


def lips(seconds: float, who: int) -> np.ndarray:
    crops = np.zeros((round(seconds * 25), 88, 88), np.uint8)
    crops[:, 0, 0], crops[:, 0, 1], crops[:, 0, 2] = who, np.arange(len(crops)) // 256, np.arange(
        len(crops)) % 256
    return crops


class Choosing(Gate):
    """Puts out the voice and nothing else."""

    def __init__(self) -> None:
        super().__init__(np.zeros((len(FEATURES), len(CANDIDATES))))
        self.weights[0, CANDIDATES.index("voice")] = 50.0


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "Gate", Choosing)


def near(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


LOW, HIGH = voice(14, 100, 1100, 1), voice(14, 1300, 6000, 2)


@pytest.mark.usefixtures("chosen")
def test_each_face_gets_its_voice_through_windows_whose_voices_change_places() -> None:
    extractor = Extractor(Knowing(LOW, HIGH), INFO, windows=SHORT, splitter=split)
    mixture = LOW + HIGH
    for who, right in ((1, LOW), (2, HIGH)):
        out = extractor(mixture, [lips(14, who)], sample_rate=16000)
        assert near(out, right) > 0.98
        report = extractor.report
        assert report is not None and min(report.trust) > 0.9 and report.doubt() is None
        assert report.seconds == [0.5 * i for i in range(28)]
        assert all(len(values) == 28 for values in (report.trust, *report.shares.values()))


@pytest.mark.usefixtures("chosen")
def test_a_face_that_is_away_keeps_its_voice() -> None:
    present = np.ones(350, bool)
    present[100:250] = False  # longer than a window
    extractor = Extractor(Knowing(LOW, HIGH), INFO, windows=SHORT, splitter=split)
    out = extractor(LOW + HIGH, [lips(14, 1)], sample_rate=16000, present=[present])
    assert near(out, LOW) > 0.97


@pytest.mark.usefixtures("chosen")
def test_a_voice_goes_on_before_and_after_its_face_and_what_is_unsure_is_silence() -> None:
    """Seen from 5 to 8 of 14 s; lips that fit no voice, and a second face that nobody sees and to
    which the first leaves one of two voices, get silence outside."""
    seen, outside = np.zeros(350, bool), np.r_[:64000, 148000:224000]
    seen[125:200] = True
    extractor = Extractor(Knowing(LOW, HIGH), INFO, windows=Windows(8, 2), splitter=split)
    out = extractor(LOW + HIGH, [lips(14, 1)], sample_rate=16000, present=[seen])
    assert near(out[outside], LOW[outside]) > 0.97
    report = extractor.report
    assert report is not None and report.seen == [0.0] * 10 + [1.0] * 6 + [0.0] * 12
    strange = extractor(LOW + HIGH, [lips(14, 0)], sample_rate=16000, present=[seen])
    assert np.square(strange[outside]).sum() < 0.01 * np.square(LOW[outside]).sum()
    tracks = [[MouthTrack(lips(14, who), mask)] for who, mask in ((1, seen | ~seen), (2, seen & ~seen))]
    mixture = LOW + HIGH
    blocks = list(extractor.together(lambda a, b: mixture[a:b], len(mixture), tracks))
    nobody = np.concatenate([block[1] for block in blocks])
    assert np.square(nobody).sum() < 0.01 * np.square(HIGH).sum()


@pytest.mark.usefixtures("chosen")
def test_a_recording_chooses_where_no_lips_are_seen() -> None:
    present = np.zeros(350, bool)
    present[:5] = True
    for k, right in enumerate((LOW, HIGH)):
        extractor = Extractor(Knowing(LOW, HIGH), INFO, windows=SHORT, splitter=split,
                              voice=voice(3, *((100, 1100), (1300, 6000))[k], seed=9))
        out = extractor(LOW + HIGH, [lips(14, 0)], sample_rate=16000, present=[present])
        assert near(out, right) > 0.97


def test_strange_lips_are_told() -> None:
    extractor = Extractor(Knowing(LOW, HIGH), INFO, windows=SHORT, splitter=split)
    extractor(LOW + HIGH, [lips(14, 0)], sample_rate=16000)
    report = extractor.report
    assert report is not None and np.mean(report.speaks) < 0.5 and report.doubt() is not None


@pytest.mark.usefixtures("chosen")
def test_two_faces_compete() -> None:
    """The second face's lips say nothing; what it can have is what the first one leaves."""
    tracks = [[MouthTrack(lips(14, who), np.ones(350, bool))] for who in (1, 2)]
    extractor = Extractor(Knowing(LOW, HIGH), INFO, windows=SHORT, splitter=split)
    mixture = LOW + HIGH
    blocks = list(extractor.together(lambda a, b: mixture[a:b], len(mixture), tracks))
    first, second = (np.concatenate([block[i] for block in blocks]) for i in (0, 1))
    assert near(first, LOW) > 0.98 and near(second, HIGH) > 0.98
    alone = list(extractor.together(lambda a, b: mixture[a:b], len(mixture), tracks, [1]))
    np.testing.assert_allclose(np.concatenate([block[0] for block in alone]), second, atol=1e-6)
    assert extractor.reports is not None and len(extractor.reports) == 1


@pytest.mark.usefixtures("chosen")
def test_a_third_face_that_speaks_is_told_and_one_that_does_not_is_not() -> None:
    """Two of the three voices lie in the same half of the spectrum, so that they are not parted."""
    third = voice(14, 100, 1100, 3)
    mixture = LOW + HIGH + third
    for last, crowd in ((3, True), (0, False)):
        tracks = [[MouthTrack(lips(14, who), np.ones(350, bool))] for who in (1, 2, last)]
        extractor = Extractor(Knowing(LOW, HIGH, third), INFO, windows=SHORT, splitter=split)
        assert list(extractor.together(lambda a, b: mixture[a:b], len(mixture), tracks))
        assert extractor.reports is not None
        for report in extractor.reports:
            assert report.crowded == [crowd] * 28
            assert ("more faces" in (report.doubt() or "")) == crowd


@pytest.mark.parametrize("late", [-16, -5, 0, 6])
def test_the_fits_find_the_voice_and_how_late_the_lips_are(late: int) -> None:
    model = Knowing(LOW, HIGH, late=late)
    frames = 500
    planes = model.cue(torch.from_numpy(lips(8, 1))[None, None], torch.ones(1, 1, 200), frames)[0].numpy()
    bands = torch.stack([model.known[1][:frames], model.known[0][:frames]]).numpy()
    shown = np.arange(frames) < 400
    every = fits(TorchEngine(model), planes, bands, shown)
    assert every.shape == (len(choice.LAGS), 2, frames) and not every[..., 400:].any()
    lateness = Lateness()
    assert abs(choice.LAGS[lateness.place] - choice.USUAL) <= 0.5
    lateness.hear(every)
    assert choice.LAGS[lateness.place] == late
    right, other = every[lateness.place].sum(1)[::-1] / 400
    assert right > 1.1 and abs(other) < 0.4  # of at most 1.3 without `sync`
    np.testing.assert_allclose(lateness.moved(planes)[0, 20:480], bands[1, 20:480])


def test_what_the_lips_told_before_outweighs_a_little_that_they_tell_now() -> None:
    def told(late: int, frames: int) -> np.ndarray:
        return np.where(choice.LAGS == late, 1.0, 0.0)[:, None, None] * np.ones((1, 2, frames))

    lateness = Lateness()
    for late, frames in ((5, 600), (-10, 100)):
        lateness.hear(told(late, frames))
        assert choice.LAGS[lateness.place] == 5
    lateness.hear(told(-10, 700))
    assert choice.LAGS[lateness.place] == -10


def test_the_recursion_is_that_of_all_paths() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (4, 2, 2))
    every = choice.states(2, 2)
    assert len(every) == 7
    before = rng.dirichlet(np.ones(7))
    moves = np.array([[np.prod([choice.STAY if a == b else 1 - choice.STAY for a, b in zip(s, t)])
                       for t in every] for s in every])
    moves /= moves.sum(1, keepdims=True)
    padded = np.concatenate([np.zeros((4, 2, 1)), scores], 2)
    expected = np.zeros((4, 2, 3))
    for path in itertools.product(range(7), repeat=4):
        chance = before @ moves[:, path[0]]
        for a, b in itertools.pairwise(path):
            chance *= moves[a, b]
        for i, state in enumerate(path):
            chance *= np.exp(padded[i, 0, every[state][0]] + padded[i, 1, every[state][1]])
        for i, state in enumerate(path):
            for f in (0, 1):
                expected[i, f, every[state][f] - 1] += chance  # the last one is none
    expected /= expected.sum(2, keepdims=True)
    chances, forward = choice.assign(scores, before)
    np.testing.assert_allclose(chances, expected, atol=1e-12)
    np.testing.assert_allclose(forward.sum(1), 1)
    assert (chances[..., :2].sum(1) <= 1 + 1e-12).all()  # no voice twice


def test_the_lips_own_estimate_tells_which_voice_and_not_whether_there_is_one() -> None:
    steps, hop = 8, 160
    rng = np.random.default_rng(3)
    voices = np.stack([LOW, HIGH])[:, : steps * 8000]
    count = voices.shape[1] // hop
    shown = np.arange(count) < count // 2

    def scored(own: np.ndarray) -> np.ndarray:
        window = Window(0, voices.sum(0), voices, own[None], voices[None], parts, np.zeros((1, count)),
                        shown[None], np.zeros((2, 64)), np.zeros((1, count)))
        return choice.scores(sums(window, np.zeros((1, 2)), 8000, hop)[1])[:, 0]

    parts = rng.normal(0, 0.1, (1, 2, count)) * shown
    silent = scored(np.zeros_like(LOW[: steps * 8000]))
    for voice, right in ((0, LOW), (1, HIGH)):
        changed = scored(0.1 * right[: steps * 8000]) - silent
        assert (changed[:4, voice] > 0.3).all() and (changed[:4, 1 - voice] < -0.3).all()
        np.testing.assert_allclose(changed.sum(1), 0, atol=1e-9)
        assert not changed[4:].any()  # the face is not seen there


def test_voices_are_followed_through_the_overlap() -> None:
    a, b = LOW[:16000], HIGH[:16000]
    assert choice.follow(np.stack([a, b]), np.stack([-0.5 * b, a + 0.2 * b])) == [1, 0]
    assert choice.follow(np.stack([a, b]), np.stack([a, b])) == [0, 1]


def test_timbres_tell_voices_apart_and_silence_from_voices() -> None:
    model = Knowing(LOW, HIGH)
    low, high = (timbre(known.numpy()) for known in model.known)
    again = timbre(model.log_bands(torch.from_numpy(voice(3, 100, 1100, 9) * 10)[None])[0].numpy())
    assert choice.unlike(low, again) < choice.ALIKE < choice.unlike(low, high)
    assert np.isnan(timbre(model.log_bands(torch.zeros(1, 16000))[0].numpy())).all()


def test_memory_is_bounded_and_every_step_is_reported_once() -> None:
    rng = np.random.default_rng(0)
    chooser = Chooser(1, 1000, 16)
    sizes = []

    def windows():
        for i in range(100):
            sizes.append(0 if chooser.sums is None else len(chooser.sums.frames))
            sound = rng.standard_normal((2, 12000))
            yield Window(8000 * i, sound.sum(0), sound, sound[:1], sound[None],
                         rng.uniform(0, 1, (1, 2, 751)), np.ones((1, 751)), np.ones((1, 751), bool),
                         np.zeros((2, 4)), np.ones((1, 751)))

    out = list(chooser(windows()))
    assert [start for start, _ in out] == [8000 * i for i in range(100)]
    assert max(sizes) <= (choice.HORIZON + 24) / STEP
    seconds = chooser.reports[0].seconds
    assert seconds == [0.5 * i for i in range(len(seconds))] and seconds[-1] == 803.5


def test_models_without_a_guess_go_on_alone() -> None:
    extractor = Extractor(lambda mixture, video, mask: mixture, INFO, splitter=split)
    out = extractor(LOW[:32000], [lips(2, 1)], sample_rate=16000)
    np.testing.assert_allclose(out, LOW[:32000], atol=1e-6)
    assert extractor.report is None
    with pytest.raises(InputError, match="splitter"):
        Extractor(lambda mixture, video, mask: mixture, INFO, voice=LOW)
    with pytest.raises(InputError, match="1 s"):
        Extractor(Knowing(LOW), INFO, splitter=split, voice=LOW[:999])


def test_a_splitter_that_does_not_fit_is_not_loaded(tmp_path, monkeypatch) -> None:
    """The record of the released splitter says that it runs at another rate than this model."""
    model = MVTF(replace(SMALL, sample_rate=8000))
    info = pretrained.ModelInfo("extraction", "mvtf", asdict(model.config), 8000)
    pretrained.save(tmp_path / "narrow", model, info)
    loaded, load = [], pretrained.open_model
    monkeypatch.setattr(pretrained, "open_model", lambda name, *rest: (
        loaded.append(str(name)), load(name, *rest))[1])
    extractor = Extractor.from_pretrained(tmp_path / "narrow")
    assert extractor.splitter is None and loaded == [str(tmp_path / "narrow")]
    with pytest.raises(InputError, match="voices-small: .* 16000 Hz, expected .* 8000 Hz"):
        Extractor.from_pretrained(tmp_path / "narrow", splitter="voices-small")


def test_the_report_tells_doubt_in_one_line() -> None:
    def report(trust: list[float], speaks: list[float]) -> Report:
        return Report([0.5 * i for i in range(len(trust))], trust, speaks)

    assert report([0.95] * 20, [1.0] * 20).doubt() is None
    weak = report([0.95] * 10 + [0.6] * 10, [1.0] * 20).doubt()
    assert weak is not None and "5 of 10 s" in weak
    nobody = report([0.02] * 20, [0.03] * 20)
    for silence, words in ((0.9, "nearly silent"), (0.1, "close to the mixture")):
        nobody.shares["silence"] = [silence] * 20
        assert words in (nobody.doubt() or "")
    still = report([0.2] * 20, [0.2] * 20)
    still.shares["silence"] = [1.0] * 19 + [0.0]
    assert "keep still; the output is nearly silent" in (still.doubt() or "")
    still.shares["silence"] = [1.0] * 15 + [0.0] * 5
    assert "for 2.5 of 10 s the lips do not tell" in (still.doubt() or "")
    for silence, told in ((0.9, False), (0.1, True)):  # of a face that may have a voice or not
        some = report([0.25] * 20, [0.4] * 20)
        some.shares["silence"] = [silence] * 20
        assert ("for 10 of 10 s" in (some.doubt() or "")) == told
    kept = json.loads(json.dumps(report([0.123456], [1.0]).record()))
    assert kept["trust"] == [0.12] and set(kept["shares"]) == set(CANDIDATES)
    away = report([0.95] * 20, [1.0] * 20)
    away.seen = [0.0] * 6 + [1.0] * 14
    assert "for 3 of 10 s the face is not seen" in (away.doubt() or "")
    away.shares["silence"] = [1.0] * 6 + [0.0] * 14
    assert away.doubt() is None
    away.trust, away.shares["silence"] = [0.6] * 20, [0.0] * 20  # not seen: no lips that could tell
    away.seen = [0.0] * 20
    assert "for 10 of 10 s the face is not seen" in (away.doubt() or "")
    away.shares["silence"] = [1.0] * 20
    assert "the face is not seen; the output is nearly silent" in (away.doubt() or "")


def test_faces_that_are_not_seen_make_no_crowd() -> None:
    """Alone, a face of which nothing is known has a voice with a probability of 2 in 3."""
    rng = np.random.default_rng(0)
    for faces in (3, 6):
        for shown in range(1, faces + 1):
            seen = np.zeros((40, faces))
            seen[:, :shown] = 1.0
            scores = np.where(seen[..., None] > 0, 4 + rng.uniform(0, 2, (40, faces, 2)), 0.0)
            crowded = choice.crowds(scores, seen)
            assert not crowded[:, shown:].any() and (crowded[:, :shown] == (shown > 2)).all()


def test_after_a_cut_the_voice_is_of_the_face_that_is_seen_to_speak() -> None:
    """The first speaks for 10 s, then a cut to the second, whose lips say less, and who has the same voice as
    the splitter numbers them. What is known of the first's voice fits it, as the window has both."""
    cut = 20
    seen = np.zeros((2 * cut, 2))
    seen[:cut, 0] = seen[cut:, 1] = 1.0
    scores = np.where(seen[..., None] > 0, [[1.0, -0.6], [0.35, -0.6]], 0.0)
    scores[cut:, 0] = 0.25, -0.25
    middle = slice(cut + 4, 2 * cut - 4)

    def chances(offered: np.ndarray) -> np.ndarray:
        return choice.assign(offered)[0][middle, :, 0].mean(0)

    claims = choice.claimed(scores, seen)
    assert (claims[middle, 0] > 0.9).all() and (claims[:, 1] < choice.TRUSTED).all()
    first, second = chances(choice.yielding(scores, seen, claims))
    assert first < 0.05 and second > 0.9
    assert chances(scores)[0] > 0.5, "without it the first would keep what is no longer its voice"

    listens, nobody = scores.copy(), seen.copy()
    listens[cut:, 1], nobody[cut:] = -0.5, 0.0
    for evidence, shown in ((listens, seen), (scores, nobody), (scores, np.ones_like(seen))):
        offered = choice.yielding(evidence, shown, choice.claimed(evidence, shown))
        assert np.array_equal(offered[middle], evidence[middle]), "nobody else is seen to have it"


def test_doubt_counts_the_time_in_which_a_face_is_seen_and_tells_all() -> None:
    def film(speaks: float, trust: float, crowded: bool, silence: float) -> str:
        """A face is seen for 10 of 100 s; nothing is known of it else."""
        report = Report([0.5 * i for i in range(200)], [0.0] * 180 + [trust] * 20,
                        [0.0] * 180 + [speaks] * 20, seen=[0.0] * 180 + [1.0] * 20)
        report.crowded = [False] * 180 + [crowded] * 20
        report.shares["silence"] = [silence] * 180 + [0.0] * 20
        return report.doubt() or ""

    assert film(0.95, 0.95, False, 1.0) == ""
    assert film(0.95, 0.6, False, 1.0).startswith("for 10 of 100 s the lips do not tell")
    assert film(0.02, 0.02, False, 1.0) == (
        "the lips fit no voice that is heard; the output is close to the mixture where the face is seen")
    rarely = Report([0.5 * i for i in range(200)], [0.6] * 200, [0.9] * 200, seen=[1.0] * 12 + [0.0] * 188)
    rarely.shares["silence"] = [0.0] * 12 + [1.0] * 188
    told = (rarely.doubt() or "").split("; ")
    assert told[0].startswith("for 94 of 100 s the face is not seen") and told[1].endswith("there")
    assert told[2].startswith("for 6 of 100 s the lips do not tell"), "nor is what is seen sure"
    both = film(0.95, 0.95, True, 0.0).split("; ")
    assert both[0].startswith("for 10 of 100 s more faces speak") and any(
        part.startswith("for 90 of 100 s the face is not seen") for part in both)


def test_a_face_that_is_away_for_long_gets_no_voice_that_is_not_surely_its_own() -> None:
    per = round(1 / choice.STEP)
    for away in (1, 4, 6, 30):
        for begin in (0, 10):
            seen = np.ones((begin * per + (away + 10) * per, 1))
            gone = slice(begin * per, (begin + away) * per)
            seen[gone] = 0.0
            chooser = choice.Chooser(1, 16000, 128, spans=[(0, 10**9)])
            beyond = chooser._beyond(seen)[:, 0]
            held = slice(gone.start + (begin > 0), gone.stop - 1)  # a step at each end that it is seen beside
            assert beyond.sum() == (len(beyond[held]) if away >= choice.AWAY else 0)
            assert away < choice.AWAY or beyond[held].all()
            assert not choice.Chooser(1, 16000, 128)._beyond(seen).any()  # where that does not matter


def test_a_rest_of_a_half_second_at_the_end_raises_no_doubt() -> None:
    for rest, words in ((0.02, None), (0.5, "for 0.5 of 4.5 s the face is not seen")):
        report = Report([0.5 * i for i in range(9)], [0.95] * 9, [1.0] * 9, rest=rest)
        report.seen = [1.0] * 8 + [0.0]
        assert report.doubt() is None if words is None else words in (report.doubt() or "")


def test_a_model_that_is_loaded_by_name_has_the_splitter_as_commands_have() -> None:
    """Without it the same model, and the page of the app, would extract strangers worse."""
    loaded = avspeech.load("mvtf-small")
    assert isinstance(loaded, Extractor) and loaded.splitter is not None
    assert isinstance(avspeech.load("voices-small"), avspeech.Splitter)
    with pytest.raises(InputError, match="expected one for separation"):
        avspeech.Splitter.from_pretrained("mvtf-small")
