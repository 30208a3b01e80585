// Calls to the worker.

export function connect(worker) {
  const waiting = new Map();
  let last = 0;
  worker.addEventListener('message', ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  });
  worker.addEventListener('error', (event) => {
    const fault = new Error(event.message ?? 'the generator could not be loaded');
    for (const { reject } of waiting.values()) reject(fault);
    waiting.clear();
  });
  return (name, args = {}) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      worker.postMessage({ id: last, name, args });
    });
}

// newest runs one call of work at a time. Whatever is asked for meanwhile becomes one more run at its end, which
// sees the newest state: a slow answer delays the next by one run, never by a queue.
export function newest(work) {
  let busy = false;
  let again = false;
  return async () => {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again) {
        again = false;
        await work();
      }
    } finally {
      busy = false;
    }
  };
}
