(() => {
for (const root of document.querySelectorAll('[data-player="PLAYER"]:not(.ready)')) {
  root.classList.add("ready");
  const {svg, frames} = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const words = root.querySelector(".words"), picture = root.querySelector(".picture");
  picture.innerHTML = svg;
  const last = frames.length - 1, elements = new Map();
  for (const element of picture.querySelectorAll("[data-key]")) elements.set(element.dataset.key, element);
  const bar = document.createElement("div");
  bar.className = "bar";
  const button = (text, label, act) => {
    const made = document.createElement("button");
    made.type = "button"; made.textContent = text; made.setAttribute("aria-label", label);
    made.onclick = act; bar.append(made);
    return made;
  };
  const previous = button("◀ back", "previous step", () => go(at - 1));
  const next = button("next ▶", "next step", () => go(at + 1));
  const play = button("▶ play", "play", () => timer ? stop() : start());
  const slider = document.createElement("input");
  slider.type = "range"; slider.min = 0; slider.max = last; slider.value = 0;
  slider.setAttribute("aria-label", "step");
  slider.oninput = () => go(+slider.value);
  const count = document.createElement("output");
  bar.append(slider, count);
  picture.before(bar);
  let at = -1, timer = 0, marked = [];
  const apply = changes => {
    for (const [key, attributes] of Object.entries(changes)) {
      const element = elements.get(key);
      for (const [name, value] of Object.entries(element ? attributes : {})) {
        if (name === "text") element.textContent = value; else element.setAttribute(name, value);
      }
    }
  };
  const show = wanted => {
    const target = Math.max(0, Math.min(last, wanted));
    for (let i = target > at ? at + 1 : 0; i <= target; i++) apply(frames[i][1]);
    for (const [element, mark] of marked) element.classList.remove(mark);
    marked = [];
    for (const [key, mark] of Object.entries(frames[target][2])) {
      const element = elements.get(key);
      if (element) { element.classList.add(mark); marked.push([element, mark]); }
    }
    at = target;
    const text = frames[at][0], end = text.indexOf("\n"), head = document.createElement("b");
    head.textContent = end < 0 ? text : text.slice(0, end);
    words.replaceChildren(head, end < 0 ? "" : text.slice(end));
    root.style.setProperty("--on", text.startsWith("backward") ? "var(--backward)" : "var(--forward)");
    slider.value = at; slider.setAttribute("aria-valuetext", text);
    count.textContent = `${at + 1} / ${frames.length}`;
    previous.setAttribute("aria-disabled", at === 0); next.setAttribute("aria-disabled", at === last);
    const lit = picture.querySelector(".active .card");
    if (lit) {
      const a = lit.getBoundingClientRect(), b = picture.getBoundingClientRect();
      if (a.left < b.left || a.right > b.right) picture.scrollLeft += (a.left + a.right - b.left - b.right) / 2;
      if (a.top < b.top || a.bottom > b.bottom) picture.scrollTop += (a.top + a.bottom - b.top - b.bottom) / 2;
    }
  };
  const stop = () => {
    clearInterval(timer); timer = 0;
    play.textContent = "▶ play"; play.setAttribute("aria-label", "play");
  };
  const start = () => {
    if (at === last) show(0);
    timer = setInterval(() => at < last ? show(at + 1) : stop(), Math.max(80, Math.min(900, 30000 / frames.length)));
    play.textContent = "❚❚ pause"; play.setAttribute("aria-label", "pause");
  };
  const go = wanted => { stop(); show(wanted); };
  root.addEventListener("keydown", event => {
    const steps = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last};
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in steps)) return;
    go(steps[event.key]);
    event.preventDefault(); event.stopPropagation();
  });
  show(0);
}
})();
