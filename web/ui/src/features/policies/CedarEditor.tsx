import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language';
import {
  diagnosticCount,
  lintGutter,
  lintKeymap,
  nextDiagnostic,
  setDiagnostics,
} from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import {
  closeHoverTooltips,
  EditorView,
  hasHoverTooltips,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useImperativeHandle, useRef, type ReactElement } from 'react';
import { cedar } from './cedar-language';
import { marksIn } from './findings';
import type { SourceEditorProps } from './SourceEditor';
import { adoptEditorStyles } from '@/shared/components/editor/adopted-styles';

adoptEditorStyles();

/** CodeMirror: colours, and what the check says where it says it. Tab leaves it, as any field. */
export default function CedarEditor({
  label,
  value,
  onChange,
  findings,
  describedBy,
  ref,
}: SourceEditorProps): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView>(null);
  const changed = useRef(onChange);
  useEffect(() => {
    changed.current = onChange;
  }, [onChange]);
  const first = useRef(value);
  useEffect(() => {
    if (place.current === null) return undefined;
    const listener = EditorView.updateListener.of((update) => {
      if (update.docChanged) changed.current(update.state.doc.toString());
    });
    const view = new EditorView({
      doc: first.current,
      extensions: [EXTENSIONS, named(label, describedBy), listener],
      parent: place.current,
    });
    editor.current = view;
    return () => {
      view.destroy();
    };
  }, [label, describedBy]);
  useEffect(() => {
    first.current = value;
    const view = editor.current;
    if (view === null || view.state.doc.toString() === value) return;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    const view = editor.current;
    if (view !== null && findings !== undefined) mark(view, findings);
  }, [findings]);
  useImperativeHandle(ref, () => ({
    goTo: (line, column) => {
      const view = editor.current;
      if (view === null) return;
      const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      const anchor = Math.min(at.from + (column ?? 1) - 1, at.to);
      view.dispatch({ selection: { anchor }, scrollIntoView: true });
      view.focus();
    },
  }));
  return (
    <div
      ref={place}
      className="h-[28rem] overflow-hidden rounded-md border border-control bg-surface focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-ring"
    />
  );
}

function mark(view: EditorView, findings: NonNullable<SourceEditorProps['findings']>): void {
  const marks = marksIn(view.state.doc.toString(), findings);
  view.dispatch(
    setDiagnostics(
      view.state,
      marks.map((each) => ({ ...each, severity: 'error' })),
    ),
  );
}

function named(label: string, describedBy: string): Extension {
  return EditorView.contentAttributes.of((view) => ({
    'aria-label': label,
    'aria-describedby': describedBy,
    'aria-invalid': String(diagnosticCount(view.state) > 0),
    tabindex: '0',
    spellcheck: 'false',
    autocapitalize: 'off',
  }));
}

// Colours are the page's own, by name: they follow its theme by themselves.
const COLOURS = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--accent)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--ok)' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
  { tag: tags.meta, color: 'var(--wait)' },
  { tag: [tags.number, tags.bool, tags.atom], color: 'var(--bad)' },
  { tag: [tags.typeName, tags.standard(tags.variableName)], color: 'var(--info)' },
  { tag: tags.special(tags.variableName), fontWeight: '600' },
]);

const LOOKS = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', fontSize: '0.875rem' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '1.25rem' },
  '.cm-content': { padding: '0.5rem 0', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0 0.75rem' },
  '.cm-gutters': {
    backgroundColor: 'var(--sunken)',
    color: 'var(--muted)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine': { backgroundColor: 'var(--sunken)' },
  '&.cm-focused .cm-activeLineGutter': { color: 'var(--text)', fontWeight: '600' },
  '&.cm-focused .cm-matchingBracket, .cm-selectionMatch': {
    backgroundColor: 'var(--accent-soft)',
  },
  '&.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--bad-soft)' },
  '.cm-searchMatch': { backgroundColor: 'var(--wait-soft)' },
  '.cm-searchMatch-selected': { backgroundColor: 'var(--accent-soft)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--bad)',
    textUnderlineOffset: '3px',
  },
  '.cm-tooltip, .cm-panels': {
    backgroundColor: 'var(--raised)',
    color: 'var(--text)',
    borderColor: 'var(--line)',
  },
  '.cm-tooltip': { border: '1px solid var(--line)', borderRadius: '0.375rem', maxWidth: '32rem' },
  '.cm-diagnostic': { fontFamily: 'var(--font-sans)', padding: '0.375rem 0.625rem' },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--bad)' },
  '.cm-panel.cm-search, .cm-panel.cm-panel-lint': { fontFamily: 'var(--font-sans)' },
  '.cm-panel input, .cm-panel button': {
    minHeight: '1.75rem',
    color: 'var(--text)',
    backgroundColor: 'var(--surface)',
    backgroundImage: 'none',
    border: '1px solid var(--control)',
    borderRadius: '0.25rem',
  },
  '.cm-panel.cm-search input, .cm-panel.cm-search button, .cm-panel.cm-search label': {
    fontSize: '0.8125rem',
  },
  '.cm-panel.cm-search input[type=checkbox]': {
    minHeight: '1.5rem',
    minWidth: '1.25rem',
    verticalAlign: 'middle',
    accentColor: 'var(--accent)',
  },
  '.cm-panel.cm-search [name=close]': {
    minHeight: '1.5rem',
    minWidth: '1.5rem',
    border: 'none',
    backgroundColor: 'transparent',
    color: 'var(--text)',
  },
});

/**
 * Where text takes the place of what is selected, a browser may write styles into the elements it
 * joins, which the content policy forbids and the console tells of: so it is done here.
 */
const replacing = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { data, inputType, isComposing } = event;
    if (inputType !== 'insertText' || data === null || isComposing) return false;
    if (view.state.selection.main.empty || view.state.readOnly) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(data), {
      userEvent: 'input.type',
      scrollIntoView: true,
    });
    return true;
  },
});

/** What is told over the text can be put away without leaving it (WCAG 2.2, 1.4.13). */
function closeWords(view: EditorView): boolean {
  if (!hasHoverTooltips(view.state)) return false;
  view.dispatch({ effects: closeHoverTooltips });
  return true;
}

const EXTENSIONS: Extension = [
  lineNumbers(),
  history(),
  indentOnInput(),
  bracketMatching(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSelectionMatches(),
  search({ top: true }),
  EditorState.tabSize.of(2),
  cedar,
  syntaxHighlighting(COLOURS),
  lintGutter(),
  replacing,
  LOOKS,
  // No key for Tab: it goes on to the next field, as everywhere. Indenting is Mod-] and Mod-[.
  keymap.of([
    // Elsewhere F8 leads to the page's messages; here, where there are findings, to the next one.
    { key: 'F8', run: nextDiagnostic, stopPropagation: true },
    { key: 'Escape', run: closeWords },
    ...defaultKeymap,
    ...historyKeymap,
    ...searchKeymap,
    ...lintKeymap,
  ]),
];
