import { describe, expect, it } from 'vitest';
import { parseRunSearch, parseRunsSearch, statusesIn } from './search';

describe('the address of the list', () => {
  it('takes several statuses, and leaves out what is none', () => {
    const search = parseRunsSearch({ status: 'failed,held,nonsense' });
    expect(statusesIn(search.status)).toEqual(['held', 'failed']);
  });

  it('leaves out what the server would refuse', () => {
    const search = parseRunsSearch({
      status: 'nonsense',
      assistant: 'Not A Name',
      source: 'x',
      since: 'yesterday',
      id: 'zz',
      dead: 'maybe',
    });
    expect(search).toEqual({});
  });

  it('keeps moments as the same moment', () => {
    expect(parseRunsSearch({ since: '2026-02-03T04:05:00Z' }).since).toBe(
      '2026-02-03T04:05:00.000Z',
    );
  });
});

it('opens a tab by address', () => {
  expect(parseRunSearch({ tab: 'audit' })).toEqual({ tab: 'audit' });
  expect(parseRunSearch({ tab: 'secrets' })).toEqual({});
});
