// The Release page, from the first pod to the rollback.
import assert from 'node:assert/strict';
import { until } from './harness.mjs';

/** Ask for it by the API, as another person's page would; the answer is the release. */
async function promote(demo, wish, reason = 'Try it') {
  const plan = await demo.api('POST', '/api/v1/plans', wish);
  return demo.api('POST', '/api/v1/releases', { ...wish, planDigest: plan.digest, reason });
}

/** A release that someone must approve, of a version that only this test has. */
async function waiting(demo, workload, version) {
  await demo.push(`${workload}:${version}`);
  const wish = { to: 'prod', from: 'registry', workloads: [workload], version };
  await until(`${version} is found`, () => demo.api('POST', '/api/v1/plans', wish).then((plan) => plan.items.length === 2, () => false));
  return promote(demo, wish, 'For the fair');
}

async function bad(demo, workload) {
  await demo.push(`${workload}:bad-1`);
  const wish = { to: 'dev', from: 'registry', workloads: [workload], version: 'bad-1' };
  await until('the bad version is found', () => demo.api('POST', '/api/v1/plans', wish).then((plan) => plan.items.length === 1, () => false));
  return promote(demo, wish);
}

async function withToken(demo, name, role) {
  const { token } = await demo.api('POST', '/api/v1/tokens', { name, role });
  return token;
}

const truth = (page) => page.locator('.truth').textContent();
const badge = (page, word) => page.locator('h1 .badge', { hasText: word }).waitFor({ timeout: 30_000 });

