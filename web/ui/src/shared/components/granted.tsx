import type { ReactElement } from 'react';
import { Printable } from './printable';
import type { components } from '@/shared/api/schema';

type SandboxWords = Pick<
  components['schemas']['AssistantSandboxView'],
  'may' | 'asked_but_not_allowed' | 'allowed_but_not_asked'
>;

/** What is granted, and what only one of the two says. */
export function Granted({ words }: { words: SandboxWords }): ReactElement {
  return (
    <div className="space-y-3">
      <Sentences label="What it may reach" of={words.may} />
      <Sentences
        label="Its bundle asks for this, and you do not allow it"
        of={words.asked_but_not_allowed}
      />
      <Sentences
        label="You allow this, and its bundle does not ask for it"
        of={words.allowed_but_not_asked}
      />
    </div>
  );
}

function Sentences({ label, of }: { label: string; of: readonly string[] }): ReactElement | null {
  if (of.length === 0) return null;
  return (
    <div>
      <p className="text-sm text-muted">{label}</p>
      <ul aria-label={label} className="list-disc space-y-1 pl-5 text-sm">
        {of.map((each) => (
          <li key={each} className="break-words">
            <Printable text={each} />
          </li>
        ))}
      </ul>
    </div>
  );
}
