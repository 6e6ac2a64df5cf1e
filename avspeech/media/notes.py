"""Notes on a sound for the user: sentences, each with the subject it is about."""

from __future__ import annotations

# What a note may be about, where that decides what else is told
CUT_OFF = "cut off"  # the file ends before its sound does
EARLY = "ends early"  # it is shorter than its header tells
LOST = "lost"  # a part of the sound did not decode, or its time was not believed
SILENT = "silent"  # a part of the sound is missing, and silence is in its place
BYTES = "bytes"  # the samples are not what the header says


class Note(str):
    """A sentence for the user.

    Args:
        text: the sentence.
        about: one of the words above; "": anything else.
        fault: it tells of a file that is not whole, or not what it seems.
    """

    about: str
    fault: bool

    def __new__(cls, text: str, about: str = "", fault: bool = False) -> Note:
        note = super().__new__(cls, text)
        note.about, note.fault = about, fault
        return note
