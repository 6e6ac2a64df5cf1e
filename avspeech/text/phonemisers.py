"""Phonemisers by name. One takes the words of a sentence and gives each its symbols and whence
they came.

`default` needs nothing installed and knows English; `espeak` speaks every language of espeak-ng
(extra `tts`, GPL-3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from avspeech.errors import InputError
from avspeech.text import lexicon

# phonemise(words, final, language): final[i] says that a pause or a mark follows word i.
Phonemiser = Callable[[Sequence[str], Sequence[bool], str], "list[tuple[tuple[str, ...], str]]"]


def _default(
    words: Sequence[str], final: Sequence[bool], language: str
) -> list[tuple[tuple[str, ...], str]]:
    if not language.lower().startswith("en"):
        raise InputError(
            f"language '{language}': the default phonemiser knows English; take "
            f"phonemiser=espeak, "
            "which comes with the extra 'tts': pip install 'avspeech[tts]'"
        )
    return lexicon.phonemise(words, final)


def _espeak(
    words: Sequence[str], final: Sequence[bool], language: str
) -> list[tuple[tuple[str, ...], str]]:
    from avspeech.text import espeak

    return espeak.phonemise(words, final, language)


PHONEMISERS: dict[str, Phonemiser] = {"default": _default, "espeak": _espeak}


def get(name: str) -> Phonemiser:
    """A phonemiser by name. Raises InputError for one that is not there."""
    if name not in PHONEMISERS:
        raise InputError(f"phonemiser '{name}': not known; there are {', '.join(PHONEMISERS)}")
    return PHONEMISERS[name]
