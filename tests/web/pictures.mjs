// node tests/web/pictures.mjs PROGRAM: docs/images, taken from a demo in the middle of its day.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Demo, root, signedIn, startBrowser, until } from './harness.mjs';

const folder = join(root, 'docs/images');
const versionIn = async (demo, workload, stage) => {
  const { workloads } = await demo.api('GET', '/api/v1/board');
  return workloads.find(({ name }) => name === workload).cells.find((cell) => cell.stage === stage);
};

/** As soon as the source has something to offer. */
async function promote(demo, wish, reason) {
  let plan;
  await until(`${wish.workloads} can go to ${wish.to}`, async () => {
    plan = await demo.api('POST', '/api/v1/plans', wish).catch(() => null);
    return plan?.items.length === wish.workloads.length * (wish.to === 'prod' ? 2 : 1);
  }, 90_000);
  await demo.api('POST', '/api/v1/releases', { ...wish, planDigest: plan.digest, reason });
}

/** Versions travel, one is stuck, one is held, one waits for a person. */
async function liveADay(demo) {
  for (const image of ['cart:1.1.0', 'web:1.1.0', 'payments:1.1.0', 'charts/search:1.1.0']) await demo.push(image);
  await until('staging has them', async () => {
    const { workloads } = await demo.api('GET', '/api/v1/board');
    return ['cart', 'web', 'payments'].every((name) => workloads.find((row) => row.name === name).cells[1].running === '1.1.0');
  }, 90_000);
  await promote(demo, { to: 'prod', from: 'staging', workloads: ['web', 'payments'] }, 'Faster pages');
  await demo.api('POST', '/api/v1/holds', { stage: 'prod', workload: 'ledger', reason: 'Audit until Friday' });
  await demo.push('catalog:bad-2');
  await promote(demo, { to: 'dev', from: 'registry', workloads: ['catalog'], version: 'bad-2' }, 'Try it');
  await until('it is stuck', async () => ['stuck', 'failed'].includes((await versionIn(demo, 'catalog', 'dev')).state), 60_000);
  await demo.push('orders:1.1.0');
}

const tokens = new Map();

async function tokenOf(name, role) {
  if (!tokens.has(name)) tokens.set(name, (await demo.api('POST', '/api/v1/tokens', { name, role })).token);
  return tokens.get(name);
}

const scenes = {
  async board(page) {
    await page.locator('[data-row="1"][data-column="1"]').hover();
  },
  async 'board-selection'(page) {
    await page.getByLabel('Select cart').click();
    await page.getByLabel('Select search').click();
  },
  async 'command-menu'(page) {
    await page.keyboard.press('Control+k');
  },
  async pipeline(page) {
    await page.getByRole('link', { name: 'Pipeline' }).click();
    await page.getByLabel('Versions of').selectOption('web');
    await page.waitForSelector('.node .version');
  },
  async releases(page) {
    await page.goto(`${demo.url}/releases`);
    await page.locator('.row-link').first().waitFor();
  },
  async release(page) {
    const { items } = await demo.api('GET', '/api/v1/releases?workload=catalog&stage=dev');
    await page.goto(`${demo.url}/releases/${items[0].id}`);
    await page.locator('.timeline-row').first().waitFor();
  },
  async cell(page) {
    await page.goto(`${demo.url}/board?cell=dev/catalog`);
    await page.locator('.cell-list').first().waitFor();
  },
  async inbox(page) {
    await page.context().clearCookies();
    await page.goto(`${demo.url}/inbox#token=${await tokenOf('mia', 'approve')}`);
    await page.getByRole('button', { name: /^Approve/ }).waitFor();
  },
  async settings(page) {
    await page.goto(`${demo.url}/settings`);
    await page.getByRole('rowheader').first().waitFor();
  },
  async promote(page) {
    await page.goto(`${demo.url}/board?promote=prod&from=staging&workloads=cart,search,web,mailer`);
    await page.locator('dialog.promote button[type=submit][aria-disabled=false]').waitFor();
  },
  async 'cluster-deploy'(page) {
    await page.goto(`${demo.url}/clusters/prod-eu`);
    await page.getByLabel('Promote cart').click();
    await page.getByLabel('Promote search').click();
  },
  async 'cluster-capacity'(page) {
    await page.goto(`${demo.url}/clusters/prod-eu/capacity`);
    await page.locator('.levels').waitFor();
  },
};

const demo = await Demo.start(process.argv[2]);
const browser = await startBrowser();
try {
  mkdirSync(folder, { recursive: true });
  await liveADay(demo);
  for (const colorScheme of ['light', 'dark']) {
    for (const [name, play] of Object.entries(scenes)) {
      const page = await signedIn(browser, demo, '/board', { colorScheme, reducedMotion: 'reduce', viewport: { width: 1280, height: 720 } });
      await page.getByText('Live', { exact: true }).waitFor();
      await page.waitForSelector('[role=rowheader]');
      await play(page);
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
      await page.context().close();
    }
  }
} finally {
  await browser.close();
  await demo.stop();
}
