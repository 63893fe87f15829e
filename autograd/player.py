"""A picture that plays: one self-contained HTML string with a slider over its frames.

It works without a kernel, without the network, twice on a page and in dark themes. Where scripts
do not run (an untrusted notebook, a code host) the still picture and all frames as text remain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from uuid import uuid4

from autograd import look


@dataclass(frozen=True, slots=True)
class Frame:
    """One position of the slider.

    Attributes
    ----------
    text : str
        What is said under the picture; lines.
    changes : mapping
        Key of an element to its attributes from this frame on; the attribute ``text`` sets what
        stands in it. The first frame must set whatever a later one changes.
    marks : mapping
        Key of an element to its CSS class in this frame only: ``active``, ``near`` or ``wait``.
    """

    text: str
    changes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)


def player(svg: str, frames: Sequence[Frame], *, title: str, alt: str) -> str:
    """Return self-contained HTML: the picture, a slider, and every frame as text.

    Parameters
    ----------
    svg : str
        The still picture. Elements that frames speak of carry a ``data-key``.
    frames : sequence of Frame
        At least one.
    title : str
        What it is called for those who hear the page.
    alt : str
        What the still picture shows.

    Raises
    ------
    ValueError
        If there are no frames.

    Examples
    --------
    >>> svg = '<svg xmlns="http://www.w3.org/2000/svg"><circle data-key="dot" r="3"/></svg>'
    >>> html = player(svg, [Frame("here", {"dot": {"cx": "5"}})], title="a dot", alt="a dot")
    >>> html.count("<script")
    2
    """
    if not frames:
        raise ValueError("A player needs at least one frame; got none.")
    identity = f"player-{uuid4().hex[:12]}"  # the same object may be shown twice on a page
    moves = [[frame.text, frame.changes, frame.marks] for frame in frames]
    data = json.dumps({"svg": svg, "frames": moves}, ensure_ascii=False, separators=(",", ":"))
    data = data.replace("<", "\\u003c")  # neither </script> nor <!-- can end or open anything
    items = "".join(f"<li>{escape(frame.text)}</li>" for frame in frames)
    style = look.web("player.css").replace("PLAYER", f'[data-player="{identity}"]')
    script = look.web("player.js").replace("PLAYER", identity)
    return (
        f'<div data-player="{identity}" role="group" aria-label="{escape(title)}" tabindex="0">'
        f"<style>{style}</style>"
        f'<div class="picture">{look.image(svg, alt)}</div>'
        '<div class="words" aria-live="polite"></div>'
        f'<details class="all"><summary>all {len(frames)} steps as text</summary>'
        f'<ol style="white-space:pre-wrap">{items}</ol></details>'
        f'<script type="application/json">{data}</script><script>{script}</script></div>'
    )


def page(body: str, *, title: str) -> str:
    """Return a whole HTML page that opens from disk.

    Parameters
    ----------
    body : str
        HTML.
    title : str
        Plain text.

    Examples
    --------
    >>> page("<p>hello</p>", title="a page").splitlines()[0]
    '<!DOCTYPE html>'
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{look.web('page.css')}</style></head>\n"
        f"<body>{body}</body></html>\n"
    )
