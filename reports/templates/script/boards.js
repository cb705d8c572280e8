// Leaderboards: one at a time, chosen by tabs; without this script all stand one below another.
const boards = all("[data-board]");
const tabs = boards.map((board, number) => make("button", { type: "button", role: "tab", id: `tab-${number}`, "aria-controls": board.id }, board.querySelector("h3").textContent));
const showTab = (number) => {
  boards.forEach((board, other) => { board.classList.toggle("off", other !== number); });
  tabs.forEach((tab, other) => { tab.setAttribute("aria-selected", String(other === number)); tab.tabIndex = other === number ? 0 : -1; });
};
const showBoard = (kind, sigma) => {
  const number = boards.findIndex((board) => board.dataset.board === kind && Number(board.dataset.sigma) === sigma);
  if (number >= 0 && boards.length > 1) showTab(number);
};
if (boards.length > 1) {
  boards[0].before(make("div", { role: "tablist", "aria-label": "Kind of input", class: "tabs" }, ...tabs));
  tabs.forEach((tab, number) => {
    boards[number].setAttribute("role", "tabpanel");
    boards[number].setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => showTab(number));
    tab.addEventListener("keydown", (event) => {
      const next = { ArrowRight: number + 1, ArrowLeft: number - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (next === undefined) return;
      const to = (next + tabs.length) % tabs.length;
      showTab(to);
      tabs[to].focus();
      event.preventDefault();
    });
  });
  showTab(0);
}
