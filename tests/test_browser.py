"""Pages in a real browser: opened from disk, played, and watched for errors and requests."""

import json
import shutil

import pytest

import nn
from autograd import Value, player, show_steps, tanh
from nn.__main__ import main

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Chromium: apt-get install chromium chromium-driver"
)
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--window-size=1200,900",
]


@pytest.fixture(scope="module")
def chromium():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


class Browser:
    """A page that was opened from disk, with what it asked for and complained about."""

    def __init__(self, driver, path):
        self.driver = driver
        driver.get_log("browser")
        driver.get_log("performance")
        driver.get(path.as_uri())

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def one(self, selector):
        (element,) = self.all(selector)
        return element

    def text(self, selector):
        return [element.text for element in self.all(selector)]

    def press(self, label, which=0):
        self.all(f'button[aria-label="{label}"]')[which].click()

    def key(self, name, which=0):
        from selenium.webdriver.common.keys import Keys

        self.all("[data-player]")[which].send_keys(getattr(Keys, name))

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        sent = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                sent.append(message["params"]["request"]["url"])
        return [url for url in sent if not url.startswith(("file:", "data:"))]


@pytest.fixture
def open_page(chromium, tmp_path):
    """Return a function that opens HTML or a file; afterwards nothing may have gone wrong."""
    opened = []

    def show(body_or_path):
        path = tmp_path / "page.html"
        if isinstance(body_or_path, str):
            path.write_text(player.page(body_or_path, title="a page"), encoding="utf-8")
        else:
            path = body_or_path
        opened.append(Browser(chromium, path))
        return opened[-1]

    yield show
    for browser in opened:
        assert browser.complaints() == []
        assert browser.requests() == []


def neuron():
    w, x, b = (Value(n, label=label) for n, label in ((0.5, "w"), (2.0, "x"), (-1.5, "b")))
    loss = tanh(w * x + b) ** 2
    loss.label = "loss"
    return loss


def test_next_back_slider_and_keys_move_through_the_steps(open_page):
    browser = open_page(show_steps(neuron()).html())
    assert browser.text("output") == ["1 / 9"]
    assert browser.text(".words") == ["forward · n1 is computed by mul\nn1 = w · x = 0.5 · 2 = 1"]
    browser.press("next step")
    assert browser.text("output") == ["2 / 9"]
    browser.key("ARROW_RIGHT")
    assert browser.text("output") == ["3 / 9"]
    browser.key("END")
    assert browser.text("output") == ["9 / 9"]
    browser.press("next step")
    assert browser.text("output") == ["9 / 9"], "there is nothing after the last"
    browser.press("previous step")
    assert browser.text("output") == ["8 / 9"]
    browser.key("HOME")
    browser.key("ARROW_LEFT")
    assert browser.text("output") == ["1 / 9"]
    slider = browser.one("input[type=range]")
    browser.driver.execute_script(
        "arguments[0].value = 5; arguments[0].dispatchEvent(new Event('input'))", slider
    )
    assert browser.text("output") == ["6 / 9"]


def test_the_equation_and_the_boxes_follow(open_page):
    browser = open_page(show_steps(neuron()).html())
    browser.key("END")
    assert browser.text(".words")[0].splitlines() == [
        "backward · ∂loss/∂n1 flows through mul to its inputs",
        "∂loss/∂w += ∂loss/∂n1 · x = −0.7269 · 2 = −1.454",
        "∂loss/∂x += ∂loss/∂n1 · w = −0.7269 · 0.5 = −0.3634",
    ]
    assert browser.one(".active .card")
    assert len(browser.all(".near .card")) == 2
    assert len(browser.all(".edge.active")) == 2
    assert "grad −1.454" in browser.text("svg text")
    browser.key("HOME")
    assert "grad −1.454" not in browser.text("svg text")
    assert browser.text("svg text").count("grad ·") == 7
    assert browser.text("svg text").count("data ·") == 3, "the first is being computed"


def test_the_slider_says_to_a_screen_reader_what_the_step_is(open_page):
    browser = open_page(show_steps(neuron()).html())
    browser.key("ARROW_RIGHT")
    slider = browser.one("input[type=range]")
    assert slider.get_attribute("aria-valuetext") == browser.text(".words")[0]
    assert browser.one(".words").get_attribute("aria-live") == "polite"
    assert browser.one("[data-player]").get_attribute("aria-label").startswith("backprop of loss")


