// The search over catalogue, packages and options. Enter adds what can be added to the profile, else copies its name.
import { copyText } from './clipboard.js';
import { $, count, el, say } from './dom.js';
import { newest } from './engine.js';

export function createSearch({ call, profile, onAdd }) {
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
    option.scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', option.id);
  }

  async function choose({ name, add }) {
    close();
    if (add) {
      try {
        const changed = await call('add', { profile: profile(), name });
        input.value = '';
        onAdd(changed.profile);
        say(`${name} is added`);
        return;
      } catch (fault) {
        say(fault.message);
        return;
      }
    }
    say((await copyText(name)) ? `${name} is copied` : `this browser does not let a page copy ${name}`);
  }

  const ask = newest(async () => {
    const query = input.value.trim();
    if (!query) {
      hits = [];
      close();
      return;
    }
    hits = await call('search', { query });
    if (input.value.trim() !== query) return; // emptied or changed meanwhile: asked again
    active = -1;
    list.replaceChildren(...hits.map((hit, index) =>
      el('li', { role: 'option', id: `found-${index}`, 'aria-selected': 'false', onmousedown: (event) => event.preventDefault(), onclick: () => choose(hit) },
        el('span', { class: 'kind' }, hit.kind), ' ',
        el('span', { class: 'name' }, hit.name), ' ',
        el('span', { class: 'about' }, hit.about), ' ',
        el('span', { class: 'does' }, hit.add ? 'add' : 'copy name'))));
    list.hidden = hits.length === 0;
    say(hits.length ? `${count(hits.length, 'result')} for ${query}` : `nothing found for ${query}`);
    if (hits.length) point(0);
  });

  input.addEventListener('input', ask);
  input.addEventListener('focus', () => {
    if (input.value) ask();
  });
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !list.hidden) {
      event.preventDefault();
      close();
    }
    if (list.hidden || !hits.length) return;
    const keys = {
      ArrowDown: () => point(active + 1),
      ArrowUp: () => point(active - 1),
      Enter: () => choose(hits[active]),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
