import { InputFault } from '@/shared/components/input-fault';

/**
 * What a tenant allows an assistant, as a form has it: rows and texts; and as a version takes it.
 * Members the form has no fields for are kept as JSON, so that saving loses nothing.
 */

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;

export interface RuleDraft {
  key: number;
  url: string;
  methods: readonly string[];
  inside: boolean;
  /** Its name; empty for none. */
  credential: string;
}

export interface VariableDraft {
  key: number;
  name: string;
  value: string;
}

export interface ModelDraft {
  url: string;
  models: string;
  tokens: string;
  inside: boolean;
  credential: string;
}

/** What it may keep from run to run: none where no number of entries is said. */
export interface MemoryDraft {
  entries: string;
  model: string;
}

/** Which system calls its program may make: all a sandbox has, or the strict profile and more. */
export interface SyscallsDraft {
  strict: boolean;
  add: readonly string[];
}

/** What may be added to the strict profile, with what it is for. */
export const ADDITIONS: readonly (readonly [string, string])[] = [
  ['files', 'make, rename and remove files'],
  ['processes', 'start other programs'],
  ['signals', 'send signals, set timers'],
  ['sockets', 'open sockets within the sandbox'],
  ['threads', 'start threads'],
];

export interface AllowanceDraft {
  rules: readonly RuleDraft[];
  variables: readonly VariableDraft[];
  /** Ceilings of the gateway by name; an empty text is open. */
  gateway: Readonly<Record<string, string>>;
  /** Ceilings of the sandbox itself. */
  limits: Readonly<Record<string, string>>;
  /** None is allowed where its address is empty. */
  model: ModelDraft;
  memory: MemoryDraft;
  syscalls: SyscallsDraft;
  /** Everything else, as JSON. */
  more: string;
}

const MIB = 1024 * 1024;

export interface Ceiling {
  name: string;
  label: string;
  /** How many of the API's one of the form's is. */
  times: number;
  step: number | 'any';
}

export const GATEWAY_CEILINGS: readonly Ceiling[] = [
  { name: 'calls', label: 'Calls', times: 1, step: 1 },
  { name: 'bytes', label: 'MiB both ways', times: MIB, step: 'any' },
  { name: 'answer_bytes', label: 'MiB of one answer', times: MIB, step: 'any' },
  { name: 'call_seconds', label: 'Seconds a call', times: 1, step: 1 },
];

export const LIMIT_CEILINGS: readonly Ceiling[] = [
  { name: 'wall_seconds', label: 'Seconds it may run', times: 1, step: 'any' },
  { name: 'memory_bytes', label: 'MiB of memory', times: MIB, step: 'any' },
  { name: 'disk_bytes', label: 'MiB written', times: MIB, step: 'any' },
  { name: 'output_bytes', label: 'MiB printed', times: MIB, step: 'any' },
  { name: 'processes', label: 'Processes and threads', times: 1, step: 1 },
  { name: 'open_files', label: 'Open files a process', times: 1, step: 1 },
];

const IN_FIELDS = new Set([
  'network',
  'environment',
  'gateway',
  'llm',
  'limits',
  'memory',
  'syscalls',
]);

export function draftOf(
  allowed: Record<string, unknown>,
  ceilings: Record<string, unknown>,
): AllowanceDraft {
  const rest = Object.entries(allowed).filter(([name]) => !IN_FIELDS.has(name));
  return {
    rules: listIn(allowed['network']).map(ruleOf),
    variables: Object.entries(objectIn(allowed['environment'])).map(([name, value], key) => ({
      key,
      name,
      value: textIn(value),
    })),
    gateway: shown(objectIn(allowed['gateway']), GATEWAY_CEILINGS),
    limits: shown(ceilings, LIMIT_CEILINGS),
    model: modelOf(objectIn(allowed['llm'])),
    memory: memoryOf(objectIn(allowed['memory'])),
    syscalls: syscallsOf(objectIn(allowed['syscalls'])),
    more: rest.length === 0 ? '' : JSON.stringify(Object.fromEntries(rest), undefined, 2),
  };
}