def test_two_views_on_a_page_work_apart(open_page):
    one = show_steps(neuron())
    other = show_steps(Value(2.0, label="x") * 3)
    browser = open_page(one.html() + other.html() + one.html())
    browser.press("next step", which=1)
    browser.key("END", which=2)
    assert browser.text("output") == ["1 / 9", "2 / 3", "9 / 9"]


def test_play_runs_to_the_end_and_stops(open_page):
    browser = open_page(show_steps(neuron()).html())
    browser.driver.execute_script("window.setInterval = (f) => { window.tick = f; return 1 }")
    browser.press("play")
    assert browser.text("button")[2] == "❚❚ pause"
    for _ in range(9):
        browser.driver.execute_script("window.tick()")
    assert browser.text("output") == ["9 / 9"]
    assert browser.text("button")[2] == "▶ play"


def test_labels_of_any_kind_do_no_harm(open_page):
    x = Value(2.0, label="</script><img src=x onerror=alert(1)>")
    browser = open_page(show_steps(x * x).html())
    browser.key("END")
    assert browser.text("output") == ["3 / 3"]
    assert len(browser.all("img")) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_words_are_readable_in_light_and_dark(open_page, chromium, scheme):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    try:
        browser = open_page(show_steps(neuron()).html())
        root = browser.one("[data-player]")
        ink, paper = (
            root.value_of_css_property("color"),
            root.value_of_css_property("background-color"),
        )
        light = {c: sum(map(float, c[c.index("(") + 1 : -1].split(",")[:3])) for c in (ink, paper)}
        assert (light[ink] < light[paper]) == (scheme == "light")
        assert abs(light[ink] - light[paper]) > 400
    finally:
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_on_a_narrow_page_only_the_pictures_scroll(open_page, chromium):
    model = nn.MLP(2, [3, 1], seed=1)
    views = [
        show_steps(neuron()),
        nn.network(model, [0.5, -1.0], 1.0),
        nn.backprop_table(model, [0.5, -1.0], 1.0),
        nn.show_history(nn.History([nn.Report(1, 1, 0.7, 0.1), nn.Report(2, 2, 0.4, 0.1)])),
    ]
    size = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser = open_page("".join(v._repr_mimebundle_()["text/html"] for v in views))
        for _ in range(4):
            browser.key("ARROW_RIGHT")
        assert browser.text(".words")[0].startswith("backward begins · loss")
        widest = browser.driver.execute_script("return document.documentElement.scrollWidth")
        assert widest <= 400
        place = browser.driver.execute_script(
            "return arguments[0].getBoundingClientRect().right", browser.one(".active .card")
        )
        assert 0 < place <= 400, "the active box is scrolled into view"
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_buttons_of_a_high_picture_stay_in_sight(open_page):
    model = nn.MLP(4, [16, 16, 3], head="softmax", seed=0)
    loss = model.loss(model.scores([1.0, 2.0, 3.0, 4.0]), 1)
    browser = open_page("<h1>before</h1>" + show_steps(loss).html() + "<p>after</p>" * 60)
    inside = "const r = arguments[0].getBoundingClientRect(); return [r.top, r.bottom, innerHeight]"
    for selector in (".bar", ".words"):
        for scrolled in (0, 60, 200):
            browser.driver.execute_script(f"scrollTo(0, {scrolled})")
            top, bottom, height = browser.driver.execute_script(inside, browser.one(selector))
            assert 0 <= top < bottom <= height, (selector, scrolled)
    picture, _, _ = browser.driver.execute_script(inside, browser.one(".picture"))
    below, _, _ = browser.driver.execute_script(inside, browser.one(".words"))
    assert picture < below


