/* Forms written without a network: kept in IndexedDB, sent once each (the form's own key) when the network is back.
   Used by the pages and by the service worker alike; a form goes only in the name of whoever wrote it. */
self.outbox = (() => {
  "use strict";
  const store = (mode, act) => new Promise((done, failed) => {
    const opening = indexedDB.open("dispatch", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("outbox", { keyPath: "key" });
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => {
      const db = opening.result;
      const tx = db.transaction("outbox", mode);
      const asked = act(tx.objectStore("outbox"));
      tx.oncomplete = () => { db.close(); done(asked.result); };
      tx.onabort = tx.onerror = () => { db.close(); failed(tx.error); };
    };
  });
  const put = (form) => store("readwrite", (s) => s.put(form));
  const remove = (key) => store("readwrite", (s) => s.delete(key));
  const all = () => store("readonly", (s) => s.getAll());
  const post = (form, csrf) => {
    const data = new FormData();
    form.fields.forEach(([name, value]) => data.append(name, name === "csrf" && csrf ? csrf : value));
    form.photos.forEach((photo, n) => data.append("photo", photo, `${n + 1}.jpg`));
    return fetch("/whistle", { method: "POST", body: data, headers: { Accept: "text/html" } });
  };
  const found = (html, pattern) => (html.match(pattern) || ["", ""])[1];
  /* Sends what waits; returns where the receipts are. A form that the rules refuse stays, for a person to mend. */
  const flush = async () => {
    const sent = [];
    const waiting = (await all()).filter((form) => !form.refused);
    if (!waiting.length) return sent;
    const page = await fetch("/whistle", { headers: { Accept: "text/html" } });
    const html = await page.text();
    const who = found(html, /data-who="([^"]*)"/);
    for (const form of waiting) {
      if (!who || who !== form.who) continue;
      const answer = await post(form, found(html, /name="csrf" value="([^"]*)"/));
      if (answer.redirected && /\/w\/\d+\/receipt/.test(answer.url)) {
        await remove(form.key);
        sent.push(answer.url);
      } else if (answer.status === 409 || answer.status === 422) await put({ ...form, refused: true });
    }
    return sent;
  };
  return { put, remove, all, post, flush };
})();
