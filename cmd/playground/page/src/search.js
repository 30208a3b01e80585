// The search over catalogue, packages and options. Enter adds what can be added to the profile, else copies its name.
import { copyText } from './clipboard.js';
import { $, el, say } from './dom.js';
import { newest } from './engine.js';

const most = 12; // results that are shown: all of them fit, so that the list never scrolls

// createSearch has target return what something is added to: the profile, the files beside it, and the host.
export function createSearch({ call, target, onAdd }) {
  const input = $('search');
  const list = $('found');
  let hits = [];
  let active = -1;

  function close() {
    list.hidden = true;
    active = -1;
    input.removeAttribute('aria-activedescendant');
  }

  function point(index) {
    list.children[active]?.setAttribute('aria-selected', 'false');
    active = (index + hits.length) % hits.length;
    const option = list.children[active];
    option.setAttribute('aria-selected', 'true');
    input.setAttribute('aria-activedescendant', option.id);
  }

  async function choose({ name, kind, add }) {
    close();
    if (!add) {
      say((await copyText(name)) ? `${name} is copied` : `this browser does not let a page copy ${name}`);
      return;
    }
    try {
      const { profile, note } = await call('add', { ...target(), name, kind });
      input.value = '';
      onAdd(profile);
      say(note || `${name} is added`);
    } catch (fault) {
      say(fault.message);
    }
  }

  function option(hit, index) {
    const attributes = {
      role: 'option',
      id: `found-${index}`,
      'aria-selected': 'false',
      onmousedown: (event) => event.preventDefault(), // the focus stays in the field
      onclick: () => choose(hit),
    };
    const part = (name, text) => el('span', { class: name }, `${text} `);
    return el(
      'li',
      attributes,
      part('kind', hit.kind),
      part('name', hit.name),
      part('about', hit.about ?? ''),
      part('does', hit.add ? 'add' : 'copy name'),
    );
  }

  const ask = newest(async () => {
    const query = input.value.trim();
    const all = query ? await call('search', { query }) : [];
    if (input.value.trim() !== query) return; // changed meanwhile: asked again
    hits = all.slice(0, most);
    list.replaceChildren(...hits.map(option));
    active = -1;
    if (!hits.length) {
      close();
      if (query) say(`nothing found for ${query}`);
      return;
    }
    list.hidden = false;
    point(0);
    say(all.length > most ? `the first ${most} results for ${query}: type more to see others` : `${all.length} found`);
  });

  input.addEventListener('input', ask);
  input.addEventListener('focus', () => input.value && ask());
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    const keys = {
      ArrowDown: () => point(active + 1),
      ArrowUp: () => point(active - 1),
      Enter: () => choose(hits[active]),
      Escape: close,
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
