// Clusters: Deploy as the Weave Cloud screen was, what runs, how full it is, and how it keeps up with Git.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './harness.mjs';

const sheet = (page) => page.locator('dialog.promote');
const confirm = (page) => sheet(page).locator('button[type=submit]');
const offers = (page) => page.locator('.offers tbody tr');
const tab = (page, name) => page.getByRole('navigation', { name: 'Views of the cluster' }).getByRole('link', { name });

/** What the sheet was told last. */
function followPlan(page) {
  page.on('response', async (response) => {
    if (!response.url().endsWith('/api/v1/plans') || !response.request().postData().includes('impact')) return;
    page.plan = await response.json();
  });
}

async function planIn(page) {
  await until('the plan is there', async () => page.plan && (await confirm(page).getAttribute('aria-disabled')) === 'false');
  return page.plan.digest;
}

const PUSHES_MAX = 10;

/** A commit by a person; heddle may push at the same time, and who is second begins again. */
function commit(demo, path, text) {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-work-'));
  const git = (...words) => execFileSync('git', ['-C', folder, '-c', 'user.name=ada', '-c', 'user.email=ada@shop.example', ...words], { stdio: 'ignore' });
  git('clone', '--branch', 'main', demo.repository, '.');
  if (text === null) git('rm', path);
  else writeFileSync(join(folder, path), text);
  git('add', '-A');
  git('commit', '-m', `Change ${path}`);
  for (let pushes = 1; ; pushes++) {
    try {
      git('push', 'origin', 'HEAD:main');
      break;
    } catch (error) {
      if (pushes === PUSHES_MAX) throw error;
      git('pull', '--rebase', 'origin', 'main');
    }
  }
  rmSync(folder, { recursive: true });
}

