// What holds on every page: accessibility, narrow screens, hostile texts, a base path, and what may be sent at most.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { axeSource, root, signedIn, until } from './harness.mjs';
import { deployment, OwnServer, pipeline } from './server.mjs';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

async function assertAccessible(page, what) {
  await page.evaluate(readFileSync(axeSource, 'utf8'));
  const { violations } = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: 'tag', values } }), tags);
  const words = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html).join(' ')}`);
  assert.deepEqual(words, [], what);
}

/** Wherever rows are shown, there are as many. */
const ROWS = 30;
export const demoArgs = ['--workloads', String(ROWS)];

const clusterViews = [
  ['/clusters', '.facts.rows tbody tr', 4],
  ['/clusters/prod-eu', '.offers tbody tr', ROWS],
  ['/clusters/prod-eu/workloads', '.facts.rows tbody tr', ROWS],
  ['/clusters/prod-eu/capacity', '.levels', 1],
  ['/clusters/prod-eu/sync', '.pairs', 1],
];
const rows = (page, selector, count = ROWS) => until(`there are ${count} of ${selector}`, async () => (await page.locator(selector).count()) >= count);
const phases = ['planned', 'needs_approval', 'queued', 'committing', 'syncing', 'rolling_out', 'verifying', 'done', 'failed', 'stopped', 'rolled_back', 'superseded'];

let release = null;

/** The one that brought a push to dev, the same for all cases. */
async function anyRelease(demo) {
  if (release) return release;
  await demo.push('cart:1.1.0');
  await until('there is a release', async () => {
    const { items } = await demo.api('GET', '/api/v1/releases?stage=dev');
    return (release = items.find(({ commits }) => commits.length)?.id);
  });
  return release;
}

/* Motion would let axe see colours halfway. */
const still = { reducedMotion: 'reduce' };

/** Each page in one theme, as axe sees it. */
async function assertAllAccessible({ demo, browser, open }, colorScheme) {
  const id = await anyRelease(demo);
  const page = await open('/board', { colorScheme, ...still });
  await rows(page, '[role=rowheader]');
  await page.locator('[role=grid]').focus();
  await page.keyboard.press('x');
  await assertAccessible(page, `board, ${colorScheme}`);
  await page.keyboard.press('Control+k');
  await assertAccessible(page, `command menu, ${colorScheme}`);
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await assertAccessible(page, `shortcuts, ${colorScheme}`);
  await page.goto(`${demo.url}/board?promote=prod&from=registry`);
  await rows(page, '.plan-rows tbody tr');
  await assertAccessible(page, `promote sheet, ${colorScheme}`);
  for (const [path, sign, count] of clusterViews) {
    await page.goto(`${demo.url}${path}`);
    await rows(page, sign, count);
    await assertAccessible(page, `${path}, ${colorScheme}`);
  }
  const pipeline = await open('/pipeline?stage=staging', { colorScheme, ...still });
  await pipeline.waitForSelector('.counts a');
  await assertAccessible(pipeline, `pipeline, ${colorScheme}`);
  for (const tab of ['progress', 'changes', 'impact', 'events']) {
    await page.goto(`${demo.url}/releases/${id}?tab=${tab}`);
    await page.getByRole('table').or(page.locator('.timeline-row, .impacts')).first().waitFor();
    await assertAccessible(page, `release, ${tab}, ${colorScheme}`);
  }
  await page.getByRole('button', { name: 'Roll back' }).click();
  await assertAccessible(page, `a reason is asked for, ${colorScheme}`);
  const small = await open('/board', { colorScheme, ...still, viewport: { width: 320, height: 640 } });
  await rows(small, '.stage-list li');
  await assertAccessible(small, `board of 320 pixels, ${colorScheme}`);
  await page.goto(`${demo.url}/nowhere`);
  await page.getByText('There is no page at this address').waitFor();
  await assertAccessible(page, `no page, ${colorScheme}`);
  await page.goto(`${demo.url}/board?cell=dev/cart`);
  await page.locator('.cell-list').first().waitFor();
  await assertAccessible(page, `cell, ${colorScheme}`);
  const context = await browser.newContext({ colorScheme, ...still });
  const door = await context.newPage();
  await door.goto(demo.url);
  await door.getByLabel('Token').waitFor();
  await assertAccessible(door, `sign-in, ${colorScheme}`);
  await context.close();
}

export const cases = {
  async in_light_no_page_keeps_anybody_out(parts) {
    await assertAllAccessible(parts, 'light');
  },

  async in_the_dark_no_page_keeps_anybody_out(parts) {
    await assertAllAccessible(parts, 'dark');
  },

  async no_list_keeps_anybody_out({ demo, open }) {
    await demo.push('cart:1.1.0');
    const hold = { stage: 'prod', workload: 'ledger', reason: 'Audit until Friday' };
    await until('the pipeline is known', async () => demo.api('POST', '/api/v1/holds', hold).catch(() => null));
    const { token } = await demo.api('POST', '/api/v1/tokens', { name: 'mia', role: 'approve' });
    const wish = { to: 'prod', from: 'registry', workloads: ['cart'] };
    await until('it waits for an approval', async () => demo.api('POST', '/api/v1/releases', wish).catch(() => null), 60_000);
    const [{ id, ...row }] = (await demo.api('GET', '/api/v1/releases?limit=1')).items;
    const items = Array.from({ length: ROWS }, (_, at) => ({ ...row, id: id + ROWS - at, name: `R-${id + ROWS - at}`, phase: phases[at % phases.length] }));
    for (const colorScheme of ['light', 'dark']) {
      const releases = await open('/settings', { colorScheme, ...still });
      await releases.getByRole('button', { name: 'Make token' }).waitFor(); // signed in
      await releases.route('**/api/v1/releases?**', (route) => route.fulfill({ json: { items } }));
      await releases.goto(`${demo.url}/releases`);
      await rows(releases, '.row-link');
      await assertAccessible(releases, `releases, ${colorScheme}`);
      const inbox = await open('/inbox', { colorScheme, token, ...still });
      await inbox.getByRole('button', { name: /^Approve/ }).waitFor();
      await assertAccessible(inbox, `inbox, ${colorScheme}`);
      await inbox.getByRole('button', { name: /^Reject/ }).click();
      await inbox.getByRole('button', { name: /^Resume/ }).click();
      await assertAccessible(inbox, `inbox with a dialog, ${colorScheme}`);
      const settings = await open('/settings', { colorScheme, ...still });
      await settings.getByRole('button', { name: 'Revoke… mia' }).waitFor();
      await assertAccessible(settings, `settings, ${colorScheme}`);
      await settings.getByLabel('Name').fill(`ci-${colorScheme}`);
      await settings.getByRole('button', { name: 'Make token' }).click();
      await settings.getByRole('button', { name: 'Copy token' }).waitFor();
      await settings.getByLabel(/^Token$/).focus();
      await assertAccessible(settings, `a new token, ${colorScheme}`);
    }
  },

  async a_list_of_320_pixels_scrolls_only_down({ open }) {
    const page = await open('/releases', { viewport: { width: 320, height: 640 } });
    await page.locator('.row-link').first().waitFor();
    const width = () => page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.getElementById('content').scrollWidth));
    assert.equal(await width(), 320);
    await page.getByRole('button', { name: 'Pages' }).click();
    await page.getByRole('menuitem', { name: /^Inbox/ }).click();
    await page.getByText('Audit until Friday').waitFor();
    assert.equal(await width(), 320);
    await page.getByRole('button', { name: /you and your settings/ }).click();
    await page.getByRole('menuitem', { name: /^Settings/ }).click();
    await page.getByRole('button', { name: 'Revoke… mia' }).waitFor();
    assert.equal(await width(), 320);
  },

  async hostile_texts_stay_texts_in_lists({ demo, open }) {
    const evil = '<script>window.isRobbed = true</script><img src=x onerror="window.isRobbed = true">\u202Egnp.exe';
    const long = 'n'.repeat(10_000);
    const [row] = (await demo.api('GET', '/api/v1/releases?limit=1')).items;
    const base = { ...row, phase: 'failed', isOver: true, isStuck: false, commits: [], finishedAt: new Date().toISOString() };
    const items = [
      { ...base, id: 902, name: 'R-902', actor: 'admin', stage: evil, from: evil, reason: evil, why: evil, approvedBy: [evil], workloads: [evil], versions: [{ workload: evil, from: evil, to: evil }] },
      { ...base, id: 901, name: 'R-901', actor: 'admin', stage: long, from: long, reason: long, why: long, approvedBy: [long], workloads: [long], versions: [{ workload: long, from: long, to: long }] },
    ];
    const hold = { id: 1, stage: long, workload: evil, owner: evil, reason: long, createdAt: base.createdAt, rejected: null };
    const page = await open('/sign-in');
    await page.waitForSelector('[role=rowheader]');
    await page.route('**/api/v1/releases?**', (route) => route.fulfill({ json: { items } }));
    await page.route('**/api/v1/holds', (route) => route.fulfill({ json: { items: [hold] } }));
    await page.route('**/api/v1/tokens', (route) => route.fulfill({ json: { items: [{ name: evil, role: 'agent', cluster: long }, { name: long, role: 'read' }] } }));
    for (const [path, text] of [['/releases', 'R-901'], ['/inbox', 'R-901'], ['/settings', 'Revoke…']]) {
      await page.goto(demo.url + path);
      await page.getByText(text).first().waitFor();
      await page.getByText('<script>').first().waitFor();
      assert.equal(await page.evaluate(() => window.isRobbed), undefined);
      assert.equal(await page.evaluate(() => document.querySelectorAll('#app script, #app img').length), 0);
      const width = await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.getElementById('content').scrollWidth));
      assert.ok(width <= 1440, `${path} is ${width} px wide`);
    }
  },

  async no_other_page_scrolls_sideways_at_320_pixels({ demo, open }) {
    const page = await open('/board?promote=prod&from=registry', { viewport: { width: 320, height: 640 } });
    await page.locator('.plan-rows').waitFor();
    assert.equal(await page.locator('dialog.promote > .content').evaluate((content) => content.scrollWidth - content.clientWidth), 0);
    const release = `/releases/${await anyRelease(demo)}`;
    const releaseViews = [[release, '.timeline-row'], [`${release}?tab=changes`, '.diff-file'], [`${release}?tab=impact`, '.impacts'], [`${release}?tab=events`, 'table']];
    for (const [path, sign] of [...clusterViews, ...releaseViews, ['/board?cell=dev/cart', '.cell-list']]) {
      await page.goto(`${demo.url}${path}`);
      await page.locator(sign).first().waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320, path);
      assert.ok(await page.evaluate(() => document.getElementById('content').scrollWidth <= 320), `what is in ${path}`);
    }
  },

  async hostile_texts_stay_texts({ demo, open }) {
    const evil = '<script>window.isRobbed = true</script><img src=x onerror="window.isRobbed = true">\u202Egnp.exe';
    const long = 'n'.repeat(10_000);
    let board;
    await until('the demo has its board', async () => (board = await demo.api('GET', '/api/v1/board')).workloads.length === ROWS);
    board.workloads[0].name = evil;
    board.workloads[1].name = long;
    board.workloads[0].namespace = evil;
    board.workloads[0].cells[0].version = long;
    board.workloads[0].cells[0].summary = evil;
    board.stages[0].name = board.workloads[0].cells[0].stage = evil;
    const page = await open('/sign-in');
    await page.waitForSelector('[role=rowheader]');
    await page.route('**/api/v1/board', (route) => route.fulfill({ json: board }));
    await page.reload();
    await page.locator('[data-row="0"][data-column="1"]').hover();
    await until('the sentence is shown', async () => (await page.locator('#reading').textContent()).includes('<script>'));
    assert.equal(await page.evaluate(() => window.isRobbed), undefined);
    assert.equal(await page.evaluate(() => document.querySelectorAll('#app script, #app img').length), 0);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1440);
    const height = await page.locator('[role=row]').nth(1).evaluate((row) => row.clientHeight);
    assert.ok(height < 40, `the row has ${height} px`);
    await page.setViewportSize({ width: 320, height: 640 });
    await page.waitForSelector('.stage-list li');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    assert.ok((await page.locator('.stage-list li').first().boundingBox()).height < 120);
    await page.getByRole('button', { name: 'staging' }).click();
    await page.locator('.stage-list li').filter({ hasText: long }).waitFor();
    assert.ok((await page.locator('.stage-list li').filter({ hasText: long }).boundingBox()).height < 80);
    assert.ok((await page.locator('.stage-list .stages').boundingBox()).height < 60);
    assert.equal(await page.evaluate(() => window.isRobbed), undefined);
  },

  async a_hostile_repository_stays_text_from_git_to_the_page({ browser, heddle }) {
    const script = '<script>window.isRobbed = true</script>';
    const turned = '\u202Etrac\u2066';
    const broken = `clusters/dev/\u202E<img src=x onerror=window.isRobbed=true>.yaml`;
    const files = { 'heddle.yaml': pipeline('dev'), 'clusters/dev/last.yaml': deployment('last'), [broken]: 'a: [' };
    for (const [at, name] of [script, turned].entries()) files[`clusters/dev/${at}.yaml`] = deployment('xx').replace('{name: xx,', `{name: ${JSON.stringify(name)},`);
    files['clusters/dev/long.yaml'] = deployment('n'.repeat(10_000));
    files['clusters/dev/tag.yaml'] = deployment('tag', `1.0.0${'x'.repeat(10_000)}`);
    const server = await OwnServer.start(heddle, { files });
    const page = await signedIn(browser, server);
    try {
      await page.getByRole('rowheader', { name: script, exact: true }).waitFor();
      await page.getByRole('rowheader', { name: turned, exact: true }).waitFor();
      assert.equal(await page.getByRole('rowheader').count(), 4); // what has 10,000 characters as a name is refused, and told
      await page.locator('[data-row="0"][data-column="1"]').hover();
      await until('its sentence is shown', async () => (await page.locator('#reading').textContent()).includes(script));
      const ways = await page.getByRole('rowheader', { name: turned }).evaluate((name) => getComputedStyle(name).unicodeBidi);
      assert.equal(ways, 'isolate');
      await page.getByRole('link', { name: 'Pipeline' }).click();
      await page.getByText('2 problems in the repository').waitFor();
      assert.ok((await page.locator('.problems').textContent()).includes(broken));
      assert.ok((await page.locator('.problems').textContent()).includes('longer than 63 characters'));
      const bidi = await page.locator('.problems code').first().evaluate((file) => getComputedStyle(file.closest('.foreign')).unicodeBidi);
      assert.equal(bidi, 'isolate');
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1440);
      assert.equal(await page.evaluate(() => document.querySelectorAll('#app script, #app img').length), 0);
      assert.equal(await page.evaluate(() => window.isRobbed), undefined);
      assert.deepEqual(page.complaints, []);
    } finally {
      await page.context().close();
      await server.stop();
    }
  },

  async everything_works_below_a_base_path({ browser, heddle }) {
    const server = await OwnServer.start(heddle, { basePath: '/tools/heddle' });
    const { url } = server;
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      const failures = [];
      page.on('response', (response) => response.status() >= 400 && failures.push(`${response.status()} ${response.url()}`));
      await page.goto(`${url}/board#token=${server.token}`);
      await page.getByText('No workloads yet').waitFor();
      failures.length = 0; // before the sign-in, nobody was signed in
      await page.getByText('Live', { exact: true }).waitFor();
      const [cookie] = await context.cookies();
      assert.equal(cookie.path, '/tools/heddle/');
      await page.getByRole('link', { name: 'heddle' }).click();
      assert.equal(page.url(), `${url}/board`);
      await page.goto(`${url}/nowhere`);
      await page.getByText('There is no page at this address').waitFor();
      assert.deepEqual(failures, []);
    } finally {
      await context.close();
      await server.stop();
    }
  },

  async the_first_visit_is_small() {
    const folder = join(root, 'build/web/dist');
    const sizeOf = (name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length;
    const index = readFileSync(join(folder, 'index.html'), 'utf8');
    const assets = readdirSync(join(folder, 'assets')).map((name) => ({ name, bytes: sizeOf(`assets/${name}`) }));
    const sum = (test) => assets.filter(({ name }) => test(name)).reduce((bytes, asset) => bytes + asset.bytes, 0);
    const isFirst = (name) => index.includes(name) || /^(worker|index)-/.test(name);
    const sizes = {
      initial: sum((name) => name.endsWith('.js') && isFirst(name)),
      scripts: sum((name) => name.endsWith('.js')),
      styles: sum((name) => name.endsWith('.css')),
      first: sizeOf('index.html') + sum(isFirst),
    };
    console.log(`          gzip: ${Object.entries(sizes).map(([name, bytes]) => `${name} ${(bytes / 1024).toFixed(1)} KB`).join(', ')}`);
    assert.ok(sizes.initial <= 75 * 1024);
    assert.ok(sizes.scripts <= 110 * 1024);
    assert.ok(sizes.styles <= 14 * 1024);
    assert.ok(sizes.first <= 150 * 1024);
  },
};
