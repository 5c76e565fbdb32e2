import { describe, expect, it } from 'vitest';
import { readOn, type LogLine } from './run-log';

const line = (sequence: number): LogLine => ({
  sequence,
  stream: 'stdout',
  offset_ms: sequence,
  text: `line ${sequence}`,
});

function server(state: { lines: number[]; ended: boolean; id?: string; page?: number }) {
  const asked: (number | undefined)[] = [];
  const ask = (after: number | undefined) => {
    asked.push(after);
    const page = state.page ?? 500;
    const rest = state.lines.filter((each) => each > (after ?? -1));
    const lines = rest.slice(0, page);
    const more = rest.length > page || !state.ended;
    return Promise.resolve({
      execution_id: state.id ?? 'a',
      epoch: 1,
      attempt: 1,
      lines: lines.map(line),
      after: more ? (lines.at(-1) ?? null) : null,
      ended: state.ended,
      truncated: false,
    });
  };
  return { ask, asked };
}

const sequences = (log: { lines: readonly LogLine[] }): number[] =>
  log.lines.map((each) => each.sequence);

describe('a log', () => {
  it('is read page by page from its first line, which is number 0, to its end', async () => {
    const { ask } = server({ lines: [0, 1, 2, 3, 4, 5], ended: true, page: 2 });
    const log = await readOn(ask, undefined);
    expect(sequences(log)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(log.ended).toBe(true);
  });

  it('goes on behind the last line it knows', async () => {
    const state = { lines: [1, 2], ended: false };
    const { ask, asked } = server(state);
    const first = await readOn(ask, undefined);
    state.lines = [1, 2, 3];
    const second = await readOn(ask, first);
    expect(sequences(second)).toEqual([1, 2, 3]);
    expect(asked).toContain(2);
  });

  it('is read whole once it has ended, since live lines have gaps', async () => {
    const state = { lines: [1, 3], ended: false };
    const { ask } = server(state);
    const live = await readOn(ask, undefined);
    state.lines = [1, 2, 3, 4];
    state.ended = true;
    expect(sequences(await readOn(ask, live))).toEqual([1, 2, 3, 4]);
  });

  it('begins anew with another execution', async () => {
    const state = { lines: [1, 2], ended: false, id: 'a' };
    const { ask } = server(state);
    const first = await readOn(ask, undefined);
    state.id = 'b';
    state.lines = [1];
    expect(sequences(await readOn(ask, first))).toEqual([1]);
  });
});
