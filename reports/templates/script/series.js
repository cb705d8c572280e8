// Methods shown: the same choice for figures and tables; a figure of which nothing is left goes.
const hiddenSeries = new Set();
for (const box of all("[data-toggle-series]")) box.addEventListener("change", () => {
  if (box.checked) hiddenSeries.delete(box.dataset.toggleSeries); else hiddenSeries.add(box.dataset.toggleSeries);
  for (const element of all("svg [data-method], .board [data-method]")) element.classList.toggle("off", hiddenSeries.has(element.dataset.method));
  for (const figure of all("figure.chart")) {
    const drawn = all("svg [data-method]", figure);
    figure.classList.toggle("off", drawn.length > 0 && drawn.every((element) => element.classList.contains("off")));
  }
  for (const grid of all(".grid")) refresh(grid);
});
