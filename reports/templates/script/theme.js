// Theme: what the system prefers until the reader chooses; a choice is kept where the browser allows it.
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