export const cases = {
  async a_release_moves_by_itself_until_it_is_done({ demo, open }) {
    await demo.push('checkout:1.1.0');
    let id;
    await until('it has begun', async () => (id = (await demo.api('GET', '/api/v1/releases?workload=checkout')).items[0]?.id));
    const page = await open(`/releases/${id}`);
    await page.evaluate(() => (window.isSamePage = true));
    await badge(page, 'Done');
    assert.match(await truth(page), /^checkout 1\.1\.0 runs in dev\. Done after \d+ s\.$/);
    await until('the rail is at its end', async () => (await page.locator('.rail li').allTextContents()).join().match(/Planned.*Let in.*Committed.*Synced.*Rolled out.*Done/));
    assert.match(await page.locator('.timeline-row').textContent(), /checkout.*1\.1\.0 · dev.*Done.*2 of 2 pods run it/);
    assert.match(await page.title(), /^✓ R-\d+ Done · heddle$/);
    assert.ok(await page.evaluate(() => window.isSamePage));
    await page.getByRole('tab', { name: 'Changes' }).click();
    await page.locator('.diff-line.new', { hasText: '1.1.0' }).first().waitFor();
    assert.equal(new URL(page.url()).search, '?tab=changes');
    await page.getByRole('tab', { name: 'Impact' }).click();
    await page.locator('.impacts').getByText(/It fits|does not fit|is not known|has not told/i).first().waitFor();
    await page.goBack();
    await page.getByRole('tab', { name: 'Events' }).click();
    await page.getByText('Rollout done').waitFor();
    await page.goBack();
    await page.locator('.diff-line.new').first().waitFor();
    assert.equal(await page.getByRole('button', { name: 'Promote checkout to staging' }).count(), 1);
  },

  async a_bad_image_is_explained_within_30_s_and_rolled_back_from_here({ demo, open }) {
    const { id } = await bad(demo, 'catalog');
    const page = await open(`/releases/${id}`);
    const card = page.getByRole('article', { name: 'Diagnosis HD1011' });
    await card.waitFor({ timeout: 30_000 });
    assert.match(await card.textContent(), /catalog starts and exits with code 1.*The old version still serves: 2 of 2 pods\./);
    await badge(page, 'Stuck');
    assert.match(await truth(page), /catalog in dev: catalog starts and exits with code 1.*The old version still serves: 2 of 2 pods\.$/);
    await card.getByText('Evidence').click();
    await card.getByText(/terminated Error, exitCode 1/).waitFor();
    await card.getByRole('button', { name: 'Roll back catalog' }).click();
    const dialog = page.getByRole('dialog', { name: 'Roll back catalog' });
    assert.match(await dialog.textContent(), /catalog.*dev.*bad-1.*1\.0\.0/);
    await dialog.getByRole('button', { name: 'Roll back catalog' }).click();
    await dialog.getByText('Say why').waitFor();
    await dialog.getByLabel('Why').fill('It crashes');
    await page.keyboard.press('Enter');
    await until('the rollback is shown', () => new RegExp(`/releases/(?!${id}$)\\d+$`).test(new URL(page.url()).pathname));
    await badge(page, 'Done');
    assert.match(await truth(page), /^catalog 1\.0\.0 runs in dev\./);
    const cell = await demo.api('GET', '/api/v1/cells/dev/catalog');
    assert.equal(cell.hold.reason, 'It crashes');
    await page.goBack();
    await badge(page, 'Rolled back');
  },

  async a_second_person_approves_and_both_see_it({ demo, open }) {
    const release = await waiting(demo, 'users', '9.1.0');
    const asking = await open(`/releases/${release.name}`);
    await badge(asking, 'Needs approval');
    assert.match(await truth(asking), /Nothing has changed in prod yet\.$/);
    const own = asking.getByRole('button', { name: `Approve ${release.name}` });
    assert.equal(await own.getAttribute('aria-disabled'), 'true');
    await asking.getByText('someone else must approve it').waitFor();
    await own.click({ force: true });
    assert.equal(await asking.getByRole('dialog').count(), 0);

    const approving = await open(`/releases/${release.id}`, { token: await withToken(demo, 'mia', 'approve') });
    await approving.getByRole('button', { name: `Approve ${release.name}` }).click();
    await approving.getByLabel('Message').fill('Looks good');
    await approving.getByRole('dialog').getByRole('button', { name: `Approve ${release.name}` }).click();
    for (const page of [asking, approving]) {
      await until('it goes on', async () => !/Needs approval/.test(await page.locator('h1 .badge').textContent()));
    }
    await until('who let it in is named', async () => /Let in.*mia/.test((await asking.locator('.rail li').allTextContents()).join()));
    await asking.getByRole('tab', { name: 'Events' }).click();
    assert.match(await asking.getByRole('row', { name: /Approved by mia/ }).textContent(), /Looks good/);
  },

  async it_is_rejected_or_stopped_with_a_reason({ demo, open }) {
    const first = await waiting(demo, 'ledger', '9.1.0');
    const page = await open(`/releases/${first.id}`);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByLabel('Why').fill('Not today');
    await page.keyboard.press('Enter');
    await badge(page, 'Stopped');
    assert.match(await truth(page), /Stopped by .*: Not today\./);
    await page.getByRole('button', { name: 'Retry', exact: true }).click();
    await page.getByRole('button', { name: `Retry ${first.name}` }).click();
    await badge(page, 'Needs approval');
    await page.getByRole('button', { name: 'Reject', exact: true }).click();
    await page.getByLabel('Why').fill('No');
    await page.getByRole('button', { name: `Reject ${first.name}` }).click();
    await badge(page, 'Stopped');
    assert.match(await truth(page), /Rejected by .*: No\./);
  },

  async who_may_only_read_is_told_whom_to_ask({ demo, open }) {
    const { items } = await demo.api('GET', '/api/v1/releases?workload=checkout&stage=dev');
    const page = await open(`/releases/${items[0].id}`, { token: await withToken(demo, 'rea', 'read') });
    const button = page.getByRole('button', { name: 'Roll back', exact: true });
    await button.waitFor();
    assert.equal(await button.getAttribute('aria-disabled'), 'true');
    await page.getByText('Ask an admin for a token with the role promote.').waitFor();
  },

  async a_release_that_does_not_exist_is_told({ open }) {
    const page = await open('/releases/4711');
    await page.getByRole('heading', { name: 'There is no such release' }).waitFor();
    page.complaints.length = 0; // the browser tells of the 404
  },
};
