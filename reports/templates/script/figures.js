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
// The mark under the pointer, or the nearest within a thumb's reach in the same figure.
const REACH = 14;
const distance = (mark, event) => {
  const box = mark.getBoundingClientRect();
  return Math.hypot(event.clientX - (box.left + box.right) / 2, event.clientY - (box.top + box.bottom) / 2);
};
const markAt = (event) => {
  const own = event.target.closest?.(".mark");
  const figure = event.target.closest?.("figure svg");
  if (own || !figure) return own;
  const near = all(".mark", figure).map((mark) => [distance(mark, event), mark]).filter(([far]) => far <= REACH);
  return near.sort((a, b) => a[0] - b[0])[0]?.[1];
};
for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, (event) => {
  const mark = markAt(event);
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
