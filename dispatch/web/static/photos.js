/* Photos in any form: shrunk and sent while one writes, each with its progress; one that cannot pass says why.
   What has not gone through by then goes with the form itself, as it does without this script. */
(() => {
  "use strict";
  const SIDE = 1600;
  const $ = (sel, at) => at.querySelector(sel);
  const made = (tag, more = {}) => Object.assign(document.createElement(tag), more);
  const drawn = (image, width, height, quality, turn) => {
    const canvas = made("canvas", { width, height });
    const pen = canvas.getContext("2d");
    if (turn) { pen.translate(width, 0); pen.rotate(Math.PI / 2); pen.drawImage(image, 0, 0); }
    else pen.drawImage(image, 0, 0, width, height);
    return new Promise((done) => { canvas.toBlob(done, "image/jpeg", quality); });
  };
  const shrink = async (file) => {
    try {
      const image = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
      const small = await drawn(image, Math.round(image.width * scale), Math.round(image.height * scale), 0.82);
      return small && small.size < file.size ? small : file;
    } catch { return file; } /* a kind of picture that only the server reads, or refuses */
  };
  const turned = async (image) => {
    await image.decode();
    return drawn(image, image.naturalHeight, image.naturalWidth, 0.9, true);
  };
  /* told that this photo will never do; all else may pass another time */
  const refused = (status) => status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
  const reason = (text) => { try { return JSON.parse(text).detail || ""; } catch { return ""; } };

  const wired = (input) => {
    const { form } = input;
    const words = input.dataset;
    const tiles = $("[data-tiles]", form);
    const waiting = new Map();
    const changed = () => form.dispatchEvent(new Event("draft"));
    const says = (text) => { const said = $("[data-photo-said]", form); if (said) said.textContent = text; };
    const upload = (tile, photo) => {
      const old = $("[name=kept]", tile); /* as it lay before it was turned: one of the two goes with the form */
      if (old) old.disabled = true;
      waiting.set(tile, photo);
      changed();
      const again = $("[data-again]", tile);
      const why = $(".error-text", tile);
      const ask = new XMLHttpRequest();
      const data = new FormData();
      data.append("csrf", form.elements.namedItem("csrf").value);
      data.append("photo", photo, "photo.jpg");
      const failed = () => {
        if (waiting.get(tile) !== photo) return; /* taken away or turned meanwhile */
        why.textContent = reason(ask.responseText);
        if (refused(ask.status)) {
          tile.dataset.state = "refused";
          why.textContent ||= why.dataset.refused;
          waiting.delete(tile);
          if (old) {
            URL.revokeObjectURL($("img", tile).src);
            $("img", tile).src = `/api/v1/photos/${old.value}`;
            keep(tile, old.value);
          }
          changed();
          return;
        }
        tile.dataset.state = navigator.onLine ? "failed" : "later";
        again.textContent = again.dataset[tile.dataset.state];
      };
      why.textContent = "";
      tile.dataset.state = "sending";
      ask.upload.onprogress = (e) => { if (e.lengthComputable) $("progress", tile).value = e.loaded / e.total; };
      ask.onerror = ask.ontimeout = failed;
      ask.onload = () => {
        if (ask.status !== 201) return failed();
        if (waiting.get(tile) !== photo) return undefined;
        waiting.delete(tile);
        keep(tile, JSON.parse(ask.responseText).id);
        changed();
        return undefined;
      };
      ask.open("POST", words.photos);
      ask.timeout = 120000; /* a connection that stands still is as good as none */
      ask.send(data);
    };
    const keep = (tile, id) => {
      tile.querySelectorAll("[name=kept]").forEach((old) => old.remove());
      tile.append(made("input", { type: "hidden", name: "kept", value: id }));
      tile.dataset.state = "kept";
    };
    const shows = (image, photo) => { URL.revokeObjectURL(image.src); image.src = URL.createObjectURL(photo); };
    /* a tile with its picture, as the page draws it */
    const tiled = (src, alt) => {
      const tile = $("[data-tile]", form).content.firstElementChild.cloneNode(true);
      const image = Object.assign($("img", tile), { src, alt });
      const press = (act, done) => $(`[data-${act}]`, tile).addEventListener("click", done);
      press("again", () => upload(tile, waiting.get(tile)));
      press("turn", async () => {
        const photo = await turned(image).catch(() => undefined);
        if (!photo || !tile.isConnected) return;
        shows(image, photo);
        upload(tile, photo);
      });
      press("remove", () => { waiting.delete(tile); URL.revokeObjectURL(image.src); tile.remove(); says(""); input.focus(); changed(); });
      tiles.append(tile);
      return tile;
    };
    const kept = (id) => keep(tiled(`/api/v1/photos/${id}`, ""), id);
    const add = async (file) => {
      const tile = tiled(URL.createObjectURL(file), file.name || "");
      waiting.set(tile, file); /* at once: a form sent while it is being shrunk takes it along */
      const small = file instanceof File ? await shrink(file) : file; /* one that was kept has been shrunk */
      if (waiting.get(tile) !== file) return; /* taken away or turned meanwhile */
      shows($("img", tile), small);
      upload(tile, small);
    };
    form.photos = { waiting, add, kept, clear: () => { tiles.replaceChildren(); waiting.clear(); } };
    /* kept before: the form came back with something to mend */
    form.querySelectorAll(":scope > [type=hidden][name=kept]").forEach((one) => { one.remove(); kept(one.value); });
    form.addEventListener("formdata", (e) => waiting.forEach((photo) => e.formData.append(input.name, photo, "photo.jpg")));
    if (!window.createImageBitmap) return;
    input.addEventListener("change", (e) => {
      const room = Number(words.max) - tiles.children.length;
      says(input.files.length > room ? words.most : "");
      [...input.files].slice(0, Math.max(0, room)).forEach(add);
      input.value = "";
      e.stopPropagation();
    });
    addEventListener("online", () => waiting.forEach((photo, tile) => upload(tile, photo)));
  };
  document.querySelectorAll("[data-photos]").forEach(wired);
})();