/** @throws InputFault where what was typed could not be sent. */
export function allowOf(draft: AllowanceDraft): Record<string, unknown> {
  const gateway = numbers(draft.gateway, GATEWAY_CEILINGS);
  return {
    ...moreOf(draft.more),
    ...(draft.rules.length > 0 && { network: draft.rules.map(sentRule) }),
    ...(draft.variables.length > 0 && { environment: sentVariables(draft.variables) }),
    ...(Object.keys(gateway).length > 0 && { gateway }),
    ...(draft.model.url.trim() !== '' && { llm: sentModel(draft.model) }),
    ...(draft.memory.entries.trim() !== '' && { memory: sentMemory(draft.memory) }),
    ...(draft.syscalls.strict && { syscalls: sentSyscalls(draft.syscalls) }),
  };
}

/** @throws InputFault as `allowOf`. */
export function limitsOf(draft: AllowanceDraft): Record<string, number> {
  return numbers(draft.limits, LIMIT_CEILINGS);
}

export function newRule(key: number): RuleDraft {
  return { key, url: '', methods: ['GET'], inside: false, credential: '' };
}

function ruleOf(value: unknown, key: number): RuleDraft {
  const rule = objectIn(value);
  return {
    key,
    url: textIn(rule['url']),
    methods: listIn(rule['methods']).map(textIn),
    inside: rule['private'] === true,
    credential: textIn(rule['credential']),
  };
}

function modelOf(llm: Record<string, unknown>): ModelDraft {
  return {
    url: textIn(llm['url']),
    models: listIn(llm['models']).map(textIn).join(', '),
    tokens: typeof llm['tokens'] === 'number' ? String(llm['tokens']) : '',
    inside: llm['private'] === true,
    credential: textIn(llm['credential']),
  };
}

function memoryOf(said: Record<string, unknown>): MemoryDraft {
  const { entries } = said;
  return {
    entries: typeof entries === 'number' ? String(entries) : '',
    model: textIn(said['model']),
  };
}

function sentMemory({ entries, model }: MemoryDraft): Record<string, unknown> {
  const named = model.trim();
  return { entries: numberIn(entries, 'Entries'), ...(named !== '' && { model: named }) };
}

function syscallsOf(said: Record<string, unknown>): SyscallsDraft {
  return { strict: said['profile'] === 'strict', add: listIn(said['add']).map(textIn) };
}

function sentSyscalls({ add }: SyscallsDraft): Record<string, unknown> {
  return { profile: 'strict', ...(add.length > 0 && { add: [...add] }) };
}

function sentRule(rule: RuleDraft): Record<string, unknown> {
  return {
    url: rule.url.trim(),
    methods: [...rule.methods],
    ...(rule.inside && { private: true }),
    ...(rule.credential !== '' && { credential: rule.credential }),
  };
}

function sentVariables(variables: readonly VariableDraft[]): Record<string, string> {
  const names = variables.map((each) => each.name.trim());
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new InputFault(`The variable ${twice} is there twice.`);
  return Object.fromEntries(variables.map((each) => [each.name.trim(), each.value]));
}

function sentModel(model: ModelDraft): Record<string, unknown> {
  const models = model.models.split(',').map((each) => each.trim());
  return {
    url: model.url.trim(),
    models: models.filter((each) => each !== ''),
    ...(model.tokens.trim() !== '' && { tokens: numberIn(model.tokens, 'Tokens') }),
    ...(model.inside && { private: true }),
    ...(model.credential !== '' && { credential: model.credential }),
  };
}

function moreOf(text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputFault('What else is allowed must be a JSON object.');
  }
  return value as Record<string, unknown>;
}

function shown(
  values: Record<string, unknown>,
  ceilings: readonly Ceiling[],
): Record<string, string> {
  return Object.fromEntries(
    ceilings.map(({ name, times }) => {
      const value = values[name];
      return [name, typeof value === 'number' ? String(value / times) : ''];
    }),
  );
}

function numbers(
  texts: Readonly<Record<string, string>>,
  ceilings: readonly Ceiling[],
): Record<string, number> {
  return Object.fromEntries(
    ceilings.flatMap(({ name, label, times }) => {
      const text = (texts[name] ?? '').trim();
      if (text === '') return [];
      const value = numberIn(text, label) * times;
      return [[name, times === 1 ? value : Math.round(value)]];
    }),
  );
}

function numberIn(text: string, label: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new InputFault(`${label} must be a number.`);
  return value;
}

function objectIn(value: unknown): Record<string, unknown> {
  const is = typeof value === 'object' && value !== null && !Array.isArray(value);
  return is ? (value as Record<string, unknown>) : {};
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
