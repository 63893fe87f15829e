"""What all pictures share: numbers, colours, escaping, the picture that survives everywhere."""

import base64
import math
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import look

NUMBERS = [
    (0.0, "0"),
    (-0.0, "0"),
    (-0.125, "−0.125"),
    (1 / 3, "0.3333"),
    (123456.0, "1.235e+05"),
    (1e-9, "1e−09"),
    (math.inf, "inf"),
    (-math.inf, "−inf"),
    (math.nan, "nan"),
]


@pytest.mark.parametrize(("x", "expected"), NUMBERS)
def test_numbers_are_short_and_have_a_true_minus(x, expected):
    assert look.number(x) == expected


def test_digits_of_numbers():
    assert [look.number(-2 / 3, digits) for digits in (1, 2, 6)] == ["−0.7", "−0.67", "−0.666667"]


@given(st.text(max_size=80), st.integers(1, 40))
def test_a_cut_text_is_one_printable_line_no_longer_than_wanted(text, length):
    out = look.cut(text, length)
    assert len(out) <= length
    assert out == "" or out.isprintable()
    if text.isprintable() and " ".join(text.split()) == text and len(text) <= length:
        assert out == text


@given(st.floats(), st.floats(0, allow_infinity=False, allow_nan=False))
def test_every_fill_is_a_colour(x, largest):
    assert re.fullmatch(r"#[0-9a-f]{6}", look.fill(x, largest))


def brightness(colour):
    return sum(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def test_fills_grow_darker_with_size_and_differ_by_sign():
    for sign in (1, -1):
        shades = [brightness(look.fill(sign * x, 1.0)) for x in (0, 0.1, 0.5, 1, 2)]
        assert shades == sorted(shades, reverse=True)
        assert shades[3] == shades[4], "beyond the largest there is nothing darker"
    blue, red = look.fill(1.0, 1.0), look.fill(-1.0, 1.0)
    assert blue[5:] > blue[1:3]
    assert red[1:3] > red[5:]


def test_line_colours_follow_the_sign():
    assert look.line_colour(math.nan) == look.NEUTRAL
    assert [look.line_colour(x) for x in (1e-300, -1e-300)] == [look.POSITIVE, look.NEGATIVE]


def test_an_image_holds_its_svg_and_escapes_its_description():
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><text>δ₁² "quoted"</text></svg>'
    html = look.image(svg, '<b>"alt"</b>')
    assert base64.b64decode(re.search(r"base64,([^\"]+)\"", html)[1]).decode() == svg
    assert "&lt;b&gt;&quot;alt&quot;&lt;/b&gt;" in html
    assert "<b>" not in html


def test_a_figure_scrolls_and_folds_its_text():
    html = look.figure("<svg/>", "a picture", "a < b", "numbers")
    assert "overflow-x:auto" in html
    assert "<summary>numbers</summary>" in html
    assert "a &lt; b" in html
    assert "<details" not in look.figure("<svg/>", "a picture")


def test_words_keep_one_width_whatever_the_page_does():
    html = look.words("a < b")
    assert re.fullmatch(r'<pre style="font-family:[^"]*monospace;[^"]*">a &lt; b</pre>', html)
    assert "pre-wrap" in html
    assert "overflow-x:auto" in look.words("a", wrap=False)


def test_a_number_below_0_has_stripes_so_that_it_reads_without_colours():
    def shades(x):
        lines = zlib.decompress(_chunks(look.signed_png([[x]], 1.0))[b"IDAT"])
        size = round((len(lines) / 3) ** 0.5)
        rows = [lines[i * (3 * size + 1) + 1 :][: 3 * size] for i in range(size)]
        return {sum(row[k : k + 3]) for row in rows for k in range(0, 3 * size, 3)}

    assert [len(shades(x)) for x in (1.0, 0.2, 0.0, -0.2, -1.0)] == [1, 1, 1, 2, 2]
    assert max(shades(-1.0)) - min(shades(-1.0)) > 150  # a strong one is striped strongly


def _chunks(address):
    data = base64.b64decode(address.split(",")[1])
    position, chunks = 8, {}
    while position < len(data):
        size = int.from_bytes(data[position : position + 4])
        name, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + size]
        assert zlib.crc32(name + body) == int.from_bytes(data[position + 8 + size :][:4])
        chunks[name], position = body, position + 12 + size
    return chunks


def test_a_png_is_read_back_by_its_own_rules():
    rows = [["#102030", "#ffffff", "#000000"], ["#ff0000", "#00ff00", "#0000ff"]]
    data = base64.b64decode(look.png(rows).split(",")[1])
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks = _chunks(look.png(rows))
    assert chunks[b"IHDR"] == bytes((0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0))
    lines = zlib.decompress(chunks[b"IDAT"])
    assert lines.hex() == "00102030ffffff000000" + "00ff000000ff000000ff"
