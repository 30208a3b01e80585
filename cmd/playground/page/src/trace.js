// From a line of the flake to the line that made it, and from a line of the profile to what it makes.
import { $, el, say } from './dom.js';
import { filesFrom, presetName } from './result.js';

const most = 6; // files that are named below the profile

// createTrace shows both below their editors. files returns the generated files, source the text of a file that lines
// come from, '' being the profile, and select shows a generated file.
export function createTrace({ profile, view, tabs, files, source, select }) {
  const originOf = (line) => view.file()?.from?.[line - 1];
  const textOf = ({ file, line }) => source(file)?.split('\n')[line - 1]?.trim() ?? '';

  function goToFile({ path, lines }, options) {
    tabs.show('files');
    if (path !== view.file().path) select(path);
    view.reveal(lines[0], options);
  }

  // goToOrigin follows a line of the flake. focus says that the user asked by a key or by the button; a click only
  // shows the line, and on a narrow screen, where the profile is behind a tab, what is below has the button.
  function goToOrigin(line, { focus }) {
    const from = originOf(line);
    if (!from) return;
    if (from.file) {
      view.popover(popover(from));
      if (focus) say(`from ${presetName(from.file)}, line ${from.line}: ${textOf(from)}`);
      return;
    }
    if (focus) tabs.show('profile');
    profile.reveal(from.line, { mark: true, focus });
  }

  // popover has the line of a preset with those around it.
  function popover({ file, line }) {
    const lines = source(file)?.split('\n') ?? [];
    const first = Math.max(0, line - 3);
    return el(
      'div',
      { class: 'source' },
      el('p', {}, `from ${presetName(file)}, line ${line}`),
      el(
        'pre',
        {},
        ...lines.slice(first, line + 2).map((text, index) => {
          const number = first + index + 1;
          return el('span', { class: number === line ? 'origin' : null }, `${String(number).padStart(3)}  ${text}\n`);
        }),
      ),
    );
  }

  return {
    goToOrigin,

    // goToMade follows a line of the profile to the first line that it makes.
    goToMade(line) {
      const [made] = filesFrom(files(), line);
      if (made) goToFile(made, { focus: true });
      else say(`line ${line} makes no line of its own`);
    },

    // show says what a line of the profile makes, and marks it in the file that is shown.
    show(line) {
      if (!view.file()) return;
      view.trace(line, { scroll: true });
      const made = filesFrom(files(), line);
      const names = made
        .slice(0, most)
        .flatMap((each, index) => [
          index ? ', ' : '',
          el(
            'button',
            { type: 'button', class: 'plain', onclick: () => goToFile(each) },
            each.path.replace(/^hosts\//, ''),
          ),
          each.lines.length === 1 ? ` line ${each.lines[0]}` : ` ${each.lines.length} lines`,
        ]);
      const more = made.length > most ? ` and ${made.length - most} more files` : '';
      $('traces').replaceChildren(
        made.length ? `Line ${line} makes ` : `Line ${line} makes no line of its own`,
        ...names,
        more,
      );
    },

    // showOrigin says where a line of the file that is shown comes from.
    showOrigin(line) {
      const from = originOf(line);
      if (!from) {
        $('from').replaceChildren(`Line ${line} comes from no single line of the profile`);
        return;
      }
      const where = from.file ? `${presetName(from.file)}, line ${from.line}` : `line ${from.line} of the profile`;
      $('from').replaceChildren(
        `Line ${line} comes from `,
        el('button', { type: 'button', class: 'plain', onclick: () => goToOrigin(line, { focus: true }) }, where),
        el('code', {}, textOf(from)),
      );
    },
  };
}
