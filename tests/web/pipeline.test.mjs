// The Pipeline: the way of versions, live.
import assert from 'node:assert/strict';
import { until } from './harness.mjs';

const node = (page, stage) => page.locator('.node').filter({ has: page.locator(`[data-stage="${stage}"]`) });
const outline = (page) => page.getByRole('region', { name: 'The pipeline as a list' });

async function ready(open, query = '', options) {
  const page = await open(`/pipeline${query}`, options);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.waitForSelector('[data-stage]', { state: 'attached' });
  return page;
}

const stage = (name, from, more = {}) => ({
  name, from, automatic: true, pullRequest: false, soakMs: 0, approvals: 0, onFailure: 'stop', targets: [{ cluster: name, repository: '', branch: 'main', path: name, wave: 1 }], ...more,
});

/** Answer with a pipeline that the demo does not have. */
async function pretend(page, stages, problems = []) {
  await page.route('**/api/v1/pipeline', (route) => route.fulfill({ json: { name: 'other', commit: 'c', stages, problems } }));
  await page.reload();
  await page.getByText('Pipeline other').waitFor();
}

export const cases = {
  async stages_stand_in_the_way_of_a_version_with_gates_between({ open }) {
    const page = await ready(open);
    assert.equal(await page.title(), 'Pipeline · heddle');
    const boxes = [];
    for (const name of ['dev', 'staging', 'prod']) boxes.push(await node(page, name).boundingBox());
    for (let at = 1; at < boxes.length; at++) assert.ok(boxes[at - 1].x + boxes[at - 1].width < boxes[at].x);
    assert.deepEqual(await page.locator('.gate').allTextContents(), ['soak 10 s', '1 approval']);
    assert.equal(await page.locator('.lines .tip').count(), 3);
    await until('all are counted', async () => /12 healthy/.test(await node(page, 'dev').textContent()));
    assert.match(await node(page, 'dev').textContent(), /^devauto12 healthy/);
    assert.match(await node(page, 'prod').textContent(), /^prodmanual/);
  },

  async the_list_says_the_same_in_sentences({ open }) {
    const page = await ready(open);
    const prod = outline(page).getByRole('listitem').filter({ hasText: 'From staging' }).last();
    assert.match(await prod.textContent(), /From staging, when someone promotes\. It needs 1 approval\. A failure stops the release\.Clusters prod-eu, then prod-us/);
    assert.equal(await outline(page).locator('ol ol ol').getByRole('heading', { name: 'prod' }).count(), 1);
  },

  async counts_follow_what_happens_and_lead_to_the_rows({ demo, open }) {
    const page = await ready(open);
    await page.evaluate(() => (window.isSamePage = true));
    await demo.push('report:1.1.0');
    await until('dev waits for no one', async () => /all 12 on newest/.test(await node(page, 'dev').textContent()));
    await until('prod is behind', async () => /11 on newest, 1 behind/.test(await node(page, 'prod').textContent()));
    assert.ok(await page.evaluate(() => window.isSamePage));
    await until('all are well again', async () => /12 healthy/.test(await node(page, 'prod').textContent()));
    await node(page, 'prod').getByRole('link', { name: '12 healthy' }).click();
    assert.equal(new URL(page.url()).searchParams.get('q'), 'stage:prod state:healthy');
    await page.waitForSelector('[role=rowheader]');
    assert.equal(await page.locator('[role=rowheader]').count(), 12);
  },

  async a_workload_draws_its_thread({ demo, open }) {
    const page = await ready(open);
    await page.getByLabel('Versions of').selectOption('cart');
    assert.equal(new URL(page.url()).search, '?workload=cart');
    const threads = () => page.locator('.line.fresh').count();
    await until('one version goes through', async () => (await threads()) === 3);
    await demo.push('cart:1.1.0');
    await until('the thread ends before prod', async () => (await threads()) === 2);
    assert.match(await node(page, 'prod').textContent(), /1\.0\.0.*1 behind/);
    await page.goBack();
    assert.equal(await threads(), 0);
  },

  async the_keyboard_walks_the_graph_and_opens_the_board({ open }) {
    const page = await ready(open, '', { viewport: { width: 1280, height: 800 } });
    await pretend(page, [
      stage('dev', []), stage('eu', ['dev']), stage('us', ['dev']), stage('asia', ['dev'], { soakMs: 60_000 }), stage('all', ['eu', 'us', 'asia'], { approvals: 2 }),
    ]);
    const at = () => page.evaluate(() => document.activeElement.dataset.stage);
    await page.locator('[data-stage][tabindex="0"]').focus();
    assert.equal(await at(), 'dev');
    for (const [key, where] of [
      ['ArrowRight', 'us'], ['ArrowUp', 'eu'], ['ArrowUp', 'eu'], ['ArrowRight', 'all'], ['ArrowLeft', 'us'], ['ArrowDown', 'asia'], ['Home', 'dev'], ['End', 'all'],
    ]) {
      await page.keyboard.press(key);
      assert.equal(await at(), where, key);
    }
    assert.equal(new URL(page.url()).search, '?stage=all');
    assert.equal(await page.locator('.line.near').count(), 3);
    assert.equal(await page.locator('.node [tabindex="0"]').count(), 1);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.line.near').count(), 0);
    await page.keyboard.press('Enter');
    await until('the board opens', () => new URL(page.url()).searchParams.get('q') === 'stage:all');
  },

  async sixty_stages_are_drawn_at_once_scroll_in_their_frame_and_zoom({ open }) {
    const page = await ready(open, '', { viewport: { width: 1280, height: 800 } });
    const stages = [];
    for (let layer = 0; layer < 10; layer++) {
      for (let row = 0; row < 6; row++) stages.push(stage(`s${layer}-${row}`, layer ? [`s${layer - 1}-${row}`, `s${layer - 1}-${(row + layer) % 6}`] : []));
    }
    await pretend(page, stages);
    await until('all are drawn', async () => (await page.locator('[data-stage]').count()) === 60);
    const width = () => page.evaluate(() => document.querySelector('.graph').scrollWidth);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1280);
    const fit = await width();
    assert.ok(fit > 1280);
    await page.keyboard.press('-');
    await until('it is smaller', async () => (await width()) < fit);
    await page.getByRole('button', { name: 'Larger' }).click();
    await page.getByRole('button', { name: 'Larger' }).click();
    await until('it is larger', async () => (await width()) > fit);
    await page.keyboard.press('0');
    await until('it fits as before', async () => (await width()) === fit);
  },

  async what_is_wrong_in_the_repository_is_said_and_no_pipeline_has_a_next_step({ open }) {
    const page = await ready(open);
    await pretend(page, [], [{ file: 'clusters/dev/cart.yaml', line: 12, text: 'unknown field "imag"; write "image"' }]);
    await page.getByText('One problem in the repository').waitFor();
    await page.getByText('clusters/dev/cart.yaml:12').waitFor();
    await page.getByText('No pipeline yet').waitFor();
  },

  async a_failed_read_keeps_what_was_there({ open }) {
    const page = await open('/board');
    await page.getByText('Live', { exact: true }).waitFor();
    let isBroken = true;
    const error = { code: 'internal', message: 'The store is busy.', requestId: 'req-1' };
    await page.route('**/api/v1/pipeline', (route) => (isBroken ? route.fulfill({ status: 500, json: { error } }) : route.continue()));
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.getByText('The pipeline cannot be read').waitFor();
    await page.getByText('req-1').waitFor();
    isBroken = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('[data-stage]');
    isBroken = true;
    await page.getByRole('link', { name: 'Board' }).click();
    await page.waitForSelector('[role=grid]');
    await page.getByRole('link', { name: 'Pipeline' }).click();
    await page.getByText('This is what was read before').waitFor();
    assert.equal(await page.locator('[data-stage]').count(), 3);
    page.complaints.length = 0; // the browser tells of each 500
  },

  async of_320_pixels_the_list_is_the_pipeline({ open }) {
    const page = await ready(open, '', { viewport: { width: 320, height: 640 } });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    assert.equal(await page.locator('.graph').isVisible(), false);
    await outline(page).getByRole('heading', { name: 'prod' }).waitFor();
  },
};
