// A server that dies and comes back: what is shown stays, says how old it is, and goes on without a reload.
import assert from 'node:assert/strict';
import { signedIn, until } from './harness.mjs';
import { deployment, OwnServer, pipeline } from './server.mjs';

const AWAY_MS = 60_000;
const names = (page) => page.locator('[role=rowheader]').allTextContents();

/** Signed in at a server of its own, with three workloads. */
async function withServer(browser, heddle, run) {
  const files = { 'heddle.yaml': pipeline('dev', 'prod') };
  for (const stage of ['dev', 'prod']) for (const name of ['cart', 'mail', 'web']) files[`clusters/${stage}/${name}.yaml`] = deployment(name);
  const server = await OwnServer.start(heddle, { files });
  const page = await signedIn(browser, server);
  try {
    await page.getByText('Live', { exact: true }).waitFor();
    await until('the rows are there', async () => (await names(page)).length === 3);
    await page.evaluate(() => (window.isSamePage = true));
    await run(server, page);
    assert.ok(await page.evaluate(() => window.isSamePage), 'the page was loaded again');
  } finally {
    await page.context().close();
    await server.stop();
  }
}

/** "14:03": as the pill says it. */
const minute = (time) => new Date(time).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

export const cases = {
  async killed_for_60_seconds_it_is_told_and_nothing_is_lost_or_doubled({ browser, heddle }) {
    await withServer(browser, heddle, async (server, page) => {
      const second = await page.context().newPage();
      await second.goto(server.url);
      await second.getByText('Live', { exact: true }).waitFor();
      const liveUntil = Date.now();
      await server.end('SIGKILL');
      const killedAt = Date.now();
      await page.getByText('Reconnecting…').waitFor({ timeout: 5000 });
      await page.getByText(/^Stale since/).waitFor();
      const pill = await page.getByText(/^Stale since/).textContent();
      // Heartbeats come every 15 s: the last that was heard may be that old.
      const honest = [minute(liveUntil - 15_000), minute(killedAt)].map((time) => `Stale since ${time}`);
      assert.ok(honest.includes(pill), `${pill}, of ${honest}`);
      await page.getByText(/What you see is as of/).waitFor();
      assert.deepEqual(await names(page), ['cart', 'mail', 'web']);
      await page.getByRole('searchbox').fill('cart');
      await until('the filter works meanwhile', async () => (await names(page)).join() === 'cart');
      await page.getByRole('searchbox').fill('');
      await until('it was away for long', () => Date.now() >= killedAt + AWAY_MS, 2 * AWAY_MS);
      server.commit({ 'clusters/dev/new.yaml': deployment('new'), 'clusters/dev/cart.yaml': deployment('cart', '1.1.0') });
      await server.run();
      for (const one of [page, second]) {
        await one.getByText('Live', { exact: true }).waitFor();
        await until('what happened meanwhile is there, once', async () => (await names(one)).join() === 'cart,mail,new,web');
        await until('so are versions', async () => (await one.locator('[data-row="0"][data-column="1"] .version').textContent()) === '1.1.0');
        await until('nobody calls it stale', async () => (await one.getByText(/What you see is as of/).count()) === 0);
      }
      server.commit({ 'clusters/prod/cart.yaml': deployment('cart', '1.1.0') });
      await until('it follows', async () => (await page.locator('[data-row="0"][data-column="2"] .version').textContent()) === '1.1.0');
      // What the browser tells of connections that were refused is the case itself.
      page.complaints.length = 0;
    });
  },

  async a_repository_that_is_away_is_told_on_every_page_until_it_is_back({ browser, heddle }) {
    await withServer(browser, heddle, async (server, page) => {
      const told = page.getByText(/The config repository .* has been out of reach since .* and promotions wait/);
      server.hideRepository();
      await told.waitFor({ timeout: 40_000 });
      await page.getByText(/127\.0\.0\.1:1 has been out of reach since .* New versions in it are not seen/).waitFor();
      await page.getByRole('link', { name: 'Releases' }).click();
      await told.waitFor();
      server.showRepository();
      await told.waitFor({ state: 'detached' });
    });
  },

  async killed_and_back_at_once_nobody_is_alarmed({ browser, heddle }) {
    await withServer(browser, heddle, async (server, page) => {
      await page.evaluate(() => {
        window.seen = new Set();
        const look = () => window.seen.add(document.querySelector('.connection').textContent);
        new MutationObserver(look).observe(document.querySelector('.connection'), { subtree: true, childList: true, characterData: true });
      });
      await server.end('SIGKILL');
      await server.run();
      await page.getByText('Live', { exact: true }).waitFor();
      await until('it was noticed', () => page.evaluate(() => window.seen.has('Reconnecting…')));
      assert.deepEqual(await page.evaluate(() => [...window.seen].filter((words) => words.startsWith('Stale'))), []);
      assert.deepEqual(await names(page), ['cart', 'mail', 'web']);
      page.complaints.length = 0;
    });
  },

  async whoever_was_signed_out_meanwhile_signs_in_and_is_where_they_were({ browser, heddle }) {
    await withServer(browser, heddle, async (server, page) => {
      await page.getByRole('searchbox').fill('web');
      await until('the address has it', () => page.url().includes('q=web'));
      await server.end('SIGKILL');
      await page.getByText('Reconnecting…').waitFor();
      await page.context().clearCookies();
      await server.run();
      await page.getByLabel('Token').fill(server.token);
      await page.keyboard.press('Enter');
      await page.getByText('Live', { exact: true }).waitFor();
      await until('the rows are as before', async () => (await names(page)).join() === 'web');
      page.complaints.length = 0;
    });
  },
};
