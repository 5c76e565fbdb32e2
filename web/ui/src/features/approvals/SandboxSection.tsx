import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { Sentences } from './Essentials';
import { Fact, Section } from './Section';

/** What it may do where it runs. */
export function SandboxSection({ approval }: { approval: Approval }): ReactElement {
  const { network, files, syscalls, limits } = approval.sandbox;
  return (
    <Section title="Sandbox" description="What it may reach and use, at most">
      <dl className="space-y-2">
        <Fact name="Network">
          <Sentences of={network} />
        </Fact>
        <Fact name="Files">
          <Sentences of={files} />
        </Fact>
        <Fact name="System calls">
          <Sentences of={syscalls} />
        </Fact>
        <Fact name="Limits">
          <Sentences of={limits} />
        </Fact>
      </dl>
    </Section>
  );
}
