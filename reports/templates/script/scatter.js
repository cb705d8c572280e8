// The chart of the chooser: quality against time of what is left, its front, what was asked for and what was chosen.
const shape = (name, attributes, text) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const roundSteps = (low, high, most) => {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((one) => (high - low) / one <= most) ?? 100;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(Math.floor(high / step) - first + 1, 0) }, (_, number) => Number(((first + number) * step).toFixed(2)));
};
const decades = (low, high) => {
  const every = Math.log10(high / low) < 2.2 ? [1, 2, 5] : [1];
  const powers = Array.from({ length: 26 }, (_, number) => 10 ** (number - 13));
  return powers.flatMap((power) => every.map((one) => Number((one * power).toPrecision(1)))).filter((value) => value >= low && value <= high);
};
const drawChoice = (figure, choice, asked, said) => {
  if (!figure) return;
  const timed = choice ? choice.left.filter((one) => one.ms !== null) : [];
  figure.hidden = timed.length === 0;
  if (figure.hidden) return;
  const width = Math.max(figure.clientWidth - 24, 240);
  const height = Math.min(Math.max(width * 0.62, 240), 380);
  const [left, right, top, bottom] = [44, 12, 12, 40];
  const times = timed.map((one) => one.ms * asked.size);
  const levels = timed.map((one) => one.db);
  const [from, to] = [Math.min(...times) / 1.35, Math.max(...times) * 1.8];
  const spread = Math.max(Math.max(...levels) - Math.min(...levels), 0.2);
  const [low, high] = [Math.min(...levels) - 0.08 * spread, Math.max(...levels) + 0.12 * spread];
  const x = (value) => left + ((width - left - right) * Math.log(value / from)) / Math.log(to / from);
  const y = (value) => height - bottom - ((height - top - bottom) * (value - low)) / (high - low);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `Quality against time of ${timed.length} ways to restore. ${said}` });
  const add = (...made) => svg.append(shape(...made));
  let free = 0;
  for (const value of decades(from, to)) {
    const reach = digits(value).length * 3.5 + 3;
    add("line", { x1: x(value), x2: x(value), y1: top, y2: height - bottom, class: "rule" });
    if (x(value) - reach < free || x(value) + reach > width) continue;
    add("text", { x: x(value), y: height - bottom + 15, "text-anchor": "middle" }, digits(value));
    free = x(value) + reach;
  }
  for (const value of roundSteps(low, high, 7)) {
    add("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), class: "rule" });
    add("text", { x: left - 5, y: y(value) + 4, "text-anchor": "end" }, String(value));
  }
  add("text", { x: width - right, y: height - 6, "text-anchor": "end" }, `ms ${asked.shown ? `for ${asked.shown}` : "per megapixel"}`);
  add("text", { x: 2, y: top - 2 }, `dB, mean over ${timed[0].images}`);
  if (asked.budget > from && asked.budget < to) add("rect", { x: x(asked.budget), y: top, width: width - right - x(asked.budget), height: height - top - bottom, class: "beyond" });
  if (asked.quality > low && asked.quality < high) add("rect", { x: left, y: y(asked.quality), width: width - left - right, height: height - bottom - y(asked.quality), class: "beyond" });
  const steps = choice.front.map((one, number) => `${number ? `H${x(one.ms * asked.size)}V` : `M${x(one.ms * asked.size)} `}${y(one.db)}`).join("");
  add("path", { d: `${steps}H${width - right}`, class: "front" });
  const onFront = new Set(choice.front);
  const off = (one) => (hiddenSeries.has(one.name) ? " off" : "");
  for (const one of timed) {
    const tip = `${one.name}: ${one.db.toFixed(2)} dB (${one.images}), ${digits(one.ms * asked.size)} ms (timed at ${one.timed})`;
    const place = one === choice.chosen ? " chosen" : onFront.has(one) ? "" : " behind";
    const mark = shape("circle", { cx: x(one.ms * asked.size), cy: y(one.db), r: one === choice.chosen ? 7 : 5, fill: one.color, class: `mark${place}${off(one)}`, "data-method": one.name });
    mark.dataset.tip = tip;
    svg.append(mark);
  }
  const ruler = document.createElement("canvas").getContext("2d");
  const taken = timed.map((one) => [x(one.ms * asked.size) - 7, y(one.db) - 7, x(one.ms * asked.size) + 7, y(one.db) + 7]);
  choice.front.forEach((one, number) => {
    const [start, level] = [x(one.ms * asked.size), y(one.db)];
    const next = choice.front[number + 1];
    const end = next ? x(next.ms * asked.size) : width - right;
    taken.push([start, level - 1, end, level + 1]);
    if (next) taken.push([end - 1, y(next.db), end + 1, level]);
  });
  for (const one of [choice.chosen, ...choice.front.filter((other) => other !== choice.chosen).reverse()].filter((other) => other?.ms)) {
    const label = shape("text", { class: `name${one === choice.chosen ? " chosen" : ""}${off(one)}`, style: `fill:${one.color}`, "data-method": one.name }, one.name);
    svg.append(label);
    ruler.font = `${one === choice.chosen ? 700 : 500} 12px ${getComputedStyle(document.body).fontFamily}`;
    const wide = ruler.measureText(one.name).width + 2;
    const [px, py] = [x(one.ms * asked.size), y(one.db)];
    const spot = [[px - wide - 9, py - 5], [px + 9, py - 5], [px + 9, py + 15], [px - wide - 9, py + 14], [px - wide / 2, py - 12], [px - wide / 2, py + 22]].find(([sx, sy]) => sx > left && sx + wide < width && sy > top + 8 && sy < height - bottom && taken.every(([a, b, c, d]) => sx > c || sx + wide < a || sy - 11 > d || sy < b));
    if (!spot) { label.remove(); continue; }
    label.setAttribute("x", spot[0]);
    label.setAttribute("y", spot[1]);
    taken.push([spot[0], spot[1] - 11, spot[0] + wide, spot[1]]);
  }
  figure.querySelector("svg")?.remove();
  figure.prepend(svg);
};
