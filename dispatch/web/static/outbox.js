/* Forms written without a network, and a draft's photos: kept in IndexedDB. A form is sent once (its own key) when the
   network is back.
   Used by the pages and by the service worker alike; a form goes only in the name of whoever wrote it, and stays here
   until it is sent and a person has seen that, or until a person removes it. */
self.outbox = (() => {
  "use strict";
  const store = (mode, act, name = "outbox") => new Promise((done, failed) => {
    const opening = indexedDB.open("dispatch", 2);
    opening.onupgradeneeded = () => ["outbox", "drafts"]
      .filter((one) => !opening.result.objectStoreNames.contains(one))
      .forEach((one) => opening.result.createObjectStore(one, { keyPath: "key" }));
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => {
      const db = opening.result;
      const tx = db.transaction(name, mode);
      const asked = act(tx.objectStore(name));
      tx.oncomplete = () => { db.close(); done(asked.result); };
      tx.onabort = tx.onerror = () => { db.close(); failed(tx.error); };
    };
  });
  const put = (form) => store("readwrite", (s) => s.put(form));
  const get = (key) => store("readonly", (s) => s.get(key));
  const remove = (key) => store("readwrite", (s) => s.delete(key));
  const all = async () => (await store("readonly", (s) => s.getAll())).sort((a, b) => a.at - b.at);
  /* only of one that is still there: whoever removed it meanwhile has removed it */
  const change = (key, more) => store("readwrite", (s) => {
    const asked = s.get(key);
    asked.onsuccess = () => { if (asked.result) s.put({ ...asked.result, ...more }); };
    return asked;
  });
  /* the photos of a draft that no server has yet */
  const LASTS = 7 * 864e5;
  const hold = (key, photos) => store("readwrite", (s) => (photos.length ? s.put({ key, photos, at: Date.now() }) : s.delete(key)), "drafts");
  const held = async (key) => {
    const all = await store("readonly", (s) => s.getAll(), "drafts");
    for (const old of all.filter((one) => Date.now() - one.at > LASTS)) await hold(old.key, []);
    return all.find((one) => one.key === key && Date.now() - one.at <= LASTS)?.photos || [];
  };
  const post = (form, csrf) => {
    const data = new FormData();
    form.fields.forEach(([name, value]) => data.append(name, name === "csrf" && csrf ? csrf : value));
    form.photos.forEach((photo, n) => data.append("photo", photo, `${n + 1}.jpg`));
    return fetch("/whistle", { method: "POST", body: data, headers: { Accept: "text/html" } });
  };
  const found = (html, pattern) => (html.match(pattern) || ["", ""])[1];
  /* what the answer to a form means: where the receipt is; why the rules refuse it; neither: it may pass another time */
  const meant = async (answer) => {
    if (answer.redirected) return /\/w\/\d+\/receipt/.test(answer.url) ? { sent: answer.url } : {};
    if (answer.status < 400 || answer.status >= 500 || [401, 408, 429].includes(answer.status)) return {};
    const html = await answer.text();
    const said = [...html.matchAll(/<li><a href="#f-[^>]*>(.*?)<\/a>/g)].map((one) => one[1]);
    const why = said.join("；") || found(html, /"notice-title">(.*?)<\/p>/) || found(html, /<h1>(.*?)<\/h1>/);
    /* `used`: its key has made another whistle, it needs a new one */
    return { why: why.replace(/<[^>]*>/g, "").replace(/&[^;]*;/g, " ") || String(answer.status), used: answer.status === 409 };
  };
  /* Sends what waits. One that is being edited is left alone for so long; one that the rules refuse waits for a person. */
  const flush = async () => {
    const waiting = (await all()).filter((one) => !one.sent && !one.why && !(one.editing > Date.now()));
    if (!waiting.length) return;
    const html = await (await fetch("/whistle", { headers: { Accept: "text/html" } })).text();
    const me = found(html, /data-me="([^"]*)"/);
    const csrf = found(html, /name="csrf" value="([^"]*)"/);
    let failed = 0;
    for (const form of waiting) {
      if (!me || me !== form.me) continue;
      const answer = await post(form, csrf);
      if (answer.status >= 500) failed = answer.status;
      const said = await meant(answer);
      await change(form.key, said.sent ? { ...said, photos: [] } : said);
    }
    if (failed) throw new Error(String(failed)); /* so that the browser asks again */
  };
  return { put, get, remove, all, change, hold, held, LASTS, post, meant, flush };
})();
