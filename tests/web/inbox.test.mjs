// The Inbox: a second person approves, and each finds what is theirs.
import assert from 'node:assert/strict';
import { until } from './harness.mjs';

let mia; // her token
const inbox = (page) => page.getByRole('link', { name: /^Inbox/ });
const card = (page, name) => page.getByRole('article', { name: new RegExp(`^${name} to `) });
const section = (page, name) => page.getByRole('region', { name });

async function ready(open, options) {
  const page = await open('/inbox', options);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('heading', { name: 'Inbox', exact: true }).waitFor();
  return page;
}

const asMia = async (demo, open, options) => {
  mia ??= (await demo.api('POST', '/api/v1/tokens', { name: 'mia', role: 'approve' })).token;
  return ready(open, { token: mia, ...options });
};

/** Ada's admin asks for a version in prod; it waits there for a second person. */
async function ask(demo, workload, version, reason) {
  await demo.push(`${workload}:${version}`);
  const wish = { to: 'prod', from: 'staging', workloads: [workload] };
  let plan;
  await until(`staging offers ${workload} ${version}`, async () => {
    plan = await demo.api('POST', '/api/v1/plans', wish).catch(() => null);
    return plan?.items.length === 2 && plan.items[0].changes[0].to.tag === version;
  }, 60_000);
  return demo.api('POST', '/api/v1/releases', { ...wish, planDigest: plan.digest, reason });
}

const phase = async (demo, { id }) => (await demo.api('GET', `/api/v1/releases/${id}`)).phase;

