// Lighthouse, over pages of somebody who is signed in. Prints a JSON list: url, scores, what failed.
//
//   node judge.mjs NODE_MODULES JOB
//
// JOB is a JSON file: {browser, arguments, cookies, pages: [{url, phone}]}.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, job] = process.argv.slice(2);
const { browser: program, arguments: args, cookies, pages } = JSON.parse(readFileSync(job, 'utf8'));
const from = createRequire(`${modules}/`);
const load = (name) => import(pathToFileURL(from.resolve(name)));
const { navigation, desktopConfig } = await load('lighthouse');
const puppeteer = await load('puppeteer-core');

const CATEGORIES = ['accessibility', 'best-practices'];
// Of the category for search engines, which these pages are not for, what concerns everyone.
const FURTHER = ['http-status-code', 'crawlable-anchors', 'link-text', 'meta-description'];
const PASSES = 1;

// Nothing is timed: a page is judged once it shows what it has, which open() waits for. Its live
// connection never ends, so all of maxWaitForLoad is waited for on every page.
const WAITS = {
  maxWaitForLoad: 3_000,
  pauseAfterFcpMs: 0,
  pauseAfterLoadMs: 0,
  networkQuietThresholdMs: 500,
  cpuQuietThresholdMs: 0,
};
const PATIENCE = { timeout: 60_000 };

async function open(page, url) {
  await page.goto(url, { waitUntil: 'load', ...PATIENCE });
  await page.waitForSelector('h1', PATIENCE);
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'), PATIENCE);
}

async function judge(page, { url, phone }) {
  const config = structuredClone(phone ? { extends: 'lighthouse:default' } : desktopConfig);
  config.settings = {
    ...config.settings,
    ...WAITS,
    onlyCategories: CATEGORIES,
    onlyAudits: FURTHER,
    throttlingMethod: 'provided',
    disableStorageReset: true, // or one would be signed out
    disableFullPageScreenshot: true,
  };
  const began = performance.now();
  const { lhr } = await navigation(page, () => open(page, url), {
    flags: { logLevel: 'error', output: [] },
    config,
  });
  const seconds = (performance.now() - began) / 1000;
  return {
    url,
    phone,
    seconds,
    scores: scoresOf(url, lhr),
    failed: failuresOf(lhr),
  };
}

function scoresOf(url, lhr) {
  if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`);
  if (new URL(lhr.finalDisplayedUrl).pathname !== new URL(url).pathname) {
    throw new Error(`${url} led to ${lhr.finalDisplayedUrl}`);
  }
  return Object.fromEntries(CATEGORIES.map((name) => [name, lhr.categories[name].score]));
}

function failuresOf(lhr) {
  const weighed = CATEGORIES.flatMap((name) => lhr.categories[name].auditRefs)
    .filter((each) => each.weight > 0)
    .map((each) => each.id);
  return [...new Set([...weighed, ...FURTHER])]
    .map((id) => lhr.audits[id])
    .filter((each) => each.score !== null && each.score < PASSES)
    .map(({ id, title, details }) => ({
      id,
      title,
      seen: (details?.items ?? []).slice(0, 3),
    }));
}

const browser = await puppeteer.launch({
  executablePath: program,
  args,
  headless: 'shell',
});
try {
  await browser.setCookie(...cookies);
  const found = [];
  const tab = await browser.newPage();
  for (const page of pages) {
    const first = await judge(tab, page);
    // A fault of the page is one again; what a busy machine could not answer is none of the page's.
    found.push(first.failed.length === 0 ? first : await judge(tab, page));
  }
  process.stdout.write(JSON.stringify(found));
} finally {
  await browser.close();
}
