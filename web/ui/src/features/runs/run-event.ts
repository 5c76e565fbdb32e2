/** A structured event an agent told, out of a line of its log: docs/reference/events.md. */

export interface RunEvent {
  name: string;
  severity: string;
  body: string;
  /** How long it took, where it has a beginning and an end. */
  milliseconds: number | null;
  attributes: readonly (readonly [string, string])[];
  /** Attributes left out while the agent runs. */
  dropped: number;
}

/** Null of what is none: it is shown as the text it is. */
export function eventOf(line: { stream: string; text: string }): RunEvent | null {
  if (line.stream !== 'event') return null;
  const said = saidIn(line.text);
  if (said === null || typeof said.eventName !== 'string') return null;
  const attributes = isObject(said.attributes) ? said.attributes : {};
  return {
    name: said.eventName,
    severity: typeof said.severityText === 'string' ? said.severityText : 'INFO',
    body: typeof said.body === 'string' ? said.body : '',
    milliseconds: tookMilliseconds(said.startTimeUnixNano, said.endTimeUnixNano),
    attributes: Object.entries(attributes).map(([key, value]) => [key, shown(value)]),
    dropped: typeof said.droppedAttributesCount === 'number' ? said.droppedAttributesCount : 0,
  };
}

export function lasting(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

interface Said {
  eventName?: unknown;
  severityText?: unknown;
  body?: unknown;
  attributes?: unknown;
  startTimeUnixNano?: unknown;
  endTimeUnixNano?: unknown;
  droppedAttributesCount?: unknown;
}

function saidIn(text: string): Said | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tookMilliseconds(start: unknown, end: unknown): number | null {
  const nanoseconds = /^[0-9]{1,19}$/;
  if (typeof start !== 'string' || typeof end !== 'string') return null;
  if (!nanoseconds.test(start) || !nanoseconds.test(end)) return null;
  return Number(BigInt(end) - BigInt(start)) / 1e6;
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
