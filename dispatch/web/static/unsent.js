/* What this machine has not sent yet: said on every page, sent when the network is back, never in another's name.
   What was begun belongs to whoever wrote it and goes when they leave; what was pressed 吹哨 on stays until it is sent. */
(() => {
  "use strict";
  const box = document.getElementById("unsent");
  const { me } = document.body.dataset;
  if (!box || !self.outbox) return;
  const words = box.dataset;
  const [title, list, pattern] = box.children;
  const open = () => new URLSearchParams(location.search).get("unsent");
  const made = (tag, more) => Object.assign(document.createElement(tag), more);
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  const body = (one) => (one.fields.find(([name]) => name === "body") || ["", ""])[1];
  const acts = {
    open: (one) => location.assign("/whistle?unsent=" + one.key),
    again: async (one) => {
      /* a key that has made another whistle is no use any more */
      if (one.used) {
        const key = newKey();
        await self.outbox.put({ ...one, key, why: "", used: false, fields: one.fields.map(([name, value]) => [name, name === "idempotency_key" ? key : value]) });
        await self.outbox.remove(one.key);
      } else await self.outbox.change(one.key, { why: "" });
      return send();
    },
    remove: (one) => confirm(words.sure) && self.outbox.remove(one.key),
    seen: (one) => self.outbox.remove(one.key),
  };
  const row = (one) => {
    const state = one.sent ? "sent" : one.key === open() ? "editing" : one.why ? "refused" : "waiting";
    const li = pattern.content.firstElementChild.cloneNode(true);
    const [text, said, why] = li.children;
    li.dataset.state = state;
    text.textContent = body(one).slice(0, 80);
    said.textContent = said.dataset[state] || "";
    why.textContent = state === "refused" ? one.why : "";
    if (one.sent) li.querySelector("a").href = one.sent;
    li.querySelectorAll("[data-act]").forEach((button) => button.addEventListener("click", async () => {
      await acts[button.dataset.act](one);
      draw();
    }));
    return li;
  };
  const draw = async () => {
    const all = await self.outbox.all();
    const mine = all.filter((one) => one.me === me);
    const waits = mine.filter((one) => !one.sent).length;
    const others = {};
    all.filter((one) => one.me !== me && !one.sent).forEach((one) => { others[one.who] = (others[one.who] || 0) + 1; });
    const held = Object.entries(others).map(([who, n]) => filled(words.held, { who, n }));
    box.hidden = !mine.length && !held.length;
    if (!waits) document.querySelectorAll(".notice-offline[role=alert]").forEach((old) => old.remove());
    title.textContent = mine.length ? waits ? filled(words.mine, { n: waits }) : words.done : held.shift() || "";
    list.replaceChildren(...mine.map(row), ...held.map((textContent) => made("li", { textContent })));
  };
  const send = async () => {
    try { await self.outbox.flush(); } catch { /* still no network: it waits */ }
    return draw();
  };
  const begin = async () => {
    const here = (one) => one.sent && new URL(one.sent).pathname === location.pathname;
    for (const one of (await self.outbox.all()).filter(here)) await self.outbox.remove(one.key);
    await draw();
    return send();
  };
  const safely = (act) => () => act().catch(() => undefined); /* no storage: nothing waits */
  addEventListener("online", safely(send));
  addEventListener("outbox", safely(draw));
  setInterval(safely(async () => { if ((await self.outbox.all()).some((one) => !one.sent && !one.why)) await send(); }), 60000);
  if (navigator.serviceWorker) navigator.serviceWorker.addEventListener("message", safely(draw));
  safely(begin)();

  /* whoever leaves takes what they began along */
  document.addEventListener("submit", (e) => {
    if (!/^\/(switch|sign-out|demo\/as)\b/.test(e.target.getAttribute("action"))) return;
    document.body.dataset.leaving = "";
    try {
      Object.keys(localStorage).filter((key) => key.startsWith("draft:") && key.endsWith(":" + me)).forEach((key) => {
        localStorage.removeItem(key);
        self.outbox.hold(key, []).catch(() => undefined);
      });
    } catch { /* no storage */ }
  });
})();
