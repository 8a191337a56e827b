"""How names are written in a zip that does not say UTF-8: by the format in CP437, in fact as the packing machine has it.

>>> encoding_of(["笑顔/1.png".encode("shift_jis")]), encoding_of(["Радость/1.png".encode("cp1251")])
('shift_jis', 'cp1251')
>>> encoding_of(["高兴/1.png".encode("gbk")]), encoding_of(["fröhlich/1.png".encode("cp437")])
('gbk', 'cp437')
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SPOKEN = {"utf-8": "UTF-8", "gbk": "GBK", "shift_jis": "Shift-JIS", "cp1251": "CP1251", "cp866": "CP866"}
"""What is tried, in this order, before CP437 -> its name."""

_FOREIGN = re.compile("[^\0-\x7f]+")
_IN_A_WORD = re.compile("[a-z][^\0-\x7f]|[^\0-\x7f][a-z]")
_CYRILLIC = re.compile("[А-яЁё]{2,}")
_COMMON = {"gbk": range(0xB0, 0xD8), "shift_jis": range(0x88, 0x98)}
"""First bytes of the ideographs in common use: level 1 of GB 2312 and of JIS X 0208."""
_KANA = re.compile("[\u3041-\u30ff]")
_MOST = 0.8


def encoding_of(names: Sequence[bytes]) -> str:
    """Python's name of the encoding in which all names make sense; cp437 where none of `SPOKEN` does.

    Names are short, and most bytes mean something in each of these: so only common ideographs and kana, or whole words of
    Cyrillic letters, speak for one, and Latin letters around a sign against it.
    """
    for encoding in SPOKEN:
        try:
            texts = [name.decode(encoding) for name in names]
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _makes_sense(texts, encoding):
            return encoding
    return "cp437"


def _makes_sense(texts: Sequence[str], encoding: str) -> bool:
    if any(_IN_A_WORD.search(text) for text in texts):
        return False
    runs = [run for text in texts for run in _FOREIGN.findall(text)]
    if encoding not in _COMMON:
        return all(_CYRILLIC.fullmatch(run) for run in runs)
    signs = "".join(runs)
    common = sum(
        bool(_KANA.match(sign)) or (len(code := sign.encode(encoding)) == 2 and code[0] in _COMMON[encoding])
        for sign in signs
    )
    return common >= _MOST * len(signs)
