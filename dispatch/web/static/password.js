/* While a new password is typed: what it still lacks, in words; the list of leaked ones stays with the server. */
(() => {
  "use strict";
  const box = document.querySelector("[data-strength]");
  if (!box) return;
  const input = document.getElementById(box.dataset.strength);
  const [meter, said] = box.children;
  const least = Number(box.dataset.least);
  const most = Number(box.dataset.most);
  const own = box.dataset.own.toLowerCase().split("\n").filter((word) => word.length > 1);
  /* as the server sees it (`steps/passwords.py`, `steps/common_passwords.py`): what can be told without its list */
  const judged = (value) => {
    const plain = value.toLowerCase();
    const n = [...value].length;
    if (!n) return [0, ""];
    if (own.some((word) => plain.includes(word))) return [1, box.dataset.named];
    if (n < least) return [n / least, box.dataset.short.replace("{n}", least - n)];
    if (n > most) return [1, box.dataset.long];
    if (/^(.{1,4}?)\1+$/su.test(plain)) return [1, box.dataset.repeated];
    return [Math.min(3, 2 + (n - least) / 8), box.dataset.good];
  };
  let timer;
  input.addEventListener("input", () => {
    const [much, words] = judged(input.value);
    meter.value = much;
    /* read aloud once the typing rests, not at each key */
    clearTimeout(timer);
    timer = setTimeout(() => { if (said.textContent !== words) said.textContent = words; }, 300);
  });
})();
