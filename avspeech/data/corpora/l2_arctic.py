"""L2-ARCTIC: 24 speakers of six first languages read the ARCTIC sentences in English.

G. Zhao et al., "L2-ARCTIC: A Non-native English Speech Corpus", Interspeech 2018.

All read the same sentences, so the recordings differ in the accent and not in the text. Four
speakers of each first language: in four folds dealt by class (`speaker-4fold`), each tests one of
each.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan
from avspeech.data.corpora.tables import spoken

ABOUT = layout.About(
    name="L2-ARCTIC",
    page="https://psi.engr.tamu.edu/l2-arctic-corpus/",
    terms="free for research, by a form; CC BY-NC 4.0",
    layout="<speaker>/wav/arctic_*.wav and <speaker>/transcript/arctic_*.txt",
)

# (first language, sex) and the number of utterances: the page of the corpus, release 5. That the
# sexes are right for each is as sure as that table.
SPEAKERS = {name: (language, "female" if name in
                   "SKA ZHAA LXC NCC SVBI TNI HJK YDCK MBMPS NJS PNV THV".split() else "male")
            for language, names in (
                ("arabic", "ABA SKA YBAA ZHAA"), ("mandarin", "BWC LXC NCC TXHC"),
                ("hindi", "ASI RRBI SVBI TNI"), ("korean", "HJK HKK YDCK YKWK"),
                ("spanish", "EBVS ERMS MBMPS NJS"), ("vietnamese", "HQTV PNV THV TLV"))
            for name in names.split()}
CLIPS = 26867


def scan(source: Path) -> Scan[Clip]:
    """All existing utterances. Labels: accent, sex, sentence."""
    clips, strange = [], list[Path]()
    for name, (language, sex) in SPEAKERS.items():
        folder = source / name / name if (source / name / name).is_dir() else source / name
        for path in layout.files(folder / "wav", ".wav", stem=r"arctic_[ab]\d{4}",
                                 strange=strange):
            clips.append(Clip(f"{name}-{path.stem}", path, name,
                              {"accent": language, "sex": sex, "sentence": path.stem},
                              spoken(folder / "transcript" / f"{path.stem}.txt")))
    have = Counter(c.speaker for c in clips)
    whole = layout.counted(len(clips), CLIPS, "utterances")
    problems = layout.grouped("speakers missing", [s for s in SPEAKERS if not have[s]],
                              len(SPEAKERS))
    problems += layout.misnamed(strange, source, "L2-ARCTIC")
    problems += layout.grouped("utterances without a transcript",
                               [c.id for c in clips if c.text is None])
    return Scan(clips, [f"{layout.counted(len(have), len(SPEAKERS), 'speakers')}, {whole}"],
                       problems + ([whole] if len(clips) != CLIPS else []))
