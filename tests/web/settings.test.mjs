// Settings: taste, the ways out, and tokens.
import assert from 'node:assert/strict';
import { until } from './harness.mjs';

async function ready(open, options) {
  const page = await open('/settings', options);
  await page.getByRole('heading', { name: 'Settings', exact: true }).waitFor();
  return page;
}

const row = (page, name) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
const dataset = (page) => page.evaluate(() => ({ ...document.documentElement.dataset }));

async function make(page, name, role = 'read', life = '7 days') {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Role').selectOption(role);
  await page.getByLabel('Valid for').selectOption(life);
  await page.getByRole('button', { name: 'Make token' }).click();
  const shown = page.getByRole('group', { name: `The token of ${name}` });
  const secret = await shown.getByLabel('Token').inputValue();
  return { shown, secret };
}

async function revoke(page, name) {
  await page.getByRole('button', { name: `Revoke… ${name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: `Revoke ${name}` }).click();
}

export const cases = {
  async what_one_likes_holds_at_once_in_every_tab_and_stays({ open }) {
    const page = await ready(open, { timezoneId: 'Europe/Zurich' });
    await page.getByText(/^Now it is .* (CET|CEST|GMT\+\d)\.$/).waitFor();
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.getByLabel('Dark').waitFor();
    await page.getByLabel('Dark').check();
    await page.getByLabel('Dense').check();
    await page.getByLabel('UTC', { exact: true }).check();
    await page.getByText(/^Now it is .* UTC\.$/).waitFor();
    assert.deepEqual(await dataset(page), { theme: 'dark', density: 'dense' });
    await until('the other tab has it', async () => (await dataset(other)).theme === 'dark' && (await dataset(other)).density === 'dense');
    await page.reload();
    await page.getByRole('heading', { name: 'Settings', exact: true }).waitFor();
    assert.ok(await page.getByLabel('UTC', { exact: true }).isChecked());
    assert.deepEqual(await dataset(page), { theme: 'dark', density: 'dense' });
  },

  async single_letters_can_be_turned_off({ demo, open }) {
    const page = await open('/board');
    await page.waitForSelector('[role=grid]');
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByLabel('Shortcuts of a single letter').uncheck();
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await page.keyboard.press('t');
    assert.equal(page.url(), `${demo.url}/settings`);
    assert.equal((await dataset(page)).theme, 'light');
    await page.getByLabel('Shortcuts of a single letter').check();
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await page.waitForSelector('[role=grid]');
  },

  async a_token_is_made_shown_once_used_and_revoked({ demo, open }) {
    const page = await ready(open);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const { shown, secret } = await make(page, 'mia', 'approve');
    assert.match(secret, /^hdl_\w+$/);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Copy token');
    await page.keyboard.press('Enter');
    await page.getByText('Token copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
    await shown.getByRole('button', { name: 'Done' }).click();
    assert.ok(!(await page.content()).includes(secret));
    assert.match(await row(page, 'mia').textContent(), /approve.*never/);

    const hers = await ready(open, { token: secret });
    assert.match(await hers.locator('#content').textContent(), /You may not see them/);
    await row(page, 'mia').getByText('Revoke…').click();
    await page.getByRole('dialog').getByText('its browsers are signed out').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await demo.api('GET', '/api/v1/board', undefined, secret);
    await revoke(page, 'mia');
    await row(page, 'mia').waitFor({ state: 'detached' });
    await hers.getByLabel('Token').waitFor();
    await assert.rejects(demo.api('GET', '/api/v1/board', undefined, secret), /401/);
    await page.getByLabel(/^Also \d+ revoked or expired$/).check();
    await row(page, 'mia').getByText(/^revoked/).waitFor();
  },

  async a_name_that_is_taken_is_refused_beside_the_field({ demo, open }) {
    await demo.api('POST', '/api/v1/tokens', { name: 'ci', role: 'promote' });
    const page = await ready(open);
    await page.getByLabel('Name').fill('ci');
    await page.getByRole('button', { name: 'Make token' }).click();
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByLabel('Name').inputValue(), 'ci');
    assert.ok(await page.evaluate(() => document.activeElement.getAttribute('aria-invalid')));
    page.complaints.length = 0; // the browser's own word about the 409
  },

  async names_with_spaces_are_revoked_too_and_say_whose_they_are({ demo, open }) {
    await demo.api('POST', '/api/v1/clusters', { name: 'edge' });
    const page = await ready(open);
    await row(page, 'agent edge').getByText('agent of edge').waitFor();
    await page.getByRole('button', { name: 'Revoke… agent edge' }).click();
    await page.getByRole('dialog').getByText('The agent of edge can report and sync no more').waitFor();
    await page.getByRole('button', { name: 'Revoke agent edge' }).click();
    await row(page, 'agent edge').waitFor({ state: 'detached' });
  },

  async to_sign_out_everywhere_is_asked_first({ demo, open }) {
    const { token } = await demo.api('POST', '/api/v1/tokens', { name: 'rita', role: 'read' });
    const desk = await ready(open, { token });
    const phone = await ready(open, { token });
    await desk.getByRole('button', { name: 'Sign out everywhere…' }).click();
    await desk.getByRole('button', { name: 'Cancel' }).click();
    await desk.getByRole('button', { name: 'Sign out everywhere…' }).click();
    await desk.getByRole('dialog').getByText('Another browser').waitFor();
    assert.equal(await desk.getByRole('dialog').getByText('This browser').count(), 1);
    await desk.getByRole('button', { name: 'Sign out 2 browsers' }).click();
    await desk.getByLabel('Token').waitFor();
    await until('the phone is signed out', () => phone.getByLabel('Token').isVisible());
    const again = await ready(open, { token });
    await again.getByRole('button', { name: 'Sign out', exact: true }).click();
    await again.getByLabel('Token').waitFor();
  },
};
