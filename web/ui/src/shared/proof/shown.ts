/** Which of what is shown of an entry its sealed bytes do not say; all of it where they are no JSON. */
export function unlike(body: Uint8Array, shown: Record<string, unknown>): string[] {
  const sealed = objectIn(body);
  return Object.keys(shown).filter((name) => canonical(shown[name]) !== canonical(sealed[name]));
}

function objectIn(body: Uint8Array): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** As JSON, whatever the order of names. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
