"""One HTML page with a video and its captions in colors. It asks no other host for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import storage
from avspeech.media import video
from avspeech.media.mouths import MouthTrack
from avspeech.report.transcripts import Transcript

TEMPLATE = Path(__file__).with_name("page.html")
# On black; told apart by color-blind readers too (Okabe and Ito, 2008, without black)
COLORS = ("#56b4e9", "#e69f00", "#2fbf8f", "#f0e442", "#cc79a7", "#ff7f50", "#7fa7ff", "#dddddd")
BOX_STEP = 0.2  # seconds between two boxes of a face


def face_boxes(path: Path, speakers: Sequence[str],
               seen: Sequence[Sequence[MouthTrack]]) -> dict[str, list[list[float]]]:
    """Where each face is, for the page.

    Args:
        path: the video.
        speakers: a name for each face.
        seen: the views of each face, one each.

    Returns:
        {speaker: rows [seconds, left, top, width, height], the last four in shares of the picture}.
        A row without a face has only its time.
    """
    height, width = next(iter(video.read_frames(path))).shape[:2]
    found = {}
    for name, views in zip(speakers, seen):
        boxes = views[0].boxes if views else None
        if boxes is None:
            continue
        step = max(1, round(BOX_STEP * views[0].fps))
        rows: list[list[float]] = []
        for frame in range(0, len(boxes), step):
            box = np.asarray(boxes[frame], np.float64)
            row = [round(frame / views[0].fps, 2)]
            if np.isfinite(box).all():
                x0, y0, x1, y1 = box
                row += [round(v, 3) for v in (x0 / width, y0 / height, (x1 - x0) / width,
                                              (y1 - y0) / height)]
            if len(row) > 1 or not rows or len(rows[-1]) > 1:
                rows.append(row)
        found[name] = rows
    return found


def write(path: Path, title: str, video_name: str, transcript: Transcript,
          conversations: Mapping[str, int], boxes: Mapping[str, list[list[float]]]) -> None:
    """Writes the page, whole or not at all.

    Args:
        path: the page to write.
        title: of the page.
        video_name: file beside the page.
        transcript: what is shown.
        conversations: {speaker: number}.
        boxes: of `face_boxes`.

    Raises:
        InputError: the place cannot be written to.
    """
    speakers = [{"id": name, "color": COLORS[i % len(COLORS)], "talk": conversations.get(name, 0),
                 "boxes": boxes.get(name, [])} for i, name in enumerate(transcript.speakers)]
    data = {"speakers": speakers, "segments": [s.as_dict() for s in transcript.segments]}
    page = TEMPLATE.read_text(encoding="utf-8")
    script = re.findall(r"<script>(.*?)</script>", page, re.S)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    values = {"title": html.escape(title), "video": html.escape(urllib.parse.quote(video_name)),
              "script_hash": digest, "data": _json(data)}
    page = re.sub("@([a-z_]+)@", lambda match: values[match[1]], page)
    storage.write_atomically(path, page.encode("utf-8", "replace"))


def _json(data: Any) -> str:
    """JSON that ends no script element and opens no comment in it."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
