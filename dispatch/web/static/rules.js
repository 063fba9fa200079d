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
    /* lines wrap: a copy with the text before it says how far down it is */
    const copy = box.cloneNode();
    copy.removeAttribute("id");
    copy.removeAttribute("name");
    Object.assign(copy.style, { position: "absolute", visibility: "hidden", minHeight: "0", height: "0", width: box.offsetWidth + "px" });
    copy.value = box.value.slice(0, from);
    box.after(copy);
    box.scrollTop = Math.max(0, copy.scrollHeight - 100);
    copy.remove();
  });
})();
