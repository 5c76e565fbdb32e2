import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Run } from './run';
import { RunActions } from './RunActions';
import { headlineOf } from './story';

const { move } = vi.hoisted(() => ({ move: vi.fn() }));
vi.mock('./move-run', () => ({
  useCancelRun: () => ({ mutateAsync: move }),
  useReplayRun: () => ({ mutateAsync: move }),
}));
vi.mock('@/shared/session/tenant', () => ({ useHasRole: () => true, useTenant: () => 'acme' }));

const RUN = { id: 'r', status: 'executing', can_cancel: true, can_replay: false, reason: null };

function run(changes: object = {}): Run {
  return { ...RUN, handoff: null, ...changes } as unknown as Run;
}

beforeEach(() => {
  move.mockReset();
});

test('a run that executes is stopped once somebody agrees to have its sandbox killed', async () => {
  move.mockResolvedValue({ status: 'executing', epoch: 1 });
  render(<RunActions run={run()} />);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Stop the run…' }));
  expect(screen.getByRole('alertdialog')).toHaveAccessibleDescription(/Its sandbox is killed/);
  expect(move).not.toHaveBeenCalled();
  await user.click(screen.getByRole('button', { name: 'Stop the run' }));
  expect(move).toHaveBeenCalledTimes(1);
});

test('one that has not begun is cancelled; one that is being stopped has nothing to press', () => {
  const { rerender } = render(<RunActions run={run({ status: 'held' })} />);
  expect(screen.getByRole('button')).toHaveAccessibleName('Cancel the run…');
  rerender(<RunActions run={run({ can_cancel: false })} />);
  expect(screen.queryByRole('button')).toBeNull();
});

test('who stopped it is said until it has ended', () => {
  const handoff = { kill_asked_at: '2026-11-29T14:00:00Z', kill_by: 'Ada' };
  expect(headlineOf(run({ handoff }))).toBe('Ada stopped it; it ends in a moment.');
  const over = run({ status: 'cancelled', reason: 'killed by a person' });
  expect(headlineOf(over)).toBe('It was cancelled. Killed by a person.');
});
