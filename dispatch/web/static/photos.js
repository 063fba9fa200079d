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
  const turned = async (photo) => {
    const image = await createImageBitmap(photo);
    return await drawn(image, image.height, image.width, 0.9, true) || photo;
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
      waiting.set(tile, photo);
      changed();
      const bar = $("progress", tile);
      const again = $("[data-again]", tile);
      const why = $(".error-text", tile);
      const ask = new XMLHttpRequest();
      const data = new FormData();
      data.append("csrf", form.elements.namedItem("csrf").value);
      data.append("photo", photo, "photo.jpg");
      const failed = () => {
        bar.hidden = true;
        if (waiting.get(tile) !== photo) return; /* taken away or turned meanwhile */
        why.textContent = reason(ask.responseText);
        if (refused(ask.status)) {
          why.textContent ||= words.refused;
          waiting.delete(tile);
          changed();
          return;
        }
        again.hidden = false;
        again.textContent = navigator.onLine ? words.again : words.later;
      };
      why.textContent = "";
      again.hidden = true;
      bar.hidden = false;
      ask.upload.onprogress = (e) => { if (e.lengthComputable) bar.value = e.loaded / e.total; };
      ask.onerror = ask.ontimeout = failed;
      ask.onload = () => {
        if (ask.status !== 201) return failed();
        bar.hidden = true;
        if (waiting.get(tile) !== photo) return undefined;
        waiting.delete(tile);
        tile.querySelectorAll("[name=kept]").forEach((old) => old.remove());
        tile.append(made("input", { type: "hidden", name: "kept", value: JSON.parse(ask.responseText).id }));
        changed();
        return undefined;
      };
      ask.open("POST", words.photos);
      ask.timeout = 120000; /* a connection that stands still is as good as none */
      ask.send(data);
    };
    const word = (text, press) => {
      const button = made("button", { type: "button", className: "link", textContent: text });
      button.addEventListener("click", () => press(button));
      return button;
    };
    const shows = (image, photo) => { URL.revokeObjectURL(image.src); image.src = URL.createObjectURL(photo); };
    /* a tile with its picture and the way to take it away again */
    const tiled = (src, alt) => {
      const tile = made("li");
      const image = made("img", { src, alt, width: 96, height: 72 });
      const remove = word(words.remove, () => { waiting.delete(tile); URL.revokeObjectURL(image.src); tile.remove(); says(""); input.focus(); changed(); });
      tile.append(image, remove);
      tiles.append(tile);
      return tile;
    };
    const kept = (id) => tiled(`/api/v1/photos/${id}`, "").append(made("input", { type: "hidden", name: "kept", value: id }));
    const add = async (file) => {
      let photo = file;
      const tile = tiled(URL.createObjectURL(photo), file.name || "");
      const image = $("img", tile);
      const bar = made("progress", { max: 1, value: 0 });
      bar.setAttribute("aria-label", words.uploading);
      const why = made("p", { className: "error-text" });
      why.setAttribute("role", "alert");
      const again = word("", () => upload(tile, photo));
      again.hidden = true;
      again.dataset.again = "";
      const turn = word(words.turn, async () => {
        try { photo = await turned(photo); } catch { return; }
        shows(image, photo);
        upload(tile, photo);
      });
      image.after(bar, why, again, turn);
      waiting.set(tile, photo); /* at once: a form sent while it is being shrunk takes it along */
      const small = file instanceof File ? await shrink(file) : file; /* one that was kept has been shrunk */
      if (waiting.get(tile) !== file) return; /* taken away or turned meanwhile */
      photo = small;
      shows(image, photo);
      upload(tile, photo);
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
