/* The form: the nearest place, the draft, sending once. All of it an addition. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-draft]");
  const $ = (sel, at = document) => at.querySelector(sel);
  const $$ = (sel, at = document) => [...at.querySelectorAll(sel)];
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  if (!form) return;
  const field = (name) => form.elements.namedItem(name);
  const made = (tag, more = {}) => Object.assign(document.createElement(tag), more);

  const { waiting, add, kept, clear } = form.photos;

  /* ---- where: the nearest places, to be chosen from ---- */
  document.addEventListener("click", (e) => {
    const here = e.target.closest("[data-near]");
    const pick = e.target.closest("[name=pick]");
    const call = e.target.closest('.phones a[href^="tel:"]');
    if (pick) {
      e.preventDefault();
      field("category").value = pick.textContent.trim();
      form.dispatchEvent(new Event("preview"));
    }
    if (call) {
      const box = $(`[name=called][value="${call.getAttribute("href").slice(4)}"]`, form) || $('[name=called][value="抢修"]', form);
      if (box) box.checked = true;
      if (!field("called_at").value) field("called_at").value = new Date().toTimeString().slice(0, 5);
    }
    if (!here) return;
    const said = $("[data-near-said]", form);
    const fail = () => { said.textContent = here.dataset.failed; };
    if (!navigator.geolocation) return fail();
    said.textContent = here.dataset.looking;
    navigator.geolocation.getCurrentPosition(async ({ coords }) => {
      field("latitude").value = coords.latitude.toFixed(6);
      field("longitude").value = coords.longitude.toFixed(6);
      const url = `${here.dataset.near}?latitude=${field("latitude").value}&longitude=${field("longitude").value}`;
      try {
        const { items } = await (await fetch(url)).json();
        said.textContent = items.length ? "" : here.dataset.none;
        if (items.length) nearest(items);
      } catch { fail(); }
    }, fail, { enableHighAccuracy: true, timeout: 10000 });
    return undefined;
  });
  const nearest = (items) => {
    const box = $("#into-place");
    $$("fieldset.choices", box).forEach((old) => old.remove());
    const list = $("[data-choices]", box).content.firstElementChild.cloneNode(true);
    const pattern = $("label", list);
    pattern.remove();
    items.forEach((item) => {
      const label = pattern.cloneNode(true);
      Object.assign($("input", label), { name: "place", value: item.code });
      [item.name, item.path].forEach((text, n) => { $(".choice-text", label).children[n].textContent = text; });
      list.append(label);
    });
    box.append(list);
    $("input", list).focus();
  };

  /* ---- the draft: every field, the form's key and its photos, on this machine, for whoever wrote it ---- */
  const { me } = document.body.dataset;
  const KEY = `draft:${form.dataset.draft}:${me}`;
  const NOT = ["csrf", "step", "photo"];
  const note = $("[data-draft-note]", form);
  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  const fields = () => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !NOT.includes(name));
  /* a place that was found in the text is found again in it; `choosing` is of this page only */
  const lasting = (all) => all.filter(([name, value]) => value && ![...NOT, "place_auto", "choosing"].includes(name) && !(name === "place" && all.some(([other]) => other === "place_auto")));
  const whole = () => fields().concat([["csrf", field("csrf").value], ["step", "send"], ["written_at", String(Math.floor(Date.now() / 1000))]]);
  let timer;
  let holding = [];
  let from; /* the form from the outbox that is edited here: it is its own draft */
  const save = () => {
    const now = new Date();
    const photos = [...waiting.values()];
    if (from) self.outbox.change(from.key, { fields: whole(), photos });
    else {
      localStorage.setItem(KEY, JSON.stringify({ at: now.getTime(), fields: lasting(fields()) }));
      /* not at every key: photos are large */
      if (photos.length !== holding.length || photos.some((one, n) => one !== holding[n])) self.outbox.hold(KEY, photos).catch(() => undefined);
      holding = photos;
    }
    if (note) note.textContent = `${document.body.dataset.saved} ${now.toTimeString().slice(0, 5)}`;
  };
  const fill = (written) => {
    const here = $("[type=hidden][name=place]", form); /* a door's code: one stands there now, wherever the draft was begun */
    written.forEach(([name, value]) => {
      if (here && ["place", "place_text"].includes(name)) return;
      if (name === "kept") {
        kept(value);
        return;
      }
      const boxes = $$(`[name="${name}"]`, form);
      const box = boxes.find((one) => ["radio", "checkbox"].includes(one.type) && one.value === value);
      if (box) box.checked = true;
      else if (boxes[0] && !["radio", "checkbox"].includes(boxes[0].type)) boxes[0].value = value;
    });
    const place = written.find(([name]) => name === "place");
    if (place && !$("[name=place]", form)) form.append(made("input", { type: "hidden", name: "place", value: place[1] }));
    form.dispatchEvent(new Event("preview"));
  };
  const restore = () => {
    const draft = JSON.parse(localStorage.getItem(KEY) || "null");
    if (!draft || !draft.fields || field("body").value || Date.now() - draft.at > self.outbox.LASTS) return;
    fill(draft.fields);
    self.outbox.held(KEY).then((photos) => photos.forEach(add), () => undefined);
  };
  /* one that was not sent, opened again; nobody sends it while it is edited */
  const reopen = async (key) => {
    const one = await self.outbox.get(key);
    if (!one || one.me !== me || one.sent) return;
    const editing = () => self.outbox.change(key, { editing: Date.now() + 120000 });
    await editing();
    setInterval(() => { if (from) editing(); }, 60000);
    from = one;
    fill(lasting(one.fields));
    if (one.used) field("idempotency_key").value = newKey();
    one.photos.forEach(add);
  };
  const begun = new URLSearchParams(location.search).get("unsent");
  /* the page may be one kept for having no network: its key has been used, perhaps */
  if ("fresh" in form.dataset) field("idempotency_key").value = newKey();
  try {
    if (!("fresh" in form.dataset)) self.outbox.get(field("idempotency_key").value).then((one) => { from = one; }, () => undefined);
    else if (begun) reopen(begun).catch(() => undefined);
    else restore();
    ["input", "change", "draft"].forEach((event) => form.addEventListener(event, () => {
      form.removeAttribute("data-gone");
      clearTimeout(timer);
      timer = setTimeout(save, 150);
    }));
    addEventListener("pagehide", () => {
      if (field("body").value && !form.hasAttribute("data-gone") && !("leaving" in document.body.dataset)) save();
      if (from) self.outbox.change(from.key, { editing: 0 });
    });
  } catch { /* no storage: no draft */ }

  /* ---- sending: into the outbox first, so that nothing is lost on the way ---- */
  const going = (is) => {
    form.toggleAttribute("data-gone", is);
    clearTimeout(timer);
    if (from) return;
    try {
      if (is) sessionStorage.going = KEY;
      else delete sessionStorage.going;
    } catch { /* no storage: no draft */ }
  };
  const unmarked = () => {
    [$("#error-summary"), ...$$(".error-text", form).filter((one) => !one.closest("[data-tiles]"))].forEach((wrong) => wrong?.remove());
    $$(".has-error", form).forEach((at) => at.classList.remove("has-error"));
    $$("[aria-invalid]", form).forEach((at) => at.removeAttribute("aria-invalid"));
  };
  /* what the server refuses is said where it was sent from: its sentences beside the fields, all that was typed stays */
  const marked = (page, why) => {
    unmarked();
    const shown = $("form[data-draft]", page);
    $$(".error-text", shown || made("form")).forEach((wrong) => {
      const box = wrong.parentElement;
      const here = [box, ...$$("[id]", box)].map(({ id }) => id && document.getElementById(id)).find(Boolean);
      const at = here?.closest(".field, .danger");
      if (!at) return;
      $$("[aria-invalid]", box).forEach(({ id, attributes }) => {
        ["aria-invalid", "aria-describedby"].forEach((name) => $("#" + id)?.setAttribute(name, attributes[name].value));
      });
      ($("legend, .label", at) || at.firstElementChild).after(wrong);
      at.classList.add("has-error");
      const fold = at.closest("details");
      if (fold) fold.open = true;
    });
    /* its key has made another whistle: the answer brings a new one */
    if (shown) field("idempotency_key").value = $("[name=idempotency_key]", shown).value;
    const said = $("#error-summary", page) || $("main .notice-conflict, main .notice-error", page) || made("div", { className: "error-summary" });
    if (!said.firstChild) said.append(made("h2", { textContent: $("h1", page)?.textContent || why }), ...$$("main .card p", page));
    Object.assign(said, { id: "error-summary", tabIndex: -1 }).setAttribute("role", "alert");
    form.before(said);
    said.focus();
    form.dispatchEvent(new Event("preview"));
  };
  /* nothing of what waits goes along with the next, not what the page came back with either */
  const emptied = () => {
    clear();
    [...form.elements].filter(({ name, type }) => name && name !== "csrf" && type !== "submit").forEach((one) => {
      if (["radio", "checkbox"].includes(one.type)) one.checked = false;
      else if (one.type === "select-one") one.selectedIndex = 0;
      else one.value = "";
    });
    unmarked();
  };
  const told = () => dispatchEvent(new Event("outbox"));
  const queued = () => {
    form.dispatchEvent(new CustomEvent("free", { bubbles: true }));
    going(false);
    try { if (!from) { localStorage.removeItem(KEY); self.outbox.hold(KEY, []); } } catch { /* no storage: no draft */ }
    holding = [];
    from = undefined;
    if (begun) history.replaceState(null, "", location.pathname);
    emptied();
    field("idempotency_key").value = newKey();
    form.dispatchEvent(new CustomEvent("unsent", { bubbles: true }));
    told();
    field("body").focus();
    if (navigator.serviceWorker) navigator.serviceWorker.ready.then((worker) => worker.sync && worker.sync.register("outbox")).catch(() => undefined);
  };
  /* the question that an emergency hangs on is asked here, with a network and without: nothing is sent before */
  const asks = () => {
    const box = $("#f-danger");
    const { words, ask } = box.dataset;
    if ($("[name=danger]:checked", form) || !words.split(" ").some((one) => one && field("body").value.includes(one))) return false;
    if (!$(".error-text", box)) $("legend", box).after(made("p", { className: "error-text", textContent: ask }));
    $(".error-text", box).setAttribute("role", "alert");
    box.classList.add("has-error");
    box.focus({ preventScroll: true });
    $(".two", box).scrollIntoView({ block: "center" }); /* clear of the bar at the foot */
    return true;
  };
  form.addEventListener("submit", async (e) => {
    if (!e.submitter || e.submitter.dataset.step !== "send" || form.hasAttribute("data-sent") || form.hasAttribute("data-native")) return;
    if (!field("body").value.trim()) return;
    e.preventDefault();
    /* freed once the guard, which hears of it later, has marked it */
    if (asks()) {
      setTimeout(() => form.dispatchEvent(new CustomEvent("free", { bubbles: true })));
      return;
    }
    const own = whole();
    const who = $(".bar .who")?.textContent || "";
    const one = { key: field("idempotency_key").value, me, who, fields: own, photos: [...waiting.values()], at: Date.now() };
    const native = () => { form.setAttribute("data-native", ""); form.append(made("input", { type: "hidden", name: "step", value: "send" })); form.submit(); };
    going(true);
    try {
      await self.outbox.put(one);
      if (from && from.key !== one.key) await self.outbox.remove(from.key);
      if (from) from = one;
    } catch { return native(); }
    let answer;
    let said = {};
    let page;
    try {
      answer = await self.outbox.post({ ...one, fields: own.filter(([name]) => name !== "written_at") });
      const copy = answer.clone();
      said = await self.outbox.meant(answer);
      if (said.why) page = new DOMParser().parseFromString(await copy.text(), "text/html");
    } catch { /* no network */ }
    if (said.sent) {
      await self.outbox.remove(one.key);
      return location.assign(said.sent);
    }
    if (answer && answer.redirected) return location.assign(answer.url); /* whoever signs in again sends it */
    if (page) {
      going(false);
      form.dispatchEvent(new CustomEvent("free", { bubbles: true }));
      marked(page, said.why);
      if (from) return self.outbox.change(one.key, { why: said.why });
      save();
      return self.outbox.remove(one.key);
    }
    return queued();
  });
})();
