// The theme: as the system has it, or light, or dark. start.js sets it before anything is drawn.
import { $ } from './dom.js';

const next = { system: 'light', light: 'dark', dark: 'system' };

export function createTheme() {
  const root = document.documentElement;
  const current = () => root.dataset.theme ?? 'system';
  const draw = () => ($('theme').textContent = `Theme: ${current()}`);
  $('theme').addEventListener('click', () => {
    const theme = next[current()];
    if (theme === 'system') {
      delete root.dataset.theme;
      localStorage.removeItem('theme');
    } else {
      root.dataset.theme = theme;
      localStorage.setItem('theme', theme);
    }
    draw();
  });
  draw();
}
