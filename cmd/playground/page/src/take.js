// Taking it along: the flake as an archive, the profile as a file, a link, the command that applies it.
import { copyText } from './clipboard.js';
import { $, el, say } from './dom.js';

function save(name, data, type) {
  const url = URL.createObjectURL(new Blob([data], { type }));
  el('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// createTake has onOpen called with the profile of a link, at the start and when the address changes.
export function createTake({ call, profile, beside, ready, onOpen }) {
  let refusal = 'the generator is still starting'; // why there is nothing to download
  let own = ''; // the fragment that this page wrote itself

  const download = (format, ending, type) => async () => {
    await ready();
    if (refusal) {
      say(refusal);
      return;
    }
    try {
      save(`quick-deploy-flake.${ending}`, await call('archive', { format }), type);
      say(`quick-deploy-flake.${ending} is saved`);
    } catch (fault) {
      say(fault.message);
    }
  };
  $('tar').addEventListener('click', download('tgz', 'tar.gz', 'application/gzip'));
  $('zip').addEventListener('click', download('zip', 'zip', 'application/zip'));

  $('save').addEventListener('click', () => {
    save('quick-deploy.yaml', profile(), 'application/yaml');
    say('quick-deploy.yaml is saved');
  });

  $('link').addEventListener('click', async () => {
    try {
      const { fragment } = await call('share', { profile: profile() });
      own = fragment;
      location.hash = fragment;
      const copied = (await copyText(location.href)) ? 'The link is copied.' : 'The link is in the address bar.';
      say(`${copied} Who has it can read the profile${beside() ? ', but not the files beside it' : ''}.`);
    } catch (fault) {
      say(fault.message);
    }
  });

  $('copy').addEventListener('click', async () => {
    say((await copyText($('command').textContent)) ? 'The command is copied.' : 'Select the command to copy it.');
  });

  // open returns the profile that the address carries, or null.
  async function open() {
    const fragment = location.hash.slice(1);
    if (!fragment || fragment === own) return null;
    own = fragment;
    try {
      return (await call('open', { fragment })).profile;
    } catch (fault) {
      say(fault.message);
      $('first').textContent = `This is not the profile of the link: ${fault.message}.`; // which say forgets
      return null;
    }
  }
  addEventListener('hashchange', async () => {
    const text = await open();
    if (text !== null) onOpen(text);
  });

  return {
    open,
    // setRefusal takes the reason why nothing can be downloaded now, or ''.
    setRefusal(reason) {
      refusal = reason;
      for (const id of ['tar', 'zip']) {
        $(id).setAttribute('aria-disabled', String(Boolean(reason)));
        $(id).title = reason;
      }
    },
  };
}
