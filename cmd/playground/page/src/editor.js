// The editor of the profile: YAML, with completion, explanations and problems as the generator gives them.
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  selectedCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab, insertNewlineAndIndent } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, indentOnInput, indentService, indentUnit } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { search, searchKeymap } from '@codemirror/search';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
  placeholder,
  showTooltip,
} from '@codemirror/view';
import { position, replacement, shared } from './codemirror.js';
import { el } from './dom.js';

// The lines that a generated line, or a search, led to: they stay marked until the caret leaves or the text changes.
const setOrigin = StateEffect.define();
const origin = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setOrigin))
        return Decoration.set(effect.value.map((at) => Decoration.line({ class: 'origin' }).range(at)));
    }
    return transaction.docChanged || transaction.selection ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

// The explanation asked for by F1, at the caret; what the mouse hovers over is hoverTooltip's.
const setExplained = StateEffect.define();
const explained = StateField.define({
  create: () => null,
  update(tooltip, transaction) {
    for (const effect of transaction.effects) if (effect.is(setExplained)) return effect.value;
    return transaction.docChanged || transaction.selection ? null : tooltip;
  },
  provide: (field) => showTooltip.from(field),
});

// A new line is as deep as the one before, and deeper after a key without a value.
const indentation = indentService.of((context, at) => {
  const before = context.lineAt(at, -1);
  if (before.from === at) return undefined; // not at its end: as the language has it
  const { text } = before;
  if (!text.trim()) return undefined;
  return context.countColumn(text, text.search(/\S/)) + (/(?::|[|>][+-]?)\s*$/.test(text) ? context.unit : 0);
});

const fromCaret = (state, at) => {
  const line = state.doc.lineAt(at);
  return { line: line.number, column: at - line.from + 1 };
};

function explanation({ title, text, type, default: value }) {
  return el(
    'div',
    { class: 'explanation' },
    el('p', {}, el('strong', {}, title), type ? el('span', { class: 'type' }, type) : null),
    text ? el('p', {}, text) : null,
    value ? el('p', { class: 'default' }, 'default ', el('code', {}, value)) : null,
  );
}

