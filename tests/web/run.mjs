// Runs the unit tests of web/, and then every case of the files beside this one, some files at a time.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Demo, root, signedIn, startBrowser } from './harness.mjs';

const CASE_MS = 180_000;
/** Each has a server, ports and browser profiles of its own; with more, two processors are the limit. */
const FILES_AT_ONCE = 2;
/** It waits for a minute and does little else, so it runs beside the others. */
const BESIDE = 'outage';

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

/* Whole, so that what runs at the same time does not come between. */
function report(name, error) {
  if (error) failed++;
  else passed++;
  const trouble = error ? `\n${String(error.stack ?? error).replace(/^/gm, '          ')}` : '';
  console.log(`${(error ? 'FAILED' : 'ok').padEnd(8)}${name}${trouble}`);
}

/** Its exit code and what it said. */
function runProgram(program, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
    let says = '';
    child.stdout.on('data', (text) => (says += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, says }));
  });
}

async function runUnitTests() {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-web-'));
  const file = join(folder, 'unit.json');
  const web = join(root, 'web');
  await runProgram('node', ['tools/types.mjs', '../src/api/openapi.json', 'src/api/types.gen.ts'], { cwd: web });
  const types = await runProgram('node_modules/.bin/tsc', ['--noEmit'], { cwd: web });
  report('types', types.code === 0 ? null : types.says);
  await runProgram('node_modules/.bin/vitest', ['run', '--reporter=json', `--outputFile=${file}`], { cwd: web });
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
async function runFile({ name: file, cases, demoArgs }, browser) {
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
      demo ??= await Demo.start(heddle, demoArgs);
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

/** The cases that were asked for, by file, with what its demo is started with; files without one are left out. */
async function chosenFiles() {
  const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.test.mjs')).sort();
  const found = [];
  for (const file of files) {
    const { cases, demoArgs } = await import(`./${file}`);
    const name = file.replace('.test.mjs', '');
    const chosen = Object.entries(cases).filter(
      ([one]) => !wanted.length || wanted.some((word) => name.includes(word) || one.includes(word)),
    );
    if (chosen.length) found.push({ name, cases: Object.fromEntries(chosen), demoArgs });
  }
  return found;
}

async function inTurn(jobs) {
  for (let job = jobs.shift(); job; job = jobs.shift()) await job();
}

const browser = await startBrowser();
try {
  const files = await chosenFiles();
  const jobOf = (file) => () => runFile(file, browser);
  const jobs = files.filter(({ name }) => name !== BESIDE).map(jobOf);
  const beside = files.filter(({ name }) => name === BESIDE).map(jobOf);
  const inBrowsers = () => Promise.all(Array.from({ length: FILES_AT_ONCE }, () => inTurn(jobs)));
  // The unit tests keep all processors busy by themselves.
  const first = !wanted.length || wanted.includes('unit') ? runUnitTests() : Promise.resolve();
  await Promise.all([inTurn(beside), first.then(inBrowsers)]);
} finally {
  await browser.close();
}

console.log(`${Math.round((Date.now() - began) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed`);
if (process.env.HEDDLE_COUNTS) appendFileSync(process.env.HEDDLE_COUNTS, `${passed} ${failed}\n`);
process.exit(failed ? 1 : 0);
