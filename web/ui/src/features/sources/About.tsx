import type { ReactElement } from 'react';
import { ActiveBadge } from './ActiveBadge';
import type { Source } from './sources';
import { CopyableId } from '@/shared/components/copyable-id';
import { CopyButton } from '@/shared/components/copy-button';
import { Fact, Facts } from '@/shared/components/facts';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';

/** Who it is, and who answers for it. */
export function About({ source }: { source: Source }): ReactElement {
  return (
    <Section title="About it">
      <Facts>
        <Fact name="State">
          <ActiveBadge active={source.active} kind={source.kind} />
        </Fact>
        {source.kind === 'webhook' && (
          <Fact name="Address">
            <span className="flex items-center gap-1">
              <code className="min-w-0 break-all">{source.url}</code>
              <CopyButton text={source.url} label="Copy the address" />
            </span>
          </Fact>
        )}
        <Fact name="Assistant">
          {source.assistant.name}
          {!source.assistant.active && ' (switched off)'}
        </Fact>
        <Fact name="Answers for it">
          {source.owner.name}
          <span className="block text-muted">They cannot approve what it sends.</span>
        </Fact>
        <Fact name="Since">
          <Time value={source.created_at} />
        </Fact>
        <Fact name="Source">
          <CopyableId value={source.id} label="source's id" />
        </Fact>
      </Facts>
    </Section>
  );
}
