// Light: a method under the pointer or in focus is lit in every figure, table and picture; the others of a figure fade.
const lit = { name: "" };
const light = (name) => {
  if (name === lit.name) return;
  lit.name = name;
  for (const element of all(".lit")) element.classList.remove("lit");
  const found = name ? all("[data-method]").filter((element) => element.dataset.method === name) : [];
  for (const element of found) element.classList.add("lit");
  const figures = new Set(found.map((element) => element.ownerSVGElement).filter(Boolean));
  for (const figure of all("figure svg")) figure.classList.toggle("dim", figures.has(figure));
};
const methodAt = (event) => light(event.target.closest?.("[data-method]")?.dataset.method ?? "");
document.addEventListener("pointerover", methodAt);
document.addEventListener("focusin", methodAt);
