/**
 * JSON as its bytes say it. `JSON.parse` rounds what a double cannot hold; here such a number keeps
 * its digits, as text in a `Number` object that knows how it was written.
 */

/** A number that JavaScript would round: shown, and written again, as it was. */
export class ExactNumber extends Number {
  readonly source: string;

  constructor(source: string) {
    super(source);
    this.source = source;
  }

  override toString(): string {
    return this.source;
  }
}

type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context?: { source?: string },
) => unknown;

const keepDigits: Reviver = (_key, value, context) => {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return String(value) === context.source ? value : new ExactNumber(context.source);
};

/** Undefined where it is no JSON. */
export function parseExact(text: string): { value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text, keepDigits);
    return { value };
  } catch {
    return undefined;
  }
}

/** On lines, indented by two: to be read and compared. */
export function prettyExact(value: unknown, indent = ''): string {
  if (value instanceof ExactNumber) return value.source;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const deeper = `${indent}  `;
  const [left, right] = Array.isArray(value) ? '[]' : '{}';
  const members = Array.isArray(value)
    ? value.map((each) => prettyExact(each, deeper))
    : Object.entries(value).map(
        ([name, each]) => `${JSON.stringify(name)}: ${prettyExact(each, deeper)}`,
      );
  if (members.length === 0) return `${left ?? ''}${right ?? ''}`;
  return `${left ?? ''}\n${members.map((each) => deeper + each).join(',\n')}\n${indent}${right ?? ''}`;
}
