// node bench/ui.mjs PROGRAM [--quick]: the Board in Chromium, beside a table that a server renders.  Prints figures as JSON.
// With PROTOTYPE=FOLDER, the sources of a page with ?n=ROWS and window.__bench.burst(), beside that one, too.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root, signedIn, startBrowser, until } from '../tests/web/harness.mjs';
import { OwnServer, pipeline } from '../tests/web/server.mjs';

const [program, quick] = process.argv.slice(2);
const STAGES = Array.from({ length: 10 }, (_, at) => `stage-${at}`);
const RUNS = quick ? 3 : 7;
const UPDATES = quick ? 10 : 100;
const VIEWPORT = { width: 1440, height: 900 };

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const digestOf = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const kinds = ['api', 'worker', 'web', 'cron'];
const nameOf = (at) => `${['cart', 'pay', 'search', 'mail', 'ledger'][at % 5]}-${kinds[at % 4]}-${at}`;
/** Older towards the end, so that threads begin and end everywhere. */
const versionOf = (at, stage) => `1.${9 - Math.floor(stage / (1 + (at % 4)))}.${at % 7}`;
const imageOf = (at, stage) => {
  const repository = `127.0.0.1:1/shop/${nameOf(at)}`;
  const tag = versionOf(at, stage);
  return { repository, tag, digest: digestOf(repository + tag) };
};

function deployment(at, stage) {
  const { repository, tag, digest } = imageOf(at, stage);
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${nameOf(at)}, namespace: shop}
spec:
  selector: {matchLabels: {app: ${nameOf(at)}}}
  template:
    metadata: {labels: {app: ${nameOf(at)}}}
    spec: {containers: [{name: main, image: "${repository}:${tag}@${digest}"}]}
