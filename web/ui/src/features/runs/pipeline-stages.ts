import type { Run, RunStage } from './run';
import { listed, spanText } from '@/shared/text/amounts';

/** What the picture of the pipeline says of each stage. */

export interface StagePicture {
  stage: RunStage['stage'];
  name: string;
  state: RunStage['state'];
  stateWord: string;
  /** What came of it, in a few words. */
  detail: string | undefined;
  /** Time spent, or being spent. */
  spent: string | undefined;
  by: string | undefined;
}

const NAMES: Record<RunStage['stage'], string> = {
  policy: 'Policy',
  hold: 'Hold',
  execute: 'Execute',
  post_action: 'Post-action',
  audit: 'Audit',
  export: 'Export',
};

const WORDS: Record<RunStage['state'], string> = {
  waiting: 'in the queue',
  working: 'at work',
  people: 'waits for people',
  done: 'done',
  stopped: 'ended here',
  skipped: 'left out',
  ahead: 'not yet',
};

export function picturesOf(run: Run, now: number): StagePicture[] {
  return run.stages.map((stage) => ({
    stage: stage.stage,
    name: NAMES[stage.stage],
    state: stage.state,
    stateWord: WORDS[stage.state],
    detail: detailOf(stage),
    spent: spentOn(stage, now),
    by: byWhom(run, stage.stage),
  }));
}

function detailOf(stage: RunStage): string | undefined {
  if (stage.detail === null || stage.state === 'ahead') return undefined;
  return stage.detail.replaceAll('_', ' ');
}

function spentOn(stage: RunStage, now: number): string | undefined {
  if (stage.started_at === null) return undefined;
  const began = Date.parse(stage.started_at);
  if (stage.ended_at !== null) return spanText(Math.max(0, Date.parse(stage.ended_at) - began));
  const goesOn = stage.state === 'working' || stage.state === 'people' || stage.state === 'waiting';
  return goesOn ? `for ${spanText(Math.max(0, now - began))}` : undefined;
}

function byWhom(run: Run, stage: RunStage['stage']): string | undefined {
  const ours = <Row extends { epoch: number }>(rows: readonly Row[]): Row[] =>
    rows.filter((each) => each.epoch === run.epoch);
  const by: Record<RunStage['stage'], () => string | undefined> = {
    policy: () => {
      const version = ours(run.decisions)[0]?.policy_version ?? undefined;
      return version === undefined ? undefined : `policy version ${version}`;
    },
    hold: () => names(ours(run.approvals)[0]?.votes.map((each) => each.name) ?? []),
    execute: () => {
      const attempts = ours(run.executions).length;
      return attempts === 0 ? undefined : attempts === 1 ? 'a sandbox' : `${attempts} sandboxes`;
    },
    post_action: () => names(ours(run.deliveries).map((each) => each.target)),
    audit: () => undefined,
    export: () => undefined,
  };
  return by[stage]();
}

function names(all: readonly string[]): string | undefined {
  const once = [...new Set(all)];
  return once.length === 0 ? undefined : listed(once);
}
