"""How pictures look: numbers, colours, and the HTML that shows an SVG wherever it is opened."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from math import isfinite, sqrt

POSITIVE, NEGATIVE, NEUTRAL = "#1c6fd1", "#d1351c", "#888888"
PARAMETER, PATH = "#2f8f46", "#e8780c"
MONOSPACE = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
FONT = "system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
_POSITIVE_RGB, _NEGATIVE_RGB, _STRIPE_RGB = (120, 178, 245), (247, 140, 120), (176, 60, 45)
_FINE = 4  # a number becomes so many pixels each way, one stripe wide apart


def number(x: float, digits: int = 4) -> str:
    """Return a number for people: a few significant digits, a true minus sign.

    Parameters
    ----------
    x : float
        Also inf and nan.
    digits : int, optional
        Significant digits, at least 1.

    Examples
    --------
    >>> number(-0.125), number(123456.0), number(3.0)
    ('−0.125', '1.235e+05', '3')
    """
    return f"{x + 0.0:.{digits}g}".replace("-", "−")  # + 0.0 makes -0.0 a plain 0


def cut(text: str, length: int) -> str:
    """Return a text on one line, with ``…`` at the end where it is longer than `length`.

    Examples
    --------
    >>> cut("a very long label", 7)
    'a very…'
    """
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
    return line if len(line) <= length else line[: length - 1] + "…"


def fill(x: float, largest: float) -> str:
    """Return a background for a number: blue above 0, red below, white at 0, stronger with size.

    Parameters
    ----------
    x : float
        What is shown; grey if it is not finite.
    largest : float
        The largest absolute value in the picture; the intensity is sqrt(abs(x) / largest).

    Examples
    --------
    >>> fill(0.0, 2.0), fill(2.0, 2.0), fill(-0.5, 2.0)
    ('#ffffff', '#78b2f5', '#fbc6bc')
    """
    return _shade(x, largest, _POSITIVE_RGB if x > 0 else _NEGATIVE_RGB)


def _shade(x: float, largest: float, full: tuple[int, int, int]) -> str:
    """Return a colour between white and `full`; grey for what is not finite."""
    if not isfinite(x):
        return "#cccccc"
    share = min(1.0, sqrt(abs(x) / largest)) if largest > 0 else 0.0
    return "#" + "".join(f"{round(255 + share * (c - 255)):02x}" for c in full)


def line_colour(x: float) -> str:
    """Return the colour of a line for a number: blue above 0, red below, grey otherwise.

    Examples
    --------
    >>> line_colour(1.0) == POSITIVE, line_colour(-1.0) == NEGATIVE, line_colour(0.0) == NEUTRAL
    (True, True, True)
    """
    return POSITIVE if x > 0 else NEGATIVE if x < 0 else NEUTRAL


def png(rows: Sequence[Sequence[str]]) -> str:
    """Return a picture as an address that holds it inside, for ``src`` and ``href``.

    Parameters
    ----------
    rows : sequence of sequence of str
        The colours of the pixels, such as ``"#1c6fd1"``; all rows of the same length.

    Notes
    -----
    Portable Network Graphics, W3C 2003: 8 bits a colour, no filter.

    Examples
    --------
    >>> png([["#000000", "#ffffff"]])[:26]
    'data:image/png;base64,iVBO'
    """
    size = len(rows[0]).to_bytes(4) + len(rows).to_bytes(4)
    lines = b"".join(b"\0" + bytes.fromhex("".join(row).replace("#", "")) for row in rows)
    chunks = (
        (b"IHDR", size + bytes((8, 2, 0, 0, 0))),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)
        for name, body in chunks
    )
    return f"data:image/png;base64,{b64encode(data).decode()}"


def signed_png(rows: Sequence[Sequence[float]], largest: float) -> str:
    """Return numbers as a picture, see `fill`; striped below 0, to be told apart without colours.

    Parameters
    ----------
    rows : sequence of sequence of float
        The numbers; all rows of the same length.
    largest : float
        As in `fill`.

    Examples
    --------
    >>> signed_png([[1.0, -1.0]], 1.0)[:26]
    'data:image/png;base64,iVBO'
    """
    lines: list[list[str]] = []
    for row in rows:
        pairs = [(fill(x, largest), _shade(x, largest, _STRIPE_RGB) if x < 0 else "") for x in row]
        for down in range(_FINE):
            stripe = _FINE - 1 - down  # stripes rise from left to right
            lines.append(
                [
                    dark if dark and across == stripe else plain
                    for plain, dark in pairs
                    for across in range(_FINE)
                ]
            )
    return png(lines)


def words(text: str, *, wrap: bool = True, size: int = 14) -> str:
    """Return text as HTML in letters of one width, whatever the page around it does.

    Parameters
    ----------
    text : str
        Plain text, with its line ends.
    wrap : bool, optional
        Whether long lines are broken, or the text is scrolled.
    size : int, optional
        Of the letters, in pixels.

    Examples
    --------
    >>> words("1 < 2").endswith(">1 &lt; 2</pre>")
    True
    """
    lines = "white-space:pre-wrap" if wrap else "white-space:pre;overflow-x:auto"
    style = f"font-family:{MONOSPACE};font-size:{size}px;line-height:1.45;{lines}"
    return f'<pre style="{style}">{escape(text)}</pre>'


def image(svg: str, alt: str) -> str:
    """Return an ``<img>`` that holds an SVG inside, and shows where scripts and styles are cut.

    Parameters
    ----------
    svg : str
        A whole SVG element. It is drawn on white unless it brings a background of its own.
    alt : str
        What the picture shows, for those who cannot see it.

    Examples
    --------
    >>> image('<svg xmlns="http://www.w3.org/2000/svg"></svg>', "nothing")[:42]
    '<img alt="nothing" style="max-width:none;b'
    """
    data = b64encode(svg.encode()).decode()
    return (
        f'<img alt="{escape(alt)}" style="max-width:none;background:#ffffff" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def figure(svg: str, alt: str, text: str = "", summary: str = "as text") -> str:
    """Return a picture as self-contained HTML, scrolled where it is wide, with its text folded.

    Where scripts run the picture becomes part of the page, so that its tooltips show.

    Parameters
    ----------
    svg, alt : str
        See `image`; the SVG brings its own background.
    text : str, optional
        The same in words or numbers; empty for none.
    summary : str, optional
        What the fold is called.

    Examples
    --------
    >>> figure("<svg></svg>", "nothing", "numbers").endswith("numbers</pre></details></div>")
    True
    """
    fold = (
        f'<details style="margin-top:4px"><summary>{escape(summary)}</summary>'
        f"{words(text, wrap=False)}</details>"
        if text
        else ""
    )
    shown = image(svg, alt).replace("<img ", "<img data-figure ", 1)
    script = f"<script>{web('figure.js')}</script>"
    return f'<div><div style="overflow-x:auto">{shown}{script}</div>{fold}</div>'


def web(name: str) -> str:
    """Return one of the files in ``web/`` beside this one."""
    return files("autograd").joinpath("web", name).read_text(encoding="utf-8").strip()
