// Runs before anything is drawn: the theme, so that nothing flashes, and the generator, which takes longest to start.

try {
  const theme = localStorage.getItem('theme');
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // a browser that keeps nothing: the theme of the system
}

globalThis.generator = new Worker('worker.js');

// Compiled here and not in the worker, which would have to be loaded first. A plain file server may call the file
// something else than application/wasm, which the streaming compiler refuses.
async function compile() {
  const response = await fetch('quick-deploy.wasm');
  if (!response.ok) throw new Error(`quick-deploy.wasm: the server answers ${response.status}`);
  if (response.headers.get('content-type') === 'application/wasm') return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

compile().then(
  (module) => globalThis.generator.postMessage({ module }),
  (fault) => globalThis.generator.postMessage({ fault: fault.message }),
);
