/* The rules' text: a fault's line is selected where it stands; Tab stays the keyboard's way on. */
(() => {
  "use strict";
  const box = document.getElementById("f-text");
  document.addEventListener("click", (e) => {
    const to = box && e.target.closest("[data-line]");
    if (!to) return;
    e.preventDefault();
    const lines = box.value.split("\n");
    const n = Math.min(lines.length, Number(to.dataset.line));
    const from = lines.slice(0, n - 1).reduce((sum, line) => sum + line.length + 1, 0);
    box.focus();
    box.setSelectionRange(from, from + lines[n - 1].length);
    box.scrollTop = Math.max(0, (box.scrollHeight / lines.length) * (n - 4));
  });
})();