export const cases = {
  async an_empty_inbox_says_so({ demo, open }) {
    const page = await asMia(demo, open);
    await page.getByText('Nothing needs you').waitFor();
    assert.equal((await inbox(page).textContent()).trim(), 'Inbox');
    assert.equal(await page.title(), 'Inbox · heddle');
  },

  async what_waits_is_read_once_when_a_page_opens({ demo, open }) {
    const page = await open('/settings');
    await page.getByText('Live', { exact: true }).waitFor();
    let count = 0;
    page.on('request', (request) => (count += request.url().endsWith('/api/v1/holds') ? 1 : 0));
    const read = page.waitForResponse('**/api/v1/holds');
    await page.goto(`${demo.url}/inbox`);
    await read;
    await page.getByText('Live', { exact: true }).waitFor();
    assert.equal(count, 1);
  },

  async a_second_person_sees_the_changes_and_approves({ demo, open }) {
    const ours = await asMia(demo, open);
    const theirs = await ready(open);
    const release = await ask(demo, 'cart', '1.1.0', 'Faster pages');
    const one = card(ours, release.name);
    await one.getByText('Faster pages').waitFor();
    await until('the navigation counts it', async () => /^Inbox\s*1 waits for you$/.test(await inbox(ours).textContent()));
    assert.equal(await ours.title(), '(1) Inbox · heddle');
    await one.getByRole('row', { name: 'cart prod-eu 1.0.0 1.1.0' }).waitFor();
    await one.locator('.diff-line.new').filter({ hasText: 'newTag: 1.1.0' }).first().waitFor();
    await one.getByText('Impact').waitFor();
    // Who asked for it cannot: there is no button, but a sentence.
    await section(theirs, 'Waiting for others').getByText('not by the person who asks for it').waitFor();
    assert.equal(await theirs.getByRole('button', { name: /^Approve/ }).count(), 0);
    assert.equal((await inbox(theirs).textContent()).trim(), 'Inbox');
    // By keyboard alone.
    await ours.keyboard.press('a');
    await ours.keyboard.type('Go');
    await ours.keyboard.press('Enter');
    await ours.getByText(`You approved ${release.name}`).waitFor();
    await one.waitFor({ state: 'detached' });
    assert.equal((await inbox(ours).textContent()).trim(), 'Inbox');
    await section(theirs, 'Waiting for others').waitFor({ state: 'detached' });
    const { approvals } = await demo.api('GET', `/api/v1/releases/${release.id}`);
    assert.deepEqual(approvals.map(({ person, message }) => [person, message]), [['mia', 'Go']]);
    await until('it goes on', async () => (await phase(demo, release)) === 'done');
  },

  async a_rejection_needs_a_reason({ demo, open }) {
    const page = await asMia(demo, open);
    const release = await ask(demo, 'web', '1.1.0', 'On a Friday');
    const one = card(page, release.name);
    await one.getByRole('button', { name: `Reject ${release.name}` }).click();
    await one.getByRole('alert').filter({ hasText: 'Say why' }).waitFor();
    assert.equal(await phase(demo, release), 'needs_approval');
    await one.getByLabel(`Message for ${release.name}`).fill('Not on a Friday');
    await one.getByRole('button', { name: `Reject ${release.name}` }).click();
    await one.waitFor({ state: 'detached' });
    assert.equal(await phase(demo, release), 'stopped');
  },

  async what_the_server_refuses_is_said_beside_the_button({ demo, open }) {
    const page = await asMia(demo, open);
    const release = await ask(demo, 'users', '1.1.0', 'Faster sign-in');
    const one = card(page, release.name);
    await one.getByRole('button', { name: `Approve ${release.name}` }).waitFor();
    const message = `${release.name} has the plan 1111111, not 2222222; look at it again`;
    await page.route('**/approve', (route) => route.fulfill({ status: 409, json: { error: { code: 'refused', message, requestId: 'q-7' } } }));
    await one.getByRole('button', { name: `Approve ${release.name}` }).click();
    await one.getByRole('alert').filter({ hasText: 'look at it again (q-7)' }).waitFor();
    await page.unroute('**/approve');
    await one.getByRole('button', { name: `Approve ${release.name}` }).click();
    await one.waitFor({ state: 'detached' });
    page.complaints.length = 0; // the browser's own word about the 409
  },

  async your_stuck_release_is_yours_and_leaves_when_it_is_taken_back({ demo, open }) {
    const ours = await ready(open);
    const theirs = await asMia(demo, open);
    await demo.push('catalog:bad-2');
    const wish = { to: 'dev', from: 'registry', workloads: ['catalog'], version: 'bad-2' };
    let made;
    await until('the registry offers it', async () => (made = await demo.api('POST', '/api/v1/releases', wish).catch(() => null)));
    const mine = section(ours, 'Stuck or failed, and yours');
    await mine.getByRole('link', { name: made.name }).waitFor();
    await mine.getByText('exits with code 1').waitFor();
    await until('it counts', async () => /1 waits for you/.test(await inbox(ours).textContent()));
    assert.equal(await section(theirs, 'Stuck or failed, and yours').count(), 0);
    await demo.api('POST', '/api/v1/rollbacks', { stage: 'dev', workload: 'catalog', reason: 'It crashes' });
    await mine.waitFor({ state: 'detached' });
    assert.equal((await inbox(ours).textContent()).trim(), 'Inbox');
    // A rollback leaves a hold that nothing ends.
    await section(ours, 'Holds that end soon, or never').getByText('catalog in dev').first().waitFor();
  },

  async holds_without_an_end_are_resumed_here({ demo, open }) {
    const page = await ready(open);
    await demo.api('POST', '/api/v1/holds', { stage: 'prod', workload: 'ledger', reason: 'Audit until Friday' });
    await demo.api('POST', '/api/v1/holds', { stage: 'prod', workload: 'mailer', reason: 'Load test', forMs: 3_600_000 });
    await demo.api('POST', '/api/v1/holds', { stage: 'prod', workload: 'orders', reason: 'Next week', forMs: 6 * 86_400_000 });
    const list = section(page, 'Holds that end soon, or never');
    await list.getByText(/^ends in (1 h|59 min)$/).waitFor();
    const ledger = list.getByRole('listitem').filter({ hasText: 'ledger in prod' });
    await ledger.getByText('no end').waitFor();
    assert.equal(await list.getByText('orders in prod').count(), 0);
    await ledger.getByRole('button', { name: 'Resume… ledger in prod' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await ledger.getByRole('button', { name: 'Resume… ledger in prod' }).click();
    await page.getByRole('dialog').getByText('Audit until Friday').waitFor();
    await page.getByRole('button', { name: 'Resume ledger in prod', exact: true }).click();
    await ledger.waitFor({ state: 'detached' });
    const { items } = await demo.api('GET', '/api/v1/holds');
    assert.ok(!items.some(({ workload }) => workload === 'ledger'));
  },

  async whoever_may_not_approve_is_told_who_may({ demo, open }) {
    const release = await ask(demo, 'payments', '1.1.0', 'Faster payments');
    const { token } = await demo.api('POST', '/api/v1/tokens', { name: 'bo', role: 'promote' });
    const page = await ready(open, { token });
    await page.getByText('Your token’s role is promote; an admin makes tokens that may approve.').waitFor();
    assert.equal(await page.getByRole('button', { name: /^Approve/ }).count(), 0);
    await demo.api('POST', `/api/v1/releases/${release.id}/stop`, { reason: 'enough' });
    await page.getByText('Your token’s role').waitFor({ state: 'detached' });
  },
};
