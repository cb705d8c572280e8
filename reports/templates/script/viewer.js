// Pictures: one scene at a time, two of its pictures under a slider, all panes zoomed together.
const option = (value) => make("option", { value }, value);
const labelled = (words, control, row = false) => make("label", row ? { class: "row" } : {}, ...(row ? [control, words] : [words, control]));
const residualOf = (shot, clean, gain) => {
  const width = clean.naturalWidth;
  const height = clean.naturalHeight;
  const pixels = (image) => {
    const canvas = make("canvas", { width, height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    context.drawImage(image, 0, 0, width, height);
    return [canvas, context, context.getImageData(0, 0, width, height)];
  };
  const [canvas, context, own] = pixels(shot);
  const [, , reference] = pixels(clean);
  for (let i = 0; i < own.data.length; i += 1) if (i % 4 !== 3) own.data[i] = 128 + gain * (own.data[i] - reference.data[i]);
  context.putImageData(own, 0, 0);
  return canvas;
};
const GAIN = 4;

const startViewer = (viewer) => {
  const scenes = all(".scene", viewer);
  const unique = (key) => [...new Set(scenes.map((scene) => scene.dataset[key]))];
  const image = make("select", { "data-choose": "image" }, ...unique("image").map(option));
  const level = make("select", { "data-choose": "level" }, ...unique("level").map(option));
  const first = make("select", { "data-choose": "a" });
  const second = make("select", { "data-choose": "b" });
  const zoom = make("input", { type: "range", min: "1", max: "16", step: "1", value: "1", "data-zoom": "" });
  const zoomed = make("output", {}, "1×");
  const residual = make("input", { type: "checkbox", "data-residual": "" });
  const cut = make("input", { type: "range", min: "0", max: "100", step: "1", value: "50", class: "cut", "aria-label": "Divide between left and right picture", "data-cut": "" });
  const stage = make("div", { class: "stage" });
  const controls = make("div", { class: "controls" }, labelled("Image", image), labelled("Degradation", level), labelled("Left", first), labelled("Right", second),
    labelled(make("span", {}, "Zoom ", zoomed), zoom), labelled(`Residuals (restored − clean, ${GAIN} times, grey is none)`, residual, true));
  viewer.querySelector(".hint").after(controls);
  viewer.querySelector(".compare").append(stage, cut);
  const state = { scene: scenes[0], zoom: 1, x: 0, y: 0 };

  const move = () => {
    const most = 100 * (1 - 1 / state.zoom);
    state.x = Math.min(Math.max(state.x, 0), most);
    state.y = Math.min(Math.max(state.y, 0), most);
    viewer.style.setProperty("--zoom", state.zoom);
    viewer.style.setProperty("--px", state.x.toFixed(3));
    viewer.style.setProperty("--py", state.y.toFixed(3));
    zoomed.textContent = `${state.zoom}×`;
  };
  const setZoom = (value) => {
    const middle = 50 / state.zoom;
    const next = Math.min(Math.max(Math.round(value), 1), 16);
    state.x += middle - 50 / next;
    state.y += middle - 50 / next;
    state.zoom = next;
    zoom.value = String(next);
    move();
  };
  const shots = () => all(".shot", state.scene);
  const content = async (shot) => {
    const picture = shot.querySelector("img");
    const clean = state.scene.querySelector('[data-part="clean"] img');
    if (!residual.checked || !clean || picture === clean) return picture.cloneNode();
    await Promise.all([picture.decode(), clean.decode()]);
    return residualOf(picture, clean, GAIN);
  };
  const draw = async () => {
    const find = (select) => shots().find((shot) => shot.dataset.label === select.value) ?? shots()[0];
    const [left, right] = await Promise.all([content(find(first)), content(find(second))]);
    const pane = (picture, extra) => make("div", { class: `pane ${extra}` }, picture);
    const under = pane(left, "");
    under.tabIndex = 0;
    under.setAttribute("role", "group");
    under.setAttribute("aria-label", `${first.value} left and ${second.value} right; arrow keys move, plus and minus zoom`);
    stage.replaceChildren(under, pane(right, "over"), make("div", { class: "bar" }),
      make("span", { class: "who a" }, make("bdi", {}, first.value)), make("span", { class: "who b" }, make("bdi", {}, second.value)));
  };
  const drawShots = async () => {
    for (const shot of shots()) {
      shot.querySelector("canvas")?.remove();
      const picture = shot.querySelector("img");
      picture.hidden = false;
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
    const exact = scenes.find((scene) => scene.dataset.image === image.value && scene.dataset.level === level.value);
    state.scene = exact ?? scenes.find((scene) => scene.dataset.image === image.value);
    level.value = state.scene.dataset.level;
    const has = new Set(scenes.filter((scene) => scene.dataset.image === image.value).map((scene) => scene.dataset.level));
    for (const one of level.options) one.disabled = !has.has(one.value);
    for (const scene of scenes) scene.classList.toggle("off", scene !== state.scene);
    residual.disabled = !state.scene.querySelector('[data-part="clean"]');
    const labels = shots().map((shot) => shot.dataset.label);
    for (const [select, wanted] of [[first, "degraded input"], [second, labels.at(-1)]]) {
      const before = select.value;
      select.replaceChildren(...labels.map(option));
      select.value = labels.includes(before) ? before : labels.includes(wanted) ? wanted : labels[0];
    }
    await draw();
    await drawShots();
  };
  image.addEventListener("change", choose);
  level.addEventListener("change", choose);
  first.addEventListener("change", draw);
  second.addEventListener("change", draw);
  residual.addEventListener("change", () => { draw(); drawShots(); });
  zoom.addEventListener("input", () => setZoom(Number(zoom.value)));
  cut.addEventListener("input", () => stage.style.setProperty("--cut", `${cut.value}%`));
  viewer.addEventListener("pointerdown", (event) => {
    const pane = event.target.closest(".pane");
    if (!pane) return;
    event.preventDefault();
    pane.setPointerCapture(event.pointerId);
    let last = event;
    const drag = (now) => {
      const box = pane.getBoundingClientRect();
      state.x -= ((now.clientX - last.clientX) / box.width) * 100 / state.zoom;
      state.y -= ((now.clientY - last.clientY) / box.height) * 100 / state.zoom;
      last = now;
      move();
    };
    pane.addEventListener("pointermove", drag);
    pane.addEventListener("pointerup", () => pane.removeEventListener("pointermove", drag), { once: true });
  });
  viewer.addEventListener("wheel", (event) => {
    if (!event.ctrlKey || !event.target.closest(".pane")) return;
    event.preventDefault();
    setZoom(state.zoom + (event.deltaY < 0 ? 1 : -1));
  }, { passive: false });
  stage.addEventListener("keydown", (event) => {
    const step = 10 / state.zoom;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key]) { state.x += moves[event.key][0]; state.y += moves[event.key][1]; move(); event.preventDefault(); }
    if (event.key === "+" || event.key === "=") setZoom(state.zoom + 1);
    if (event.key === "-") setZoom(state.zoom - 1);
  });
  choose();
};
for (const viewer of all("[data-viewer]")) startViewer(viewer);
