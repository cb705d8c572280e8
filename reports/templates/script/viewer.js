// Pictures: one scene at a time, two of its pictures under a divider, all panes zoomed together, decibels of what is seen.
const GAIN = 4;
const CLOSE = 4;
const option = (value) => make("option", { value }, value);
const labelled = (words, control, row = false) => make("label", row ? { class: "row" } : {}, ...(row ? [control, words] : [words, control]));
const within = (value, low, high) => Math.min(Math.max(value, low), high);
const written = (value) => (Number.isFinite(value) ? `${value.toFixed(2).replace("-", "−")} dB` : "equal");

const startViewer = (viewer) => {
  const scenes = all(".scene", viewer);
  const unique = (key) => [...new Set(scenes.map((scene) => scene.dataset[key]))];
  const image = make("select", { "data-choose": "image" }, ...unique("image").map(option));
  const level = make("select", { "data-choose": "level" }, ...unique("level").map(option));
  const sides = ["a", "b"].map((side) => make("select", { "data-choose": side }));
  const zoom = make("input", { type: "range", min: "1", max: "16", step: "1", value: "1", "data-zoom": "" });
  const zoomed = make("output", {});
  const residual = make("input", { type: "checkbox", "data-residual": "" });
  const button = (name, words) => make("button", { type: "button", [`data-${name}`]: "" }, words);
  const [flicker, differ, full] = [button("flicker", "Flicker (F)"), button("differ", "Where these two differ most"), button("full", "Full screen")];
  full.hidden = !document.fullscreenEnabled;
  const panes = ["", " over"].map((extra) => make("div", { class: `pane${extra}` }));
  const bar = make("div", { class: "bar", role: "slider", tabindex: "0", "aria-label": "Divider between the left and the right picture", "aria-valuemin": "0", "aria-valuemax": "100", "data-cut": "" });
  const names = ["a", "b"].map((side) => make("span", { class: `who ${side}` }));
  const stage = make("div", { class: "stage" }, ...panes, bar, ...names);
  panes[0].tabIndex = 0;
  panes[0].setAttribute("role", "group");
  viewer.querySelector(".hint").after(make("div", { class: "controls" }, labelled("Image", image), labelled("Degradation", level), labelled("Left", sides[0]), labelled("Right", sides[1]),
    labelled(make("span", {}, "Zoom ", zoomed), zoom), make("div", { class: "buttons" }, differ, flicker, full), labelled(`Residuals (restored − clean, ${GAIN} times, grey is none)`, residual, true)));
  viewer.querySelector(".compare").append(stage);
  const state = { scene: scenes[0], zoom: 1, x: 0, y: 0, cut: 50, seen: [] };

  const shots = () => all(".shot", state.scene);
  const chosen = () => sides.map((select) => shots().find((shot) => shot.dataset.label === select.value));
  const pictureOf = (shot) => shot.querySelector("img");
  const clean = () => state.scene.querySelector('[data-part="clean"] img');
  const divide = (value) => {
    state.cut = within(value, 0, 100);
    stage.style.setProperty("--cut", `${state.cut}%`);
    const [left, right] = sides.map((select) => select.value);
    bar.setAttribute("aria-valuenow", String(Math.round(state.cut)));
    bar.setAttribute("aria-valuetext", state.cut === 0 ? `only ${right}` : state.cut === 100 ? `only ${left}` : `${Math.round(state.cut)} % ${left}`);
    names[0].hidden = state.cut === 0;
    names[1].hidden = state.cut === 100;
  };
  const view = ({ width, height }) => {
    const [left, top] = [Math.round((state.x * width) / 100), Math.round((state.y * height) / 100)];
    return { left, top, width: Math.min(Math.ceil(width / state.zoom), width - left), height: Math.min(Math.ceil(height / state.zoom), height - top) };
  };
  const score = () => {
    const [truth, ...own] = state.seen;
    chosen().forEach((shot, side) => {
      const whole = shot.dataset.db ? ` image ${written(Number(shot.dataset.db))}` : "";
      const crop = sameSize(own[side], truth) && own[side] !== truth ? `${whole ? "," : ""} crop ${written(decibels(own[side], truth, view(truth), state.scene.dataset.luma === undefined ? channels : luma))}` : "";
      names[side].replaceChildren(make("bdi", {}, shot.dataset.label), make("small", {}, `${whole}${crop}`));
    });
  };
  const move = () => {
    const most = 100 * (1 - 1 / state.zoom);
    [state.x, state.y] = [within(state.x, 0, most), within(state.y, 0, most)];
    for (const [name, value] of [["--zoom", state.zoom], ["--px", state.x.toFixed(3)], ["--py", state.y.toFixed(3)]]) viewer.style.setProperty(name, value);
    zoomed.textContent = `${state.zoom}×`;
    score();
  };
  const setZoom = (value) => {
    const next = within(Math.round(value), 1, 16);
    for (const axis of ["x", "y"]) state[axis] += 50 / state.zoom - 50 / next;
    state.zoom = next;
    zoom.value = String(next);
    move();
  };
  const content = async (shot) => {
    const [picture, truth] = [pictureOf(shot), clean()];
    if (!residual.checked || !truth || picture === truth) return picture.cloneNode();
    const [own, reference] = await Promise.all([pixelsOf(picture), pixelsOf(truth)]);
    return sameSize(own, reference) ? residualOf(own, reference, GAIN) : picture.cloneNode();
  };
  const draw = async () => {
    const both = chosen();
    const [left, right] = await Promise.all(both.map(content));
    state.seen = await Promise.all([clean(), ...both.map(pictureOf)].map((picture) => picture && pixelsOf(picture)));
    panes[0].replaceChildren(left);
    panes[1].replaceChildren(right);
    panes[0].setAttribute("aria-label", `${sides[0].value} left and ${sides[1].value} right; arrow keys move, plus and minus zoom, F flickers`);
    differ.disabled = !sameSize(state.seen[1], state.seen[2]) || state.seen[1] === state.seen[2];
    divide(state.cut);
    move();
  };
  const drawShots = async () => {
    for (const shot of shots()) {
      shot.querySelector("canvas")?.remove();
      const picture = pictureOf(shot);
      picture.classList.remove("off");
      const shown = await content(shot);
      if (shown instanceof HTMLCanvasElement) {
        picture.classList.add("off");
        shown.setAttribute("role", "img");
        shown.setAttribute("aria-label", `Residual of ${picture.alt}`);
        picture.after(shown);
      }
    }
  };
  const choose = async () => {
    const own = scenes.filter((scene) => scene.dataset.image === image.value);
    state.scene = own.find((scene) => scene.dataset.level === level.value) ?? own[0];
    level.value = state.scene.dataset.level;
    for (const one of level.options) one.disabled = !own.some((scene) => scene.dataset.level === one.value);
    for (const scene of scenes) scene.classList.toggle("off", scene !== state.scene);
    residual.disabled = !clean();
    const labels = shots().map((shot) => shot.dataset.label);
    const usual = ["degraded", "restored"].map((part) => state.scene.querySelector(`[data-part="${part}"]`)?.dataset.label ?? labels[0]);
    sides.forEach((select, side) => {
      const before = select.value;
      select.replaceChildren(...labels.map(option));
      select.value = labels.includes(before) ? before : usual[side];
    });
    await draw();
    await drawShots();
  };
  const flip = () => divide(state.cut === 100 ? 0 : 100);
  const toDifference = () => {
    const [, left, right] = state.seen;
    setZoom(Math.max(state.zoom, CLOSE));
    const { width, height } = view(left);
    const found = mostDifferent(left, right, width, height);
    [state.x, state.y] = [(100 * found.left) / left.width, (100 * found.top) / left.height];
    move();
    say(`The window in which ${sides[0].value} and ${sides[1].value} differ most is shown`);
  };
  // Calls `moved(event, last event)` for each move of the pointer that was put down on `element`.
  const drag = (element, start, moved) => {
    element.setPointerCapture(start.pointerId);
    let last = start;
    const go = (now) => { moved(now, last); last = now; };
    element.addEventListener("pointermove", go);
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => element.removeEventListener("pointermove", go), { once: true });
  };
  for (const select of [image, level]) select.addEventListener("change", choose);
  for (const select of sides) select.addEventListener("change", draw);
  residual.addEventListener("change", () => { draw(); drawShots(); });
  zoom.addEventListener("input", () => setZoom(Number(zoom.value)));
  flicker.addEventListener("click", flip);
  differ.addEventListener("click", toDifference);
  full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : viewer.requestFullscreen()));
  document.addEventListener("fullscreenchange", () => { full.textContent = document.fullscreenElement === viewer ? "Leave full screen" : "Full screen"; });
  viewer.addEventListener("pointerdown", (event) => {
    const pane = event.target.closest(".pane");
    if (event.target !== bar && !pane) return;
    event.preventDefault();
    const box = (pane ?? stage).getBoundingClientRect();
    if (pane) drag(pane, event, (now, last) => {
      state.x -= ((now.clientX - last.clientX) / box.width) * 100 / state.zoom;
      state.y -= ((now.clientY - last.clientY) / box.height) * 100 / state.zoom;
      move();
    });
    else drag(bar, event, (now) => divide((100 * (now.clientX - box.left)) / box.width));
    (pane?.closest(".stage") ? panes[0] : bar).focus({ preventScroll: true });
  });
  viewer.addEventListener("wheel", (event) => {
    if (!event.ctrlKey || !event.target.closest(".pane")) return;
    event.preventDefault();
    setZoom(state.zoom + (event.deltaY < 0 ? 1 : -1));
  }, { passive: false });
  bar.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: state.cut - 2, ArrowDown: state.cut - 2, ArrowRight: state.cut + 2, ArrowUp: state.cut + 2, PageDown: state.cut - 10, PageUp: state.cut + 10, Home: 0, End: 100 }[event.key];
    if (to === undefined) return;
    divide(to);
    event.preventDefault();
  });
  panes[0].addEventListener("keydown", (event) => {
    const step = 10 / state.zoom;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (!by) return;
    [state.x, state.y] = [state.x + by[0], state.y + by[1]];
    move();
    event.preventDefault();
  });
  viewer.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select")) return;
    const act = { f: flip, F: flip, "+": () => setZoom(state.zoom + 1), "=": () => setZoom(state.zoom + 1), "-": () => setZoom(state.zoom - 1) }[event.key];
    act?.();
  });
  choose();
};
for (const viewer of all("[data-viewer]")) startViewer(viewer);
