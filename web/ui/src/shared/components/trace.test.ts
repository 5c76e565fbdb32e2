import { expect, test } from 'vitest';
import { traceLink } from './trace';

const TEMPLATE = 'https://tempo.example/trace/{trace_id}?id={trace_id}';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

test('a trace leads to where the operator looks at traces', () => {
  const link = traceLink(TEMPLATE, `00-${TRACE}-00f067aa0ba902b7-01`);
  expect(link).toBe(`https://tempo.example/trace/${TRACE}?id=${TRACE}`);
});

test('what is no trace, or has no tool, is no link', () => {
  expect(traceLink(null, `00-${TRACE}-00f067aa0ba902b7-01`)).toBeUndefined();
  expect(traceLink(TEMPLATE, '00-../../evil-00f067aa0ba902b7-01')).toBeUndefined();
  expect(traceLink(TEMPLATE, `x00-${TRACE}-00f067aa0ba902b7-01`)).toBeUndefined();
});
