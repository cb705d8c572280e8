// The chooser: its form, its state in the address, its answer, and how to run what was chosen.
const NUMBER = "(\\d+(?:\\.\\d*)?|\\.\\d+)";
const FORMS = {
  sigma: [`${NUMBER}`], quality: [`(-?${NUMBER})`], budget: [`${NUMBER}\\s*(ms|s)?\\s*(/\\s*MP)?`, { ms: 1, s: 1e3 }],
  memory: [`${NUMBER}\\s*(MiB|GiB|MB|GB)?\\s*(/\\s*MP)?`, { mib: 1, gib: 1024, mb: 1e6 / 2 ** 20, gb: 1e9 / 2 ** 20 }], size: ["(\\d{1,6})\\s*[x×]\\s*(\\d{1,6})"],
};
const EXPECTED = {
  sigma: "a noise level is a number, as in 25", quality: "a quality is a number of decibels, as in 29", budget: "a time is a number of milliseconds, as in 30, 30ms or 0.1s",
  memory: "a memory is a number of MiB, as in 200, 200MiB or 1GiB", size: "a size is width x height, as in 1920x1080",
};
const startChooser = (form) => {
  const { kinds, points, words } = JSON.parse(form.dataset.choices);
  const place = document.getElementById("choice");
  const field = (name) => form.elements.namedItem(name);
  const names = ["task", "sigma", "budget", "quality", "memory", "size", "device"];
  const matched = (name) => {
    const text = field(name).value.trim();
    const found = text === "" ? null : new RegExp(`^\\s*${FORMS[name][0]}\\s*$`, "i").exec(text);
    if (text !== "" && !found) throw `“${text}” is not understood: ${EXPECTED[name]}.`;
    return found;
  };
  const amount = (name, size) => {
    const found = matched(name);
    return found ? Number(found[1]) * (FORMS[name][1]?.[found[2]?.toLowerCase()] ?? 1) * (found[3] && FORMS[name][1] ? size : 1) : undefined;
  };
  const question = () => {
    const image = matched("size");
    const kind = field("task").value;
    const size = image ? (Number(image[1]) * Number(image[2])) / 1e6 : 1;
    const sigma = kinds[kind][0] > 0 ? amount("sigma", 1) ?? kinds[kind][0] : 0;
    if (!kinds[kind].includes(sigma)) throw `Sigma ${sigma} was not measured on this kind of input; measured: ${[...kinds[kind]].sort((a, b) => a - b).join(", ")}.`;
    const licence = all("[name=without]:checked", form).map((box) => box.value);
    return { kind, sigma, size, shown: image ? `${image[1]}×${image[2]}` : "", budget: amount("budget", size), quality: amount("quality", 1), memory: amount("memory", size), device: field("device").value || undefined, licence: licence.length ? licence : undefined };
  };
  const run = document.getElementById("run");
  const showRun = (chosen) => {
    run.hidden = !chosen;
    for (const code of all("[data-run]", run)) {
      code.textContent = chosen?.[code.dataset.run] ?? "";
      setCopy(code.parentElement.querySelector("[data-copy]"), code.textContent);
    }
  };
  const answer = () => {
    for (const unit of all("[data-unit]", form)) unit.textContent = field("size").value.trim() ? "for the image" : "per megapixel";
    field("sigma").disabled = !(kinds[field("task").value][0] > 0);
    let asked, choice;
    try {
      asked = question();
      choice = choiceOf(points, asked);
      const said = make("p", {}, sentence(words, choice, asked));
      if (choice.chosen) said.prepend(make("strong", { "data-method": choice.chosen.name }, make("bdi", {}, choice.chosen.name)), ": ");
      place.replaceChildren(said);
    } catch (misread) {
      if (typeof misread !== "string") throw misread;
      place.replaceChildren(make("p", {}, misread));
    }
    showRun(choice?.chosen);
    drawChoice(document.getElementById("choice-chart"), choice, asked, place.textContent);
    return asked;
  };
  const write = () => {
    const stated = names.filter((name) => field(name).value.trim() && !(name === "task" && field(name).selectedIndex === 0)).map((name) => [name, name === "budget" && /^[\d.]+$/.test(field(name).value.trim()) ? `${field(name).value.trim()}ms` : field(name).value.trim()]);
    const without = all("[name=without]:checked", form).map((box) => ["without", box.value]);
    history.replaceState(null, "", `#${new URLSearchParams([...stated, ...without])}`);
  };
  const read = () => {
    if (!location.hash.includes("=")) return;
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of names) {
      const value = given.get(name) ?? "";
      field(name).value = name === "budget" ? value.replace(/^([\d.]+)ms$/, "$1") : value;
    }
    if (field("task").selectedIndex < 0) field("task").selectedIndex = 0;
    if (field("device").selectedIndex < 0) field("device").selectedIndex = 0;
    for (const box of all("[name=without]", form)) box.checked = given.getAll("without").includes(box.value);
  };
  const changed = () => {
    write();
    const asked = answer();
    if (asked) showBoard(asked.kind, asked.sigma);
  };
  form.hidden = false;
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => { event.preventDefault(); changed(); });
  form.addEventListener("reset", () => setTimeout(changed));
  addEventListener("hashchange", () => { if (location.hash.includes("=")) { read(); answer(); } });
  addEventListener("resize", answer);
  read();
  const asked = answer();
  if (asked) showBoard(asked.kind, asked.sigma);
  if (location.hash.includes("=") && place.getBoundingClientRect().bottom > innerHeight) form.parentElement.scrollIntoView();
};
const choosing = document.getElementById("choose");
if (choosing) startChooser(choosing);
