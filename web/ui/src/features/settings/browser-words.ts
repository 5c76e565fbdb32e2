/** What a browser says it is, in a few words: `Firefox 140 on Linux`; else what it said. */
export function browserWords(agent: string): string {
  const browser = BROWSERS.find(([, pattern]) => pattern.test(agent));
  const system = SYSTEMS.find(([, pattern]) => pattern.test(agent));
  if (browser === undefined) return agent === '' ? 'A browser that does not say which' : agent;
  const version = browser[1].exec(agent)?.[1] ?? '';
  const named = `${browser[0]} ${version}`.trim();
  return system === undefined ? named : `${named} on ${system[0]}`;
}

// In this order: most of them claim to be those further down too.
const BROWSERS: readonly [string, RegExp][] = [
  ['Edge', /Edg(?:e|A|iOS)?\/(\d+)/],
  ['Opera', /OPR\/(\d+)/],
  ['Firefox', /(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/],
  ['Safari', /Version\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari/],
];
const SYSTEMS: readonly [string, RegExp][] = [
  ['Android', /Android/],
  ['iOS', /iPhone|iPad/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X/],
  ['Linux', /Linux/],
];
