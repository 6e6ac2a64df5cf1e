"""What the rooms of the page tell of a face."""

from __future__ import annotations

import warnings

import pytest

from avspeech.app import rooms


def test_a_warning_about_a_face_names_the_face_and_no_file_of_ours() -> None:
    with pytest.warns(UserWarning) as told, rooms._faces_named():
        warnings.warn("/tmp/a b/voices/file_face12.wav: the lips fit no voice", stacklevel=1)
        warnings.warn("front.mp4: sound ends early", stacklevel=1)
    assert [str(w.message) for w in told] == ["Face 12: the lips fit no voice",
                                              "front.mp4: sound ends early"]
