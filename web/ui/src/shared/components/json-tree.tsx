import { ChevronRight } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { Button } from './ui/button';
import { cn } from './ui/cn';
import { counted } from '@/shared/text/amounts';

/**
 * JSON as a tree. It comes from strangers and may be large: a branch is drawn only when it is
 * opened, a hundred members at a time, long texts are cut until asked for, and all of it is text.
 */

const MEMBERS_AT_ONCE = 100;
const LONGEST_TEXT = 500;
const OPEN_DEPTH = 2;
const OPEN_MEMBERS = 30;

type Branch = readonly [key: string, value: unknown][];

export function JsonTree({
  value,
  label = 'JSON',
  deeper = 0,
}: {
  value: unknown;
  label?: string;
  /** How many levels more than usual are open at first. */
  deeper?: number;
}): ReactElement {
  return (
    <div role="group" aria-label={label} className="font-mono text-sm break-words">
      <Node name={undefined} value={value} depth={-deeper} />
    </div>
  );
}

function Node({
  name,
  value,
  depth,
}: {
  name: string | undefined;
  value: unknown;
  depth: number;
}): ReactElement {
  const branch = branchOf(value);
  if (branch === undefined) {
    return (
      <div className="py-0.5 pl-6">
        <Name name={name} />
        <Leaf value={value} />
      </div>
    );
  }
  return <BranchNode name={name} branch={branch} isList={Array.isArray(value)} depth={depth} />;
}

function BranchNode({
  name,
  branch,
  isList,
  depth,
}: {
  name: string | undefined;
  branch: Branch;
  isList: boolean;
  depth: number;
}): ReactElement {
  const [open, setOpen] = useState(depth < OPEN_DEPTH && branch.length <= OPEN_MEMBERS);
  const [shown, setShown] = useState(MEMBERS_AT_ONCE);
  const [left, right] = isList ? '[]' : '{}';
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        className="flex min-h-6 w-full items-center gap-1 rounded text-left hover:bg-sunken"
        onClick={() => {
          setOpen(!open);
        }}
      >
        <ChevronRight
          aria-hidden
          className={cn('size-4 shrink-0 text-muted transition-transform', open && 'rotate-90')}
        />
        <span className="pl-1">
          <Name name={name} />
          <span className="text-muted">
            {left} {counted(branch.length, isList ? 'item' : 'member')} {right}
          </span>
        </span>
      </button>
      {open && (
        <div className="ml-2 border-l border-line pl-2">
          {branch.slice(0, shown).map(([key, member]) => (
            <Node key={key} name={key} value={member} depth={depth + 1} />
          ))}
          {branch.length > shown && (
            <Button
              size="small"
              variant="ghost"
              onClick={() => {
                setShown(shown + MEMBERS_AT_ONCE);
              }}
            >
              Show {Math.min(MEMBERS_AT_ONCE, branch.length - shown)} more of {branch.length}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function Name({ name }: { name: string | undefined }): ReactElement | null {
  if (name === undefined) return null;
  return <span className="text-accent">{name}: </span>;
}

function Leaf({ value }: { value: unknown }): ReactElement {
  const [whole, setWhole] = useState(false);
  if (typeof value !== 'string') {
    return (
      <span className="text-wait">
        {value instanceof Number || value === undefined ? String(value) : JSON.stringify(value)}
      </span>
    );
  }
  const cut = !whole && value.length > LONGEST_TEXT;
  return (
    <span className="whitespace-pre-wrap">
      “{cut ? value.slice(0, LONGEST_TEXT) : value}”
      {cut && (
        <Button
          size="small"
          variant="ghost"
          onClick={() => {
            setWhole(true);
          }}
        >
          Show all {value.length} characters
        </Button>
      )}
    </span>
  );
}

function branchOf(value: unknown): Branch | undefined {
  // A number that keeps its digits, where JavaScript would round it.
  if (value instanceof Number) return undefined;
  if (Array.isArray(value)) return value.map((each, at) => [String(at), each as unknown]);
  if (typeof value === 'object' && value !== null) return Object.entries(value);
  return undefined;
}
