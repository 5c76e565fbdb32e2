import type { ReactElement } from 'react';
import type { Run } from './run';
import { headlineOf, storyOf } from './story';
import { Time } from '@/shared/components/time';
import { Card, CardContent, CardTitle } from '@/shared/components/ui/card';

const SHOWN = 12;

/** What happened, in words. */
export function RunStory({ run }: { run: Run }): ReactElement {
  const story = storyOf(run);
  const last = story.slice(-SHOWN);
  return (
    <Card aria-label="What happened">
      <CardContent className="space-y-3">
        <CardTitle>What happened</CardTitle>
        <p role="status">{headlineOf(run)}</p>
        {story.length > SHOWN && (
          <details className="text-sm">
            <summary className="text-accent">{story.length - SHOWN} earlier moments</summary>
            <Moments moments={story.slice(0, -SHOWN)} several={run.epoch > 1} />
          </details>
        )}
        <Moments moments={last} several={run.epoch > 1} />
      </CardContent>
    </Card>
  );
}

function Moments({
  moments,
  several,
}: {
  moments: ReturnType<typeof storyOf>;
  several: boolean;
}): ReactElement {
  return (
    <ol className="space-y-1.5 text-sm">
      {moments.map((each, at) => (
        <li key={at} className="flex gap-3">
          <Time value={each.at} className="w-24 shrink-0 text-muted" />
          <span className="min-w-0 break-words">
            {several && <span className="text-muted">epoch {each.epoch} · </span>}
            {each.text}
          </span>
        </li>
      ))}
    </ol>
  );
}
