// Tables: sorted by a column, filtered by words, saved as shown.
const keyOf = (cell) => (cell.dataset.key !== undefined ? Number(cell.dataset.key) : cell.textContent);
const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? (a < b ? -1 : a > b ? 1 : 0) : String(a).localeCompare(String(b), undefined, { numeric: true }));
const plain = (text) => text.toLowerCase().replaceAll("×", "x").replaceAll("−", "-");
// In one column a number is the whole number: 25 finds no 125 and no 0.25.
const matches = (text, word, whole) => (whole && /^-?[\d.]+$/.test(word) ? (text.match(/-?[\d.]+/g) ?? []).some((number) => Number(number) === Number(word)) : text.includes(word));
const refresh = (grid) => {
  const typed = plain(grid.querySelector("[data-filter]")?.value ?? "");
  const column = Number(grid.querySelector("[data-column]")?.value || -1);
  const words = typed.split(/\s+/).filter(Boolean);
  const rows = all("tbody tr", grid);
  let shown = 0;
  for (const row of rows) {
    const text = plain((row.cells[column] ?? row).textContent);
    const off = hiddenSeries.has(row.dataset.method) || !words.every((word) => matches(text, word, column >= 0));
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
  for (const control of all("[data-filter],[data-column]", grid)) control.addEventListener("input", () => refresh(grid));
  grid.querySelector("[data-csv]").setAttribute("aria-label", `Download the table ${grid.querySelector("h3").textContent} as CSV`);
  grid.querySelector("[data-csv]").addEventListener("click", () => csv(grid));
  for (const button of all("[data-sort]", grid)) button.addEventListener("click", () => sort(button));
}
