// Machines and files that are brought to the page: from the list of examples, by the button, or dropped.
import { $, el, say } from './dom.js';

// createFiles keeps which facts belong to which host, and files beside the profile; onChange says that they are others.
// A report that the profile names itself (hardware.facts) is such a file; one that is named after a host is that host's.
export function createFiles({ profile, onChange, onProfile }) {
  let machines = []; // {name, about, facts}: examples, then what was opened
  let hosts = [];
  const chosen = new Map(); // host → index into machines; the only host is '', whatever its name
  const beside = new Map(); // path → text

  const host = () => (hosts.length > 1 ? $('host').value : '');

  function remove(path) {
    beside.delete(path);
    draw();
    onChange();
  }

  function draw() {
    const option = ({ name, about }, index) => el('option', { value: index, title: about }, name);
    $('machine').replaceChildren(el('option', { value: '' }, 'not known yet'), ...machines.map(option));
    $('machine').value = chosen.get(host()) ?? '';
    $('machine').title = machines[chosen.get(host())]?.about ?? '';
    $('host').closest('label').hidden = hosts.length < 2;
    const button = (path) =>
      el(
        'button',
        { type: 'button', class: 'plain', 'aria-label': `Remove ${path}`, onclick: () => remove(path) },
        '×',
      );
    $('beside').replaceChildren(...[...beside.keys()].map((path) => el('li', {}, path, button(path))));
    $('beside').hidden = beside.size === 0;
  }

  $('machine').addEventListener('change', ({ target: { value } }) => {
    if (value === '') chosen.delete(host());
    else chosen.set(host(), Number(value));
    draw();
    onChange();
  });
  $('host').addEventListener('change', draw);

  async function take(list) {
    const texts = new Map(await Promise.all([...list].map(async (file) => [file.name, await file.text()])));
    const name = [...texts.keys()].find((each) => /^quick-deploy\.ya?ml$/.test(each));
    const text = texts.get(name) ?? profile();
    if (name) {
      texts.delete(name);
      beside.clear();
      say(`${name} is the profile`);
    }
    for (const [path, content] of texts) {
      const facts = text.includes(path) ? null : factsOf(content);
      if (facts) {
        const named = path.replace(/\.json$/, '');
        const to = hosts.length > 1 && hosts.includes(named) ? named : host();
        chosen.set(to, machines.push({ name: path, about: 'opened here', facts }) - 1);
        say(`${path} is the machine${to ? ` of ${to}` : ''}`);
      } else {
        beside.set(path, content);
        say(`${path} is beside the profile`);
      }
    }
    draw();
    if (name) onProfile(text);
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
