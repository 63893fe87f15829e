"""The player as text; what it does in a browser stands in test_browser.py."""

import json
import re
from html import unescape

import pytest

from autograd import player
from autograd.player import Frame

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><circle data-key="dot" r="3"/></svg>'
NASTY = "</script><script>alert(1)</script> <!-- & \" ' \\ {x} 🦉"


def data(html):
    return json.loads(re.search(r'application/json">(.*?)</script>', html, re.S)[1])


def test_frames_and_picture_arrive_unchanged():
    frames = [Frame("one", {"dot": {"cx": "1"}}), Frame(NASTY, {}, {"dot": "active"})]
    found = data(player.player(SVG, frames, title="t", alt="a"))
    assert found["svg"] == SVG
    assert found["frames"] == [["one", {"dot": {"cx": "1"}}, {}], [NASTY, {}, {"dot": "active"}]]


def test_nothing_that_a_user_writes_can_end_the_script_or_open_a_tag():
    html = player.player(SVG, [Frame(NASTY)], title=NASTY, alt=NASTY)
    assert html.count("<script") == html.count("</script>") == 2
    assert "alert(1)</script>" not in html
    assert "<!--" not in html


def test_all_frames_are_there_as_text_without_scripts():
    html = player.player(SVG, [Frame("first\nsecond"), Frame("a < b")], title="t", alt="a")
    items = re.findall(r"<li>(.*?)</li>", html, re.S)
    assert [unescape(x) for x in items] == ["first\nsecond", "a < b"]
    assert "<summary>all 2 steps as text</summary>" in html


def test_two_players_have_identities_of_their_own_and_no_id():
    one, two = (player.player(SVG, [Frame("x")], title="t", alt="a") for _ in range(2))
    assert one != two
    identities = [set(re.findall(r"player-[0-9a-f]{12}", html)) for html in (one, two)]
    assert all(len(found) == 1 for found in identities)
    assert " id=" not in one
    same = re.sub(r"player-[0-9a-f]{12}", "", one) == re.sub(r"player-[0-9a-f]{12}", "", two)
    assert same, "but for the identity two runs are the same"


def test_no_address_of_the_outside_but_the_name_of_svg():
    html = player.page(player.player(SVG, [Frame("x")], title="t", alt="a"), title="t")
    assert set(re.findall(r"https?://[\w./-]+", html)) <= {"http://www.w3.org/2000/svg"}


def test_a_player_needs_a_frame():
    with pytest.raises(ValueError, match="at least one frame; got none"):
        player.player(SVG, [], title="t", alt="a")


def test_a_page_is_whole_and_its_title_escaped():
    html = player.page("<p>body</p>", title="a < b")
    assert html.startswith("<!DOCTYPE html>")
    assert "<title>a &lt; b</title>" in html
    assert html.endswith("<body><p>body</p></body></html>\n")
