// Highlighting of Nix, as a tokenizer: strings with their ${…}, paths, comments, names of attributes.
import { StreamLanguage } from '@codemirror/language';

const keywords = new Set(['assert', 'else', 'if', 'in', 'inherit', 'let', 'or', 'rec', 'then', 'with']);
const constants = new Set(['true', 'false', 'null']);

// Each tokenizer is the top of state.stack; a string or a ${ pushes one, its end pops it.
function code(stream, state) {
  if (stream.eatSpace()) return null;
  if (stream.match('#')) {
    stream.skipToEnd();
    return 'comment';
  }
  if (stream.match('/*')) return enter(comment, stream, state);
  if (stream.match("''")) return enter(indented, stream, state);
  if (stream.match('"')) return enter(quoted, stream, state);
  if (stream.match(/^<[\w./+-]+>/) || stream.match(/^(?:[\w.+-]*|~)(?:\/[\w.+-]+)+/)) return 'string.special';
  if (stream.match(/^\d+(?:\.\d+)?/)) return 'number';
  if (stream.match('${') || stream.match('{')) {
    state.stack.push(code);
    return 'brace';
  }
  if (stream.match('}')) {
    if (state.stack.length > 1) state.stack.pop();
    return 'brace';
  }
  const word = stream.match(/^[A-Za-z_][\w'-]*/);
  if (word) {
    if (keywords.has(word[0])) return 'keyword';
    if (constants.has(word[0])) return 'atom';
    return stream.match(/^(?:\.[\w."${}'-]*)?\s*=(?!=)/, false) ? 'propertyName' : 'variableName';
  }
  if (stream.match(/^(?:\+\+|\/\/|->|==|!=|<=|>=|&&|\|\||[=+*/<>!?:@-])/)) return 'operator';
  stream.next();
  return 'punctuation';
}

function enter(tokenizer, stream, state) {
  state.stack.push(tokenizer);
  return tokenizer(stream, state);
}

function comment(stream, state) {
  if (stream.skipTo('*/')) {
    stream.match('*/');
    state.stack.pop();
  } else {
    stream.skipToEnd();
  }
  return 'comment';
}

const quoted = string(/^(?:\\.|\$\$|[^"\\$]|\$(?!\{))+/, '"');
const indented = string(/^(?:''(?:\$|\\.|')|\$\$|[^'$]|'(?!')|\$(?!\{))+/, "''");

function string(content, end) {
  return (stream, state) => {
    if (stream.match(content)) return 'string';
    if (stream.match('${')) {
      state.stack.push(code);
      return 'brace';
    }
    if (stream.match(end)) state.stack.pop();
    else stream.next(); // a backslash at the end of a line
    return 'string';
  };
}

export const nix = StreamLanguage.define({
  name: 'nix',
  startState: () => ({ stack: [code] }),
  copyState: ({ stack }) => ({ stack: [...stack] }),
  token: (stream, state) => state.stack.at(-1)(stream, state),
  languageData: { commentTokens: { line: '#' } },
});
