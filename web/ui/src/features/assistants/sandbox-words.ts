import { bytesText, spanText } from '@/shared/text/amounts';

/** What a version may use, in words; limits of kinds not known here are shown as they are. */
export function limitWords(limits: Record<string, unknown>): string[] {
  return Object.entries(limits).flatMap(([name, value]) =>
    typeof value === 'number' ? [(WORDS[name] ?? unknown(name))(value)] : [],
  );
}

const WORDS: Record<string, (value: number) => string> = {
  wall_seconds: (value) => `It is stopped after ${spanText(value * 1000)}.`,
  wall_ms: (value) => `It is stopped after ${spanText(value)}.`,
  memory_bytes: (value) => `It has ${bytesText(value)} of memory.`,
  processes: (value) => `It has ${value} processes and threads at one time.`,
  disk_bytes: (value) => `It may write ${bytesText(value)}; all of it is gone afterwards.`,
  open_files: (value) => `A process of it has ${value} open files.`,
  output_bytes: (value) => `It may print ${bytesText(value)}.`,
};

function unknown(name: string): (value: number) => string {
  return (value) => `${name.replaceAll('_', ' ')}: ${value}`;
}

/** What holds for every sandbox, whatever a version says. */
export const ALWAYS: readonly string[] = [
  'It reads its own bundle, its runtime and the request; nothing else of the machine.',
  'Its system calls end in gVisor’s own kernel; none reaches the machine’s.',
  'It runs as a user without rights, and its sandbox is used once.',
];
