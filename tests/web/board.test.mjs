// The Board, live.
import assert from 'node:assert/strict';
import { until } from './harness.mjs';

const row = (page, name) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
const cell = (page, name, column) => row(page, name).locator(`[data-column="${column}"]`);
const names = (page) => page.locator('[role=rowheader]').allTextContents();

async function ready(open, path = '/board', options) {
  const page = await open(path, options);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.waitForSelector('[role=rowheader]');
  return page;
}

export const cases = {
  async every_workload_is_shown_in_every_stage({ open }) {
    const page = await ready(open);
    assert.equal((await names(page)).length, 12);
    const heads = await page.getByRole('columnheader').allTextContents();
    assert.deepEqual(heads.slice(2).map((text) => text.replace(/(newest|auto|manual|no data).*/, '')), ['registry', 'dev', 'staging', 'prod']);
    await until('all are well', async () => (await page.locator('.cell .dot').count()) === 36);
    assert.equal(await page.title(), 'Board · heddle');
  },

  async a_push_travels_over_the_board_without_a_reload({ demo, open }) {
    const page = await ready(open);
    await page.evaluate(() => (window.isSamePage = true));
    await demo.push('cart:1.1.0');
    await until('the registry has it', async () => (await cell(page, 'cart', 0).textContent()) === '1.1.0');
    await until('dev runs it', async () => /^1\.1\.0$/.test(await cell(page, 'cart', 1).textContent()));
    await until('its thread reaches dev', async () => (await cell(page, 'cart', 1).locator('.thread.fresh.left:not(.loose)').count()) === 1);
    assert.match(await cell(page, 'cart', 3).textContent(), /^1\.0\.0/);
    assert.ok(await page.evaluate(() => window.isSamePage));
  },

  async the_filter_finds_and_the_address_keeps_it({ open }) {
    const page = await ready(open);
    await page.keyboard.press('/');
    await page.keyboard.type('c state:healthy');
    assert.deepEqual(await names(page), ['cart', 'catalog', 'checkout', 'collector', 'search']);
    await until('the address has it', () => new URL(page.url()).searchParams.get('q') === 'c state:healthy');
    await page.keyboard.press('Escape');
    assert.equal((await names(page)).length, 12);
    await page.keyboard.type('colour:red');
    await page.getByText('There is no filter “colour:”').waitFor();
    await page.getByRole('searchbox').fill('zzz');
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    assert.equal((await names(page)).length, 12);
  },

  async chips_and_groups_are_links_and_go_back({ open }) {
    const page = await ready(open);
    await page.getByRole('button', { name: /^Failed/ }).click();
    await page.getByText('No workload matches').waitFor();
    assert.equal(new URL(page.url()).search, '?state=failed');
    await page.goBack();
    assert.equal((await names(page)).length, 12);
    await page.getByLabel('Group').selectOption('kind');
    assert.ok((await page.locator('.group-name b').allTextContents()).includes('CronJob'));
    assert.equal(new URL(page.url()).search, '?group=kind');
  },

  async the_keyboard_alone_walks_reads_and_ticks({ open }) {
    const page = await ready(open);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('[role=grid]').focus();
    const at = () => page.evaluate(() => [document.activeElement.dataset.row, document.activeElement.dataset.column].join());
    assert.equal(await at(), '0,1');
    for (const [key, where] of [
      ['ArrowDown', '1,1'], ['l', '1,2'], ['End', '1,3'], ['Home', '1,0'], ['Control+End', '11,3'], ['Control+Home', '0,0'], ['k', '0,0'], ['PageDown', '11,0'], ['PageUp', '0,0'],
    ]) {
      await page.keyboard.press(key);
      assert.equal(await at(), where, key);
    }
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('x');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Shift+X');
    await page.getByText('3 selected').waitFor();
    assert.match(await page.locator('#reading').textContent(), /^checkout in dev: /);
    await page.getByLabel('Promote to').selectOption('prod');
    await page.getByRole('button', { name: 'Copy as command' }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'heddle promote cart catalog checkout --from staging --to prod');
    await page.keyboard.press('Escape');
    await page.getByText('3 selected').waitFor({ state: 'detached' });
  },

  async ticks_show_what_is_selected({ open }) {
    const page = await ready(open);
    const boxes = async () => (await page.locator('.body input:checked').count()) + (await page.locator('.head input:checked').count());
    await page.getByLabel('Select catalog').click();
    await page.getByLabel('Select ledger').click({ modifiers: ['Shift'] });
    await page.getByText('4 selected').waitFor();
    assert.equal(await boxes(), 4);
    await page.getByLabel('Select ledger').click({ modifiers: ['Shift'] });
    assert.equal(await boxes(), 4);
    await page.getByLabel('Select catalog').click();
    await page.getByText('3 selected').waitFor();
    assert.equal(await boxes(), 3);
    await page.getByLabel('Select all that are shown').click();
    await page.getByText('12 selected').waitFor();
    assert.equal(await boxes(), 13);
    await page.getByLabel('Select all that are shown').click();
    assert.equal(await boxes(), 0);
  },

  async a_board_that_cannot_be_read_says_why_and_one_that_is_late_draws_its_place({ demo, open }) {
    const page = await open('/settings');
    await page.getByRole('heading', { name: 'Settings', exact: true }).waitFor();
    const boards = '**/api/v1/board';
    const refuse = (status, code, message) => page.route(boards, (route) => route.fulfill({ status, json: { error: { code, message, requestId: 'q-7' } } }));
    await refuse(503, 'unavailable', 'The store is locked.');
    await page.goto(`${demo.url}/board`);
    await page.getByText('The board cannot be read').waitFor();
    await page.getByText('The store is locked.').waitFor();
    await page.getByText('q-7', { exact: true }).waitFor();
    await page.unroute(boards);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('[role=rowheader]');
    await refuse(403, 'denied', 'This token may not read the board; ask an admin.');
    await page.goto(`${demo.url}/board`);
    await page.getByText('You may not see this').waitFor();
    await page.getByText('ask an admin').waitFor();
    await page.unroute(boards);
    let goOn;
    const held = new Promise((resolve) => (goOn = resolve));
    await page.route(boards, (route) => held.then(() => route.continue()));
    await page.goto(`${demo.url}/board`);
    await page.locator('.skeleton-rows').waitFor();
    goOn();
    await page.waitForSelector('[role=rowheader]');
    assert.equal(await page.locator('.skeleton-rows').count(), 0);
    page.complaints.length = 0; // what the browser tells of those answers is the case itself
  },

  async the_minimap_is_there_when_rows_are_out_of_sight_and_leads_to_them({ open }) {
    const page = await ready(open, '/board', { viewport: { width: 1440, height: 360 } });
    const grid = page.locator('[role=grid]');
    const rowHeight = () => page.locator('.body [role=row]').first().evaluate((one) => one.getBoundingClientRect().height);
    for (const [key, height] of [['1', 36], ['3', 24], ['2', 29]]) {
      await page.keyboard.press(key);
      await until(`rows have ${height} px`, async () => (await rowHeight()) === height);
    }
    const map = page.locator('.minimap');
    await map.waitFor();
    const drawn = await map.evaluate((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((part) => part > 0));
    assert.ok(drawn, 'the minimap is empty');
    await map.click({ position: { x: 20, y: 46 } });
    await until('it went there', () => grid.evaluate((element) => element.scrollTop > 0));
    await page.setViewportSize({ width: 1440, height: 900 });
    await map.waitFor({ state: 'detached' });
  },

  async the_command_menu_goes_to_a_workload({ open }) {
    const page = await ready(open);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('pay');
    await page.getByRole('option', { name: 'payments' }).waitFor();
    await page.keyboard.press('Enter');
    await until('it is found', async () => (await names(page)).join() === 'payments');
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: 'Shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Shortcuts' }).waitFor({ state: 'detached' });
  },

  async of_320_pixels_it_is_a_list_of_one_stage({ open }) {
    const page = await open('/board', { viewport: { width: 320, height: 640 }, hasTouch: true });
    const list = page.locator('.stage-list li');
    await until('all are there', async () => (await list.count()) === 12);
    assert.equal(await page.locator('[role=grid]').count(), 0);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    const box = await page.locator('.stage-list ul').boundingBox();
    assert.ok(box.height > 300, `the list has ${box.height} px`);
    await page.getByRole('button', { name: /^prod/ }).tap();
    assert.equal(new URL(page.url()).search, '?stage=prod');
    await page.getByRole('list', { name: 'Workloads in prod' }).waitFor();
    await page.getByRole('searchbox').fill('ca');
    await until('it is filtered', async () => (await list.count()) === 2);
    await page.getByRole('checkbox', { name: 'Select cart' }).tap();
    await page.getByText('1 selected').waitFor();
    for (const button of await page.locator('.stage-list button, .stage-list input').all()) {
      const { width, height } = await button.boundingBox();
      const margin = (await button.getAttribute('type')) === 'checkbox' ? 6 : 0;
      assert.ok(width + margin >= 24 && height + margin >= 24, `a target of ${width} × ${height}`);
    }
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    await page.setViewportSize({ width: 1000, height: 640 });
    await page.waitForSelector('[role=rowheader]');
    assert.ok(await page.getByLabel('Select cart').isChecked());
    await page.setViewportSize({ width: 320, height: 640 });
    await page.getByRole('list', { name: 'Workloads in prod' }).waitFor();
  },

  async the_list_of_one_stage_lives({ demo, open }) {
    const page = await open('/board?stage=staging', { viewport: { width: 320, height: 640 } });
    await page.getByText('Live', { exact: true }).waitFor();
    const version = page.locator('.stage-list li').filter({ hasText: 'orders' }).locator('.version');
    await demo.push('orders:1.1.0');
    await until('it has come to staging', async () => (await version.textContent()) === '1.1.0');
  },

  async the_tab_shows_when_something_is_stuck_and_when_it_is_well_again({ demo, open }) {
    const page = await ready(open);
    const icon = async () => new URL(await page.locator('link[rel=icon]').getAttribute('href'), demo.url).pathname;
    await until('all is well', async () => (await icon()) === '/favicon.svg');
    const wish = { to: 'dev', from: 'registry', workloads: ['catalog'], version: 'bad-2' };
    await demo.push('catalog:bad-2');
    await until('it can be promoted', async () => {
      const plan = await demo.api('POST', '/api/v1/plans', wish).catch(() => null);
      if (!plan?.items.length) return false;
      await demo.api('POST', '/api/v1/releases', { ...wish, planDigest: plan.digest, reason: 'Try it' });
      return true;
    });
    await until('the icon tells', async () => (await icon()) !== '/favicon.svg', 60_000);
    const shown = await icon();
    assert.match(shown, /^\/favicon-(stuck|failed)\.svg$/);
    await until('so does the title', async () => (await page.title()).startsWith('▲ 1 · '));
    const response = await fetch(demo.url + shown);
    assert.equal(response.headers.get('content-type'), 'image/svg+xml');
    await page.getByRole('link', { name: 'Pipeline' }).click();
    await page.waitForSelector('[data-stage]');
    assert.match(await icon(), /^\/favicon-(stuck|failed)\.svg$/);
    await page.goBack();
    const back = { to: 'dev', from: 'registry', workloads: ['catalog'], version: '1.0.0' };
    await until('it goes back', async () => {
      const plan = await demo.api('POST', '/api/v1/plans', back).catch(() => null);
      if (!plan?.items.length) return false;
      return demo.api('POST', '/api/v1/releases', { ...back, planDigest: plan.digest, reason: 'It crashes' }).then(() => true, () => false);
    }, 90_000);
    await until('the icon is calm', async () => (await icon()) === '/favicon.svg', 60_000);
    await until('so is the title', async () => (await page.title()) === 'Board · heddle');
  },

  async eight_tabs_hold_one_stream_and_all_are_live({ demo, open }) {
    const first = await ready(open);
    const tabs = [first];
    while (tabs.length < 8) {
      const tab = await first.context().newPage();
      await tab.goto(first.url());
      await tab.getByText('Live', { exact: true }).waitFor();
      tabs.push(tab);
    }
    // The server notices readers that have left, of the cases before, by its next heartbeat.
    const metrics = async () => (await fetch(`${demo.url}/metrics`)).text();
    await until('there is one stream', async () => (await metrics()).includes('heddle_event_readers 1\n'));
    await demo.push('web:1.1.0');
    for (const tab of tabs) await until('each tab sees it', async () => (await cell(tab, 'web', 0).textContent()) === '1.1.0');
  },

  async a_server_that_is_gone_is_told_and_comes_back_without_a_reload({ demo, open }) {
    const page = await ready(open);
    await page.evaluate(() => (window.isSamePage = true));
    demo.child.kill('SIGSTOP');
    try {
      await page.getByText(/^Stale since/).waitFor({ timeout: 75_000 });
      await page.getByText(/What you see is as of/).waitFor();
      assert.equal((await names(page)).length, 12);
    } finally {
      demo.child.kill('SIGCONT');
    }
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 30_000 });
    await demo.push('users:1.1.0');
    await until('it follows again', async () => (await cell(page, 'users', 0).textContent()) === '1.1.0');
    assert.equal((await names(page)).length, 12);
    assert.ok(await page.evaluate(() => window.isSamePage));
  },
};
