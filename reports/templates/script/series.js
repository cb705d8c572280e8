// Methods shown: the same choice for figures and tables.
const hiddenSeries = new Set();
for (const box of all("[data-toggle-series]")) box.addEventListener("change", () => {
  if (box.checked) hiddenSeries.delete(box.dataset.toggleSeries); else hiddenSeries.add(box.dataset.toggleSeries);
  for (const element of all("svg [data-series]")) element.classList.toggle("off", hiddenSeries.has(element.dataset.series));
  for (const row of all(".board [data-series]")) row.classList.toggle("off", hiddenSeries.has(row.dataset.series));
  for (const grid of all(".grid")) refresh(grid);
});
