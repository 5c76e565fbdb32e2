import { useState, type ReactElement } from 'react';
import { useDryRun, type DryRun } from './policies';
import { TextField } from '@/shared/components/form-field';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { RunLink } from '@/shared/components/run-link';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '@/shared/components/ui/table';
import { useTenant } from '@/shared/session/tenant';

const LAST = 100;
const MOST = 1_000;

/** The last real runs, decided again by this version: what would have been otherwise. */
export function DryRunForm({ version }: { version: number }): ReactElement {
  const [last, setLast] = useState(String(LAST));
  const dryRun = useDryRun(version);
  const count = Number(last);
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label="How many of the last runs"
          type="number"
          min={1}
          max={MOST}
          value={last}
          onChange={(event) => {
            setLast(event.target.value);
          }}
        />
        <Button
          variant="primary"
          disabled={!(count >= 1 && count <= MOST)}
          busy={dryRun.isPending}
          onClick={() => {
            dryRun.mutate(count);
          }}
        >
          {dryRun.isPending ? 'Deciding them again…' : 'Dry run'}
        </Button>
      </div>
      <p className="text-sm text-muted">Nothing runs, and nothing changes.</p>
      {dryRun.error !== null && <ProblemNotice error={dryRun.error} />}
      <div role="status">{dryRun.data !== undefined && <Outcome found={dryRun.data} />}</div>
    </div>
  );
}

function Outcome({ found }: { found: DryRun }): ReactElement {
  const tenant = useTenant();
  return (
    <div className="space-y-3">
      <p>
        {found.replayed === 0
          ? 'There is no run yet that could be decided again.'
          : found.changed === 0
            ? `All of the last ${found.replayed} runs would be decided as they were.`
            : `${found.changed} of the last ${found.replayed} runs would be decided otherwise.`}
        {found.cut && ' Time was up before all of them were looked at.'}
      </p>
      {found.runs.length > 0 && (
        <div className="rounded-md border border-line">
          <Table aria-label="Runs that would be decided otherwise">
            <TableHead>
              <tr>
                <TableHeader>Run</TableHeader>
                <TableHeader>Assistant</TableHeader>
                <TableHeader>Was</TableHeader>
                <TableHeader>Would be</TableHeader>
                <TableHeader className="max-sm:hidden">Received</TableHeader>
              </tr>
            </TableHead>
            <TableBody>
              {found.runs.map((each) => (
                <TableRow key={each.run_id}>
                  <TableCell>
                    <RunLink tenant={tenant} run={each.run_id} />
                  </TableCell>
                  <TableCell>{each.assistant}</TableCell>
                  <TableCell>{said(each.before)}</TableCell>
                  <TableCell className="font-medium">{said(each.after)}</TableCell>
                  <TableCell className="max-sm:hidden">
                    <Time value={each.received_at} />
                  </TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
    </div>
  );
}

function said(decided: DryRun['runs'][number]['after']): string {
  const rules = decided.hold_rules.length > 0 ? ` (${decided.hold_rules.join(', ')})` : '';
  return decided.verdict + rules;
}
