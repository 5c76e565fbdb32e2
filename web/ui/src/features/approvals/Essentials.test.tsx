import { render } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { Approval } from './approval';
import { WhatRuns } from './Essentials';

function said(status: string, unsigned_because: string | null): string | null {
  const bundle = { last_approved: null, unsigned_because };
  const approval = { line: { assistant: 'payer' }, status, bundle } as unknown as Approval;
  return render(<WhatRuns approval={approval} />).container.textContent;
}

test('who decides is told that it will not be launched for want of a signature, and why', () => {
  expect(said('open', 'no author signed its bundle')).toMatch(
    /It will not be launched before it is signed: no author signed its bundle$/,
  );
});

test('nothing is said of signatures where none is asked for, or it was decided', () => {
  expect(said('open', null)).not.toContain('signed');
  expect(said('approved', 'no author signed its bundle')).not.toContain('signed');
});
