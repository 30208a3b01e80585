// Keeps the page for use without a network: one cache for each build, named after its content.

const cacheName = `quick-deploy-${BUILD}`;

self.addEventListener('install', (event) => {
  // The browser's own cache has most of it already; no-cache asks the server only whether that is still right.
  // index.html is kept as the folder that it is the page of: some file servers redirect its name to that, and a
  // redirect is no answer to who opens the page.
  const requests = FILES.map((name) => new Request(name === 'index.html' ? './' : name, { cache: 'no-cache' }));
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(requests))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  const old = (name) => name.startsWith('quick-deploy-') && name !== cacheName;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

// From the cache first: all files of a page are of the same build. A new build is fetched beside it, because its
// sw.js differs, and serves the next load.
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
  const name = url.pathname.endsWith('/index.html') ? './' : event.request;
  event.respondWith(
    caches
      .open(cacheName)
      .then((cache) => cache.match(name, { ignoreSearch: true }))
      .then((response) => response ?? fetch(event.request)),
  );
});