def test_without_scripts_the_picture_and_all_steps_are_there(chromium, open_page):
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser = open_page(show_steps(neuron()).html())
        image = browser.one("img")
        assert image.size["width"] > 500
        assert image.get_attribute("alt").startswith("backprop of loss")
        browser.one("summary").click()
        assert len(browser.text("li")) == 9
        assert "∂loss/∂w += ∂loss/∂n1 · x = −0.7269 · 2 = −1.454" in browser.text("li")[-1]
        assert browser.all("button") == [], "no dead buttons"
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_network_steps_in_the_letters_of_the_lecture(open_page):
    model = nn.MLP(2, [2, 1], seed=1)
    browser = open_page(show_steps(model.loss(model.scores([0.5, -1.0]), 1.0)).html())
    browser.key("END")
    assert "δ" in browser.text(".words")[0]


def test_the_report_of_a_training_opens_from_disk_and_plays(open_page, tmp_path):
    folder = tmp_path / "digits"
    argv = ["train", "digits", "--epochs", "1", "--hidden", "8", "--quiet", "--output", str(folder)]
    assert main(argv) == 0
    browser = open_page(folder / "report.html")
    assert "Back-propagation, step by step" in browser.text("h2")
    steps_before = browser.text("output")[0]
    browser.press("next step")
    assert steps_before.startswith("1 / ")
    assert browser.text("output")[0].startswith("2 / ")
    browser.key("END")
    assert "δ" in browser.text(".words")[0]
    pictures = browser.all("figure img")
    assert pictures
    assert all(int(p.get_property("naturalWidth")) == 8 for p in pictures)
    widest = browser.driver.execute_script("return document.documentElement.scrollWidth")
    assert widest <= 1200, "wide pictures scroll by themselves, the page does not"


def test_figures_become_part_of_the_page_and_have_tooltips(open_page):
    model = nn.MLP(2, [3, 1], seed=1)
    view = nn.network(model, [0.5, -1.0], 1.0)
    html = view._repr_mimebundle_()["text/html"]
    browser = open_page(html + html)
    figures = browser.all("div[role=img]")
    assert len(figures) == 2
    assert figures[0].get_attribute("aria-label") == "network 2–3–1; loss = 3.278"
    titles = [t.get_attribute("textContent") for t in browser.all("line title")]
    assert len(titles) == 2 * 9
    assert titles[0].startswith("w")


def test_a_replay_plays(open_page):
    data = nn.make_moons(20, seed=1)
    model = nn.LogisticRegression(2)
    replay = nn.Replay(model, data)
    labels = [2 * t - 1 for t in data.targets]
    nn.fit(model, data.inputs, labels, epochs=3, on_report=replay.record)
    browser = open_page(replay.html())
    assert browser.text(".words") == ["before training"]
    start = browser.one("[data-key=map]").get_attribute("href")
    browser.key("END")
    assert browser.text(".words")[0].startswith("epoch   3  loss")
    assert browser.one("[data-key=map]").get_attribute("href") != start
    assert browser.one("[data-key=line]").get_attribute("d").startswith("M")


NOTEBOOK = """
from autograd import Value, show_steps
w, x = Value(0.5, label="w"), Value(2.0, label="x")
loss = (w * x).tanh()
show_steps(loss)
---
import nn
data = nn.make_moons(20, seed=1)
model = nn.MLP(2, [3, 1], head="sigmoid", seed=1)
history = nn.fit(model, data.inputs, data.targets, epochs=2)
history
---
nn.show_boundary(model, data)
---
nn.backprop_table(model, data.inputs[0], data.targets[0])
---
show_steps(loss)
---
loss
"""


def test_an_executed_notebook_as_a_page(open_page):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    exporters = pytest.importorskip("nbconvert.exporters")
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in NOTEBOOK.split("---")]
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i}"
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    exporter = exporters.HTMLExporter(template_name="basic")
    html, _ = exporter.from_notebook_node(notebook)
    browser = open_page(html)
    assert browser.text("output") == ["1 / 5", "1 / 5"]
    browser.press("next step", which=1)
    assert browser.text("output") == ["1 / 5", "2 / 5"]
    browser.key("END")
    assert browser.text("output") == ["5 / 5", "2 / 5"]
    labels = [figure.get_attribute("aria-label") for figure in browser.all("div[role=img]")]
    assert [label.split(" ")[0] for label in labels] == ["loss", "decision", "graph"]
    assert len(browser.all("table")) >= 2
