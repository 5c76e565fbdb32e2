import type { Run } from './run';
import { listed } from '@/shared/text/amounts';

/** What happened to a run, in words: one sentence a moment, the oldest first. */

export interface Moment {
  at: string;
  text: string;
  epoch: number;
}

export function storyOf(run: Run): Moment[] {
  const moments = [
    received(run),
    ...run.decisions.map(decided),
    ...run.approvals.flatMap(approved),
    ...run.executions.flatMap(executed),
    ...run.deliveries.map(delivered),
    ...run.dead_letters.flatMap(gaveUp),
    ...(run.sealed_at === null
      ? []
      : [
          { at: run.sealed_at, text: 'All of it was sealed in the audit trail.', epoch: run.epoch },
        ]),
  ];
  return moments.sort((a, b) => a.at.localeCompare(b.at));
}

const ASKERS = { source: 'The source', person: '', client: 'The client' } as const;

function received(run: Run): Moment {
  const who = `${ASKERS[run.requester.kind]} ${run.requester.name}`.trim();
  return { at: run.received_at, text: `${who} asked ${run.assistant} to work.`, epoch: 1 };
}

type Decision = Run['decisions'][number];

export const VERDICTS: Record<string, string> = {
  auto: 'may run without a person',
  hold: 'waits for people',
  deny: 'may not run',
};

export const CODES: Record<string, string> = {
  auto: 'every permit that matched lets it run by itself',
  hold: 'a permit asks for people',
  forbidden: 'a policy forbids it',
  'no-permit': 'no policy permits it',
  'policy-error': 'a policy could not be worked out',
};

function decided(decision: Decision): Moment {
  const by =
    decision.policy_version === null
      ? 'Without a policy in force'
      : `By policy version ${decision.policy_version}`;
  const rules = decision.hold_rules ?? [];
  const why =
    rules.length > 0
      ? `rule ${listed(rules)}`
      : (decision.auto_reason ?? CODES[decision.code] ?? decision.code);
  const verdict = VERDICTS[decision.verdict] ?? decision.verdict;
  return { at: decision.decided_at, text: `${by} it ${verdict}: ${why}.`, epoch: decision.epoch };
}

type Approval = Run['approvals'][number];

function approved(approval: Approval): Moment[] {
  const { epoch } = approval;
  const votes = approval.votes.map((vote) => {
    const verb = vote.verdict === 'approve' ? 'approved' : 'rejected';
    const why = vote.reason === '' ? '' : `: “${vote.reason}”`;
    return { at: vote.voted_at, text: `${vote.name} ${verb}${why}.`, epoch };
  });
  const end = approval.decided_at;
  return [
    { at: approval.opened_at, text: 'People were asked.', epoch },
    ...votes,
    ...(end === null ? [] : [{ at: end, text: `The question was ${approval.status}.`, epoch }]),
  ];
}

export const EXITS: Record<string, string> = {
  ok: 'and it ended well',
  error: 'and it ended with an error',
  timeout: 'and was stopped: its time was up',
  memory: 'and was stopped: it took more memory than it may',
  processes: 'and was stopped: it started more processes than it may',
  disk: 'and was stopped: it wrote more than it may',
  output: 'and was stopped: it printed more than it may',
  policy_violation: 'and was ended: it did what its policy forbids',
  killed: 'and was killed by a person',
  interrupted: 'and was interrupted: its worker or its host stopped',
  host_lost: 'and the machine it ran on was lost',
};

function executed(execution: Run['executions'][number]): Moment[] {
  const { epoch, exit_reason: reason } = execution;
  const again = execution.attempt > 1 ? `, attempt ${execution.attempt}` : '';
  const began = { at: execution.started_at, text: `A sandbox was started${again}.`, epoch };
  if (execution.finished_at === null || reason === null) return [began];
  const code = execution.exit_code === null ? '' : ` (exit code ${execution.exit_code})`;
  const text = `The agent ran ${EXITS[reason] ?? reason}${reason === 'ok' ? '' : code}.`;
  return [began, { at: execution.finished_at, text, epoch }];
}

function delivered(delivery: Run['deliveries'][number]): Moment {
  const answer = delivery.status_code ?? delivery.error ?? '';
  const text =
    delivery.outcome === 'delivered'
      ? `The result was delivered to ${delivery.target}.`
      : `${delivery.target} did not take the result (${answer}), attempt ${delivery.attempt}.`;
  return { at: delivery.attempted_at, text, epoch: delivery.epoch };
}

function gaveUp(letter: Run['dead_letters'][number]): Moment[] {
  const { epoch } = letter;
  const ends = [
    [letter.replayed_at, 'It was replayed: policy and people were asked anew.'],
    [letter.discarded_at, 'The dead letter was put aside.'],
  ] as const;
  return [
    { at: letter.created_at, text: `It was given up at ${letter.stage}: ${letter.error}.`, epoch },
    ...ends.flatMap(([at, text]) => (at === null ? [] : [{ at, text, epoch }])),
  ];
}

const NOW: Record<Run['status'], string> = {
  received: 'It came in; the policy has not been asked yet.',
  permitted: 'The policy permits it; it goes on in a moment.',
  denied: 'The policy denied it. Nothing ran.',
  held: 'It waits for people. Nothing has run.',
  approved: 'It is approved and will run in a moment.',
  rejected: 'People rejected it. Nothing ran.',
  expired: 'Nobody decided in time, so it expired. Nothing ran.',
  cancelled: 'It was cancelled.',
  executing: 'The agent is running in its sandbox.',
  executed: 'The agent has run; its result goes out next.',
  delivering: 'Its result is being delivered.',
  delivered: 'Its result was delivered; the trail is being sealed.',
  failed: 'It failed.',
  completed: 'It ran, its result was delivered, and all of it is sealed.',
};

export function headlineOf(run: Run): string {
  const asked = run.handoff?.kill_asked_at ?? null;
  if (asked !== null)
    return `${run.handoff?.kill_by ?? 'Somebody'} stopped it; it ends in a moment.`;
  const why = run.reason === null || run.reason === '' ? '' : ` ${sentence(run.reason)}`;
  return (exception(run) ?? NOW[run.status]) + why;
}

/** Where what its status says of most runs is not what happened to this one. */
function exception(run: Run): string | undefined {
  const { status, epoch } = run;
  if (status === 'delivered' || status === 'completed') {
    if (run.deliveries.some((each) => each.epoch === epoch)) return undefined;
    return status === 'delivered'
      ? 'The agent has run; the trail is being sealed.'
      : 'It ran, no target was to be told, and all of it is sealed.';
  }
  if (status !== 'denied') return undefined;
  const denied = run.decisions.some((each) => each.epoch === epoch && each.verdict === 'deny');
  return denied ? undefined : 'It was refused when it was to start. Nothing ran.';
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
