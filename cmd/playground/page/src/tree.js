// The tree of files, as the ARIA pattern has it: one tab stop, arrow keys, Home, End, letters.
import { el } from './dom.js';

// rows lists folders and files in the order that they are shown, folders first, as
// {path, name, level, folder, file, set, position}; those inside a closed folder are left out.
function rows(files, removed, closed) {
  const root = { folders: new Map(), files: [] };
  const place = (file) => {
    const parts = file.path.split('/');
    const name = parts.pop();
    let at = root;
    let path = '';
    for (const part of parts) {
      path = path ? `${path}/${part}` : part;
      if (!at.folders.has(part)) at.folders.set(part, { path, folders: new Map(), files: [] });
      at = at.folders.get(part);
    }
    at.files.push({ name, file });
  };
  for (const file of files) place(file);
  for (const path of removed) place({ path, status: 'removed' });

  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  const list = [];
  const walk = (folder, level) => {
    const set = folder.folders.size + folder.files.length;
    let position = 0;
    for (const [name, inner] of [...folder.folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
      list.push({ path: inner.path, name, level, folder: true, set, position: ++position });
      if (!closed.has(inner.path)) walk(inner, level + 1);
    }
    for (const { name, file } of folder.files.sort(byName)) {
      list.push({ path: file.path, name, level, folder: false, file, set, position: ++position });
    }
  };
  walk(root, 1);
  return list;
}

// createTree calls onSelect with the path of a file that the user chose.
export function createTree({ root, onSelect }) {
  let files = [];
  let removed = [];
  let selected = '';
  let focused = ''; // path of the row that Tab reaches
  let list = [];
  let drawn = '';
  const closed = new Set();
  let typed = '';
  let typedAt = 0;

  function draw() {
    list = rows(files, removed, closed);
    if (!list.some(({ path }) => path === focused)) focused = selected;
    if (!list.some(({ path }) => path === focused)) focused = list[0]?.path;
    const drawing = JSON.stringify([
      selected,
      focused,
      list.map(({ path, file }) => [path, file?.status, closed.has(path)]),
    ]);
    if (drawing === drawn) return; // most keystrokes
    drawn = drawing;
    const hadFocus = root.contains(document.activeElement);
    root.replaceChildren(
      ...list.map(({ path, name, level, folder, file, set, position }) => {
        const status = file && file.status !== 'same' ? file.status : '';
        return el(
          'div',
          {
            role: 'treeitem',
            'data-path': path,
            'aria-level': level,
            'aria-setsize': set,
            'aria-posinset': position,
            'aria-expanded': folder ? String(!closed.has(path)) : null,
            'aria-selected': folder ? null : String(path === selected),
            'aria-disabled': status === 'removed' ? 'true' : null,
            class: `level-${Math.min(level, 6)} ${folder ? 'folder' : 'file'} ${status}`,
            tabindex: path === focused ? 0 : -1,
            title: file?.once ? 'written once, then yours to edit' : null,
          },
          el('span', { class: 'name' }, name),
          status ? el('span', { class: 'badge' }, status) : null,
        );
      }),
    );
    if (hadFocus) root.querySelector('[tabindex="0"]')?.focus();
  }

  function select(path) {
    const row = list.find((each) => each.path === path);
    focused = path;
    if (!row.folder && row.file.status !== 'removed') {
      selected = path;
      onSelect(path);
    }
    draw();
  }

  function focus(row) {
    if (!row) return;
    focused = row.path;
    draw();
    const item = root.querySelector('[tabindex="0"]');
    item.focus();
    item.scrollIntoView({ block: 'nearest' });
  }

  function toggle(path, open = closed.has(path)) {
    if (open) closed.delete(path);
    else closed.add(path);
    draw();
  }

  root.addEventListener('click', ({ target }) => {
    const path = target.closest('[role=treeitem]')?.dataset.path;
    if (!path) return;
    const { folder } = list.find((row) => row.path === path);
    if (folder) toggle(path);
    select(path);
    root.querySelector('[tabindex="0"]').focus();
  });

  root.addEventListener('keydown', (event) => {
    const at = list.findIndex(({ path }) => path === focused);
    const row = list[at];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      ArrowDown: () => focus(list[at + 1]),
      ArrowUp: () => focus(list[at - 1]),
      Home: () => focus(list[0]),
      End: () => focus(list.at(-1)),
      ArrowRight: () => row.folder && (closed.has(row.path) ? toggle(row.path, true) : focus(list[at + 1])),
      ArrowLeft: () =>
        row.folder && !closed.has(row.path)
          ? toggle(row.path, false)
          : focus(list.slice(0, at).findLast(({ level }) => level < row.level)),
      Enter: () => (row.folder ? toggle(row.path) : select(row.path)),
      ' ': () => (row.folder ? toggle(row.path) : select(row.path)),
    };
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
      return;
    }
    if (event.key.length !== 1) return;
    // Letters typed within a second of each other are the beginning of a name.
    typed = event.timeStamp - typedAt < 1000 ? typed + event.key.toLowerCase() : event.key.toLowerCase();
    typedAt = event.timeStamp;
    const start = typed.length > 1 ? at : at + 1;
    const around = [...list.slice(start), ...list.slice(0, start)];
    focus(around.find(({ name }) => name.toLowerCase().startsWith(typed)));
  });

  return {
    // show draws the files of a result, with path as the selected one.
    show(result, path) {
      ({ files, removed } = result);
      selected = path;
      draw();
    },
    select(path) {
      for (const parent of closed) if (path.startsWith(`${parent}/`)) closed.delete(parent);
      draw();
      select(path);
    },
  };
}
