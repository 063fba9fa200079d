/* The form opens without a network; what was written is sent when it is back, also with the page closed. */
importScripts("/static/outbox.js");
const SHELL = "form";
const FORM = "/whistle";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));
/* the pages that are open hear what became of it; one that opens later finds it in the outbox */
const flush = async () => {
  try { await self.outbox.flush(); } finally {
    (await self.clients.matchAll()).forEach((page) => page.postMessage("outbox"));
  }
};
self.addEventListener("sync", (e) => { if (e.tag === "outbox") e.waitUntil(flush()); });
const fresh = async (request, key) => {
  const cache = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    /* kept as it is without a door's place: that belongs to one whistle */
    if (answer.ok && !answer.redirected && !new URL(request.url).searchParams.has("place")) await cache.put(key, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
};
const kept = async (request) => {
  const cache = await caches.open(SHELL);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
};
self.addEventListener("fetch", (e) => {
  const { request } = e;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  /* whoever comes next must not find the form of whoever was here before */
  if (request.method === "POST" && /^\/(switch|demo\/as|sign-in|sign-out)\b/.test(url.pathname)) e.waitUntil(caches.delete(SHELL));
  if (request.method !== "GET") return;
  if (url.pathname === FORM && request.mode === "navigate") e.respondWith(fresh(request, FORM));
  else if (url.pathname.startsWith("/static/") && url.search.startsWith("?v=")) e.respondWith(kept(request));
});
