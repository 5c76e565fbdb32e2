import { useState, type ReactElement } from 'react';
import { useAssistantNames, useExplain, type Explained } from './policies';
import { Fact, Facts } from '@/shared/components/facts';
import { LongTextField, SelectField } from '@/shared/components/form-field';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Badge, type Tone } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { listed } from '@/shared/text/amounts';
import { objectIn } from '@/shared/text/json-input';

/** What a set would decide about a request you make up: nothing runs, nothing is kept. */
export function ExplainForm({
  version,
  draft,
}: {
  version?: number;
  draft?: { source: string; context_fields: Record<string, unknown> };
}): ReactElement {
  const assistants = useAssistantNames();
  const explain = useExplain();
  const [chosen, setChosen] = useState<string>();
  const [payload, setPayload] = useState('{}');
  const typed = objectIn(payload);
  const assistant = chosen ?? assistants[0];
  const ask = (): void => {
    if (typed.value === undefined || assistant === undefined) return;
    explain.mutate({
      assistant,
      payload: typed.value,
      origin: 'api',
      version: version ?? null,
      draft: draft ?? null,
      principal: null,
      received_at: null,
    });
  };
  return (
    <div className="space-y-3">
      <SelectField
        label="Assistant"
        value={assistant ?? ''}
        onChange={(event) => {
          setChosen(event.target.value);
        }}
      >
        {assistants.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </SelectField>
      <LongTextField
        label="Payload"
        help={typed.problem ?? 'A JSON object, as a source would send it. You are who asks.'}
        aria-invalid={typed.problem !== undefined}
        className="min-h-32 font-mono text-sm"
        spellCheck={false}
        value={payload}
        onChange={(event) => {
          setPayload(event.target.value);
        }}
      />
      <Button
        disabled={typed.problem !== undefined || assistant === undefined}
        busy={explain.isPending}
        onClick={ask}
      >
        Explain
      </Button>
      {explain.error !== null && <ProblemNotice error={explain.error} />}
      <div role="status">{explain.data !== undefined && <Answer found={explain.data} />}</div>
    </div>
  );
}

const TONES: Record<Explained['verdict'], Tone> = { deny: 'bad', auto: 'ok', hold: 'wait' };
const WORDS: Record<Explained['verdict'], string> = {
  deny: 'Denied',
  auto: 'Runs by itself',
  hold: 'Held for people',
};

function Answer({ found }: { found: Explained }): ReactElement {
  return (
    <div className="space-y-3 rounded-md border border-line p-3">
      <p className="flex flex-wrap items-center gap-2 text-sm">
        <Badge tone={TONES[found.verdict]}>{WORDS[found.verdict]}</Badge>
        {found.why}
      </p>
      <Facts>
        {found.hold_rules.length > 0 && (
          <Fact name="Approval rules">{listed(found.hold_rules)}</Fact>
        )}
        {found.auto_reason !== null && <Fact name="No person, because">{found.auto_reason}</Fact>}
        {found.matched.map((each) => (
          <Fact key={each.id} name={each.effect}>
            <code>{each.id}</code>, line {each.line}
            {each.description !== null && (
              <span className="block text-muted">{each.description}</span>
            )}
          </Fact>
        ))}
        {found.errors.map((each) => (
          <Fact key={each} name="Error">
            <span className="text-bad">{each}</span>
          </Fact>
        ))}
      </Facts>
    </div>
  );
}
