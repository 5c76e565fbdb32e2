/** Reading an address's search parameters: what is not understood is left out, never an error. */

export type RawSearch = Record<string, unknown>;

const LONGEST = 200;

export function textParam(raw: RawSearch, name: string): string | undefined {
  const value = raw[name];
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST) : undefined;
}

export function choiceParam<Choice extends string>(
  raw: RawSearch,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  return choices.find((each) => each === raw[name]);
}

/** Without the members that are undefined: `exactOptionalPropertyTypes` and addresses want none. */
export function compact<Values extends Record<string, unknown>>(
  values: Values,
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Values]?: Exclude<Values[Name], undefined>;
  };
}