`;
}

/** What an agent would report, so that no cluster is needed for a board. */
class Agents {
  static async start(server, count) {
    const agents = new Agents();
    Object.assign(agents, { server, count, tokens: [], sequences: STAGES.map(() => 0) });
    for (const name of STAGES) agents.tokens.push((await server.api('POST', '/api/v1/clusters', { name })).token);
    agents.commit = (await server.api('GET', '/api/v1/board')).commit;
    for (let stage = 0; stage < STAGES.length; stage++) await agents.report(stage, 0, count, 'healthy');
    return agents;
  }

  async report(stage, from, to, state) {
    const now = new Date().toISOString();
    const workloads = [];
    for (let at = from; at < to; at++) {
      const images = [{ container: 'main', image: imageOf(at, stage) }];
      const ready = state === 'healthy' ? 2 : 1;
      const pods = { wanted: 2, updated: 2, ready, oldReady: 0, driftFixed: 0 };
      workloads.push({ name: nameOf(at), namespace: 'shop', kind: 'Deployment', state, since: now, ...pods, wantedImages: images, runningImages: images, diagnosis: null });
    }
    const sequence = ++this.sequences[stage];
    const isFull = sequence === 1;
    const about = { cluster: STAGES[stage], session: `s${stage}`.padEnd(32, '0'), sequence, isFull, agentVersion: 'bench', path: `clusters/${STAGES[stage]}` };
    const of = { appliedCommit: this.commit, seenCommit: this.commit, appliedAt: now, objectCount: this.count, problems: [], drifts: [], uses: [] };
    await this.server.api('POST', '/api/v1/agent/report', { ...about, ...of, workloads }, this.tokens[stage]);
  }
}

/** The same rows as one page of HTML, from memory: each filter and each update is another load of it. */
async function startTable(count) {
  const rows = Array.from({ length: count }, (_, at) => ({ name: nameOf(at), cells: STAGES.map((_, stage) => versionOf(at, stage)) }));
  const css = 'body{font:13px sans-serif}table{border-collapse:collapse}td,th{padding:4px 8px;border-bottom:1px solid #ddd;text-align:left}';
  const htmlOf = (q) => {
    const found = rows.filter((row) => row.name.includes(q));
    const body = found.map((row) => `<tr><th role="rowheader">${row.name}</th>${row.cells.map((cell) => `<td><i class="healthy">healthy</i> ${cell}</td>`).join('')}</tr>`);
    const head = `<tr><th>Workload</th>${STAGES.map((name) => `<th>${name}</th>`).join('')}</tr>`;
    return `<!doctype html><title>Board</title><style>${css}</style><table><thead>${head}</thead><tbody>${body.join('')}</tbody></table>`;
  };
  const server = http.createServer((request, response) => {
    const q = new URL(request.url, 'http://x').searchParams.get('q') ?? '';
    response.setHeader('Content-Type', 'text/html; charset=utf-8').setHeader('Content-Encoding', 'gzip').end(gzipSync(htmlOf(q), { level: 3 }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

/** Built as the UI is, with the UI's packages; null without one. */
async function startPrototype(folder) {
  if (!folder || !existsSync(folder)) return null;
  const modules = join(root, 'web/node_modules');
  const { build } = await import(join(modules, 'vite/dist/node/index.js'));
  const outDir = join(root, 'build/bench/prototype');
  const alias = [{ find: /^(preact|@preact\/signals)(?=$|\/)/, replacement: `${modules}/$1` }];
  const oxc = { jsx: { runtime: 'automatic', importSource: 'preact' } };
  await build({ configFile: false, root: folder, logLevel: 'warn', resolve: { alias }, oxc, build: { outDir, emptyOutDir: true } });
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    const file = join(outDir, pathname === '/' ? 'index.html' : pathname);
    if (!existsSync(file)) return response.writeHead(404).end();
    return response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream').end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

/** What it can do: it makes its rows itself, so nothing is read, and its updates come from the page. */
async function measurePrototype(browser, prototype, count) {
  const context = await browser.newContext({ viewport: VIEWPORT });
  const page = await context.newPage();
  const { paint, rows } = await loads(page, `${prototype.url}?n=${count}`);
  const key = await filterKeys(page, page.locator('input').first());
  const burst = await page.evaluate(async ([runs, changed]) => {
    const found = [];
    for (let run = 0; run < runs; run++) found.push(await window.__bench.burst(changed));
    return found.sort((a, b) => a - b)[runs >> 1];
  }, [RUNS, Math.min(UPDATES, count)]);
  await context.close();
  const other_name = 'the prototype, without a server';
  return { paint: { other: paint, other_name }, rows: { other: rows, other_name }, key: { other: key, other_name }, update: { other: burst, other_name } };
}

/** In the page: when the first row was painted, counted from the beginning of the load. */
function noteRows() {
  const look = () => {
    if (!document.querySelector('[role=rowheader]')) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => (window.rowsAt = performance.now())));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true });
}

async function loads(page, url) {
  const found = { paint: [], rows: [] };
  await page.addInitScript(noteRows);
  for (let run = 0; run <= RUNS; run++) {
    await page.goto(url);
    await page.waitForFunction(() => window.rowsAt && performance.getEntriesByName('first-contentful-paint').length);
    if (!run) continue; // the first fills the browser's cache
    found.paint.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
    found.rows.push(await page.evaluate(() => window.rowsAt));
  }
  return { paint: median(found.paint), rows: median(found.rows) };
}

/** From the key to the frame in which its rows stand. */
async function filterKeys(page, field) {
  await page.evaluate(() => {
    window.keys = [];
    document.addEventListener('keydown', () => {
      const began = performance.now();
      requestAnimationFrame(() => setTimeout(() => window.keys.push(performance.now() - began)));
    }, true);
  });
  await field.focus();
  let pressed = 0;
  for (let run = 0; run < RUNS; run++) {
    for (const key of ['p', 'a', 'y', 'Backspace', 'Backspace', 'Backspace']) {
      await page.keyboard.press(key);
      pressed++;
      await page.waitForFunction((count) => window.keys.length === count, pressed);
    }
  }
  return median(await page.evaluate(() => window.keys));
}

/** From the agent's report to the frame in which the page has counted all of them. */
async function updates(page, agents, count) {
  await page.evaluate(() => {
    const counted = () => Number(/Rolling out (\d+)/.exec(document.querySelector('.chips').textContent)[1]);
    window.when = (wanted) => new Promise((resolve) => {
      const look = () => (counted() === wanted ? setTimeout(() => resolve(Date.now())) : requestAnimationFrame(look));
      look();
    });
  });
  const found = [];
  for (let run = 0; run < RUNS; run++) {
    for (const [state, wanted] of [['rolling_out', count], ['healthy', 0]]) {
      const seen = page.evaluate((number) => window.when(number), wanted);
      const began = Date.now();
      await agents.report(3, 0, count, state);
      found.push((await seen) - began);
    }
  }
  return median(found);
}

async function answerOf(server) {
  const response = await fetch(`${server.url}/api/v1/board`, { headers: { Authorization: `Bearer ${server.token}`, 'Accept-Encoding': 'gzip' } });
  return (await response.text()).length;
}

async function measure(browser, prototype, count) {
  const files = { 'heddle.yaml': pipeline(...STAGES) };
  for (let at = 0; at < count; at++) STAGES.forEach((name, stage) => (files[`clusters/${name}/${nameOf(at)}.yaml`] = deployment(at, stage)));
  const server = await OwnServer.start(program, { files });
  const table = await startTable(count);
  try {
    await until('the board is read', async () => (await server.api('GET', '/api/v1/board')).workloads.length === count, 120_000);
    const agents = await Agents.start(server, count);
    const page = await signedIn(browser, server, '/board', { viewport: VIEWPORT });
    await page.waitForSelector('[role=rowheader]');
    const own = await loads(page, `${server.url}/board`);
    await page.getByText('Live', { exact: true }).waitFor();
    const key = await filterKeys(page, page.getByRole('searchbox'));
    await page.goto(`${server.url}/board`);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.waitForFunction(() => /Rolling out 0/.test(document.querySelector('.chips')?.textContent));
    const changed = Math.min(UPDATES, count);
    const update = await updates(page, agents, changed);
    const plainPage = await (await browser.newContext({ viewport: VIEWPORT })).newPage();
    const plain = await loads(plainPage, table.url);
    const plainFilter = await loads(plainPage, `${table.url}?q=pay`);
    const what = `board of ${count} × ${STAGES.length}`;
    const goal = count > 200 ? 1000 : 500;
    const beside = prototype && (await measurePrototype(browser, prototype, count));
    const figures = [
      { what: `${what}, first paint`, value: own.paint, other: plain.paint, other_name: 'a table that a server renders', goal, beside: beside?.paint },
      { what: '  rows are painted', value: own.rows, other: plain.rows, other_name: 'that table', goal, beside: beside?.rows },
      { what: '  a key in the filter is painted', value: key, other: plainFilter.rows, other_name: 'that table, filtered by the server', goal: 100, beside: beside?.key },
      { what: `  ${changed} changed cells, from the agent's report`, value: update, other: plain.rows, other_name: 'that table, loaded again', goal: 200, beside: beside?.update },
    ];
    const each = figures.flatMap(({ beside: more, ...figure }) => [figure, ...(more ? [{ what: '    the same', value: figure.value, ...more }] : [])]);
    return [...each.map((figure) => ({ unit: 'ms', ...figure })), { what: "  the API's answer", value: (await answerOf(server)) / 1024, unit: 'KiB' }];
  } finally {
    table.stop();
    await server.stop();
  }
}

const prototype = await startPrototype(process.env.PROTOTYPE);
const browser = await startBrowser();
try {
  const figures = [];
  for (const count of quick ? [20, 100] : [200, 1000]) figures.push(...(await measure(browser, prototype, count)));
  console.log(JSON.stringify(figures));
} finally {
  await browser.close();
  prototype?.stop();
}
