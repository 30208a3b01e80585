// The list of problems, and of notes, below the profile. Each is a button that leads to its line.
import { $, count, el, setText } from './dom.js';
import { presetName } from './result.js';

const place = ({ file, line }) => `${file ? `${presetName(file)}, ` : ''}line ${line}`;

const entry = (problem, text, hint, onGo) =>
  el(
    'li',
    {},
    el(
      'button',
      { type: 'button', disabled: Boolean(problem.file), onclick: () => onGo(problem) },
      problem.line ? el('span', { class: 'place' }, place(problem)) : null,
      ' ',
      el('span', { class: 'message' }, text),
      hint ? el('span', { class: 'hint' }, ` hint: ${hint}`) : null,
    ),
  );

export function createProblems({ onGo }) {
  let shown = '';
  return {
    show(problems, notices) {
      const key = JSON.stringify([problems, notices]);
      if (key === shown) return; // keeps the focus of a button
      shown = key;
      $('problems').replaceChildren(...problems.map((each) => entry(each, each.message, each.hint, onGo)));
      $('notes').replaceChildren(...notices.map((each) => entry(each, each.text, '', onGo)));
      $('problems').hidden = problems.length === 0;
      $('notes').hidden = notices.length === 0;
      $('none').hidden = problems.length + notices.length > 0;
      const title = [
        problems.length && count(problems.length, 'problem'),
        notices.length && count(notices.length, 'note'),
      ];
      setText($('problems-title'), title.filter(Boolean).join(', ') || 'Problems');
      const tab = problems.length || !notices.length ? 'Problems' : 'Notes';
      const total = problems.length || notices.length;
      setText($('tab-problems'), total ? `${tab} (${total})` : tab);
      document.documentElement.toggleAttribute('data-problems', problems.length > 0);
    },
  };
}
