"""Trains a voice: batches of aligned sentences, the losses of ProsodyFM, and what its vocoder
learns from."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.core.batching import Batch
from avspeech.media import pitch
from avspeech.synthesis import align, flow_matching, intonation
from avspeech.synthesis.phrasing import boundaries
from avspeech.synthesis.prosodyfm import ProsodyFM
from avspeech.synthesis.vocoding import Segments, Sounds
from avspeech.text import Script

Record = Mapping[str, Any]


def sequence(record: Record, breaks: bool) -> tuple[list[int], list[int], list[int]]:
    """The tokens of an aligned utterance.

    Args:
        record: of the recipe's words stage.
        breaks: whether the breaks that were detected are tokens, and a shorter pause belongs to the
            phone before it; otherwise the mark or boundary at the place takes the pause.

    Returns:
        (ids, frames, `last` as of `phrasing.last_words`) of each token.
    """
    script = Script.from_dict(record["script"])
    pauses, found = record["pauses"], {int(w) for w in record["breaks"]}
    if breaks:
        script = script.with_breaks({w: None for w in found}, keep_asked=False)
    tokens = script.tokens()
    frames = [0] * len(tokens)
    phones = iter(record["phones"])
    place: dict[int, int] = {}
    for i, token in enumerate(tokens):
        if token.kind == "phone":
            frames[i] = next(phones)
            place[token.word] = i
        elif token.kind in (("break",) if breaks else ("word", "mark")):
            place[token.word] = i
    for word, pause in enumerate(pauses[:-1]):
        frames[place[word]] += pause
    frames[0] += record["lead"]
    frames[-1] += pauses[-1]
    ends = [word for word, _ in record["heard" if breaks else "written"]]
    number = {word: i for i, word in enumerate(ends, 1)}
    last = [number.get(t.word, 0) if t.kind == "phone" else 0 for t in tokens]
    return script.ids(), frames, last


class Aligned:
    """Aligned utterances (`batching.Dataset`).

    Args:
        records: by id, of the recipe's words stage.
        sounds: the recordings.
        f0: by id, `[T]` hertz at the mel's frames, 0 where unvoiced.
        mel: function from sounds `[B, N]` to log-mels `[B, M, T]`.
        speakers: names in the order of the voice's table.
        frame_seconds: length of a frame.
        breaks: as in the voice.
    """

    def __init__(self, records: Mapping[str, Record], sounds: Sounds, f0: Mapping[str, np.ndarray],
                 mel: Callable[[Tensor], Tensor], speakers: Sequence[str], frame_seconds: float,
                 breaks: bool = True):
        self.names = [name for name in records if name in sounds.utterances]
        self.records, self.sounds, self.f0, self.mel = records, sounds, f0, mel
        self.frame_seconds = frame_seconds
        self.heard = "heard" if breaks else "written"
        self.speakers = {name: i for i, name in enumerate(speakers)}
        self.sequences = {name: sequence(records[name], breaks) for name in self.names}
        self.lengths = [max(1, sum(self.sequences[n][1])) * frame_seconds for n in self.names]
        self._mels: dict[str, np.ndarray] = {}
        self._melodies: dict[str, np.ndarray] = {}

    def of(self, speakers: Collection[str]) -> Aligned:
        """The utterances of some speakers; all utterances where these speakers have none."""
        part = copy.copy(self)
        length = dict(zip(self.names, self.lengths))
        part.names = [n for n in self.names
                      if self.sounds.utterances[n].speaker in speakers] or self.names
        part.lengths = [length[n] for n in part.names]
        return part

    def mel_of(self, name: str) -> np.ndarray:
        """The log-mel `[T, M]` of an utterance, T the sum of its durations."""
        if name not in self._mels:
            skip, total = self.records[name]["skip"], sum(self.sequences[name][1])
            with torch.no_grad():
                mel = self.mel(torch.from_numpy(self.sounds[name])[None])[0].T.numpy()
            mel = mel[skip: skip + total]
            self._mels[name] = np.pad(mel, ((0, total - len(mel)), (0, 0)),
                                      mode="edge").astype(np.float32)
        return self._mels[name]

    def melody_of(self, name: str) -> np.ndarray:
        """The melody `[T]` float32 of an utterance in semitones over 100 Hz, without gaps, as the
        contours are cut from it; NaN throughout where nothing is voiced."""
        if name not in self._melodies:
            hertz, skip = self.f0[name], self.records[name]["skip"]
            total = sum(self.sequences[name][1])
            line = pitch.contour(hertz, hertz > 0, self.frame_seconds)[skip: skip + total]
            self._melodies[name] = np.pad(line, (0, total - len(line)), mode="edge")
        return self._melodies[name]

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """One utterance, its contours moved by one random offset each."""
        rng = np.random.default_rng(seed)
        name = self.names[index]
        ids, frames, last = self.sequences[name]
        contours = [np.asarray(c, np.float32) for _, c in self.records[name][self.heard]]
        moved = [c - np.float32(rng.uniform(-intonation.OFFSET, intonation.OFFSET))
                 for c in contours]
        speaker = self.sounds.utterances[name].speaker
        return {"id": name, "ids": np.array(ids), "durations": np.array(frames),
                "last": np.array(last),
                "contours": moved, "mel": self.mel_of(name), "melody": self.melody_of(name),
                "speaker": self.speakers[speaker]}

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """A batch: ids; tokens, durations, last `[B, L]`, lengths `[B]`; mel `[B, T, M]`, melody
        `[B, T]`; contours `[B, P, F]`, contour_frames `[B, P]`; speaker `[B]`."""
        def padded(key: str) -> Tensor:
            arrays = [i[key] for i in items]
            out = np.zeros((len(arrays), *np.max([a.shape for a in arrays], axis=0)),
                           arrays[0].dtype)
            for row, array in zip(out, arrays):
                row[tuple(slice(n) for n in array.shape)] = array
            return torch.from_numpy(out)

        phrases = max(max(len(i["contours"]) for i in items), 1)
        longest = max([len(c) for i in items for c in i["contours"]] + [1])
        contours = np.zeros((len(items), phrases, longest), np.float32)
        frames = np.zeros((len(items), phrases), np.int64)
        for row, item in enumerate(items):
            for p, c in enumerate(item["contours"]):
                contours[row, p, : len(c)], frames[row, p] = c, len(c)
        return {"ids": [i["id"] for i in items], "tokens": padded("ids"),
                "durations": padded("durations"),
                "last": padded("last"), "mel": padded("mel"), "melody": padded("melody"),
                "contours": torch.from_numpy(contours), "contour_frames": torch.from_numpy(frames),
                "lengths": torch.tensor([len(i["ids"]) for i in items]),
                "speaker": torch.tensor([i["speaker"] for i in items])}

    def statistics(self) -> dict[str, float]:
        """Mean and deviation of the log-mel and of the melody, by the names of a voice's
        configuration."""
        found = {}
        for key, of in (("mel", self.mel_of), ("melody", self.melody_of)):
            rows = np.concatenate([of(name) for name in self.names])
            found[f"{key}_mean"] = round(float(np.nanmean(rows)), 3)
            found[f"{key}_std"] = round(float(np.nanstd(rows)), 3)
        return found


FIELDS = ("tokens", "lengths", "durations", "last", "mel", "melody", "contours", "contour_frames",
          "speaker")


def _understood(model: ProsodyFM, tokens: Tensor, lengths: Tensor, last: Tensor, contours: Tensor,
                contour_frames: Tensor, speaker: Tensor
                ) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor]:
    """(mask `[B, L]`; embeddings of intonation used, and those the text asks for, see
    `ProsodyFM.intonation`, None without; text, speaker and intonation fused `[B, L, C]`)."""
    mask = torch.arange(tokens.shape[1], device=tokens.device) < lengths.unsqueeze(1)
    h = model.encode(tokens, mask)
    tone, asked = None, None
    if model.config.intonation:
        tone, asked = model.intonation(h, last, contours, contour_frames)
    return mask, tone, asked, model.fuse(h, mask, speaker, tone, last)


class Speaking(nn.Module):
    """Wraps a voice so that one forward returns all losses (DDP needs that).

    The vocoder and the break predictor inside stay as they are.

    Args:
        model: the voice.
        search: whether durations are found by monotonic search under the prior at every step, as in
            the paper, instead of those given.
    """

    def __init__(self, model: ProsodyFM, search: bool = False):
        super().__init__()
        self.model, self.search = model, search
        model.vocoder.requires_grad_(False)
        if model.phrasing is not None:
            model.phrasing.requires_grad_(False)

    def forward(self, tokens: Tensor, lengths: Tensor, durations: Tensor, last: Tensor, mel: Tensor,
                melody: Tensor, contours: Tensor, contour_frames: Tensor, speaker: Tensor,
                t: Tensor | None = None, z: Tensor | None = None) -> dict[str, Tensor]:
        """The losses of a batch.

        Args:
            tokens, ..., speaker: as in `Aligned.collate`.
            t: `[B]` times of the flow (default: drawn).
            z: `[B, T, channels]` noise of the flow (default: drawn).

        Returns:
            {"flow", "prior", "duration", and with intonation "aligner" and "contour"}.
        """
        model = self.model
        mask, tone, asked, fused = _understood(model, tokens, lengths, last, contours,
                                               contour_frames,
                                               speaker)
        losses = {}
        if tone is not None and asked is not None:
            known = (contour_frames > 0).unsqueeze(-1)
            off = (asked - tone.detach()).square() * known
            losses["aligner"] = off.sum() / (known.sum() * off.shape[-1]).clamp_min(1)
            losses["contour"] = self.contour_loss(contours, contour_frames)
        if self.search:
            durations = self.searched(fused, tokens, lengths, model.normalise(mel),
                                      durations.sum(1))
        outline = model.outline(fused, tone, last, durations)
        condition, mean, _, there = model.condition(outline, durations, mel.shape[1])
        unheard = melody.isnan()  # a sound without any voice has no melody: any will do
        wanted = model.normalise(mel, torch.where(unheard, model.config.melody_mean, melody))
        count = there.sum() * wanted.shape[-1]
        losses["prior"] = 0.5 * ((mean - wanted).square() * there.unsqueeze(-1)).sum() / count
        hint = model.decoder.prepare(condition)
        losses["flow"] = flow_matching.loss(lambda x, t: model.decoder(x, t, hint, there), wanted,
                                            there, t, z)
        timed = model.timed[tokens] & mask
        off = model.durations(fused.detach(), mask) - torch.log1p(durations.float())
        losses["duration"] = (off.square() * timed).sum() / timed.sum()
        return losses

    def contour_loss(self, contours: Tensor, frames: Tensor) -> Tensor:
        """The error of drawn contours, of the recordings and, in training, of as many invented
        ones."""
        tones, draw = self.model.tones, self.model.contours
        total = intonation.contour_loss(draw(tones(contours, frames)), contours, frames)
        if self.training:
            more = intonation.invented(contours, frames)
            total = (total + intonation.contour_loss(draw(tones(more, frames)), more, frames)) / 2
        return total

    @torch.no_grad()
    def searched(self, fused: Tensor, tokens: Tensor, lengths: Tensor, wanted: Tensor,
                 frames: Tensor) -> Tensor:
        """Durations `[B, L]` of the best monotonic path under the prior; symbols that take no time
        get none."""
        timed = self.model.timed[tokens]
        timed &= torch.arange(tokens.shape[1], device=tokens.device) < lengths.unsqueeze(1)
        scores = align.gaussian_scores(self.model.prior(fused)[..., : self.model.mels],
                                       wanted).cpu().numpy()
        rows, counts = [s[keep]
                        for s, keep in zip(scores, timed.cpu().numpy())], timed.sum(1).cpu().numpy()
        packed = np.zeros((len(rows), counts.max(), scores.shape[2]), np.float32)
        optional = np.zeros(packed.shape[:2], bool)
        for i, row in enumerate(rows):
            packed[i, : len(row)] = row
            optional[i, : len(row)] = self.model.optional[tokens[i][timed[i]]].cpu().numpy()
        # Two in a row that may be passed over: the second must be heard
        optional[:, 1:] &= ~optional[:, :-1]
        found = align.search(packed, counts, frames.cpu().numpy(), optional)
        durations = torch.zeros_like(tokens)
        frames_of = np.concatenate([row[:count] for row, count in zip(found, counts)])
        durations[timed] = torch.from_numpy(frames_of).to(tokens.device)
        return durations


def speaking_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """(the total loss of `Speaking`, its parts): flow matching, prior, duration, L2 of the aligner
    and of the contours, all of weight 1."""
    losses = model(*(batch[name] for name in FIELDS))
    return sum(losses.values(), torch.zeros(())), losses


@torch.no_grad()
def speaking_score(model: Speaking, dataset: Aligned,
                   batch_seconds: float = 60.0) -> dict[str, float]:
    """Scores a voice with fixed times and noise.

    Args:
        model: the voice.
        dataset: utterances.
        batch_seconds: of speech at once.

    Returns:
        The losses by name; "score" is less the sum of flow, prior and duration.
    """
    on = next(model.parameters()).device
    totals: dict[str, float] = {}
    order = np.argsort(dataset.lengths)
    size = max(1, int(batch_seconds / max(dataset.lengths)))
    for start in range(0, len(order), size):
        items = [dataset.item(int(i), int(i)) for i in order[start: start + size]]
        batch = {k: v.to(on) if isinstance(v, Tensor) else v
                 for k, v in dataset.collate(items).items()}
        generator = torch.Generator().manual_seed(start)
        t = (torch.arange(len(items)) + 0.5) / len(items)
        z = torch.randn(*batch["mel"].shape[:2], model.model.channels, generator=generator).to(on)
        losses = model(*(batch[name] for name in FIELDS), t=t.to(on), z=z)
        for name, value in losses.items():
            totals[name] = totals.get(name, 0.0) + float(value) * len(items) / len(order)
    return {"score": -sum(totals[name] for name in ("flow", "prior", "duration")), **totals}


@torch.no_grad()
def retold(model: ProsodyFM, batch: Mapping[str, Tensor], start: float = 0.0, steps: int = 10,
           generator: torch.Generator | None = None) -> Tensor:
    """What a voice makes of recordings when it is given their durations, contours and melody, for
    its vocoder to learn from.

    The melody's velocity is the true one all along, so that harmonics are where the batch's melody
    has them.

    Args:
        model: the voice.
        batch: of `Aligned.collate`.
        start: where on the way from noise to the recording's mel the flow takes over (0: at the
            noise, 1: never).
        steps: of the flow.
        generator: of the noise.

    Returns:
        Log-mels `[B, T, M]` at the recordings' own frames.
    """
    _, tone, _, fused = _understood(model, *(batch[key] for key in (
        "tokens", "lengths", "last", "contours", "contour_frames", "speaker")))
    known = model.outline(fused, tone, batch["last"], batch["durations"])
    condition, _, _, there = model.condition(known, batch["durations"], batch["mel"].shape[1])
    wanted = model.normalise(batch["mel"], batch["melody"].nan_to_num(model.config.melody_mean))
    z = torch.randn(wanted.shape, generator=generator).to(wanted) * model.config.temperature
    x, u = flow_matching.path(z, wanted, torch.full((len(z),), start, device=z.device))
    hint = model.decoder.prepare(condition)

    def field(x: Tensor, t: Tensor) -> Tensor:
        v = model.decoder(x, t, hint, there)
        return torch.cat([v[..., : model.mels], u[..., model.mels:]], -1)

    at = start + (1 - start) * flow_matching.schedule(steps, z.device)
    mel = flow_matching.integrate(field, x, at)[..., : model.mels]
    return mel * model.config.mel_std + model.config.mel_mean


class Renditions(Segments):
    """Pieces of recordings with what a voice makes of them (`retold`), for its vocoder to learn
    from.

    Mels are kept in memory: 40 MB for each hour and time at 80 bands of 16 ms.
    """

    def __init__(self, model: ProsodyFM, data: Aligned, count: int = 1, start: float = 0.0,
                 steps: int = 10,
                 seed: int = 0, **options: Any):
        """Makes the renditions.

        Args:
            model: the voice.
            data: the utterances.
            count: renditions of each, with other noise.
            start, steps: of `retold`.
            seed: of the noise.
            options: of `Segments`.
        """
        from tqdm import tqdm

        on = next(model.parameters()).device
        model.eval()
        self.data, self.mels = data, {}
        for index, name in enumerate(tqdm(data.names, "renditions", mininterval=5)):
            generator = torch.Generator().manual_seed(seed * len(data.names) + index)
            batch = data.collate([data.item(index, index)] * count)
            known = {k: v.to(on) for k, v in batch.items() if isinstance(v, Tensor)}
            self.mels[name] = retold(model, known, start, steps, generator).half().cpu().numpy()
        hertz = {name: np.nan_to_num(100 * np.exp2(data.melody_of(name) / 12)).astype(np.float32)
                 for name in data.names}
        super().__init__(data.sounds, hertz, model.vocoder.config.hop, **options)

    def whole(self, name: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        """(the sound from the first frame of its alignment on, one of its renditions)."""
        mels, skip = self.mels[name], self.data.records[name]["skip"]
        return self.data.sounds[name][skip * self.hop:], mels[rng.integers(len(mels))]


class Phrases:
    """Aligned utterances as texts without their breaks (`batching.Dataset`), to learn where those
    were.

    A length is a number of symbols.

    Args:
        records: by id, of the recipe's words stage.
    """

    def __init__(self, records: Mapping[str, Record]):
        self.rows = []
        for name, record in records.items():
            script = Script.from_dict(record["script"])
            pauses = np.full(len(script.tokens()), -1.0, np.float32)
            for word, place in boundaries(script).items():
                pauses[place] = float(str(word) in record["breaks"])
            self.rows.append((name, np.array(script.ids()), pauses))
        self.lengths = [float(len(ids)) for _, ids, _ in self.rows]

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """One text: id; ids `[K]`; pauses `[K]`: 1 a break, 0 none, -1 no boundary."""
        return dict(zip(("id", "ids", "pauses"), self.rows[index]))

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """A batch: ids; plain `[B, K]`, lengths `[B]`, pauses `[B, K]`."""
        pad = nn.utils.rnn.pad_sequence
        return {"ids": [i["id"] for i in items],
                "lengths": torch.tensor([len(i["ids"]) for i in items]),
                "plain": pad([torch.from_numpy(i["ids"]) for i in items], True),
                "pauses": pad([torch.from_numpy(i["pauses"]) for i in items], True, -1.0)}


def phrasing_loss(predictor: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """Binary cross-entropy at the word boundaries."""
    at, logits = batch["pauses"] >= 0, predictor(batch["plain"], batch["lengths"])
    return F.binary_cross_entropy_with_logits(logits[at], batch["pauses"][at]), {}


@torch.no_grad()
def phrasing_score(predictor: nn.Module, phrases: Phrases) -> dict[str, float]:
    """Scores a break predictor.

    Returns:
        {"breaks": the loss; "score": less that; "break_threshold": the probability of a break that
        gives the best F1 on these texts; "break_f1"}.
    """
    on = next(predictor.parameters()).device
    pairs = []
    for index in range(len(phrases.rows)):
        batch = phrases.collate([phrases.item(index, 0)])
        at = batch["pauses"] >= 0
        logits = predictor(batch["plain"].to(on), batch["lengths"].to(on)).cpu()
        pairs.append(torch.stack([logits[at], batch["pauses"][at]]))
    logits, truth = torch.cat(pairs, 1)
    loss = float(F.binary_cross_entropy_with_logits(logits, truth))
    threshold, f1 = best_threshold(torch.stack([logits.sigmoid(), truth]).numpy())
    return {"score": -loss, "breaks": loss, "break_threshold": threshold, "break_f1": f1}


def best_threshold(pairs: np.ndarray) -> tuple[float, float]:
    """The threshold of the highest F1.

    Args:
        pairs: `[2, N]`: probability, and truth (0 or 1).

    Returns:
        (threshold, its F1); (0.5, 0) without breaks.
    """
    best = (0.5, 0.0)
    for threshold in np.linspace(0.1, 0.9, 33):
        said, truth = pairs[0] >= threshold, pairs[1] > 0.5
        hits = float((said & truth).sum())
        f1 = 2 * hits / max(1.0, float(said.sum() + truth.sum()))
        if f1 > best[1]:
            best = (float(threshold), f1)
    return best
