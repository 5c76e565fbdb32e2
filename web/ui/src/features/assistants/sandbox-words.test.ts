import { expect, it } from 'vitest';
import { limitWords } from './sandbox-words';

it('says limits with their units', () => {
  expect(limitWords({ wall_seconds: 30, memory_bytes: 268_435_456, processes: 16 })).toEqual([
    'It is stopped after 30 s.',
    'It has 256 MiB of memory.',
    'It has 16 processes and threads at one time.',
  ]);
});

it('shows a limit it does not know, and passes over what is none', () => {
  expect(limitWords({ gpu_seconds: 4, note: 'x' })).toEqual(['gpu seconds: 4']);
});
