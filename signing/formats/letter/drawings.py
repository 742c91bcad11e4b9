"""The two drawings of a letter: the signer's blue signature and the organisation's red seal, both from the letter's own texts.

Only whole numbers and the four basic operations are used (sines come from an integer series), so every machine draws the same bytes.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from signing.errors import LetterRefused
from signing.formats.letter.template import Template

SIGNATURE_BOX = (150, 56)
SEAL_BOX = (102, 102)
"""Points; 102 pt are the 36 mm of a real seal."""
_INITIALS = (
    ((0, 0), (12, 30), (-2, 24), (9, -4), (20, 8)),
    ((14, 24), (0, 18), (2, -2), (22, 2), (16, 26)),
    ((0, 22), (6, -4), (10, 32), (18, -2), (24, 16)),
    ((18, 28), (2, 30), (12, 12), (0, 0), (22, 2), (14, 14)),
    ((0, 10), (14, 32), (20, 4), (4, 14), (26, 12)),
)
"""Ways to begin a signature, as points of the first letter."""
_ONE = 10**15
_PI = 3_141_592_653_589_793
_CENTRE = 51.0
_RING_RADIUS = 36.5
_INNER_RADIUS = 33.5


@cache
def _sines() -> tuple[int, ...]:
    """Sine of every tenth of a degree from 0 to 90 degrees, times 10^15, by its series in whole numbers."""
    table = []
    for step in range(901):
        x = _PI * step // 1800
        term, total, n = x, 0, 1
        while term:
            total += term if n % 4 == 1 else -term
            term, n = term * x // _ONE * x // _ONE // ((n + 1) * (n + 2)), n + 2
        table.append(total)
    return tuple(table)


def sine(tenths: int) -> float:
    """Sine of an angle in tenths of a degree."""
    tenths %= 3600
    if tenths >= 1800:
        return -sine(tenths - 1800)
    return _sines()[tenths if tenths <= 900 else 1800 - tenths] / _ONE


def cosine(tenths: int) -> float:
    """Cosine of an angle in tenths of a degree."""
    return sine(tenths + 900)


def signature_drawing(seed: str) -> bytes:
    """Path operators of a handwritten-looking signature in a box of :data:`SIGNATURE_BOX`; ``seed`` (name and position) decides its
    shape.
    """
    dice = sha256(seed.encode()).digest()
    height, lean, rise = 10 + dice[1] % 9, dice[2] % 7 - 1, dice[3] % 10 / 100
    initial = _INITIALS[dice[0] % len(_INITIALS)]
    points: list[tuple[float, float]] = [(14 + x + dice[4 + i] % 4, 16 + y + dice[8 + i] % 5) for i, (x, y) in enumerate(initial)]
    x = points[-1][0] + 5
    humps = 3 + dice[7] % 6
    step = (106 - x) / (2 * humps)
    for hump in range(humps):
        tall = height + 14 if dice[12 + hump] % 4 == 0 else height - dice[12 + hump] % 6
        points.append((x + step * 0.6 + lean, 17 + tall + x * rise))
        points.append((x + step * 1.5, 15 + dice[20 + hump] % 6 + x * rise))
        x += 2 * step
    points += [(x + 6, 24 + dice[29] % 14), (x + 16, 20 + dice[28] % 6), (x + 26 + dice[30] % 8, 26 + dice[31] % 14)]
    stroke = (18 + dice[9] % 20, 10, 60, 3 + dice[10] % 5, 90, 13 + dice[11] % 4, 138 - dice[12] % 12, 8 + dice[13] % 6)
    flourish = b"0.8 w %d %d m %d %d %d %d %d %d c S" % stroke
    return b"q 0.06 0.13 0.62 RG 1 J 1 j 1.3 w\n" + _smooth(points) + b" S\n" + flourish + b" Q"


def _smooth(points: list[tuple[float, float]]) -> bytes:
    """A curve through the points: Catmull-Rom tangents as Bézier handles."""
    out = [b"%.1f %.1f m" % points[0]]
    for i in range(len(points) - 1):
        before, a, b, after = points[max(i - 1, 0)], points[i], points[i + 1], points[min(i + 2, len(points) - 1)]
        out.append(
            b"%.1f %.1f %.1f %.1f %.1f %.1f c"
            % (
                a[0] + (b[0] - before[0]) / 6,
                a[1] + (b[1] - before[1]) / 6,
                b[0] - (after[0] - a[0]) / 6,
                b[1] - (after[1] - a[1]) / 6,
                b[0],
                b[1],
            )
        )
    return b"\n".join(out)


def seal_drawing(template: Template, name: str, parent: str, bloc: str) -> bytes:
    """Path operators of a round seal in a box of :data:`SEAL_BOX`.

    A body under another one has its parent on the ring and its own name inside; any other has its name on the ring and a star inside.
    """
    out = [
        b"q 0.82 0.05 0.08 RG 0.82 0.05 0.08 rg 1.6 w\n",
        _circle(49.6),
        b"S 0.6 w\n",
        _circle(47.2),
        b"S\n",
        _circle(_INNER_RADIUS),
        b"S\n",
    ]
    if parent:
        out.append(_arc_text(template, parent.upper(), 7.5, 2600, upper=True))
        out.append(_star(_CENTRE, _CENTRE - 41, 4.6))
        out.append(_centred_lines(template, name.upper()))
    else:
        out.append(_arc_text(template, name.upper(), 7.5, 2350, upper=True))
        out.append(_arc_text(template, "ĐẢNG CỘNG SẢN VIỆT NAM" if bloc == "party" else "NƯỚC CHXHCN VIỆT NAM", 5.2, 900, upper=False))
        out.append(_star(_CENTRE, _CENTRE - 1, 19.0))
    return b"".join(out) + b"Q"


def _circle(radius: float) -> bytes:
    c, r, k = _CENTRE, radius, radius * 0.55228475
    quarters = (
        (c + r, c + k, c + k, c + r, c, c + r),
        (c - k, c + r, c - r, c + k, c - r, c),
        (c - r, c - k, c - k, c - r, c, c - r),
        (c + k, c - r, c + r, c - k, c + r, c),
    )
    return b"%.2f %.2f m " % (c + r, c) + b" ".join(b"%.2f %.2f %.2f %.2f %.2f %.2f c" % quarter for quarter in quarters) + b" h\n"


def _star(x: float, y: float, radius: float) -> bytes:
    points = []
    for corner in range(10):
        r = radius if corner % 2 == 0 else radius * 0.381966
        points.append(b"%.2f %.2f" % (x + r * cosine(900 + 360 * corner), y + r * sine(900 + 360 * corner)))
    return points[0] + b" m " + b" l ".join(points[1:]) + b" l h f\n"


def _glyph(template: Template, char: str) -> tuple[int, bytes]:
    try:
        return template.outlines[char]
    except KeyError:
        raise LetterRefused("name", f"the seal's letters have no character U+{ord(char[0]):04X}") from None


def _arc_text(template: Template, text: str, size: float, span: int, *, upper: bool) -> bytes:
    """Letters along the ring, condensed when the text is longer than its span (tenths of a degree)."""
    unit = size / template.outline_units
    radius = _RING_RADIUS if upper else _RING_RADIUS + size * 0.95
    glyphs = [_glyph(template, char) for char in text]
    natural = sum(advance for advance, _ in glyphs) * unit * 1_800 * _ONE / (_PI * radius)
    squeeze = min(1.0, span / natural)
    angle = 900 + natural * squeeze / 2 if upper else 2700 - natural * squeeze / 2
    out = []
    for advance, path in glyphs:
        width = advance * unit * squeeze
        sweep = width * 1_800 * _ONE / (_PI * radius)
        middle = int(angle + (-sweep if upper else sweep) / 2 + 0.5)
        angle += -sweep if upper else sweep
        turn = middle - 900 if upper else middle - 2700
        c, s = cosine(turn), sine(turn)
        x = _CENTRE + radius * cosine(middle) - c * width / 2
        y = _CENTRE + radius * sine(middle) - s * width / 2
        if path.startswith(b"\n"):
            continue
        out.append(b"q %.5f %.5f %.5f %.5f %.2f %.2f cm\n" % (c * unit * squeeze, s * unit * squeeze, -s * unit, c * unit, x, y) + path)
    return b"".join(out)


def _centred_lines(template: Template, text: str) -> bytes:
    """The name inside the seal: as few lines as it takes, each condensed to the chord at its height."""
    words = text.split(" ")
    size = 8.0
    lines = [text]
    for count in range(1, min(5, len(words)) + 1):
        lines = _split_evenly(template, words, count)
        size = 8.0 if count <= 3 else 6.4
        if all(_advance(template, line) * size / template.outline_units <= 1.25 * _chord(i, count, size) for i, line in enumerate(lines)):
            break
    unit = size / template.outline_units
    out = []
    for i, line in enumerate(lines):
        width = _advance(template, line) * unit
        squeeze = min(1.0, _chord(i, len(lines), size) / width)
        x, y = _CENTRE - width * squeeze / 2, _line_y(i, len(lines), size)
        for char in line:
            advance, path = _glyph(template, char)
            if not path.startswith(b"\n"):
                out.append(b"q %.5f 0 0 %.5f %.2f %.2f cm\n" % (unit * squeeze, unit, x, y) + path)
            x += advance * unit * squeeze
    return b"".join(out)


def _line_y(index: int, count: int, size: float) -> float:
    return _CENTRE - 0.36 * size + (count - 1 - 2 * index) * size * 0.66


def _chord(index: int, count: int, size: float) -> float:
    """Width free for a line inside the inner ring, never less than a third of it; by Newton's square root, in whole hundredths."""
    reach = abs(_line_y(index, count, size) + 0.36 * size - _CENTRE) + 0.6 * size
    square = int(max(_INNER_RADIUS**2 - reach**2, 120.0) * 10_000)
    root = square
    while root * root > square:
        root = (root + square // root) // 2
    return root / 100 * 2 - 5


def _advance(template: Template, text: str) -> int:
    return sum(_glyph(template, char)[0] for char in text)


def _split_evenly(template: Template, words: list[str], count: int) -> list[str]:
    """Words in ``count`` lines of nearly equal length: each line takes words until it passes its share."""
    total = _advance(template, " ".join(words))
    lines: list[list[str]] = [[] for _ in range(count)]
    done = 0
    for index, word in enumerate(words):
        advance = _advance(template, word + " ")
        line = min(count - 1, max((done + advance // 2) * count // max(total, 1), index - len(words) + count))
        while line and not lines[line - 1]:
            line -= 1
        lines[line].append(word)
        done += advance
    return [" ".join(line) for line in lines if line]
