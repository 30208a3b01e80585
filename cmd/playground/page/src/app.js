// The page: what is typed goes to the generator, what it answers is shown.
import { $, count, el, say, setText } from './dom.js';
import { createProfile } from './editor.js';
import { connect, newest } from './engine.js';
import { createFiles } from './files.js';
import { createProblems } from './problems.js';
import { createSearch } from './search.js';
import { createTabs } from './tabs.js';
import { createTake } from './take.js';
import { createTheme } from './theme.js';
import { createTree } from './tree.js';
import { createView, presetName } from './view.js';

const call = connect(globalThis.generator);
let info = { presets: [], recipes: [], machines: [], sources: {} };
let result; // the newest; its files are those of the last valid state
let path = ''; // of the file that is shown
let editedAt = 0; // the first edit that no result shows yet
let fresh = true; // the next result is not compared with the one before
let replacing = false; // the text is being replaced by the page, not by the user

createTheme();
const tabs = createTabs();

const profile = createProfile({
  parent: $('profile'),
  call,
  onChange(time) {
    editedAt ||= time;
    if (!replacing) $('start').value = '';
    generate();
  },
  onCaret: showTraces,
  onTrace(line) {
    const first = filesFrom(line)[0];
    if (!first) return say(`line ${line} makes no line of its own`);
    follow(first.file.path, first.lines[0], { focus: true });
  },
});

const view = createView({ parent: $('view'), onLine: showOrigin, onOrigin: goToOrigin });
const tree = createTree({ root: $('tree'), onSelect: showFile });
const problems = createProblems({
  onGo({ line, column }) {
    tabs.show('profile');
    profile.reveal(line, { column, focus: true });
  },
});
const files = createFiles({ profile: profile.text, onChange: () => generate(), onProfile: setProfile });
const take = createTake({ call, profile: profile.text, ready: () => settled, onOpen: setProfile });
createSearch({
  call,
  profile: profile.text,
  onAdd(text) {
    tabs.show('profile');
    profile.replace(text, { mark: true });
    profile.focus();
  },
});

function setProfile(text) {
  tabs.show('profile');
  profile.replace(text);
}

// ---- generating

let settled = Promise.resolve(); // the run that is under way

const runs = newest(async () => {
  const since = editedAt;
  editedAt = 0;
  const answer = await call('generate', { profile: profile.text(), facts: files.facts(), files: files.beside(), fresh });
  fresh = false;
  if (files.setHosts(answer.hosts)) runs();
  show(answer);
  if (since && document.documentElement.dataset.ready) measure('keystroke', since);
});

function generate() {
  settled = runs().catch((fault) => setText($('count'), fault.message));
}

// measure ends with the frame that shows what was drawn; a page in the background draws none.
function measure(name, start) {
  const end = () => performance.measure(name, { start, end: performance.now() });
  if (document.hidden) end();
  else requestAnimationFrame(end);
}

// ---- showing

function show(answer) {
  const before = new Map(result?.files.map((file) => [file.path, file]));
  for (const file of answer.files) file.text ??= before.get(file.path).text; // null where it is the same as before
  const differs = answer.removed.length > 0 || answer.files.some(({ status }) => status !== 'same');
  // While nothing else comes out, as after an edit in a comment or with problems, the marks of the last change stay.
  if (result && !(differs && answer.valid)) {
    for (const file of answer.files) {
      const { status, changed } = before.get(file.path) ?? file;
      Object.assign(file, { status, changed });
    }
    answer.removed = result.removed;
  }
  if (answer.files.every(({ status }) => status === 'new')) {
    for (const file of answer.files) Object.assign(file, { status: 'same', changed: [] });
  }
  result = answer;

  const own = answer.problems.filter(({ file }) => !file);
  profile.setProblems(own, answer.notices.filter(({ file, line }) => !file && line));
  problems.show(answer.problems, answer.notices);
  setText($('count'), answer.valid ? count(answer.files.length, 'file') : count(answer.problems.length, 'problem'));
  document.documentElement.toggleAttribute('data-stale', !answer.valid);
  $('stale').hidden = answer.valid;
  setText($('stale'), `${answer.files.length ? 'The last valid state' : 'Nothing to show yet'}: the profile has ${count(answer.problems.length, 'problem')}.`);
  take.setRefusal(answer.valid ? '' : `The profile has ${count(answer.problems.length, 'problem')}.`);

  if (!answer.files.some((file) => file.path === path)) path = firstFile(answer.files);
  tree.show(answer, path);
  if (path) showFile(path);
  showTraces(profile.line());
}

const firstFile = (all) => (all.find((file) => /^hosts\/[^/]+\/configuration\.nix$/.test(file.path)) ?? all[0])?.path ?? '';

function showFile(chosen) {
  path = chosen;
  const file = result.files.find((each) => each.path === path);
  $('wait')?.remove();
  setText($('path'), path);
  setText($('about'), file.once ? 'written once, then yours to edit' : '');
  $('steps').hidden = !file.changed.length;
  setText($('changes'), `${count(file.changed.length, 'line')} changed`);
  view.show(file, profile.line());
  showOrigin(view.line());
}

