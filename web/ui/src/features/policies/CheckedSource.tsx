import { CircleCheck, CircleX } from 'lucide-react';
import { useEffect, useRef, useState, type ReactElement, type ReactNode } from 'react';
import type { PolicyFinding } from './findings';
import { usePolicyCheck, type PolicyBody } from './policies';
import { SourceEditor, type SourceEditorHandle } from './SourceEditor';
import { Kbd } from '@/shared/components/kbd';
import { ProblemNotice } from '@/shared/components/problem-notice';

const REST_MS = 400;
const FINDINGS = 'policy-findings';
const KEYS = 'policy-editor-keys';

/** The editor, with what the server says of the text marked in it and listed below. */
export function CheckedSource({
  source,
  onChange,
  body,
}: {
  source: string;
  onChange: (source: string) => void;
  body: PolicyBody | undefined;
}): ReactElement {
  const rested = useRested(body);
  const check = usePolicyCheck(rested);
  const editor = useRef<SourceEditorHandle>(null);
  // An answer about an older text would mark the wrong places.
  const isCurrent = rested?.source === source && !check.isPlaceholderData;
  return (
    <div className="space-y-2">
      <SourceEditor
        ref={editor}
        label="Cedar policies"
        value={source}
        onChange={onChange}
        findings={isCurrent ? check.data?.problems : undefined}
        describedBy={`${FINDINGS} ${KEYS}`}
      />
      <p id={KEYS} className="hidden text-sm text-muted sm:block">
        <Kbd keys="Tab" /> leaves the editor, <Kbd keys="F8" /> goes to the next finding.
      </p>
      <div id={FINDINGS} role="status" className="space-y-1 text-sm">
        {check.error !== null && <ProblemNotice error={check.error} />}
        {check.data !== undefined && <Findings checked={check.data} editor={editor} />}
      </div>
    </div>
  );
}

function Findings({
  checked,
  editor,
}: {
  checked: NonNullable<ReturnType<typeof usePolicyCheck>['data']>;
  editor: { current: SourceEditorHandle | null };
}): ReactElement {
  const failed = checked.tests.filter((each) => !each.passed);
  return (
    <>
      {checked.accepted && failed.length === 0 && (
        <p className="flex items-center gap-1.5 text-ok">
          <CircleCheck aria-hidden className="size-4" />
          It would be accepted: {checked.policies.length} policies, {checked.tests.length} tests
          pass.
        </p>
      )}
      {checked.problems.map((each, at) => (
        <Finding key={at}>
          <Place finding={each} onGo={(line, column) => editor.current?.goTo(line, column)} />
          {each.policy !== null && <code>{each.policy} </code>}
          {each.message}
          {each.fix !== null && <span className="text-muted"> {each.fix}</span>}
        </Finding>
      ))}
      {failed.map((each) => (
        <Finding key={each.name}>
          Test <code>{each.name}</code> fails: {each.problem}
        </Finding>
      ))}
    </>
  );
}

function Place({
  finding: { where, line, column },
  onGo,
}: {
  finding: PolicyFinding;
  onGo: SourceEditorHandle['goTo'];
}): ReactElement | null {
  if (line === null) return null;
  const told = column === null ? `Line ${line}` : `Line ${line}, column ${column}`;
  if (where !== 'source') return <strong>{told}: </strong>;
  return (
    <>
      <button
        type="button"
        className="min-h-6 font-semibold text-accent underline"
        onClick={() => {
          onGo(line, column);
        }}
      >
        {told}
      </button>
      {': '}
    </>
  );
}

function Finding({ children }: { children: ReactNode }): ReactElement {
  return (
    <p className="flex gap-1.5">
      <CircleX aria-hidden className="mt-1 size-4 shrink-0 text-bad" />
      <span className="min-w-0 break-words">{children}</span>
    </p>
  );
}

/** What was typed, once the fingers rest. */
function useRested(body: PolicyBody | undefined): PolicyBody | undefined {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => {
      setRested(text);
    }, REST_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [text]);
  return rested === undefined ? undefined : (JSON.parse(rested) as PolicyBody);
}