export const cases = {
  async the_way_by_the_cluster_and_the_way_by_the_board_are_one_plan_and_one_release({ demo, open }) {
    await demo.travel('staging', 'cart:1.1.0', 'web:1.1.0', 'users:1.1.0');
    const page = await open('/clusters');
    followPlan(page);
    await page.getByRole('link', { name: 'dev', exact: true }).click();
    await page.getByLabel('Cluster', { exact: true }).selectOption('prod-eu');
    assert.equal(new URL(page.url()).pathname, '/clusters/prod-eu');
    await page.getByText('3 of 12 workloads can move').waitFor();
    assert.equal(await page.getByLabel('Source').inputValue(), 'registry');
    await page.getByLabel('Source').selectOption('staging');
    await page.getByRole('columnheader', { name: 'In staging' }).waitFor();
    assert.equal(new URL(page.url()).search, '?source=staging');
    assert.deepEqual((await offers(page).locator('th').allTextContents()).slice(0, 4), ['cart', 'users', 'web', 'catalog']);
    const promote = page.getByRole('button', { name: /^Promote selected/ });
    assert.equal(await promote.getAttribute('aria-disabled'), 'true');
    await page.getByText('Tick what should move.').waitFor();
    await page.getByLabel('Select all that can move').click();
    await page.getByLabel('Promote users').click();
    await page.getByRole('button', { name: 'Promote selected (2)' }).click();
    await sheet(page).getByRole('heading', { name: 'Promote to prod' }).waitFor();
    const byCluster = await planIn(page);
    assert.equal(page.plan.from, 'staging');
    await page.keyboard.press('Escape');
    await sheet(page).waitFor({ state: 'detached' });
    assert.equal(await promote.textContent(), 'Promote selected (2)');

    page.plan = null;
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await page.getByLabel('Select cart').click();
    await page.getByLabel('Select web').click();
    await page.keyboard.press('p');
    assert.equal(await planIn(page), byCluster);
    await page.keyboard.press('Enter');
    await until('the release has the address', () => /\/releases\/\d+$/.test(page.url()));
    const release = await demo.api('GET', `/api/v1/releases/${page.url().split('/').at(-1)}`);
    assert.equal(release.planDigest, byCluster);

    await page.goto(`${demo.url}/clusters/prod-us?source=staging`);
    page.plan = null;
    await page.getByLabel('Promote cart').click();
    await page.getByLabel('Promote web').click();
    await page.keyboard.press('p');
    assert.equal(await planIn(page), byCluster);
    await page.keyboard.press('Enter');
    await until('the release has the address', () => /\/releases\/\d+$/.test(page.url()));
    const again = await demo.api('GET', `/api/v1/releases/${page.url().split('/').at(-1)}`);
    assert.equal(again.planDigest, byCluster);
  },

  async every_stage_and_cluster_can_be_a_source_but_the_own({ demo, open }) {
    const page = await open('/clusters/staging?source=cluster:prod-us');
    await page.getByRole('columnheader', { name: 'In prod-us' }).waitFor();
    const sources = await page.getByLabel('Source').locator('option').evaluateAll((all) => all.map((one) => one.value));
    assert.deepEqual(sources, ['registry', 'dev', 'prod', 'cluster:dev', 'cluster:prod-eu', 'cluster:prod-us']);
    await demo.push('mailer:1.1.0');
    await page.getByLabel('Source').selectOption('Image registry');
    await page.getByLabel('Promote mailer').waitFor();
  },

  async what_a_push_offers_comes_without_a_reload({ demo, open }) {
    const page = await open('/clusters/prod-eu');
    await page.locator('.offers').waitFor();
    await page.evaluate(() => (window.isSamePage = true));
    await demo.push('ledger:1.1.0');
    await page.getByLabel('Promote ledger').waitFor();
    assert.match(await page.getByRole('row').filter({ has: page.getByLabel('Promote ledger') }).textContent(), /^ledger1\.0\.01\.1\.0/);
    assert.ok(await page.evaluate(() => window.isSamePage));
  },

  async every_view_has_an_address_and_brackets_walk({ open }) {
    const page = await open('/clusters/dev');
    await page.locator('.offers').waitFor();
    await tab(page, 'Workloads').click();
    await page.getByRole('row').filter({ hasText: 'collector' }).getByText('3 of 3').waitFor();
    await page.keyboard.press(']');
    await page.getByRole('heading', { name: 'Free on nodes' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/clusters/dev/capacity');
    const memory = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'Memory' }) });
    assert.match(await memory.textContent(), /^Memory1\.\d GiB \d %\d+(\.\d)? GiB \d %96 GiB$/);
    assert.equal(await page.getByRole('rowheader', { name: /^dev-node-/ }).count(), 3);
    await page.keyboard.press(']');
    await page.getByText('Everything in Git could be applied.').waitFor();
    assert.equal(await page.title(), 'Sync · dev · heddle');
    await page.reload();
    await page.getByRole('button', { name: 'Sync dev now' }).click();
    await page.getByText('dev was told to look at Git now.').waitFor();
  },

  async what_could_not_be_applied_is_told_with_file_and_line({ demo, open }) {
    const page = await open('/clusters/staging/sync');
    await page.getByText('Everything in Git could be applied.').waitFor();
    commit(demo, 'clusters/staging/broken.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n');
    try {
      await demo.api('POST', '/api/v1/sync', { cluster: '' });
      await page.locator('code', { hasText: /^clusters\/staging\/broken\.yaml:\d+$/ }).first().waitFor();
      await page.getByRole('link', { name: 'Clusters' }).click();
      await page.getByRole('row').filter({ hasText: 'staging' }).getByRole('link', { name: /problem/ }).click();
      assert.equal(new URL(page.url()).pathname, '/clusters/staging/sync');
    } finally {
      commit(demo, 'clusters/staging/broken.yaml', null);
    }
    await page.getByText('Everything in Git could be applied.').waitFor();
  },

  async what_was_put_back_is_told_with_who_changed_it({ demo, open }) {
    const cluster = await demo.api('GET', '/api/v1/clusters/prod-eu');
    const at = new Date(Date.now() - 120_000).toISOString();
    const drifts = [
      { kind: 'Deployment', namespace: 'shop', name: 'cart', field: 'spec.replicas', wasDeleted: false, manager: 'kubectl-scale', at },
      { kind: 'Service', namespace: 'shop', name: 'web', wasDeleted: true, at },
    ];
    const page = await open('/sign-in');
    await page.waitForSelector('[role=rowheader]');
    await page.route('**/api/v1/clusters', (route) => route.fulfill({ json: { items: [{ ...cluster, drifts, behind: 2, capacity: { unknown: 'The agent may not see nodes.' } }] } }));
    await page.route('**/api/v1/clusters/prod-eu', (route) => route.fulfill({ json: { ...cluster, drifts, behind: 2, capacity: { unknown: 'The agent may not see nodes.' } } }));
    await page.goto(`${demo.url}/clusters/prod-eu/sync`);
    await page.getByRole('row', { name: 'Deployment shop/cart spec.replicas kubectl-scale 2 min ago' }).waitFor();
    await page.getByRole('row', { name: 'Service shop/web was deleted unknown 2 min ago' }).waitFor();
    await page.getByText('2 commits behind Git').first().waitFor();
    await tab(page, 'Capacity').click();
    await page.getByText('The agent may not see nodes.').waitFor();
  },

  async the_command_menu_goes_to_a_cluster({ open }) {
    const page = await open('/board');
    await page.waitForSelector('[role=rowheader]');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('prod-us');
    await page.getByRole('option', { name: /^Cluster\s*prod-us/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.offers').waitFor();
    assert.equal(new URL(page.url()).pathname, '/clusters/prod-us');
  },

  async an_unknown_cluster_is_told({ open }) {
    const page = await open('/clusters/moon');
    await page.getByText('The cluster cannot be read').waitFor();
    page.complaints.length = 0; // the browser tells of every answer that is no success
  },

  async who_may_only_read_is_told_who_to_ask({ demo, browser }) {
    const { token } = await demo.api('POST', '/api/v1/tokens', { name: 'reader', role: 'read' });
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${demo.url}/clusters/dev/sync#token=${token}`);
      await page.getByText('Ask an admin for a token with the role promote.').waitFor();
      assert.equal(await page.getByRole('button', { name: 'Sync dev now' }).getAttribute('aria-disabled'), 'true');
    } finally {
      await context.close();
    }
  },

  /* The last one: that agent does not come back. */
  async a_cluster_that_is_silent_keeps_its_values_and_tells_their_age({ demo, open }) {
    const page = await open('/clusters/prod-us/workloads');
    await page.getByRole('row').filter({ hasText: 'cart' }).waitFor();
    await demo.api('DELETE', '/api/v1/tokens/agent%20prod-us');
    await page.getByText(/^prod-us cannot be reached. What you see is as of/).waitFor({ timeout: 90_000 });
    await page.getByText(/^No data for/).waitFor();
    assert.equal(await page.locator('.facts tbody tr').count(), 12);
    assert.match(await page.getByRole('row').filter({ hasText: 'catalog' }).textContent(), /Unreachable, was healthy.*1\.0\.0/);
    await tab(page, 'Capacity').click();
    await page.getByText('96 GiB').waitFor();
    await tab(page, 'Deploy').click();
    await page.locator('.offers input').first().waitFor();
    await page.getByLabel('Select all that can move').click();
    await page.keyboard.press('p');
    await sheet(page).getByText(/^prod-us has not reported for .*: it applies the commit when it is back\.$/).waitFor();
  },
};
