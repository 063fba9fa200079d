/* An enhancement only: every page works without it. No framework, no inline styles; texts come from the page. */
(() => {
  "use strict";
  const root = document.documentElement;
  const body = document.body;
  const $ = (sel, at = document) => at.querySelector(sel);
  const $$ = (sel, at = document) => [...at.querySelectorAll(sel)];
  root.classList.add("js");

  /* ---- times and rulers tick in place; nothing moves ---- */
  const [WD, WH, D, H, M, S, LEFT, LATE, UNDER] = (body.dataset.units || "").split("|");
  const figures = (left, day, seconds, whole) => {
    const t = Math.abs(Math.trunc(left));
    if (seconds && t < 120) return [[t, S]];
    if (t < 60) return [[UNDER, M]];
    const long = day || 86400;
    const days = Math.floor(t / long);
    const hours = Math.floor((t % long) / 3600);
    const minutes = Math.floor((t % long % 3600) / 60);
    const [big, small] = day ? [WD, WH] : [D, H];
    if (days) return [[days, big], ...(hours ? [[hours, small]] : []), ...(whole && minutes ? [[minutes, M]] : [])];
    if (hours) return minutes ? [[hours, small], [String(minutes).padStart(2, "0"), M]] : [[hours, small]];
    return [[minutes, M]];
  };
  const plain = (parts) => parts.map((p) => p.join(" ")).join(" ");
  /* as `timewords.used_beside`: it and what is left, as both are shown, come to the total */
  const usedBeside = (left, total, seconds) => {
    const grain = seconds && total < 120 ? 1 : 60;
    const shown = Math.floor(Math.trunc(Math.abs(left)) / grain) * grain || (left > 0 && grain === 60 ? grain : 0);
    return Math.max(Math.floor(total / grain) * grain - (left > 0 ? shown : -shown), 0);
  };
  const skew = body.dataset.now ? Number(body.dataset.now) - Date.now() / 1000 : 0;
  const leftNow = (el, moment) => {
    const { left, at, counting, until } = el.dataset;
    if (counting !== "1") return Number(left);
    const now = Math.min(moment + skew, until ? Number(until) : Infinity);
    return Number(left) - Math.max(0, now - Number(at));
  };
  const span = (cls, text) => Object.assign(document.createElement(cls === "figure" ? "b" : "span"), { className: cls, textContent: text });
  const tickOne = (el, moment) => {
    const left = leftNow(el, moment);
    const { day, seconds, whole, used } = el.dataset;
    const total = Number(el.dataset.total);
    const fill = $(".ruler-fill", el);
    if (fill && total) fill.setAttribute("width", Math.min(100, Math.max(0, 100 * (1 - left / total))).toFixed(2) + "%");
    if (el instanceof SVGElement) return;
    const show = $("[data-show]", el);
    const counted = used === undefined ? left : usedBeside(left, total, seconds);
    const parts = figures(counted, Number(day), seconds, whole);
    if (!show) {
      const words = (used ?? `${left < 0 ? LATE : LEFT} {time}`).replace("{time}", plain(parts));
      if (el.textContent !== words) el.textContent = words;
      return;
    }
    const text = (left < 0 ? LATE : LEFT) + parts.map((p) => p.join("")).join("");
    if (show.textContent === text) return;
    show.replaceChildren(span("prefix", left < 0 ? LATE : LEFT), ...parts.flatMap(([n, u]) => [span("figure", n), span("unit", u)]));
    const full = $(".vh", el);
    if (full) full.textContent = text;
  };
  const tick = () => {
    const moment = Date.now() / 1000;
    $$("[data-tick]").forEach((el) => tickOne(el, moment));
  };
  setInterval(tick, 1000);

  /* ---- live updates wait behind a button, nothing moves under the finger ---- */
  let updates = 0;
  const changed = new Set();
  const announce = (e) => {
    const live = $("#live");
    let numbers = [];
    try { numbers = JSON.parse(e.data).numbers || []; } catch { /* no list: something changed */ }
    numbers.forEach((n) => changed.add(n));
    updates = Math.max(changed.size, updates + (numbers.length ? 0 : 1));
    let button = $(".update", live);
    if (!button) {
      button = $("#update").content.firstElementChild.cloneNode(true);
      button.addEventListener("click", () => location.reload());
      live.replaceChildren(button);
    }
    button.textContent = body.dataset.updates.replace("{n}", updates);
  };
  const listen = () => {
    if (!body.dataset.events || !window.EventSource) return;
    let source;
    let timer;
    let wait = 2000;
    const open = () => {
      source = new EventSource(body.dataset.events);
      source.addEventListener("update", announce);
      source.onmessage = announce;
      source.onopen = () => { wait = 2000; };
      source.onerror = () => {
        /* a lost connection comes back by itself; an answer of 502 or 503 ends it for good */
        if (source.readyState !== EventSource.CLOSED) return;
        timer = setTimeout(open, wait * (0.5 + Math.random()));
        wait = Math.min(2 * wait, 60000);
      };
    };
    addEventListener("pagehide", () => { clearTimeout(timer); source.close(); });
    addEventListener("pageshow", (e) => { if (e.persisted) open(); });
    open();
  };

  /* ---- fragments that may change in place: the strip, the one-minute ladder ---- */
  const keepFresh = (el) => {
    const every = Number(el.dataset.every || 1) * 1000;
    let tries = 0;
    let was = "";
    const again = async () => {
      if (document.hidden) return setTimeout(again, 1000);
      try {
        const answer = await fetch(el.dataset.fragment, { headers: { "X-Fragment": "1" } });
        if (answer.status === 200) {
          const html = await answer.text();
          if (html !== was && !el.contains(document.activeElement)) {
            el.innerHTML = html;
            was = html;
          }
        }
        if (answer.status === 404 || answer.status === 410) return undefined;
      } catch { tries += 1; }
      if (el.dataset.until && $(el.dataset.until, el)) return undefined;
      tries += 1;
      return setTimeout(again, every * Math.min(20, 1 + Math.floor(tries / 40)));
    };
    setTimeout(again, every);
  };

  /* ---- a form goes once: the button is busy, keeps its width, stays focusable ---- */
  const free = (form) => {
    form.removeAttribute("data-sent");
    $$("[aria-busy]", form).forEach((b) => {
      b.removeAttribute("aria-busy");
      b.textContent = b.dataset.word;
      b.style.width = "";
    });
  };
  document.addEventListener("submit", (e) => {
    const form = e.target;
    const button = e.submitter;
    /* sent as text, a password would be remembered by the browser among what was typed */
    $$("[data-reveal]", form).forEach((b) => { if ($("#" + b.dataset.reveal).type === "text") b.click(); });
    if (!form.matches("[data-guard]")) return;
    if (form.hasAttribute("data-sent")) return e.preventDefault();
    if (button && button.dataset.step) button.value = button.dataset.step;
    form.setAttribute("data-sent", "");
    if (button && button.dataset.busy) {
      button.dataset.word = button.textContent;
      button.style.width = button.offsetWidth + "px";
      button.setAttribute("aria-busy", "true");
      setTimeout(() => { if (form.hasAttribute("data-sent")) button.textContent = button.dataset.busy; });
    }
    return setTimeout(() => free(form), 15000);
  });
  document.addEventListener("free", (e) => free(e.target));
  document.addEventListener("unsent", (e) => notice(e.target, e.target.dataset.queued));
  addEventListener("pageshow", (e) => { if (e.persisted) $$("form[data-sent]").forEach(free); });
  const notice = (before, text) => {
    const box = $("#offline").content.firstElementChild.cloneNode(true);
    box.setAttribute("role", "alert");
    box.append(Object.assign(document.createElement("p"), { textContent: text }));
    const old = before.previousElementSibling;
    if (old && old.matches(".notice-offline")) old.remove();
    before.before(box);
  };

  /* ---- the form: preview while typing, draft on this machine ---- */
  const previewing = (form) => {
    let timer;
    let running;
    /* the place stands above the answers about danger: it changes when nobody is about to press one */
    const answers = $("#f-danger");
    let down = false;
    addEventListener("pointerdown", () => { down = true; });
    ["pointerup", "pointercancel"].forEach((event) => addEventListener(event, () => setTimeout(() => { down = false; })));
    let newest;
    const put = (into, part) => { into.replaceChildren(...part.childNodes); wire(into); };
    const place = (into, part) => {
      newest = part;
      if (!into || form.dataset.place === "own" || into.contains(document.activeElement) || into.innerHTML === part.innerHTML) return;
      if (down || answers.matches(":hover") || answers.contains(document.activeElement)) {
        setTimeout(() => { if (newest === part) place(into, part); }, 200);
        return;
      }
      put(into, part);
    };
    const ask = async () => {
      if (running) running.abort();
      running = new AbortController();
      const data = new FormData(form);
      data.delete("photo");
      try {
        const answer = await fetch(form.dataset.preview, { method: "POST", body: data, signal: running.signal });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        $$("[data-into]", page).forEach((part) => {
          const into = $("#into-" + part.dataset.into);
          if (part.dataset.into === "place") place(into, part);
          else if (into && into.innerHTML !== part.innerHTML) into.replaceChildren(...part.childNodes);
        });
      } catch { /* offline or superseded: what stands there stays */ }
    };
    const soon = (wait) => { clearTimeout(timer); timer = setTimeout(ask, wait); };
    form.addEventListener("input", (e) => { if (!e.target.matches("[data-combo], [type=file]")) soon(300); });
    form.addEventListener("change", () => soon(0));
    form.addEventListener("preview", () => soon(0));
    /* the next whistle begins with nothing of the one that waits */
    form.addEventListener("unsent", () => {
      clearTimeout(timer);
      if (running) running.abort();
      newest = undefined;
      delete form.dataset.place;
      $$("[data-into]", $("[data-blank]").content.cloneNode(true)).forEach((part) => put($("#into-" + part.dataset.into), part));
    });
    if ($("[name=body]", form)?.value) soon(0);
  };
  /* ---- type-ahead for places and units (ARIA combobox) ---- */
  const combo = (input) => {
    if (input.dataset.wired) return;
    input.dataset.wired = "1";
    input.removeAttribute("list"); // the browser's own, for where this does not run
    const list = $("#" + input.id + "-list");
    const none = $(".combo-none", input.parentElement);
    const pattern = $("template", input.parentElement).content.firstElementChild;
    Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": String(!list.hidden), "aria-controls": list.id }).forEach(([k, v]) => input.setAttribute(k, v));
    let at = -1;
    let timer;
    const close = () => { list.hidden = true; none.textContent = ""; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    const mark = (i) => {
      const items = $$("li", list);
      at = (i + items.length) % items.length;
      items.forEach((li, k) => li.setAttribute("aria-selected", k === at));
      input.setAttribute("aria-activedescendant", items[at].id);
      items[at].scrollIntoView({ block: "nearest" });
    };
    const take = (li) => {
      const [name, path] = [...li.children].map((part) => part.textContent);
      close();
      if (!input.dataset.comboInto) {
        input.value = name;
        input.dispatchEvent(new Event("change", { bubbles: true }));
        return;
      }
      const form = input.form;
      form.dataset.place = "own";
      const box = $("#into-place");
      const found = $("[data-found]", box).content.firstElementChild.cloneNode(true);
      [name, path].forEach((text, k) => { $(".found-text", found).children[k].textContent = text; });
      Object.assign($("input", found), { name: "place", value: li.dataset.code });
      const change = $("button", found);
      const was = [...box.childNodes];
      change.addEventListener("click", () => { delete form.dataset.place; box.replaceChildren(...was); input.focus(); input.select(); });
      box.replaceChildren(found);
      change.focus();
      form.dispatchEvent(new Event("preview"));
    };
    const show = (items) => {
      list.replaceChildren(...items.map((item, i) => {
        const li = pattern.cloneNode(true);
        li.id = `${list.id}-${i}`;
        li.dataset.code = item.code;
        [item.name, item.path || ""].forEach((text, k) => { li.children[k].textContent = text; });
        return li;
      }));
      list.hidden = !items.length;
      none.textContent = items.length ? "" : none.dataset.none;
      input.setAttribute("aria-expanded", String(!list.hidden));
      at = -1;
    };
    list.addEventListener("mousedown", (e) => {
      e.preventDefault();
      const li = e.target.closest("li");
      if (li) take(li);
    });
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const q = input.value.trim();
        if (!q) return close();
        const url = new URL(input.dataset.combo, location.href);
        url.searchParams.set("q", q);
        try {
          const answer = await fetch(url, { headers: { Accept: "application/json" } });
          if (answer.ok && input.value.trim() === q) show((await answer.json()).items || []);
        } catch { close(); }
        return undefined;
      }, 150);
    });
    input.addEventListener("keydown", (e) => {
      if (list.hidden) return;
      if (e.key === "ArrowDown") { e.preventDefault(); mark(at + 1); }
      else if (e.key === "ArrowUp") { e.preventDefault(); mark(at - 1); }
      else if (e.key === "Enter" && at >= 0) { e.preventDefault(); take($$("li", list)[at]); }
      else if (e.key === "Escape") { e.preventDefault(); close(); }
    });
    input.addEventListener("blur", close);
  };
  /* ---- a row that scrolls shows where one is ---- */
  const showCurrent = (row) => {
    const current = $$(".chip[aria-current]", row).pop();
    if (current) row.scrollLeft += current.getBoundingClientRect().right + 32 - row.getBoundingClientRect().right;
  };
  /* ---- copying; a page that did not come by https has no clipboard: what is selected is copied, by hand if need be ---- */
  const copyFrom = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = body.dataset.copied;
    } catch {
      const box = Object.assign(document.createElement("textarea"), { className: "copying", value: button.dataset.copy, readOnly: true });
      box.setAttribute("aria-label", body.dataset.copyByHand);
      button.after(box);
      box.select();
      const done = document.execCommand("copy");
      button.textContent = done ? body.dataset.copied : body.dataset.copyByHand;
      if (done) { box.remove(); button.focus(); } else box.addEventListener("blur", () => box.remove());
    }
  };
  const wire = (at) => { if (at) $$("[data-combo]", at).forEach(combo); };
  document.addEventListener("click", (e) => {
    const to = e.target.closest('a[href^="#choose"]');
    const fold = to && $(to.getAttribute("href"))?.closest("details");
    if (fold) fold.open = true;
    const copy = e.target.closest("[data-copy]");
    if (copy) copyFrom(copy);
    const start = e.target.closest("[data-start]");
    if (start) {
      e.preventDefault();
      const box = $("#" + start.dataset.into);
      const was = box.value.trim();
      box.value = (was ? was + "\n" : "") + start.dataset.start;
      start.closest("details").open = false;
      box.focus();
      const gap = box.value.search(/【/);
      if (gap >= 0) box.setSelectionRange(gap, box.value.indexOf("】", gap) + 1);
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const reveal = e.target.closest("[data-reveal]");
    if (reveal) {
      const secret = $("#" + reveal.dataset.reveal);
      secret.type = secret.type === "password" ? "text" : "password";
      [reveal.textContent, reveal.dataset.other] = [reveal.dataset.other, reveal.textContent];
    }
    if (e.target.closest("[data-print]")) window.print();
    const here = e.target.closest("[data-position]");
    if (here && navigator.geolocation) {
      const said = $("[data-position-said]", here.parentElement);
      said.textContent = here.dataset.looking;
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        $("[name=latitude]", here.parentElement).value = coords.latitude.toFixed(6);
        $("[name=longitude]", here.parentElement).value = coords.longitude.toFixed(6);
        said.textContent = `${coords.latitude.toFixed(4)}, ${coords.longitude.toFixed(4)} ±${Math.round(coords.accuracy)} m`;
      }, () => { said.textContent = here.dataset.failed; }, { enableHighAccuracy: true, timeout: 10000 });
    }
    $$("details.menu[open]").forEach((d) => { if (!d.contains(e.target)) d.open = false; });
  });
  document.addEventListener("keydown", (e) => {
    const open = e.key === "Escape" && $("details.menu[open]");
    if (open) { open.open = false; $("summary", open).focus(); }
  });
  document.addEventListener("change", (e) => {
    if (!e.target.matches("input[type=file]")) return;
    const word = $("[data-photo-word]", e.target.closest("label") || document.createElement("p"));
    if (word && e.target.files.length) word.textContent = [...e.target.files].map((f) => f.name).join("、").slice(0, 24);
  });

  /* ---- the queue: bulk bar, keys j k r e x / ? ---- */
  const queue = (table) => {
    const rows = $$("tbody tr", table);
    const bar = $("#bulk");
    let at = -1;
    const count = () => {
      if (!bar) return;
      const n = $$("[form=bulk]:checked").length;
      bar.classList.toggle("some", n > 0);
      const word = $(".bulk-count", bar);
      if (n) word.textContent = word.dataset.word.replace("{n}", n);
    };
    document.addEventListener("change", count);
    if (bar) bar.addEventListener("reset", () => setTimeout(() => { $$("[form=bulk]:checked").forEach((c) => { c.checked = false; }); count(); }));
    count();
    const said = $("#said");
    const say = (words) => { if (said) said.textContent = words; };
    const go = (i) => {
      if (!rows.length) return;
      at = Math.min(rows.length - 1, Math.max(0, i));
      rows.forEach((r, k) => r.toggleAttribute("data-at", k === at));
      $("[data-open]", rows[at]).focus();
    };
    const press = (sel) => { const el = at >= 0 && $(sel, rows[at]); if (el) el.click(); return el; };
    /* with all that are ticked, else with the row one is on; where it cannot be done that is said */
    const act = (key, name) => {
      const all = $$("[form=bulk]:checked").length && bar && $(`[value="${name}"]`, bar);
      if (all) all.click();
      else if (at >= 0 && !press(`[data-key="${key}"]`)) say(said?.dataset[key]);
    };
    const every = () => {
      const boxes = $$("[form=bulk]");
      const on = !boxes.every((box) => box.checked);
      boxes.forEach((box) => { box.checked = on; });
      count();
    };
    const keys = {
      j: () => go(at + 1), k: () => go(at - 1), r: () => act("r", "report-in"), e: () => act("e", "resolve"),
      x: () => press("[name=ref]"), a: every, n: () => $("[rel=next]")?.click(), p: () => $("[rel=prev]")?.click(),
      "/": () => $('[data-key="/"]')?.focus(), "?": () => $("#keys")?.showModal(),
    };
    document.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
      if (e.target.matches("input:not([type=checkbox]), textarea, select, dialog *")) return;
      say("");
      /* of itself, Enter on a box would do the first act with all that are ticked */
      if (e.key === "Enter" && e.target.matches("[form=bulk]")) { e.preventDefault(); press("[data-open]"); }
      if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
    });
    /* back from an act, from a whistle, or with the news: where one was; the next stands there where that one has gone */
    const here = location.pathname + location.search.replace(/[?&]done=[^&]*/, "");
    const stood = (k) => { try { sessionStorage.row = JSON.stringify([here, k]); } catch { /* no storage */ } };
    rows.forEach((r, k) => r.addEventListener("focusin", () => { at = k; stood(k); rows.forEach((o, i) => o.toggleAttribute("data-at", i === k)); }));
    let was = [];
    try { was = JSON.parse(sessionStorage.row || "[]"); } catch { /* no storage */ }
    const back = ["back_forward", "reload"].includes(performance.getEntriesByType("navigation")[0]?.type);
    if (was[0] === here && (back || location.search.includes("done="))) {
      go(was[1]);
      if (!back) say($(".notice-done .notice-title")?.textContent || "");
    }
  };

  $$("[data-fragment]").forEach(keepFresh);
  $$("form[data-preview]").forEach(previewing);
  wire(document);
  $$(".chips").forEach(showCurrent);
  $$("table[data-keys]").forEach(queue);
  listen();
  tick();
  /* the draft of the form that this receipt is of, and no other */
  try { if ($("[data-draft-done]") && sessionStorage.going) { localStorage.removeItem(sessionStorage.going); self.outbox.hold(sessionStorage.going, []); delete sessionStorage.going; } } catch { /* no storage */ }
  const wrong = $("#error-summary");
  if (wrong) wrong.focus();
})();
