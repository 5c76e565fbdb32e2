/** What keeps a text from being JSON, with its line; undefined where nothing does. */
export function jsonFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `This is no JSON${placeOf(error, text)}.`;
  }
}

function placeOf(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : '';
  const given = /line (\d+) column (\d+)/.exec(message);
  if (given !== null) return `: look at line ${given[1] ?? ''}, column ${given[2] ?? ''}`;
  const position = /position (\d+)/.exec(message)?.[1];
  if (position === undefined) return ': it ends too early';
  const before = text.slice(0, Number(position)).split('\n');
  return `: look at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
