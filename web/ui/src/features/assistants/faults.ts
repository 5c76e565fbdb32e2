import { GATEWAY_CEILINGS, LIMIT_CEILINGS } from './allowance';
import { isProblem, ProblemError } from '@/shared/api/problem';

/** What is wrong with a field of the allowance, by its place: `network.0`, `gateway.calls`. */
export type FaultOf = (place: string) => string | undefined;

/** Fields that also say what is wrong with what is below them, such as `memory.entries`. */
const PLACES = new Set([
  'llm',
  'llm.models',
  'llm.tokens',
  'memory',
  'memory.model',
  'syscalls',
  ...GATEWAY_CEILINGS.map(({ name }) => `gateway.${name}`),
  ...LIMIT_CEILINGS.map(({ name }) => `limits.${name}`),
]);
const RULE = /^network\.\d+$/;

/** What the server refused, at the fields it names; `rest` is what has no field, if anything. */
export function faultsIn(error: unknown): { at: FaultOf; rest: unknown } {
  if (!isProblem(error)) return { at: () => undefined, rest: error };
  const { field, detail, errors } = error.problem;
  const named = errors ?? (field === undefined ? [] : [{ field, detail }]);
  const at = (place: string): string | undefined => {
    const found = named.find((each) => placeOf(each.field) === place);
    return found && error.fieldError(found.field);
  };
  const others = named.filter((each) => placeOf(each.field) === undefined);
  if (others.length === named.length) return { at, rest: error };
  const left = new ProblemError({ ...error.problem, errors: others });
  return { at, rest: others.length === 0 ? undefined : left };
}

function placeOf(field: string): string | undefined {
  const parts = field.replace(/^allow\./, '').split('.');
  return parts
    .map((_, most) => parts.slice(0, parts.length - most).join('.'))
    .find((name) => PLACES.has(name) || RULE.test(name));
}
