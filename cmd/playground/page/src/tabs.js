// On a narrow screen one panel at a time, chosen by tabs; on a wide one all of them, and no tabs.
import { $ } from './dom.js';

const names = ['profile', 'files', 'problems'];

export function createTabs() {
  const narrow = matchMedia('(max-width: 760px)');

  function show(name) {
    document.documentElement.dataset.panel = name;
    for (const each of names) {
      const chosen = each === name;
      $(`tab-${each}`).setAttribute('aria-selected', String(chosen));
      $(`tab-${each}`).tabIndex = chosen ? 0 : -1;
    }
  }

  // Panels are tab panels only where there are tabs; elsewhere they are plain regions.
  function adapt() {
    for (const name of names) {
      const panel = $(`${name}-panel`);
      if (narrow.matches) panel.setAttribute('role', 'tabpanel');
      else panel.removeAttribute('role');
    }
  }

  for (const [index, name] of names.entries()) {
    $(`tab-${name}`).addEventListener('click', () => show(name));
    $(`tab-${name}`).addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const to = names[(index + step + names.length) % names.length];
      show(to);
      $(`tab-${to}`).focus();
    });
  }
  narrow.addEventListener('change', adapt);
  adapt();
  show('profile');
  return { show, narrow: () => narrow.matches };
}
