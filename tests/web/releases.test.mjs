// The list of releases: what is found, live, in pages, and as a file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { until } from './harness.mjs';

const names = (page) => page.locator('.row-link').allTextContents();
const row = (page, name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });

async function ready(open, path = '/releases', options) {
  const page = await open(path, options);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('heading', { name: 'Releases', exact: true }).waitFor({ state: 'attached' });
  return page;
}

async function releases(demo, query = '') {
  return (await demo.api('GET', `/api/v1/releases?limit=500${query}`)).items;
}

/** A version that automation brings to dev; over when this returns. */
async function deliver(demo, workload, version) {
  await demo.push(`${workload}:${version}`);
  let found;
  await until(`${workload} ${version} is in dev`, async () => {
    [found] = await releases(demo, `&text=${version}&workload=${workload}&stage=dev&state=done`);
    return found;
  });
  return found;
}

let seeded;
/** There are at least two that are done, whichever cases ran before. */
const seed = (demo) => (seeded ??= deliver(demo, 'users', '1.1.0').then(() => deliver(demo, 'mailer', '1.1.0')));

export const cases = {
  async an_empty_list_says_what_to_do({ open }) {
    const page = await ready(open);
    await page.getByText('No releases yet').waitFor();
    await page.getByRole('link', { name: 'Go to the Board' }).click();
    await page.waitForSelector('[role=grid]');
  },

  async a_release_appears_and_moves_and_lives_until_it_is_replaced({ demo, open }) {
    const page = await ready(open);
    await page.evaluate(() => (window.isSamePage = true));
    const first = await deliver(demo, 'cart', '1.1.0');
    await until('it is done', async () => /Done/.test(await row(page, first.name).textContent()));
    const text = await row(page, first.name).textContent();
    for (const part of [/Automatic/, /cart/, /1\.0\.0 → 1\.1\.0/, /heddle/, /still live/]) assert.match(text, part);
    const second = await deliver(demo, 'cart', '1.2.0');
    await until('the second is shown', async () => (await names(page)).includes(second.name));
    await until('the first is live no more', async () => !/still live/.test(await row(page, first.name).textContent()));
    assert.match(await row(page, second.name).textContent(), /still live/);
    assert.ok(await page.evaluate(() => window.isSamePage));
    assert.equal(await page.title(), 'Releases · heddle');
  },

  async what_is_looked_for_is_in_the_address({ demo, open }) {
    const { name } = await deliver(demo, 'web', '1.1.0');
    const page = await ready(open, '/releases?workload=web&stage=dev');
    await until('only web in dev', async () => (await names(page)).join() === name);
    assert.equal(await page.getByLabel('Workload', { exact: true }).inputValue(), 'web');
    await page.getByLabel('Stage').selectOption('');
    await page.getByLabel('Workload', { exact: true }).selectOption('');
    await page.getByLabel('Kind').selectOption('auto');
    await page.getByLabel('Who').selectOption('heddle');
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('/');
    await page.keyboard.type('1.2.0');
    await until('the address has it', () => new URL(page.url()).search === '?kind=auto&who=heddle&q=1.2.0');
    const found = (await releases(demo, '&text=1.2.0')).map((one) => one.name);
    await until('that version is found', async () => (await names(page)).join() === found.join());
    await page.getByRole('button', { name: 'Failed' }).click();
    await page.getByText('No release matches').waitFor();
    await page.goBack();
    await until('it is as before', async () => (await names(page)).join() === found.join());
    await page.getByRole('button', { name: 'Failed' }).click();
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await until('all are there', async () => (await names(page)).length === (await releases(demo)).length);
    assert.equal(new URL(page.url()).search, '');
  },

  async pages_are_added_below_and_what_is_new_waits_above({ demo, open }) {
    const template = await seed(demo);
    const rows = Array.from({ length: 120 }, (_, at) => ({ ...template, id: 1120 - at, name: `R-${1120 - at}` }));
    const page = await open('/sign-in');
    await page.waitForSelector('[role=grid]');
    await page.route('**/api/v1/releases?**', (route) => {
      const query = new URL(route.request().url()).searchParams;
      const limit = Number(query.get('limit'));
      const items = rows.filter(({ id }) => id < Number(query.get('before') ?? Infinity)).slice(0, limit);
      return route.fulfill({ json: items.length === limit ? { items, next: items.at(-1).id } : { items } });
    });
    await page.goto(`${demo.url}/releases`);
    await page.getByText('Live', { exact: true }).waitFor();
    const older = page.getByRole('button', { name: 'Show older' });
    await older.waitFor();
    assert.equal((await names(page)).length, 50);
    const main = page.locator('#content');
    // What is read for the first time and again when the stream begins may come in between.
    await until('100 are shown', async () => {
      if ((await names(page)).length === 50) await older.press('Enter');
      return (await names(page)).length === 100;
    });
    await main.evaluate((element) => (element.scrollTop = 1500));
    const top = () => row(page, 'R-1080').evaluate((element) => element.getBoundingClientRect().top);
    const position = await top();
    await older.evaluate((button) => button.click());
    await until('all are shown', async () => (await names(page)).length === 120);
    assert.equal(await page.locator('.row-link').last().textContent(), 'R-1001');
    rows.unshift({ ...template, id: 1121, name: 'R-1121' });
    // The end of a release makes the list be read again.  Whoever reads further down is told, and stays where they are.
    const again = page.waitForResponse((response) => response.url().includes('limit=120'));
    await deliver(demo, 'users', '1.1.0');
    await again;
    const show = page.getByRole('button', { name: /changes?: show/ });
    await show.waitFor();
    assert.equal(await top(), position);
    await until('it is shown when it is asked in', async () => {
      if (await show.isVisible()) await show.click();
      return (await names(page))[0] === 'R-1121';
    });
    const shown = await names(page); // read once: others may come at any time
    assert.equal(new Set(shown).size, shown.length);
  },

  async the_rows_are_walked_by_keyboard_and_lead_to_their_release({ demo, open }) {
    await seed(demo);
    const page = await ready(open);
    await until('rows are there', async () => (await names(page)).length >= 2);
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await page.waitForSelector('[role=grid]');
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await page.locator('.row-link').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    const wanted = (await names(page))[1];
    assert.equal(await page.evaluate(() => document.activeElement.textContent), wanted);
    await page.keyboard.press('Enter');
    await until('its address is here', () => page.url() === `${demo.url}/releases/${wanted.slice(2)}`);
  },

  async what_is_filtered_is_exported({ demo, open }) {
    await seed(demo);
    const page = await ready(open, '/releases?stage=dev&state=done');
    const wanted = await releases(demo, '&stage=dev&state=done');
    const take = async (item) => {
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export' }).click();
      await page.getByRole('menuitem', { name: item }).click();
      const file = await download;
      return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
    };
    const csv = await take(/CSV/);
    assert.match(csv.name, /^releases-\d{4}-\d\d-\d\d\.csv$/);
    const lines = csv.text.trim().split('\r\n');
    assert.equal(lines.length, wanted.length + 1);
    assert.ok(lines[1].startsWith(`${wanted[0].name},${wanted[0].kind},`));
    const json = await take(/JSON/);
    assert.deepEqual(JSON.parse(json.text), wanted);
    await page.getByText(`${wanted.length} releases exported`).first().waitFor();
  },

  async a_failed_read_says_why_and_keeps_what_is_there({ demo, open }) {
    await seed(demo);
    const page = await ready(open);
    await page.locator('.row-link').first().waitFor();
    const fail = (route) =>
      route.fulfill({ status: 503, json: { error: { code: 'unavailable', message: 'The store is locked.', requestId: 'req-42' } } });
    await page.route('**/api/v1/releases?**', fail);
    await page.getByLabel('Kind').selectOption('config');
    await page.getByRole('heading', { name: 'Releases cannot be read' }).waitFor();
    await page.getByText('req-42').waitFor();
    await page.unroute('**/api/v1/releases?**', fail);
    // Unless news of a release has made it be read again before.
    const tryAgain = page.getByRole('button', { name: 'Try again' });
    await until('it is read again', async () => {
      if (await tryAgain.isVisible()) await tryAgain.click({ timeout: 1000 }).catch(() => {});
      return page.getByText('No release matches').isVisible();
    });
    page.complaints.length = 0; // the browser's own word about the 503
  },
};
