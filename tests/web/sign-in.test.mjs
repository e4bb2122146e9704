// Signing in and out.
import assert from 'node:assert/strict';
import { until } from './harness.mjs';

const board = '[role=grid]';

async function plainPage(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

export const cases = {
  async a_token_opens_the_page_that_was_asked_for({ demo, browser }) {
    const page = await plainPage(browser, `${demo.url}/board?q=cart`);
    await page.getByLabel('Token').fill(demo.token);
    await page.keyboard.press('Enter');
    await page.waitForSelector(board);
    assert.equal(new URL(page.url()).search, '?q=cart');
    assert.equal(await page.locator('[role=rowheader]').count(), 1);
    await page.reload();
    await page.waitForSelector(board);
    await page.context().close();
  },

  async a_wrong_token_is_told_and_may_be_typed_again({ demo, browser }) {
    const page = await plainPage(browser, `${demo.url}/`);
    await page.getByLabel('Token').fill('hdl_nobody');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'not valid' }).waitFor();
    await page.getByLabel('Token').fill(demo.token);
    await page.keyboard.press('Enter');
    await page.waitForSelector(board);
    await page.context().close();
  },

  async the_tokens_place_in_the_address_is_wiped({ demo, open }) {
    const page = await open('/sign-in');
    await page.waitForSelector(board);
    assert.equal(page.url(), `${demo.url}/board`);
    const cookies = await page.context().cookies();
    assert.deepEqual(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite })), [
      { name: 'heddle_session', httpOnly: true, sameSite: 'Strict' },
    ]);
    assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).includes('hdl_'));
  },

  async signing_out_signs_out_every_tab_of_this_browser_and_no_other({ open }) {
    const first = await open('/board');
    const other = await open('/board');
    await first.waitForSelector(board);
    await other.waitForSelector(board);
    const second = await first.context().newPage();
    await second.goto(first.url());
    await second.waitForSelector(board);
    await first.getByRole('button', { name: /you and your settings/ }).click();
    await first.getByRole('menuitem', { name: 'Sign out', exact: true }).click();
    await first.getByLabel('Token').waitFor();
    await second.getByLabel('Token').waitFor();
    await other.reload();
    await other.waitForSelector(board);
  },

  async signing_out_everywhere_ends_other_browsers_at_once({ open }) {
    const desk = await open('/board');
    const phone = await open('/board');
    await desk.waitForSelector(board);
    await phone.waitForSelector(board);
    await phone.getByText('Live', { exact: true }).waitFor();
    await desk.getByRole('button', { name: /you and your settings/ }).click();
    await desk.getByRole('menuitem', { name: 'Sign out everywhere' }).click();
    await desk.getByLabel('Token').waitFor();
    await until('the phone is signed out', () => phone.getByLabel('Token').isVisible());
  },

  async nothing_is_asked_of_another_origin({ demo, open }) {
    const asked = [];
    const page = await open('/board');
    page.on('request', (request) => asked.push(request.url()));
    await page.reload();
    await page.waitForSelector(board);
    assert.ok(asked.length > 3);
    assert.deepEqual(asked.filter((url) => !url.startsWith(demo.url)), []);
  },
};
