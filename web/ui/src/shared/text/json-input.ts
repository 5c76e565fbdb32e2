/** What somebody typed as JSON, or what is wrong with it. */
export type Typed<Value> =
  { value: Value; problem?: undefined } | { value?: undefined; problem: string };

export function objectIn(text: string): Typed<Record<string, unknown>> {
  const found = jsonIn(text);
  if (found.problem !== undefined) return found;
  const is = typeof found.value === 'object' && found.value !== null && !Array.isArray(found.value);
  return is
    ? { value: found.value as Record<string, unknown> }
    : { problem: 'It must be a JSON object: {"name": value}.' };
}

export function objectsIn(text: string): Typed<Record<string, unknown>[]> {
  const found = jsonIn(text === '' ? '[]' : text);
  if (found.problem !== undefined) return found;
  const is =
    Array.isArray(found.value) &&
    found.value.every((each) => typeof each === 'object' && each !== null);
  return is
    ? { value: found.value as Record<string, unknown>[] }
    : { problem: 'It must be a JSON list of objects: [{"name": value}].' };
}

function jsonIn(text: string): Typed<unknown> {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'It is no JSON.' };
  }
}
