// The generated file: read-only, with the line of the profile that made each line in front of it.
import { defaultKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { search, searchKeymap } from '@codemirror/search';
import { EditorState, RangeSet, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  GutterMarker,
  gutter,
  highlightActiveLine,
  keymap,
  lineNumbers,
  showTooltip,
} from '@codemirror/view';
import { replacement, shared } from './codemirror.js';
import { el } from './dom.js';
import { nix } from './nix.js';
import { presetName } from './result.js';

class Sign extends GutterMarker {
  constructor(text, title, name) {
    super();
    Object.assign(this, { text, title, elementClass: name });
  }

  eq(other) {
    return this.text === other.text && this.title === other.title;
  }

  toDOM() {
    return el('span', { title: this.title }, this.text);
  }
}

const changedSign = new Sign('+', 'changed since the last valid state', 'sign-changed');

const originSign = ({ file, line }) =>
  file
    ? new Sign('◇', `${presetName(file)}, line ${line}`, 'sign-preset')
    : new Sign(String(line), `line ${line} of the profile`, 'sign-origin');

// Marks are of the whole file at once: which lines changed, which come from where, which of them from the caret's line.
const setMarks = StateEffect.define();
const nothing = { lines: Decoration.none, changed: RangeSet.empty, origins: RangeSet.empty };
const marks = StateField.define({
  create: () => nothing,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setMarks)) return effect.value;
    return value;
  },
  provide: (field) => EditorView.decorations.from(field, ({ lines }) => lines),
});

const setPopover = StateEffect.define();
const popover = StateField.define({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setPopover)) return effect.value;
    return transaction.docChanged || transaction.selection ? null : value;
  },
  provide: (field) => showTooltip.from(field),
});

function marksOf(doc, file, traced) {
  const changed = new Set(file.changed);
  const lines = [];
  const changedMarks = [];
  const origins = [];
  for (let number = 1; number <= doc.lines; number++) {
    const { from } = doc.line(number);
    const origin = file.from?.[number - 1];
    const names = [
      changed.has(number) && 'changed',
      origin && !origin.file && origin.line === traced && 'traced',
    ].filter(Boolean);
    if (names.length) lines.push(Decoration.line({ class: names.join(' ') }).range(from));
    if (changed.has(number)) changedMarks.push(changedSign.range(from));
    if (origin) origins.push(originSign(origin).range(from));
  }
  return { lines: Decoration.set(lines), changed: RangeSet.of(changedMarks), origins: RangeSet.of(origins) };
}

// createView calls onLine with the line of the caret, and onOrigin where the user asks where that line comes from.
export function createView({ parent, onLine, onOrigin }) {
  let shown; // the file

  const lineAt = (state) => state.doc.lineAt(state.selection.main.head).number;
  const follow = (view) => {
    onOrigin(lineAt(view.state), { focus: true });
    return true;
  };
  const closePopover = (view) => {
    if (!view.state.field(popover)) return false;
    view.dispatch({ effects: setPopover.of(null) });
    return true;
  };

  const extensions = [
    shared,
    gutter({ class: 'gutter-origin', markers: (view) => view.state.field(marks).origins }),
    lineNumbers(),
    gutter({ class: 'gutter-changed', markers: (view) => view.state.field(marks).changed }),
    marks,
    popover,
    highlightActiveLine(),
    search({ top: true }),
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({
      'aria-label': 'Text of the generated file',
      spellcheck: 'false',
      tabindex: '0',
      inputmode: 'none',
    }),
    keymap.of([
      { key: 'F12', run: follow },
      { key: 'Alt-Enter', run: follow },
      { key: 'Escape', run: closePopover },
      ...searchKeymap,
      ...defaultKeymap,
    ]),
    EditorView.domEventHandlers({
      click(event, view) {
        const { main } = view.state.selection;
        const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
        if (at === null || !main.empty) return;
        // After a tap the browser moves the caret only later.
        if (at !== main.head) view.dispatch({ selection: { anchor: at } });
        onOrigin(lineAt(view.state), { focus: false });
      },
    }),
    EditorView.updateListener.of((update) => {
      if (update.selectionSet) onLine(lineAt(update.state));
    }),
  ];

  const stateOf = ({ path, text }) =>
    EditorState.create({ doc: text, extensions: [extensions, path.endsWith('.nix') ? nix : yaml()] });

  const view = new EditorView({ parent, state: stateOf({ path: '', text: '' }) });

  return {
    file: () => shown,
    line: () => lineAt(view.state),
    focus: () => view.focus(),

    // show takes a file of a result. The same path keeps its caret and scroll.
    show(file, traced) {
      if (shown?.path !== file.path) {
        view.setState(stateOf(file));
        view.scrollDOM.scrollTo(0, 0);
      } else if (shown.text !== file.text) view.dispatch({ changes: replacement(view.state.doc, file.text) });
      shown = file;
      this.trace(traced);
    },

    // trace marks the lines that the profile's line made; scroll brings the first of them into view.
    trace(line, { scroll = false } = {}) {
      const effects = [setMarks.of(marksOf(view.state.doc, shown, line))];
      const first = shown.from?.findIndex((origin) => origin && !origin.file && origin.line === line) ?? -1;
      if (scroll && first >= 0)
        effects.push(EditorView.scrollIntoView(view.state.doc.line(first + 1).from, { y: 'nearest', yMargin: 60 }));
      view.dispatch({ effects });
    },

    // reveal moves the caret to a line.
    reveal(line, { focus = false } = {}) {
      const at = view.state.doc.line(Math.min(line, view.state.doc.lines)).from;
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
      if (focus) view.focus();
    },

    // popover shows an element at the caret until that moves.
    popover(dom) {
      view.dispatch({
        effects: setPopover.of({ pos: view.state.selection.main.head, above: false, create: () => ({ dom }) }),
      });
    },
  };
}
