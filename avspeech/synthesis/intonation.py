"""Terminal intonation: the shape of the pitch on the last word of a phrase, from a reference or
from text.

He, Chen, Zhang, Schuller, "ProsodyFM", AAAI 2025 (arXiv 2412.11795). Contours are in semitones, at
the frames of the mel. What the paper leaves open is chosen here: the offset is taken from the mean
of the segment, so that nothing of its height is left; Align Attention weighs references by their
distance from what the text asks for (both are in one space by the aligner's loss), and so has
nothing to train.

Added to the paper: `ContourDecoder`. In the paper an embedding reaches the sound through the flow
matching loss alone, of which the pitch of last words is a very small part; after thousands of steps
ours still spoke as if nothing had been asked for (correlation of slopes asked and measured 0.01 to
0.09). Here an embedding is also drawn as the contour it stands for, and learns to be that of the
one it was read from.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

OFFSET = 6.0  # semitones: the random offset is drawn from -OFFSET..OFFSET
# Semitones that count as 1 for the network; how much more their steps count
SCALE, STEP = 4.0, 12.0
POINTS = 9  # of a drawn contour, evenly over the word
STEEPEST = 12.0  # semitones over a word, of the lines that training makes up


def perturb(contours: Tensor, offset: Tensor) -> Tensor:
    """Contours `[B, P, F]` less a constant `[B, P]` each: the shape stays, the height goes."""
    return contours - offset.unsqueeze(-1)


def straight(slope: Tensor, frames: Tensor, longest: int) -> Tensor:
    """Contours that are straight lines of mean 0.

    Args:
        slope: `[B, P]` semitones from the first to the last frame.
        frames: `[B, P]`.
        longest: F.

    Returns:
        `[B, P, F]`.
    """
    at = torch.arange(longest, device=slope.device) / (frames - 1).clamp_min(1).unsqueeze(-1)
    return slope.unsqueeze(-1) * (at.clamp_max(1.0) - 0.5)


class TerminalIntonationEncoder(nn.Module):
    """Embeds contours of last words as mixtures of learned shapes.

    A one-layer LSTM reads the contour and its steps from frame to frame; its last state is the
    query of a multi-head attention over `tokens` shapes, whose weighted sum is the embedding. The
    shapes learn from the model's loss, without labels.
    """

    def __init__(self, tokens: int = 6, width: int = 64, heads: int = 4, hidden: int = 128):
        super().__init__()
        self.heads, self.width = heads, width
        self.lstm = nn.LSTM(2, hidden, batch_first=True)
        self.tokens = nn.Parameter(torch.randn(tokens, width))
        self.query, self.key = nn.Linear(hidden, width), nn.Linear(width, width)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)
        # Shapes differ by little: with smaller weights all of them look alike for thousands of
        # steps.
        for weight, gain in ((self.lstm.weight_ih_l0, 1.0), (self.query.weight, 0.4),
                             (self.key.weight, 0.3),
                             (self.value.weight, 0.3), (self.out.weight, 0.3)):
            # For mypy: an attribute of an LSTM could be a module
            assert isinstance(weight, torch.Tensor)
            nn.init.uniform_(weight, -gain, gain)

    def weights(self, contours: Tensor, frames: Tensor) -> Tensor:
        """Attention `[B, P, heads, tokens]` of contours `[B, P, F]` in semitones; `frames [B, P]`,
        0 for none."""
        batch, phrases, longest = contours.shape
        line = contours.reshape(-1, longest, 1) / SCALE
        # Untouched by the offset
        steps = torch.cat([torch.zeros_like(line[:, :1]), line.diff(dim=1)], 1)
        states, _ = self.lstm(torch.cat([line, STEP * steps], -1))
        last = (frames.reshape(-1) - 1).clamp_min(0)
        state = states.gather(1, last[:, None, None].expand(-1, 1, states.shape[-1])).squeeze(1)
        query = self.query(state).reshape(batch, phrases, self.heads, -1)
        key = self.key(torch.tanh(self.tokens)).reshape(len(self.tokens), self.heads, -1)
        return torch.einsum("bphd,khd->bphk", query, key).softmax(-1)

    def mix(self, weights: Tensor) -> Tensor:
        """Embeddings `[B, P, width]` of shapes by weight `[B, P, heads, tokens]`."""
        value = self.value(torch.tanh(self.tokens)).reshape(len(self.tokens), self.heads, -1)
        return self.out(torch.einsum("bphk,khd->bphd", weights, value).flatten(2))

    def forward(self, contours: Tensor, frames: Tensor) -> Tensor:
        """Embeddings `[B, P, width]` of contours `[B, P, F]` in semitones; `frames [B, P]`."""
        return self.mix(self.weights(contours, frames))


class ContourDecoder(nn.Module):
    """Draws the contour that an embedding stands for: semitones at even places from the start of
    the word to its end, straight lines between them."""

    def __init__(self, width: int = 64, points: int = POINTS, hidden: int = 128):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, points))

    def forward(self, tone: Tensor) -> Tensor:
        """Semitones `[B, P, points]` of embeddings `[B, P, width]`."""
        return SCALE * self.net(tone)


def read_off(points: Tensor, place: Tensor) -> Tensor:
    """Semitones `[...]` of drawn contours `[..., K]` at places `[...]`, 0 the start of the word, 1
    its end."""
    knots = torch.arange(points.shape[-1], device=points.device)
    near = (1 - (place.unsqueeze(-1) * (points.shape[-1] - 1) - knots).abs()).clamp_min(0)
    return (points * near).sum(-1)


def lay(melody: Tensor, contours: Tensor) -> Tensor:
    """Puts contours in place of the melody of last words, around the same means.

    Args:
        melody: `[B, T]` semitones.
        contours: `[B, T, 2]`: semitones, and the phrase whose last word it is, 0 for none.

    Returns:
        `[B, T]`.
    """
    contour, phrase = contours.unbind(-1)
    inside = phrase > 0
    same = ((phrase.unsqueeze(1) == phrase.unsqueeze(2)) & inside.unsqueeze(1)).to(melody.dtype)
    level = torch.einsum("bst,bt->bs", same, melody - contour) / same.sum(-1).clamp_min(1)
    return torch.where(inside, level + contour, melody)


def only(contours: Tensor, asked: Tensor) -> Tensor:
    """The contours `[B, T, 2]` of `lay`, those of the phrases asked for (`[B, P]` bool) alone."""
    numbers = torch.arange(1, asked.shape[1] + 1, device=asked.device)
    there = (contours[..., 1:] == numbers) & asked.unsqueeze(1)
    return contours * there.any(-1, keepdim=True)


def contour_loss(points: Tensor, contours: Tensor, frames: Tensor) -> Tensor:
    """Mean squared error, in units of SCALE, of drawn contours.

    Args:
        points: `[B, P, K]` drawn.
        contours: `[B, P, F]` wanted, around their means.
        frames: `[B, P]` of each.
    """
    there = torch.arange(contours.shape[-1], device=contours.device) < frames.unsqueeze(-1)
    middle = (contours * there).sum(-1) / frames.clamp_min(1)
    middles = torch.arange(contours.shape[-1], device=contours.device) + 0.5
    place = middles / frames.clamp_min(1).unsqueeze(-1)
    drawn = read_off(points.unsqueeze(2), place.clamp_max(1.0))
    off = (drawn - perturb(contours, middle)) / SCALE * there
    return off.square().sum() / there.sum().clamp_min(1)


def invented(contours: Tensor, frames: Tensor) -> Tensor:
    """Contours that no speaker may have made: those given `[B, P, F]`, smaller or upside down, and
    tilted, at random. So the shapes learn rises from a voice that only falls."""
    gain = 2 * torch.rand_like(contours[..., :1]) - 1
    slope = STEEPEST * (2 * torch.rand_like(contours[..., 0]) - 1)
    return gain * contours + straight(slope, frames, contours.shape[-1])


class TextPitchAligner(nn.Module):
    """Predicts the embedding of intonation that the text alone asks for, from the mean of the last
    word's symbols; trained by L2 to the detached one of the reference."""

    def __init__(self, width: int, tone: int, hidden: int = 256):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, tone))

    def forward(self, h: Tensor, last: Tensor, phrases: Tensor) -> Tensor:
        """Embeddings `[B, P, tone]` of `h [B, L, C]`; `last [B, L]` int64 is 0, or 1 + the phrase
        in whose last word the symbol is; phrases `[P]` are the numbers from 1 on."""
        member = (last.unsqueeze(-1) == phrases).to(h.dtype)
        mean = torch.einsum("blp,blc->bpc", member, h) / member.sum(1).clamp_min(1).unsqueeze(-1)
        return self.net(mean)


def align_attention(asked: Tensor, reference: Tensor, there: Tensor,
                    sharpness: float = 4.0) -> Tensor:
    """Chooses an intonation for each phrase of a text from a reference with another number of
    phrases.

    Args:
        asked: `[B, P, D]` of the aligner.
        reference: `[B, Q, D]` of the reference's phrases.
        there: `[B, Q]` bool, which of them exist.
        sharpness: how strongly the nearest is preferred.

    Returns:
        `[B, P, D]`.
    """
    distance = torch.cdist(asked, reference).square() / asked.shape[-1]
    weights = (-sharpness * distance).masked_fill(~there.unsqueeze(1), -torch.inf).softmax(-1)
    return weights @ reference