// createProfile calls onChange with the time of an edit, onCaret with the line of the caret, and onTrace where the
// user asks what that line makes.
export function createProfile({ parent, call, onChange, onCaret, onTrace }) {
  const tooltipAt = async (state, at) => {
    const found = await call('hover', { profile: state.doc.toString(), ...fromCaret(state, at) });
    if (!found) return null;
    const { line } = fromCaret(state, at);
    return {
      pos: position(state.doc, line, found.from),
      end: position(state.doc, line, found.to),
      above: true,
      create: () => ({ dom: explanation(found) }),
      text: [found.title, found.type, found.text].filter(Boolean).join('. '),
    };
  };

  const complete = async (context) => {
    if (!context.explicit && !context.matchBefore(/(?:[\w.-]|: )$/)) return null;
    const at = fromCaret(context.state, context.pos);
    const found = await call('complete', { profile: context.state.doc.toString(), ...at });
    if (!found?.options?.length) return null;
    return {
      from: position(context.state.doc, at.line, found.from),
      to: position(context.state.doc, at.line, found.to),
      options: found.options,
      validFor: /^[\w-]*$/,
    };
  };

  const explain = (view) => {
    const { state } = view;
    tooltipAt(state, state.selection.main.head).then((tooltip) => {
      if (view.state !== state) return;
      const effects = [setExplained.of(tooltip)];
      effects.push(EditorView.announce.of(tooltip ? tooltip.text : 'nothing to explain here'));
      view.dispatch({ effects });
    });
    return true;
  };

  const trace = (view) => {
    onTrace(fromCaret(view.state, view.state.selection.main.head).line);
    return true;
  };

  // Enter behind a word that is written in full begins a line, rather than completing the word to itself.
  const newline = (view) => {
    const { state } = view;
    const { label, apply } = selectedCompletion(state) ?? {};
    const { main } = state.selection;
    const before = state.sliceDoc(Math.max(0, main.head - (label?.length ?? 0) - 1), main.head);
    if (!label || apply || !main.empty || before.replace(/^[\s[{,]/, '') !== label) return false;
    closeCompletion(view);
    return insertNewlineAndIndent(view);
  };

  const closeExplanation = (view) => {
    if (!view.state.field(explained)) return false;
    view.dispatch({ effects: setExplained.of(null) });
    return true;
  };

  const view = new EditorView({
    parent,
    state: EditorState.create({
      extensions: [
        shared,
        lineNumbers(),
        lintGutter(),
        history(),
        yaml(),
        indentUnit.of('  '),
        indentation,
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({
          override: [complete],
          icons: false,
          defaultKeymap: false, // it would come before newline
          activateOnCompletion: ({ apply }) => /: $/.test(apply),
        }),
        hoverTooltip((editor, at) => tooltipAt(editor.state, at), { hideOnChange: true }),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        search({ top: true }),
        origin,
        explained,
        placeholder('version: 1 …'),
        EditorView.contentAttributes.of({
          'aria-label': 'Profile',
          spellcheck: 'false',
          tabindex: '0',
          autocapitalize: 'off',
        }),
        keymap.of([
          { key: 'F1', run: explain },
          { key: 'Escape', run: closeExplanation },
          { key: 'F12', run: trace },
          { key: 'Alt-Enter', run: trace },
          { key: 'Tab', run: acceptCompletion },
          { key: 'Enter', run: newline },
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...lintKeymap,
          ...searchKeymap,
          ...historyKeymap,
          ...defaultKeymap,
          indentWithTab,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(performance.now());
          if (update.docChanged || update.selectionSet)
            onCaret(fromCaret(update.state, update.state.selection.main.head).line);
        }),
      ],
    }),
  });

  return {
    text: () => view.state.doc.toString(),
    line: () => fromCaret(view.state, view.state.selection.main.head).line,
    focus: () => view.focus(),

    // replace puts a whole text in; undo brings the old one back. What came in is marked if it is asked for.
    replace(text, { mark = false } = {}) {
      const change = replacement(view.state.doc, text);
      view.dispatch({
        changes: change,
        selection: { anchor: mark ? change.from + change.insert.trimEnd().length : 0 },
        scrollIntoView: true,
      });
      if (!mark || !change.insert.trim()) return;
      const { doc } = view.state;
      const first = doc.lineAt(change.from + change.insert.search(/\S/)).number;
      const last = doc.lineAt(change.from + change.insert.trimEnd().length).number;
      const starts = Array.from({ length: last - first + 1 }, (_, i) => doc.line(first + i).from);
      view.dispatch({ effects: setOrigin.of(starts) });
    },

    // reveal moves the caret to a line and shows it, marked if a generated line led there.
    reveal(line, { column = 1, mark = false, focus = false } = {}) {
      const { doc } = view.state;
      const at = position(doc, line, column);
      const effects = [EditorView.scrollIntoView(at, { y: 'center' })];
      if (mark) effects.push(setOrigin.of([doc.lineAt(at).from]));
      view.dispatch({ selection: { anchor: at }, effects });
      if (focus) view.focus();
    },

    setProblems(problems, notices) {
      const { doc } = view.state;
      const span = ({ line, column, endLine, endColumn }) => {
        const from = position(doc, line, column);
        return { from, to: Math.max(from, position(doc, endLine || line, endColumn || column)) };
      };
      const diagnostics = problems.map((problem) => ({
        ...span(problem),
        severity: 'error',
        message: problem.hint ? `${problem.message}\nhint: ${problem.hint}` : problem.message,
      }));
      for (const notice of notices) diagnostics.push({ ...span(notice), severity: 'info', message: notice.text });
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
  };
}
