// Runs the unit tests of web/, and then every case of the files beside this one.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Demo, root, signedIn, startBrowser } from './harness.mjs';

const CASE_MS = 180_000;

function usage() {
  console.error('usage: tests/web/run --heddle PROGRAM [NAME...]');
  process.exit(2);
}

const words = process.argv.slice(2);
if (words[0] !== '--heddle' || !words[1]) usage();
const heddle = resolve(words[1]);
const wanted = words.slice(2);

let passed = 0;
let failed = 0;
const began = Date.now();

function report(name, error) {
  if (error) failed++;
  else passed++;
  console.log(`${error ? 'FAILED' : 'ok'}      ${name}`.replace(/^FAILED {6}/, 'FAILED  '));
  if (error) console.log(String(error.stack ?? error).replace(/^/gm, '          '));
}

function runUnitTests() {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-web-'));
  const file = join(folder, 'unit.json');
  const web = join(root, 'web');
  spawnSync('node', ['tools/types.mjs', '../src/api/openapi.json', 'src/api/types.gen.ts'], { cwd: web, stdio: 'inherit' });
  const types = spawnSync('node_modules/.bin/tsc', ['--noEmit'], { cwd: web, encoding: 'utf8' });
  report('types', types.status === 0 ? null : types.stdout);
  spawnSync('node_modules/.bin/vitest', ['run', '--reporter=json', `--outputFile=${file}`], { cwd: web, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    for (const suite of JSON.parse(readFileSync(file, 'utf8')).testResults) {
      if (!suite.assertionResults.length) report(suite.name, suite.message || 'it has no tests');
      for (const test of suite.assertionResults) {
        const error = test.status === 'passed' ? null : test.failureMessages.join('\n') || test.status;
        report(`unit: ${test.fullName}`, error);
      }
    }
  } catch (error) {
    report('unit', error);
  }
  rmSync(folder, { recursive: true });
}

async function within(promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`not over after ${CASE_MS} ms`)), CASE_MS)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/* A file's cases share one demo; each has a browser profile of its own. */
async function runFile(file, cases, browser) {
  let demo = null;
  for (const [name, run] of Object.entries(cases)) {
    const contexts = [];
    const open = async (path, options) => {
      const page = await signedIn(browser, demo, path, options);
      contexts.push(page.context());
      return page;
    };
    let problem = null;
    try {
      demo ??= await Demo.start(heddle);
      await within(run({ demo, browser, open, heddle }));
      for (const page of contexts.flatMap((context) => context.pages())) {
        if (page.complaints?.length) throw new Error(`the page complained: ${page.complaints.join('; ')}`);
      }
    } catch (error) {
      problem = error;
    }
    report(`${file}: ${name.replaceAll('_', ' ')}`, problem);
    for (const context of contexts) await context.close();
  }
  await demo?.stop();
}

if (!wanted.length || wanted.includes('unit')) runUnitTests();
const browser = await startBrowser();
try {
  const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.test.mjs')).sort();
  for (const file of files) {
    const { cases } = await import(`./${file}`);
    const name = file.replace('.test.mjs', '');
    const chosen = Object.entries(cases).filter(
      ([one]) => !wanted.length || wanted.some((word) => name.includes(word) || one.includes(word)),
    );
    if (chosen.length) await runFile(name, Object.fromEntries(chosen), browser);
  }
} finally {
  await browser.close();
}

console.log(`${Math.round((Date.now() - began) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed`);
if (process.env.HEDDLE_COUNTS) appendFileSync(process.env.HEDDLE_COUNTS, `${passed} ${failed}\n`);
process.exit(failed ? 1 : 0);
