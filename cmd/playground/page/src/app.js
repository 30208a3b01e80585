// The page: what is typed goes to the generator, what it answers is shown.
import { $, count, el, say, setText } from './dom.js';
import { createProfile } from './editor.js';
import { connect, newest } from './engine.js';
import { createFiles } from './files.js';
import { createProblems } from './problems.js';
import { complete, firstFile, follow } from './result.js';
import { createSearch } from './search.js';
import { createTabs } from './tabs.js';
import { createTake } from './take.js';
import { createTheme } from './theme.js';
import { createTrace } from './trace.js';
import { createTree } from './tree.js';
import { createView } from './view.js';

const call = connect(globalThis.generator);
let info = { presets: [], recipes: [], machines: [] };
let result; // the newest; its files are those of the last valid state
let validText = ''; // the profile that the files of the result were made from
let path = ''; // of the file that is shown
let editedAt = 0; // the first edit that no result shows yet
let fresh = true; // the next result is not compared with the one before
let settled = Promise.resolve(); // the run of the generator that is under way

createTheme();
const tabs = createTabs();
const profile = createProfile({
  parent: $('profile'),
  call,
  onChange(time) {
    editedAt ||= time;
    $('start').value = '';
    generate();
  },
  onCaret: (line) => trace.show(line),
  onTrace: (line) => trace.goToMade(line),
});
const view = createView({
  parent: $('view'),
  onLine: (line) => trace.showOrigin(line),
  onOrigin: (line, how) => trace.goToOrigin(line, how),
});
const tree = createTree({ root: $('tree'), onSelect: showFile });
const files = createFiles({ profile: profile.text, onChange: generate, onProfile: setProfile });
const trace = createTrace({
  profile,
  view,
  tabs,
  files: () => result?.files ?? [],
  source: (file) => (file ? (files.beside()?.[file] ?? info.sources?.[file]) : profile.text()),
  select: tree.select,
});
const problems = createProblems({
  onGo({ line, column }) {
    tabs.show('profile');
    profile.reveal(line, { column, focus: true });
  },
});
const take = createTake({
  call,
  profile: profile.text,
  beside: files.beside,
  ready: () => settled,
  onOpen: setProfile,
});
createSearch({
  call,
  target: () => ({ profile: profile.text(), files: files.beside(), host: files.host() }),
  onAdd(text) {
    setProfile(text, { mark: true });
    profile.focus();
  },
});

function setProfile(text, options) {
  tabs.show('profile');
  profile.replace(text, options);
}

// ---- generating

const run = newest(async () => {
  const since = editedAt;
  editedAt = 0;
  const question = { profile: profile.text(), facts: files.facts(), files: files.beside(), fresh };
  fresh = false;
  result = complete(await call('generate', question), result);
  if (result.valid) validText = question.profile;
  else follow(result.files, validText, question.profile);
  if (files.setHosts(result.hosts)) run();
  show();
  if (since && document.documentElement.dataset.ready) measure('keystroke', since);
});

function generate() {
  settled = run().catch((fault) => setText($('count'), fault.message));
}

// measure ends with the frame that shows what was drawn; a page in the background draws none.
function measure(name, start) {
  const end = () => performance.measure(name, { start, end: performance.now() });
  if (document.hidden) end();
  else requestAnimationFrame(end);
}

// ---- showing

function show() {
  const { valid, notices, removed } = result;
  const wrong = count(result.problems.length, 'problem');
  profile.setProblems(
    result.problems.filter(({ file }) => !file),
    notices.filter(({ file, line }) => !file && line),
  );
  problems.show(result.problems, notices);
  setText($('count'), valid ? count(result.files.length, 'file') : wrong);
  document.documentElement.toggleAttribute('data-stale', !valid);
  $('stale').hidden = valid;
  setText(
    $('stale'),
    `${result.files.length ? 'The last valid state' : 'Nothing to show yet'}: the profile has ${wrong}.`,
  );
  take.setRefusal(valid ? '' : `The profile has ${wrong}.`);

  if (!result.files.some((file) => file.path === path)) path = firstFile(result.files);
  tree.show({ files: result.files, removed }, path);
  if (path) showFile(path);
  trace.show(profile.line());
}

function showFile(chosen) {
  path = chosen;
  const file = result.files.find((each) => each.path === path);
  $('wait')?.remove();
  setText($('path'), path);
  setText($('about'), kindOf(file));
  $('steps').hidden = file.changed.length === 0;
  setText($('changes'), `${count(file.changed.length, 'line')} changed`);
  view.show(file, profile.line());
  trace.showOrigin(view.line());
}

// kindOf says what a file is, where its lines do not.
function kindOf(file) {
  if (file.once) return 'written once, then yours to edit';
  return file.path.startsWith('modules/') ? 'a module of the catalogue, as it is' : '';
}

function stepToChange(step) {
  const { changed } = view.file();
  const line = view.line();
  const after = changed.find((each) => each > line) ?? changed[0];
  const before = changed.findLast((each) => each < line) ?? changed.at(-1);
  view.reveal(step > 0 ? after : before, { focus: true });
}
$('next').addEventListener('click', () => stepToChange(1));
$('previous').addEventListener('click', () => stepToChange(-1));

// ---- the start

function offer() {
  const group = (label, kind) =>
    el(
      'optgroup',
      { label },
      ...info[kind].map(({ name, about }, index) => el('option', { value: `${kind} ${index}`, title: about }, name)),
    );
  const own = el('option', { value: '', hidden: true }, 'your own text');
  $('start').replaceChildren(own, group('Presets', 'presets'), group('Recipes', 'recipes'));
  for (const id of ['start', 'machine', 'search']) $(id).disabled = false;
}

// begin puts a preset or a recipe in, and returns what it is about.
function begin(value) {
  const [kind, index] = value.split(' ');
  const chosen = info[kind][index];
  fresh = true;
  files.setBeside(chosen.files);
  setProfile(chosen.profile);
  $('start').value = value; // which the change has set to "your own text"
  return chosen.about.replaceAll('`', ''); // it may be a paragraph of the docs
}

$('start').addEventListener('change', ({ target }) => {
  $('first').textContent = begin(target.value);
  say('Ctrl Z in the editor brings your text back.');
});

$('help').addEventListener('click', () => $('keys').showModal());
$('skip').addEventListener('click', (event) => {
  event.preventDefault(); // the fragment is for profiles
  tabs.show('profile');
  profile.focus();
});

function keepForOffline() {
  if (!('serviceWorker' in navigator)) return;
  const before = navigator.serviceWorker.controller;
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (before) say('A newer version of this page is there: reload to have it.');
  });
  navigator.serviceWorker.register('sw.js').catch(() => {}); // no offline use there, nothing else
}

async function main() {
  const [known, linked] = await Promise.all([call('info'), take.open()]);
  info = known;
  const start = linked === null ? 'presets 0' : '';
  if (start) begin(start);
  else setProfile(linked);
  // While the generator works:
  offer();
  $('start').value = start;
  files.setMachines(info.machines);
  $('version').textContent = info.version;
  await settled;
  performance.measure('load', { start: 0, end: performance.now() });
  document.documentElement.dataset.ready = 'true';
  keepForOffline();
}

main().catch((fault) => {
  setText($('count'), `The generator does not start: ${fault.message}`);
  $('wait')?.replaceChildren('The generator does not start here: ', fault.message);
});
