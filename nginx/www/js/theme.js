// A classic script in the head, on purpose: it runs before the first paint, so that a chosen theme never flashes the other one.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try {
      const theme = localStorage.getItem("theme");
      return theme === "dark" || theme === "light" ? theme : null;
    } catch {
      return null; // Storage may be forbidden; the system's choice then stands.
    }
  };

  const shown = () => root.dataset.theme ?? (system.matches ? "dark" : "light");

  const label = (button) => {
    const other = shown() === "dark" ? "light" : "dark";
    button.setAttribute("aria-label", `Switch to the ${other} theme`);
    button.title = `Switch to the ${other} theme`;
  };

  const toggle = (button) => {
    root.dataset.theme = shown() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // The choice then lasts as long as the page.
    }
    label(button);
  };

  if (stored()) root.dataset.theme = stored();
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    button.addEventListener("click", () => toggle(button));
    system.addEventListener("change", () => label(button));
    label(button);
  });
})();
