"""Numbers in Chinese characters: as they are read, and as cheques have them (大写)."""

from __future__ import annotations

PLAIN, FORMAL = "零一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖"
_PLAIN_UNITS, _FORMAL_UNITS = ("", "十", "百", "千"), ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")
LARGEST = 10 ** (4 * len(_GROUPS)) - 1


def chinese_number(value: int, *, formal: bool = False) -> str:
    """Return ``value`` in Chinese characters, e.g. 10,203 -> 一万零二百零三.

    A run of zeros between digits is written as one 零, and none at the end. Between two groups
    of four, 零 stands where the lower one has no thousands.

    Args:
        value: 0 to ``LARGEST``.
        formal: in the characters of cheques (壹拾), where 10 to 19 begin with a digit, too.

    Raises:
        ValueError: the value is out of range.
    """
    if not 0 <= value <= LARGEST:
        raise ValueError(f"{value} is not within 0 to {LARGEST}")
    digits = FORMAL if formal else PLAIN
    if not value:
        return digits[0]
    text = ""
    for power in reversed(range(len(_GROUPS))):
        group = value // 10 ** (4 * power) % 10_000
        if not group:
            continue
        if text and (group < 1000 or not value // 10 ** (4 * power + 4) % 10_000):
            text += digits[0]
        # 亿 is not said twice: 一万二千亿, but 一万亿零二百.
        unit = "万" if power == 3 and value // 10**8 % 10_000 else _GROUPS[power]
        text += _group(group, digits, _FORMAL_UNITS if formal else _PLAIN_UNITS) + unit
    return text if formal or not text.startswith("一十") else text[1:]


def _group(value: int, digits: str, units: tuple[str, ...]) -> str:
    """Return 1 to 9,999."""
    text, gap = "", False
    for power in reversed(range(4)):
        digit = value // 10**power % 10
        if digit:
            text += (digits[0] if gap and text else "") + digits[digit] + units[power]
        gap = not digit
    return text


def formal_amount(cents: int, *, unit: str = "元", whole: str = "整") -> str:
    """Return an amount of money in 大写, e.g. 640,902 -> 陆仟肆佰零玖元零贰分.

    ``whole`` (整 or 正) ends an amount without 分. 零 stands for 角 where only 分 follow 元.

    Args:
        cents: 0 to 100 * ``LARGEST`` + 99.
        unit: 元 or 圆.
        whole: 整 or 正.

    Raises:
        ValueError: the amount is out of range.
    """
    yuan, (jiao, fen) = cents // 100, divmod(cents % 100, 10)
    text = chinese_number(yuan, formal=True) + unit if yuan or not cents else ""
    if jiao:
        text += FORMAL[jiao] + "角"
    if fen:
        text += (FORMAL[0] if yuan and not jiao else "") + FORMAL[fen] + "分"
    return text if fen else text + whole
