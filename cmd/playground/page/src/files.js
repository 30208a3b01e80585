// Machines and files that are brought to the page: from the list of examples, by the button, or dropped.
import { $, el, say } from './dom.js';

// createFiles keeps which facts belong to which host, and files beside the profile; onChange says that they are others.
// A report that the profile names itself (hardware.facts) is such a file.
export function createFiles({ profile, onChange, onProfile }) {
  let machines = []; // {name, about, facts}: examples, then what was opened
  let hosts = [];
  const chosen = new Map(); // host → index into machines; the only host is '', whatever its name
  const beside = new Map(); // path → text

  const host = () => (hosts.length > 1 ? $('host').value : '');

  function draw() {
    const option = ({ name, about }, index) => el('option', { value: index, title: about }, name);
    $('machine').replaceChildren(el('option', { value: '' }, 'not known yet'), ...machines.map(option));
    $('machine').value = chosen.get(host()) ?? '';
    $('machine').title = machines[chosen.get(host())]?.about ?? '';
    $('host').closest('label').hidden = hosts.length < 2;
    $('beside').hidden = beside.size === 0;
    $('beside').replaceChildren(
      ...[...beside.keys()].map((path) =>
        el(
          'li',
          {},
          path,
          el(
            'button',
            {
              type: 'button',
              class: 'plain',
              'aria-label': `Remove ${path}`,
              onclick: () => {
                beside.delete(path);
                draw();
                onChange();
              },
            },
            '×',
          ),
        ),
      ),
    );
  }

  function choose(index) {
    if (index === '') chosen.delete(host());
    else chosen.set(host(), Number(index));
    draw();
    onChange();
  }

  $('machine').addEventListener('change', ({ target }) => choose(target.value));
  $('host').addEventListener('change', draw);

  const isProfile = ({ name }) => /^quick-deploy\.ya?ml$/.test(name);

  async function take(list) {
    const files = [...list].sort((a, b) => isProfile(b) - isProfile(a)); // it may name the others
    if (files.some(isProfile)) beside.clear();
    for (const file of files) {
      const text = await file.text();
      const facts = factsOf(text);
      if (facts && !profile().includes(file.name)) {
        machines.push({ name: file.name, about: 'opened here', facts });
        chosen.set(host(), machines.length - 1);
        say(`${file.name} is the machine${hosts.length > 1 ? ` of ${host()}` : ''}`);
      } else if (isProfile(file)) {
        onProfile(text);
        say(`${file.name} is the profile`);
      } else {
        beside.set(file.name, text);
        say(`${file.name} is beside the profile`);
      }
    }
    if (!files.length) return;
    draw();
    onChange();
  }

  $('facts').addEventListener('click', () => $('file').click());
  $('file').addEventListener('change', async ({ target }) => {
    await take(target.files);
    target.value = ''; // the same file can be opened again
  });

  const brings = (event) => event.dataTransfer?.types.includes('Files');
  document.addEventListener('dragover', (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    $('drop').hidden = false;
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) $('drop').hidden = true;
  });
  // Before the editor sees it, which would take the file's text in.
  document.addEventListener(
    'drop',
    (event) => {
      if (!brings(event)) return;
      event.preventDefault();
      event.stopPropagation();
      $('drop').hidden = true;
      take(event.dataTransfer.files);
    },
    true,
  );

  return {
    setMachines(examples) {
      machines = [...examples];
      draw();
    },

    // setBeside replaces the files beside the profile by those of a recipe.
    setBeside(files) {
      beside.clear();
      for (const [path, text] of Object.entries(files ?? {})) beside.set(path, text);
      draw();
    },

    // setHosts takes the hosts of a result. True says that facts are for other hosts than before.
    setHosts(names) {
      if (names.join('\n') === hosts.join('\n')) return false;
      const before = JSON.stringify([...chosen]);
      const only = chosen.get(host());
      hosts = names;
      $('host').replaceChildren(...hosts.map((name) => el('option', {}, name)));
      // The machine of the only host becomes that of the first of several, and the other way round.
      if (only !== undefined) chosen.set(host(), only);
      for (const name of [...chosen.keys()]) if (hosts.length > 1 ? !hosts.includes(name) : name) chosen.delete(name);
      draw();
      return JSON.stringify([...chosen]) !== before;
    },

    facts: () =>
      chosen.size ? Object.fromEntries([...chosen].map(([name, index]) => [name, machines[index].facts])) : null,
    host, // the one that the page is about, '' for the only one
    beside: () => (beside.size ? Object.fromEntries(beside) : null),
  };
}

// factsOf is the report of “probe --json” in a text, or null.
function factsOf(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === 'object' && 'version' in value && 'system' in value ? value : null;
  } catch {
    return null;
  }
}
