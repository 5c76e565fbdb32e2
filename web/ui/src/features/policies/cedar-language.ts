import { StreamLanguage, type StreamParser, type StringStream } from '@codemirror/language';

/** Cedar, for the eye: what is a word of the language, a string, a type, an annotation. */

export interface CedarState {
  /** Inside a string that has not ended. */
  quoted: boolean;
  /** Brackets that are open. */
  depth: number;
}

const KEYWORDS = new Set([
  'permit',
  'forbid',
  'when',
  'unless',
  'if',
  'then',
  'else',
  'in',
  'like',
  'has',
  'is',
]);
const TRUTHS = new Set(['true', 'false']);
const REQUEST = new Set(['principal', 'action', 'resource', 'context']);
const FUNCTIONS = new Set(['decimal', 'ip', 'datetime', 'duration']);
const WORD = /^[A-Za-z_][A-Za-z0-9_]*/;
const OPERATOR = /^(?:[=!<>]=|&&|\|\||::|[<>!+*.,:;-])/;

export const cedarParser: StreamParser<CedarState> = {
  name: 'cedar',
  startState: () => ({ quoted: false, depth: 0 }),
  token(stream, state) {
    if (state.quoted) return rest(stream, state);
    if (stream.eatSpace()) return null;
    if (stream.match('//')) {
      stream.skipToEnd();
      return 'comment';
    }
    if (stream.eat('"')) return rest(stream, state);
    if (stream.match(/^@[A-Za-z_][A-Za-z0-9_]*/)) return 'meta';
    if (stream.match(/^\?(?:principal|resource)\b/)) return 'atom';
    if (stream.match(/^[0-9]+/)) return 'number';
    const found = stream.match(WORD);
    if (Array.isArray(found)) return kindOf(found[0], stream);
    return bracket(stream, state);
  },
  indent(state, after, context) {
    const closes = /^\s*[)\]}]/.test(after) ? 1 : 0;
    return Math.max(0, state.depth - closes) * context.unit;
  },
  languageData: { commentTokens: { line: '//' } },
};

export const cedar = StreamLanguage.define(cedarParser);

/** What is left of a string on this line. */
function rest(stream: StringStream, state: CedarState): string {
  state.quoted = true;
  for (let next = stream.next(); next !== undefined; next = stream.next()) {
    if (next === '\\') stream.next();
    if (next === '"') {
      state.quoted = false;
      break;
    }
  }
  return 'string';
}

function kindOf(word: string, stream: StringStream): string {
  if (stream.match(/^\s*::/, false)) return 'typeName';
  if (KEYWORDS.has(word)) return 'keyword';
  if (TRUTHS.has(word)) return 'bool';
  if (REQUEST.has(word)) return 'variableName.special';
  if (FUNCTIONS.has(word) && stream.match(/^\s*\(/, false)) return 'variableName.standard';
  return 'propertyName';
}

function bracket(stream: StringStream, state: CedarState): string | null {
  if (stream.match(/^[([{]/)) {
    state.depth += 1;
    return 'bracket';
  }
  if (stream.match(/^[)\]}]/)) {
    state.depth = Math.max(0, state.depth - 1);
    return 'bracket';
  }
  if (stream.match(OPERATOR)) return 'operator';
  stream.next();
  return null;
}
