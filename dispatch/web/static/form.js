/* The form: photos shrunk and sent while one writes, the nearest place, the draft, sending once. All of it an addition. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-draft]");
  const $ = (sel, at = document) => at.querySelector(sel);
  const $$ = (sel, at = document) => [...at.querySelectorAll(sel)];
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  if (!form) return;
  const field = (name) => form.elements.namedItem(name);
  const made = (tag, more = {}) => Object.assign(document.createElement(tag), more);

  /* ---- photos ---- */
  const input = $("[data-photos]", form);
  const tiles = $("[data-tiles]", form);
  const MOST = 9;
  const SIDE = 1600;
  const waiting = new Map();
  const shrink = async (file) => {
    try {
      const image = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
      const canvas = made("canvas", { width: Math.round(image.width * scale), height: Math.round(image.height * scale) });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      const small = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.82); });
      return small && small.size < file.size ? small : file;
    } catch { return file; }
  };
  const turned = async (photo) => {
    const image = await createImageBitmap(photo);
    const canvas = made("canvas", { width: image.height, height: image.width });
    const pen = canvas.getContext("2d");
    pen.translate(canvas.width, 0);
    pen.rotate(Math.PI / 2);
    pen.drawImage(image, 0, 0);
    return new Promise((done) => { canvas.toBlob((small) => done(small || photo), "image/jpeg", 0.9); });
  };
  const upload = (tile, photo) => {
    waiting.set(tile, photo);
    const bar = $("progress", tile);
    const again = $("[data-again]", tile);
    const ask = new XMLHttpRequest();
    const data = new FormData();
    data.append("csrf", field("csrf").value);
    data.append("photo", photo, "photo.jpg");
    const failed = () => {
      bar.hidden = true;
      again.hidden = false;
      again.textContent = navigator.onLine ? input.dataset.again : input.dataset.later;
    };
    again.hidden = true;
    bar.hidden = false;
    ask.upload.onprogress = (e) => { if (e.lengthComputable) bar.value = e.loaded / e.total; };
    ask.onerror = failed;
    ask.onload = () => {
      if (ask.status !== 201) return failed();
      bar.hidden = true;
      if (waiting.get(tile) !== photo) return undefined; /* taken away or turned meanwhile */
      waiting.delete(tile);
      $$("[name=kept]", tile).forEach((old) => old.remove());
      tile.append(made("input", { type: "hidden", name: "kept", value: JSON.parse(ask.responseText).id }));
      form.dispatchEvent(new Event("draft"));
      return undefined;
    };
    ask.open("POST", input.dataset.photos);
    ask.send(data);
  };
  const says = (text) => { const said = $("[data-photo-said]", form); if (said) said.textContent = text; };
  const word = (text, press) => {
    const button = made("button", { type: "button", className: "link", textContent: text });
    button.addEventListener("click", () => press(button));
    return button;
  };
  /* a tile with its picture and the way to take it away again */
  const tiled = (src, alt) => {
    const tile = made("li");
    const image = made("img", { src, alt, width: 96, height: 72 });
    const remove = word(input.dataset.remove, () => { waiting.delete(tile); URL.revokeObjectURL(image.src); tile.remove(); says(""); input.focus(); form.dispatchEvent(new Event("draft")); });
    tile.append(image, remove);
    tiles.append(tile);
    return tile;
  };
  const add = async (file) => {
    let photo = await shrink(file);
    const tile = tiled(URL.createObjectURL(photo), file.name);
    const image = $("img", tile);
    const bar = made("progress", { max: 1, value: 0 });
    bar.setAttribute("aria-label", input.dataset.uploading);
    const again = word("", () => upload(tile, photo));
    again.hidden = true;
    again.dataset.again = "";
    const turn = word(input.dataset.turn, async () => {
      try { photo = await turned(photo); } catch { return; } /* a kind of picture that only the server reads */
      URL.revokeObjectURL(image.src);
      image.src = URL.createObjectURL(photo);
      upload(tile, photo);
    });
    image.after(bar, again, turn);
    upload(tile, photo);
  };
  if (input && window.createImageBitmap) {
    input.addEventListener("change", (e) => {
      const room = MOST - tiles.children.length;
      says(input.files.length > room ? input.dataset.most : "");
      [...input.files].slice(0, Math.max(0, room)).forEach(add);
      input.value = "";
      e.stopPropagation();
    });
    addEventListener("online", () => waiting.forEach((photo, tile) => upload(tile, photo)));
  }

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
      const box = $(`[name=called][value="${call.getAttribute("href").slice(4).replace("12345", "抢修")}"]`, form);
      if (box) box.checked = true;
      if (!field("called_at").value) field("called_at").value = new Date().toTimeString().slice(0, 5);
    }
    if (!here) return;
    const said = $("[data-near-said]", form);
    const fail = () => { said.textContent = here.dataset.failed; };
    if (!navigator.geolocation) return fail();
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
    const list = made("fieldset", { className: "choices" });
    items.forEach((item, n) => {
      const radio = made("input", { type: "radio", name: "place", value: item.code });
      const text = made("span", { className: "choice-text" });
      text.append(made("span", { textContent: item.name, lang: "zh" }), made("span", { className: "meta", textContent: item.path, lang: "zh" }));
      const label = made("label", { className: "choice" });
      label.append(radio, text);
      list.append(label);
      if (!n) setTimeout(() => radio.focus());
    });
    box.append(list);
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
  let from; /* the form from the outbox that is edited here: it is its own draft */
  const save = () => {
    const now = new Date();
    if (from) self.outbox.change(from.key, { fields: whole(), photos: [...waiting.values()] });
    else localStorage.setItem(KEY, JSON.stringify({ at: now.getTime(), fields: lasting(fields()) }));
    if (note) note.textContent = `${document.body.dataset.saved} ${now.toTimeString().slice(0, 5)}`;
  };
  const fill = (kept) => {
    const here = $("[type=hidden][name=place]", form); /* a door's code: one stands there now, wherever the draft was begun */
    kept.forEach(([name, value]) => {
      if (here && ["place", "place_text"].includes(name)) return;
      if (name === "kept") {
        tiled(`/api/v1/photos/${value}`, "").append(made("input", { type: "hidden", name, value }));
        return;
      }
      const boxes = $$(`[name="${name}"]`, form);
      const box = boxes.find((one) => ["radio", "checkbox"].includes(one.type) && one.value === value);
      if (box) box.checked = true;
      else if (boxes[0] && !["radio", "checkbox"].includes(boxes[0].type)) boxes[0].value = value;
    });
    const place = kept.find(([name]) => name === "place");
    if (place && !$("[name=place]", form)) form.append(made("input", { type: "hidden", name: "place", value: place[1] }));
    form.dispatchEvent(new Event("preview"));
  };
  const restore = () => {
    const kept = JSON.parse(localStorage.getItem(KEY) || "null");
    if (!kept || !kept.fields || field("body").value || Date.now() - kept.at > 864e5) return;
    fill(kept.fields);
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
  const told = () => dispatchEvent(new Event("outbox"));
  const queued = () => {
    form.dispatchEvent(new CustomEvent("free", { bubbles: true }));
    going(false);
    try { if (!from) localStorage.removeItem(KEY); } catch { /* no storage: no draft */ }
    from = undefined;
    if (begun) history.replaceState(null, "", location.pathname);
    form.reset();
    tiles.replaceChildren();
    waiting.clear();
    field("body").value = "";
    field("idempotency_key").value = newKey();
    form.dispatchEvent(new CustomEvent("unsent", { bubbles: true }));
    told();
    field("body").focus();
    if (navigator.serviceWorker) navigator.serviceWorker.ready.then((worker) => worker.sync && worker.sync.register("outbox")).catch(() => undefined);
  };
  /* with no server to ask, the question that an emergency hangs on is asked here */
  const asks = () => {
    const box = $("#f-danger");
    const { words, ask } = box.dataset;
    if ($("[name=danger]:checked", form) || !words.split(" ").some((one) => one && field("body").value.includes(one))) return false;
    if (!$(".error-text", box)) $("legend", box).after(made("p", { className: "error-text", textContent: ask }));
    $(".error-text", box).setAttribute("role", "alert");
    box.classList.add("has-error");
    box.focus();
    return true;
  };
  form.addEventListener("submit", async (e) => {
    if (!e.submitter || e.submitter.dataset.step !== "send" || form.hasAttribute("data-sent") || form.hasAttribute("data-native")) return;
    if (!field("body").value.trim()) return;
    e.preventDefault();
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
    try {
      answer = await self.outbox.post({ ...one, fields: own.filter(([name]) => name !== "written_at") });
      said = await self.outbox.meant(answer);
    } catch { /* no network */ }
    if (said.sent) {
      await self.outbox.remove(one.key);
      return location.assign(said.sent);
    }
    if (answer && answer.redirected) return location.assign(answer.url); /* whoever signs in again sends it */
    const stays = () => { if (from) return self.outbox.change(one.key, { why: said.why }); save(); return self.outbox.remove(one.key); };
    if (said.why) {
      await stays();
      return native(); /* the page that says what is missing */
    }
    if (asks()) {
      said = { why: $("#f-danger").dataset.ask };
      going(false);
      await stays();
      return form.dispatchEvent(new CustomEvent("free", { bubbles: true }));
    }
    return queued();
  });
})();