function stepToChange(step) {
  const { changed } = view.file();
  const line = view.line();
  const to = step > 0 ? changed.find((each) => each > line) ?? changed[0] : changed.findLast((each) => each < line) ?? changed.at(-1);
  view.reveal(to, { focus: true });
}
$('next').addEventListener('click', () => stepToChange(1));
$('previous').addEventListener('click', () => stepToChange(-1));

// ---- from a line to what made it, and back

// filesFrom lists the files with lines that a line of the profile made.
function filesFrom(line) {
  return (result?.files ?? [])
    .map((file) => ({ file, lines: (file.from ?? []).flatMap((from, index) => (from && !from.file && from.line === line ? [index + 1] : [])) }))
    .filter(({ lines }) => lines.length);
}

function follow(to, line, options) {
  tabs.show('files');
  if (to !== path) tree.select(to);
  view.reveal(line, options);
}

function showTraces(line) {
  if (!result?.files.length) return;
  view.trace(line, { scroll: true });
  const made = filesFrom(line);
  $('traces').replaceChildren(made.length ? `Line ${line} makes ` : `Line ${line} makes no line of its own`, ...made.slice(0, 6).flatMap(({ file, lines }, index) => [
    index ? ', ' : '',
    el('button', { type: 'button', class: 'plain', onclick: () => follow(file.path, lines[0]) }, file.path.replace(/^hosts\//, '')),
    ` ${lines.length === 1 ? `line ${lines[0]}` : `${lines.length} lines`}`,
  ]), made.length > 6 ? ` and ${made.length - 6} more files` : '');
}

function showOrigin(line) {
  const from = view.file()?.from?.[line - 1];
  const text = from && sourceLine(from);
  $('from').replaceChildren(
    from ? `Line ${line} comes from ` : `Line ${line} comes from no single line of the profile`,
    from ? el('button', { type: 'button', class: 'plain', onclick: () => goToOrigin(line, { focus: true }) },
      from.file ? `${presetName(from.file)}, line ${from.line}` : `line ${from.line} of the profile`) : '',
    text ? el('code', {}, text.trim()) : '');
}

const sourceOf = (file) => (file ? (files.beside()?.[file] ?? info.sources?.[file]) : profile.text());
const sourceLine = ({ file, line }) => sourceOf(file)?.split('\n')[line - 1];

function goToOrigin(line, { focus }) {
  const from = view.file()?.from?.[line - 1];
  if (!from) return;
  if (from.file) {
    view.popover(presetPopover(from));
    if (focus) say(`from ${presetName(from.file)}, line ${from.line}: ${sourceLine(from)?.trim() ?? ''}`);
    return;
  }
  // On a narrow screen a tap only shows the origin below; its button goes there.
  if (focus) tabs.show('profile');
  profile.reveal(from.line, { mark: true, focus });
}

// presetPopover shows the line of the preset, with those around it.
function presetPopover({ file, line }) {
  const lines = sourceOf(file)?.split('\n') ?? [];
  const first = Math.max(0, line - 3);
  return el('div', { class: 'source' },
    el('p', {}, `from ${presetName(file)}, line ${line}`),
    el('pre', {}, ...lines.slice(first, line + 2).map((text, index) =>
      el('span', { class: first + index + 1 === line ? 'origin' : '' }, `${String(first + index + 1).padStart(3)}  ${text}\n`))));
}

// ---- the start

function offer() {
  const group = (label, prefix, list) =>
    el('optgroup', { label }, ...list.map(({ name, about }, index) => el('option', { value: `${prefix}${index}`, title: about }, name)));
  $('start').replaceChildren(
    el('option', { value: '', hidden: true }, 'your own text'),
    group('Presets', 'presets ', info.presets),
    group('Recipes', 'recipes ', info.recipes),
  );
  for (const id of ['start', 'machine', 'search']) $(id).disabled = false;
}

// begin puts a preset or a recipe in, and returns what it is about.
function begin(value) {
  const [kind, index] = value.split(' ');
  const { profile: text, about, files: with_ } = info[kind][index];
  replacing = true;
  fresh = true;
  files.setBeside(with_);
  setProfile(text);
  replacing = false;
  $('start').value = value;
  return about;
}

$('start').addEventListener('change', ({ target }) => {
  $('first').textContent = begin(target.value);
  say('Ctrl Z in the editor brings your text back.');
});

$('help').addEventListener('click', () => $('keys').showModal());
$('skip').addEventListener('click', (event) => {
  event.preventDefault();
  tabs.show('profile');
  profile.focus();
});

async function main() {
  const [known, linked] = await Promise.all([call('info'), take.open()]);
  info = known;
  offer();
  files.setMachines(info.machines);
  if (linked !== null) setProfile(linked);
  else begin('presets 0');
  await settled;
  performance.measure('load', { start: 0, end: performance.now() });
  document.documentElement.dataset.ready = 'true';
  if ('serviceWorker' in navigator) {
    const before = navigator.serviceWorker.controller;
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      if (before) say('A newer version of this page is there: reload to have it.');
    });
    navigator.serviceWorker.register('sw.js').catch(() => {}); // no offline use there, nothing else
  }
}

main().catch((fault) => {
  setText($('count'), `The generator does not start: ${fault.message}`);
  $('wait')?.replaceChildren('The generator does not start here: ', fault.message);
});
