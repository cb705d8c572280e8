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
const setCopy = (button, text) => {
  button.dataset.copy = text;
  button.setAttribute("aria-label", `Copy the command ${text}`);
};
for (const button of all("[data-copy]")) {
  setCopy(button, button.dataset.copy);
  button.addEventListener("click", async () => {
    await copy(button.dataset.copy);
    button.textContent = "Copied";
    say("Command copied");
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
