// The promote sheet, on the Board: what would happen, said before it does; and a release when someone agrees.
import assert from 'node:assert/strict';
import { until } from './harness.mjs';

const sheet = (page) => page.locator('dialog.promote');
const confirm = (page) => sheet(page).locator('button[type=submit]');
const ready = (page) => until('the plan is there', async () => (await confirm(page).getAttribute('aria-disabled')) === 'false');

async function board(open, path = '/board', options) {
  const page = await open(path, options);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.waitForSelector('[role=rowheader]');
  return page;
}

export const cases = {
  async ticked_rows_p_and_enter_make_a_release({ demo, open }) {
    await demo.travel('staging', 'cart:1.1.0', 'web:1.1.0');
    const page = await board(open);
    for (const name of ['cart', 'search', 'web']) await page.getByLabel(`Select ${name}`).click();
    await page.getByRole('region', { name: 'Selection' }).waitFor();
    await page.keyboard.press('p');
    await sheet(page).getByRole('heading', { name: 'Promote to prod' }).waitFor();
    await ready(page);
    assert.equal(await confirm(page).textContent(), 'Ask for approval: 2 to prod');
    assert.equal(new URL(page.url()).search, '?promote=prod&from=staging&workloads=cart%2Csearch%2Cweb');
    const rows = await sheet(page).locator('.plan-rows tbody tr').allTextContents();
    assert.deepEqual(rows, ['cart1.0.0 →becomes 1.1.0', 'web1.0.0 →becomes 1.1.0', 'searchIt already has 1.0.0.']);
    const text = await sheet(page).textContent();
    for (const said of [
      'clusters/prod-eu/kustomization.yaml', 'newTag: 1.1.0', 'prod-eu: It fits', 'approval is waiting', 'prod-eu, then prod-us', 'If it fails, the release ends there, and what is in Git stays.', '2 workloads in 2 clusters, 2 commits. It will wait for approval.',
    ]) assert.ok(text.includes(said), said);
    const [request] = await Promise.all([page.waitForRequest((one) => one.url().endsWith('/api/v1/releases')), page.keyboard.press('Enter')]);
    await until('the release has the address', () => /\/releases\/\d+$/.test(page.url()));
    const release = await demo.api('GET', `/api/v1/releases/${page.url().split('/').at(-1)}`);
    assert.equal(release.planDigest, request.postDataJSON().planDigest);
    assert.deepEqual([release.stage, release.from, release.workloads], ['prod', 'staging', ['cart', 'web']]);
    await page.goBack();
    assert.equal(await page.getByText('selected').count(), 0);
  },

  async every_view_of_the_changes_is_a_tab({ demo, open }) {
    await demo.travel('staging', 'users:1.1.0');
    const page = await board(open, '/board?promote=prod&workloads=users');
    await ready(page);
    await sheet(page).getByRole('tab', { name: 'Files (2)' }).press('ArrowRight');
    await sheet(page).getByText('prod-us/Deployment/shop/users').waitFor();
    await page.keyboard.press('ArrowRight');
    await sheet(page).getByText('No setting differs between staging and prod.').waitFor();
    await page.keyboard.press('End');
    await sheet(page).getByRole('cell', { name: /^clusters\/prod-us\/kustomization.yaml:\d+$/ }).waitFor();
    await page.keyboard.press('Escape');
    await sheet(page).waitFor({ state: 'detached' });
    assert.equal(new URL(page.url()).search, '');
  },

  async a_move_backward_says_so({ demo, open }) {
    await demo.travel('staging', 'catalog:1.1.0');
    const page = await board(open, '/board?promote=staging&from=cluster:prod-eu&workloads=catalog');
    await ready(page);
    assert.equal(await confirm(page).textContent(), 'Move 1 backward in staging');
    assert.equal(await sheet(page).locator('.plan-rows tbody tr').textContent(), 'catalog1.1.0 →becomes 1.0.0backward');
    await sheet(page).getByText(/catalog moves backward\./).waitFor();
    assert.match(await sheet(page).textContent(), /soak is (open|waiting)\. /);
    await sheet(page).getByLabel('From').selectOption('dev');
    await sheet(page).getByText('It already has 1.1.0.').waitFor();
    await sheet(page).getByText('Nothing would change.').first().waitFor();
    assert.equal(await confirm(page).getAttribute('aria-disabled'), 'true');
  },

  async texts_of_others_stay_texts({ demo, open }) {
    const evil = '<img src=x onerror="window.isRobbed = true">\u202Egnp.exe';
    const page = await open('/sign-in');
    await page.waitForSelector('[role=rowheader]');
    const image = (tag) => ({ repository: evil, tag });
    const plan = {
      digest: 'd', to: 'prod', from: evil, waves: 1, summary: evil,
      items: [{ workload: evil, target: evil, wave: 1, changes: [{ container: evil, from: image('n'.repeat(10_000)), to: image(evil), file: evil, line: 1, isOlder: false, note: evil }] }],
      skipped: [{ workload: 'n'.repeat(10_000), target: evil, reason: evil, hasIt: false }],
      gates: [{ name: 'soak', verdict: 'waiting', reason: evil }],
      diff: `--- a/x\n+++ b/x\n@@ -1 +1 @@\n-${evil}\n+${evil}\n`,
      impact: [{ target: evil, fit: 'unknown', why: evil, workloads: [] }],
      stays: [{ workload: evil, target: evil, field: evil, source: evil, here: evil }],
    };
    await page.route('**/api/v1/plans', (route) => route.fulfill({ json: plan }));
    await page.goto(`${demo.url}/board?promote=prod`);
    await ready(page);
    await sheet(page).getByRole('tab', { name: 'Does not travel (1)' }).click();
    await sheet(page).getByRole('tab', { name: 'Images' }).click();
    assert.ok((await sheet(page).textContent()).includes('<img src=x'));
    assert.equal(await page.evaluate(() => window.isRobbed), undefined);
    assert.equal(await page.locator('#app img').count(), 0);
    assert.equal(await sheet(page).locator('> .content').evaluate((content) => content.scrollWidth - content.clientWidth), 0);
  },

  async what_is_unticked_stays_in_view_and_stays_behind({ demo, open }) {
    await demo.travel('staging', 'orders:1.1.0', 'mailer:1.1.0');
    const page = await board(open, '/board?promote=prod&from=staging&workloads=orders,mailer');
    await ready(page);
    await sheet(page).getByLabel('Promote mailer').click();
    await until('the plan has one', async () => (await confirm(page).textContent()) === 'Ask for approval: 1 to prod');
    assert.equal(await sheet(page).locator('.plan-rows tbody tr').count(), 2);
    await sheet(page).getByLabel('Promote orders').click();
    await sheet(page).getByText('Tick at least one workload.').waitFor();
    assert.equal(await confirm(page).getAttribute('aria-disabled'), 'true');
    await sheet(page).getByLabel('Promote orders').click();
    await ready(page);
    await sheet(page).getByLabel('Reason').fill('Letters first');
    await page.keyboard.press('Enter');
    await until('the release has the address', () => /\/releases\/\d+$/.test(page.url()));
    const release = await demo.api('GET', `/api/v1/releases/${page.url().split('/').at(-1)}`);
    assert.deepEqual([release.workloads, release.reason], [['orders'], 'Letters first']);
  },

  async a_plan_that_changed_is_refused_and_shown_again({ demo, open }) {
    await demo.push('checkout:1.1.0');
    const page = await board(open);
    const known = (tag) => until(`${tag} is known`, async () => {
      const { workloads } = await demo.api('GET', '/api/v1/board');
      return workloads.find(({ name }) => name === 'checkout').newest.tag === tag;
    });
    await known('1.1.0');
    await page.goto(`${demo.url}/board?promote=prod&from=registry&workloads=checkout`);
    await ready(page);
    await page.route('**/api/v1/plans', () => {}); // as if the news had not come yet
    await demo.push('checkout:1.2.0');
    await known('1.2.0');
    await confirm(page).click();
    await sheet(page).getByText(/^the plan has changed since you saw it: checkout in prod-eu .*1\.2\.0.*look at it again/i).waitFor();
    page.complaints.length = 0; // the browser tells of every answer that is no success
    assert.equal(await confirm(page).textContent(), 'Look again');
    await page.unroute('**/api/v1/plans');
    await confirm(page).click();
    await sheet(page).getByText('The plan changed: checkout is new or other than before.').waitFor();
    await ready(page);
    assert.match(await sheet(page).locator('.plan-rows .news').textContent(), /^checkoutchanged1\.0\.0.*1\.2\.0$/);
    assert.equal(await confirm(page).textContent(), 'Ask for approval: 1 to prod');

    await demo.push('checkout:1.3.0');
    await until('the sheet tells by itself', async () => (await confirm(page).textContent()) === 'Look again');
    assert.match(await sheet(page).locator('.plan-rows').textContent(), /1\.2\.0/);
    await page.keyboard.press('Enter');
    await until('the new plan is shown', async () => /1\.3\.0/.test(await sheet(page).locator('.plan-rows').textContent()));
    await ready(page);
    await page.keyboard.press('Enter');
    await until('the release has the address', () => /\/releases\/\d+$/.test(page.url()));
    const release = await demo.api('GET', `/api/v1/releases/${page.url().split('/').at(-1)}`);
    assert.equal(release.items[0].changes[0].to.tag, '1.3.0');
  },

  async who_may_only_read_sees_the_plan_and_who_to_ask({ demo, browser }) {
    const { token } = await demo.api('POST', '/api/v1/tokens', { name: 'reader', role: 'read' });
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${demo.url}/board?promote=prod&from=registry#token=${token}`);
      await sheet(page).getByText('Ask an admin for a token with the role promote.').waitFor();
      await sheet(page).locator('.plan-rows').waitFor();
      assert.equal(await confirm(page).getAttribute('aria-disabled'), 'true');
      let isSent = false;
      page.on('request', (request) => (isSent ||= request.url().endsWith('/api/v1/releases')));
      await confirm(page).press('Enter');
      await sheet(page).getByLabel('Reason').press('Enter');
      assert.equal(isSent, false);
    } finally {
      await context.close();
    }
  },
};
