#!/usr/bin/env bash
# WHAT: cn2an's transform reads '10年' (ten years) as 'one zero years', a hyphen as 'minus', and
#   leaves signs and commas of other numbers; the other way, it writes figures into names.
# GUESS: transform(text, "an2cn") says durations as numbers ('十年') and calendar years by digits, a
#   score '98-95' with 比 or 至 or as it stands, '-5℃' as 零下五摄氏度 or 负五摄氏度, '1,000' as 一千; "cn2an"
#   leaves names such as 四川 and words such as 一些 alone, and '三五个' (three to five).
# SEEN: cn2an 0.5.24: '他等了10年' is 一零年, '20年前' 二零年前, '100年' 一零零年; '98-95' is 九十八负九十五 and '10-15岁'
#   十负十五岁, while '5-6个' is right; '-5℃' keeps its sign as a character (-五摄氏度), so does '5.5℃' its
#   point (五.五摄氏度); '1,000元' is 一,零元, one and zero. The other way '三五个' is 35个, 四川 is 4川, 三亚 3亚, 一些
#   1些, 一会儿 1会儿, 一心一意 1心1意. No exception, no warning.
# WHY IT MATTERS: a voice says another amount than the text has; a recognizer's words written with
#   figures, or references made comparable by it, get '35' for 'a few' and broken place names, and
#   character error rates count them.
# SOURCE: cn2an/transform.py (the pattern of dates has years of 2 to 4 digits); suspected of '10年'
#   on reading, the others found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps 'cn2an==0.5.24' 'proces==0.1.7'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import cn2an

TO_WORDS = {
    "他等了10年": "他等了一零年", "20年前": "二零年前", "100年": "一零零年", "2024年": "二零二四年",
    "98-95": "九十八负九十五", "10-15岁": "十负十五岁", "5-6个": "五到六个",
    "-5℃": "-五摄氏度", "5.5℃": "五.五摄氏度", "1,000元": "一,零元",
}
TO_FIGURES = {
    "三五个": "35个", "四川": "4川", "三亚": "3亚", "一些": "1些", "一会儿": "1会儿",
    "一心一意": "1心1意", "一百二": "120",
}
print("cn2an", version("cn2an"))
print("expected: 十年, 二十年前, 一百年 ...; 四川, 三亚, 一些 as they are")
words = {text: cn2an.transform(text, "an2cn") for text in TO_WORDS}
figures = {text: cn2an.transform(text, "cn2an") for text in TO_FIGURES}
print("seen, figures to words:", words)
print("seen, words to figures:", figures)
sys.exit(0 if words == TO_WORDS and figures == TO_FIGURES else "CHANGED: see the lines above")
EOF
