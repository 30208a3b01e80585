// The theme: as the system has it, or light, or dark. start.js sets it before anything is drawn.
import { $, el } from './dom.js';

const next = { system: 'light', light: 'dark', dark: 'system' };

export function createTheme() {
  const root = document.documentElement;
  const current = () => root.dataset.theme ?? 'system';
  const draw = () =>
    $('theme').replaceChildren(
      el('span', { class: 'narrow', 'aria-hidden': 'true' }, '◐'),
      el('span', { class: 'wide' }, `Theme: ${current()}`),
    );
  $('theme').addEventListener('click', () => {
    const theme = next[current()];
    if (theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      if (theme === 'system') localStorage.removeItem('theme');
      else localStorage.setItem('theme', theme);
    } catch {
      // a browser that keeps nothing: for this visit only
    }
    draw();
  });
  draw();
}
