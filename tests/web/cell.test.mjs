// The Cell drawer: opened from the Board, by link and by keyboard alone.
import assert from 'node:assert/strict';
import { until } from './harness.mjs';

const drawer = (page) => page.locator('dialog.cell-drawer');
const state = (page, word) => drawer(page).locator('.badge', { hasText: word }).waitFor({ timeout: 30_000 });
const focused = (page) => page.evaluate(() => [document.activeElement.dataset.row, document.activeElement.dataset.column].join());
const cell = (page, name, column) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) }).locator(`[data-column="${column}"]`);

/** A version that never runs, in dev. */
async function breakIt(demo, workload) {
  await demo.push(`${workload}:bad-1`);
  const wish = { to: 'dev', from: 'registry', workloads: [workload], version: 'bad-1' };
  let plan;
  await until('the bad version is found', async () => {
    plan = await demo.api('POST', '/api/v1/plans', wish).catch(() => null);
    return plan?.items.length === 1;
  });
  await demo.api('POST', '/api/v1/releases', { ...wish, planDigest: plan.digest, reason: 'Try it' });
}

/** Tab until the focus is on what is wanted. */
async function tabTo(page, what) {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if (await what.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`Tab does not come to ${what}`);
}

export const cases = {
  async a_cell_opens_beside_the_board_and_gives_the_focus_back({ open }) {
    const page = await open('/board');
    await cell(page, 'cart', 2).click();
    await page.getByRole('dialog', { name: 'cart in staging' }).waitFor();
    assert.equal(new URL(page.url()).search, '?cell=staging%2Fcart');
    await drawer(page).getByText(/It runs 1\.0\.0/).first().waitFor();
    await drawer(page).getByText('clusters/staging/cart.yaml:').waitFor();
    const row = await cell(page, 'web', 3).boundingBox();
    const sheet = await drawer(page).boundingBox();
    assert.ok(row.x + row.width <= sheet.x, 'nothing of the Board is hidden');
    await cell(page, 'web', 3).click();
    await page.getByRole('dialog', { name: 'web in prod' }).waitFor();
    assert.equal(await drawer(page).count(), 1);
    await page.keyboard.press('Escape');
    await drawer(page).waitFor({ state: 'detached' });
    const row11 = await cell(page, 'web', 3).getAttribute('data-row');
    await until('the cell has the focus', async () => (await focused(page)) === `${row11},3`);
    assert.equal(new URL(page.url()).search, '');
  },

  async a_link_opens_it_and_closing_leads_to_its_cell({ open }) {
    const page = await open('/board?cell=prod/mailer');
    await page.getByRole('dialog', { name: 'mailer in prod' }).waitFor();
    await drawer(page).getByText('prod-us').first().waitFor();
    await page.keyboard.press('Escape');
    const at = await cell(page, 'mailer', 3).getAttribute('data-row');
    await until('the cell has the focus', async () => (await focused(page)) === `${at},3`);
    await page.goto(page.url().replace(/\/board.*/, '/board?cell=dev/nobody'));
    await page.getByText('It cannot be read').waitFor();
    page.complaints.length = 0; // the browser tells of the 404
  },

  async a_bad_image_is_rolled_back_and_held_until_someone_resumes({ demo, open }) {
    const page = await open('/board');
    await page.getByText('Live', { exact: true }).waitFor();
    await breakIt(demo, 'mailer');
    await cell(page, 'mailer', 1).click();
    const card = page.getByRole('article', { name: 'Diagnosis HD1011' });
    await card.waitFor({ timeout: 30_000 });
    await state(page, 'Stuck');
    await drawer(page).getByText(/Git says bad-1/).waitFor();
    await card.getByRole('button', { name: 'Roll back mailer' }).click();
    const dialog = page.getByRole('dialog', { name: 'Roll back mailer in dev' });
    await dialog.getByLabel('Why').fill('It crashes');
    await dialog.getByRole('button', { name: 'Roll back mailer' }).click();
    await page.locator('h1 .badge', { hasText: 'Done' }).waitFor({ timeout: 30_000 });
    await page.getByRole('link', { name: 'mailer', exact: true }).click();
    await state(page, 'Held');
    await drawer(page).getByText(/Held by .*: It crashes/).waitFor();
    await drawer(page).getByRole('link', { name: /^R-\d+$/ }).first().waitFor();
    await drawer(page).getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Resume mailer' }).click();
    await state(page, 'Healthy');
    await drawer(page).getByRole('button', { name: 'Hold' }).click();
    await page.getByLabel('How long').selectOption('for 1 hour');
    await page.getByLabel('Why').fill('The fair');
    await page.keyboard.press('Enter');
    await drawer(page).getByText(/Held by .* until .*: The fair/).waitFor();
  },

  async a_version_on_offer_is_promoted_from_here({ demo, open }) {
    const page = await open('/board?cell=prod/report');
    await demo.push('report:1.1.0');
    await drawer(page).getByRole('button', { name: 'Promote 1.1.0 here' }).click({ timeout: 60_000 });
    await page.getByRole('dialog', { name: 'Promote to prod' }).waitFor();
    assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), { cell: 'prod/report', promote: 'prod', from: 'staging', workloads: 'report' });
  },

  async an_approval_is_given_from_here({ demo, open }) {
    const wish = { to: 'prod', from: 'staging', workloads: ['report'] };
    const plan = await demo.api('POST', '/api/v1/plans', wish);
    const release = await demo.api('POST', '/api/v1/releases', { ...wish, planDigest: plan.digest, reason: 'For the fair' });
    const { token } = await demo.api('POST', '/api/v1/tokens', { name: 'mia', role: 'approve' });
    const own = await open('/board?cell=prod/report');
    await state(own, 'Needs approval');
    await drawer(own).getByText('someone else must approve it').waitFor();
    const page = await open('/board?cell=prod/report', { token });
    await drawer(page).getByRole('button', { name: `Approve ${release.name}` }).click();
    await page.getByRole('dialog', { name: `Approve ${release.name}` }).getByRole('button', { name: `Approve ${release.name}` }).click();
    await state(page, 'Rolling out');
    await state(own, 'Rolling out');
  },

  async the_keyboard_alone_goes_from_sign_in_to_roll_back({ demo, browser }) {
    await breakIt(demo, 'catalog');
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    try {
      await page.goto(demo.url);
      await page.getByLabel('Token').waitFor();
      await page.keyboard.type(demo.token);
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=rowheader]');
      await until('it is stuck', async () => (await demo.api('GET', '/api/v1/cells/dev/catalog')).state === 'stuck');
      await tabTo(page, page.locator('[data-row="0"][data-column="1"]'));
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'catalog in dev' }).waitFor();
      const rollBack = page.getByRole('button', { name: 'Roll back catalog' });
      await rollBack.waitFor();
      await tabTo(page, rollBack);
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Roll back catalog in dev' }).waitFor();
      await page.keyboard.type('It crashes');
      await page.keyboard.press('Enter');
      await page.locator('h1 .badge', { hasText: 'Done' }).waitFor({ timeout: 30_000 });
      assert.equal((await demo.api('GET', '/api/v1/cells/dev/catalog')).hold.reason, 'It crashes');
    } finally {
      await context.close();
    }
  },

  async hostile_texts_stay_texts({ demo, open }) {
    const evil = '<script>window.isRobbed = true</script><img src=x onerror="window.isRobbed = true">\u202Egnp.exe';
    const long = 'n'.repeat(10_000);
    const diagnosis = { code: 'HD1011', what: evil, effect: long, action: evil, evidence: `${evil}${long}`, since: new Date().toISOString() };
    const detail = await demo.api('GET', '/api/v1/cells/dev/cart');
    Object.assign(detail, { state: 'stuck', explanation: evil, diagnosis, version: long });
    detail.targets[0].diagnosis = diagnosis;
    detail.places[0].file = long;
    detail.next = { image: { repository: long, tag: evil }, from: long, blockedBy: evil };
    detail.hold = { id: 1, stage: 'dev', workload: 'cart', owner: long, reason: evil, createdAt: diagnosis.since, rejected: { repository: evil, tag: long } };
    const id = (await demo.api('GET', '/api/v1/releases?limit=1')).items[0].id;
    const release = await demo.api('GET', `/api/v1/releases/${id}`);
    Object.assign(release, { actor: long, reason: evil, why: evil, phase: 'failed', isOver: true, workloads: [evil, long], stage: evil, from: long });
    Object.assign(release.items[0], { workload: evil, target: long, state: 'failed', diagnosis });
    release.approvals = [{ person: long, isRejection: false, message: evil, at: diagnosis.since }];
    release.skipped = [{ workload: long, target: evil, reason: evil, hasIt: false }];
    detail.releases = [release];
    const board = await demo.api('GET', '/api/v1/board');
    board.workloads.find(({ name }) => name === 'cart').cells[0] = detail;
    const page = await open('/sign-in');
    await page.waitForSelector('[role=rowheader]');
    await page.route('**/api/v1/board', (route) => route.fulfill({ json: board }));
    await page.route('**/api/v1/cells/dev/cart', (route) => route.fulfill({ json: detail }));
    await page.route(`**/api/v1/releases/${id}`, (route) => route.fulfill({ json: release }));
    await page.route(`**/api/v1/releases/${id}/diff`, (route) => route.fulfill({ body: `--- a/x\n+++ b/${evil}\n@@ -1 +1 @@\n-${long}\n+${evil}\n` }));
    for (const width of [1440, 320]) {
      await page.setViewportSize({ width, height: 900 });
      for (const at of ['/board?cell=dev/cart', `/releases/${id}`, `/releases/${id}?tab=changes`, `/releases/${id}?tab=events`]) {
        await page.goto(demo.url + at);
        await page.getByText('<script>').first().waitFor();
        const shape = await page.evaluate(() => ({
          isRobbed: window.isRobbed,
          strange: document.querySelectorAll('#app script, #app img').length,
          page: document.documentElement.scrollWidth,
          drawer: [...document.querySelectorAll('.cell-drawer > .content')].map((one) => one.scrollWidth - one.clientWidth),
        }));
        assert.deepEqual(shape, { isRobbed: undefined, strange: 0, page: width, drawer: at.includes('cell=') ? [0] : [] }, `${at} at ${width}`);
      }
    }
  },
};
