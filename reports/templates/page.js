"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const say = (words) => { document.getElementById("said").textContent = words; };
  const save = (blob, name) => {
    const link = make("a", { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  // Theme: what the system prefers until the reader chooses; a choice is kept where the browser allows it.
  const root = document.documentElement;
  const switcher = document.querySelector("[data-theme-switch]");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const kept = (value) => { try { if (value) localStorage.setItem("theme", value); return localStorage.getItem("theme"); } catch { return value; } };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const showTheme = () => {
    switcher.textContent = isDark() ? "Light" : "Dark";
    switcher.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
    switcher.removeAttribute("aria-pressed");
  };
  if (["light", "dark"].includes(kept())) root.dataset.theme = kept();
  switcher.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; kept(root.dataset.theme); showTheme(); });
  system.addEventListener("change", showTheme);
  showTheme();
  if (innerWidth <= 1000) document.querySelector(".contents details").open = false;

  // Copy: the clipboard where a file may use it, else a selection.
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = make("textarea", { readonly: "" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  for (const button of all("[data-copy]")) {
    button.setAttribute("aria-label", `Copy the command ${button.dataset.copy}`);
    button.addEventListener("click", async () => {
      await copy(button.dataset.copy);
      button.textContent = "Copied";
      say("Command copied");
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  // Tables: sorted by a column, filtered by words, saved as shown.
  const hiddenSeries = new Set();
  const keyOf = (cell) => (cell.dataset.key !== undefined ? Number(cell.dataset.key) : cell.textContent);
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? (a < b ? -1 : a > b ? 1 : 0) : String(a).localeCompare(String(b), undefined, { numeric: true }));
  const refresh = (grid) => {
    const words = (grid.querySelector("[data-filter]")?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const rows = all("tbody tr", grid);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const off = hiddenSeries.has(row.dataset.series) || !words.every((word) => text.includes(word));
      row.classList.toggle("off", off);
      shown += off ? 0 : 1;
    }
    const note = grid.querySelector("[data-count]");
    note.dataset.first ??= note.textContent;
    note.textContent = shown < rows.length ? `${shown} of ${rows.length} lines shown. ${note.dataset.first}` : note.dataset.first;
  };
  const sort = (button) => {
    const head = button.closest("th");
    const grid = button.closest(".grid");
    const column = [...head.parentNode.children].indexOf(head);
    const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of all("th", grid)) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const body = grid.querySelector("tbody");
    const keyed = [...body.rows].map((row) => [keyOf(row.cells[column]), row]);
    keyed.sort((a, b) => sign * compare(a[0], b[0]));
    body.append(...keyed.map(([, row]) => row));
    say(`Sorted by ${button.textContent}, ${order}`);
  };
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const csv = (grid) => {
    const lines = all("tr", grid).filter((row) => !row.classList.contains("off"));
    const text = lines.map((row) => [...row.cells].map((cell) => quoted(cell.dataset.key !== undefined ? (Number.isFinite(Number(cell.dataset.key)) ? cell.dataset.key : "") : cell.textContent)).join(",")).join("\n");
    save(new Blob([`${text}\n`], { type: "text/csv" }), `${grid.dataset.grid}.csv`);
  };
  for (const grid of all(".grid")) {
    for (const head of all("th", grid)) if (grid.querySelector(`tbody td:nth-child(${head.cellIndex + 1}).n`)) head.style.textAlign = "right";
    grid.querySelector("[data-filter]")?.addEventListener("input", () => refresh(grid));
    grid.querySelector("[data-csv]").setAttribute("aria-label", `Download the table ${grid.querySelector("h3").textContent} as CSV`);
    grid.querySelector("[data-csv]").addEventListener("click", () => csv(grid));
    for (const button of all("[data-sort]", grid)) button.addEventListener("click", () => sort(button));
  }

  // Methods shown: the same choice for figures and tables.
  for (const box of all("[data-toggle-series]")) box.addEventListener("change", () => {
    if (box.checked) hiddenSeries.delete(box.dataset.toggleSeries); else hiddenSeries.add(box.dataset.toggleSeries);
    for (const element of all("svg [data-series]")) element.classList.toggle("off", hiddenSeries.has(element.dataset.series));
    for (const grid of all(".grid")) refresh(grid);
  });

  // Figures: what a mark says on hover, focus or tap; all values as a list; saved as SVG or PNG.
  const tip = document.getElementById("tip");
  const showTip = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - box.width - 4))}px`;
    tip.style.top = `${y + 16 + box.height > innerHeight ? y - box.height - 10 : y + 16}px`;
  };
  for (const mark of all(".mark")) {
    const title = mark.querySelector("title");
    mark.dataset.tip = title.textContent;
    title.remove();
  }
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest?.(".mark");
    if (mark) showTip(mark.dataset.tip, event.clientX, event.clientY); else tip.hidden = true;
  });
  document.addEventListener("focusin", (event) => {
    const mark = event.target.closest?.("svg a")?.querySelector(".mark");
    if (!mark) { tip.hidden = true; return; }
    const box = mark.getBoundingClientRect();
    showTip(mark.dataset.tip, box.right, box.bottom);
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  for (const button of all("[data-values]")) button.addEventListener("click", () => {
    const figure = button.closest("figure");
    const list = figure.querySelector(".values");
    if (list) list.remove(); else figure.append(make("ul", { class: "values", tabindex: "0", "aria-label": "Values of the figure" }, ...all(".mark", figure).map((mark) => make("li", {}, mark.dataset.tip))));
    button.setAttribute("aria-expanded", String(!list));
  });
  const resolved = (figure) => {
    const svg = figure.querySelector("svg").cloneNode(true);
    const box = svg.viewBox.baseVal;
    svg.setAttribute("width", box.width);
    svg.setAttribute("height", box.height);
    for (const element of all(".off", svg)) element.remove();
    const style = getComputedStyle(root);
    const text = new XMLSerializer().serializeToString(svg).replace(/var\((--[a-z0-9]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
    return { text, width: box.width, height: box.height, paper: style.getPropertyValue("--paper").trim() };
  };
  const png = (drawn) => new Promise((done) => {
    const image = new Image();
    image.onload = () => {
      const canvas = make("canvas", { width: String(Math.round(drawn.width * 3)), height: String(Math.round(drawn.height * 3)) });
      const context = canvas.getContext("2d");
      context.fillStyle = drawn.paper;
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(done, "image/png");
    };
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawn.text)}`;
  });
  for (const button of all("[data-save]")) {
    const figure = button.closest("figure");
    button.setAttribute("aria-label", `Download the figure ${figure.querySelector("strong").textContent} as ${button.dataset.save.toUpperCase()}`);
    button.addEventListener("click", async () => {
      const drawn = resolved(figure);
      const name = figure.querySelector(".canvas").dataset.file;
      if (button.dataset.save === "svg") save(new Blob([drawn.text], { type: "image/svg+xml" }), `${name}.svg`);
      else save(await png(drawn), `${name}.png`);
    });
  }

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
  root.dataset.ready = "yes";
})();
