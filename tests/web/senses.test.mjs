// What remains for whoever has a few colours only, no mouse, or no eyes on the page.
import assert from 'node:assert/strict';
import { until } from './harness.mjs';

const words = {
  failed: 'Failed', stuck: 'Stuck', needs_approval: 'Needs approval', waiting: 'Waiting', rolling_out: 'Rolling out',
  held: 'Held', missing: 'Missing', unreachable: 'Unreachable', no_data: 'No data', healthy: '',
};
const states = Object.keys(words);

/** A board with every state in it, one per row. */
async function withEveryState(demo, page) {
  let board;
  // Until then, what the agents tell would take the place of what is made up here.
  await until('all is well in the demo', async () => {
    board = await demo.api('GET', '/api/v1/board');
    return board.workloads.length === 12 && board.workloads.every(({ cells }) => cells.every(({ state }) => state === 'healthy'));
  }, 90_000);
  states.forEach((state, at) => Object.assign(board.workloads[at].cells[0], { state, summary: `It is ${state}.` }));
  Object.assign(board.workloads[0].cells[1], { version: '0.9.0', running: '0.9.0', digest: `sha256:${'9'.repeat(64)}`, runningDigest: `sha256:${'9'.repeat(64)}`, behind: 1 });
  await page.route('**/api/v1/board', (route) => route.fulfill({ json: board }));
  await page.goto(`${demo.url}/board`);
  await page.locator('[data-row="0"][data-column="1"]').waitFor();
}

/** In the page: how far what is drawn by these elements stands out from the page, 1 to 21; pictures of lines count by their colours. */
function contrasts(selector) {
  const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  const luminance = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const probe = document.body.appendChild(Object.assign(document.createElement('i'), { style: 'background: Canvas; forced-color-adjust: none' }));
  const ground = luminance(getComputedStyle(probe).backgroundColor);
  probe.remove();
  const against = (colour) => {
    const [dark, light] = [luminance(colour), ground].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  return [...document.querySelectorAll(selector)].map((element) => {
    const style = getComputedStyle(element);
    if (element instanceof SVGElement) return against(style.color);
    const drawn = (style.backgroundImage === 'none' ? [style.backgroundColor] : style.backgroundImage.match(/rgba?\([^)]*\)/g)).filter((colour) => !/^rgba.*, 0\)$/.test(colour));
    return Math.max(0, ...drawn.map(against));
  });
}

async function assertDrawn(page, ...selectors) {
  for (const selector of selectors) {
    const found = await page.evaluate(contrasts, selector);
    assert.ok(found.length, `there is no ${selector}`);
    assert.ok(Math.min(...found) >= 3, `${selector} is hard to see: ${Math.min(...found).toFixed(2)}`);
  }
}

const ringOf = (page) => page.evaluate(() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
});

/** The system's colours and heddle's theme need not agree. */
const palettes = [['light', 'light'], ['light', 'dark'], ['dark', 'light'], ['dark', 'dark']];

/** In the page: what has the focus, and whether one sees that. */
function focused() {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const drawers = [getComputedStyle(element), getComputedStyle(element, '::after'), element.closest('label') && getComputedStyle(element.closest('label'))];
  const hasRing = drawers.some((style) => style && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
  const box = element.getBoundingClientRect();
  const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
  const y = Math.min(Math.max(box.top + Math.min(box.height, innerHeight) / 2, 0), innerHeight - 1);
  const top = document.elementFromPoint(x, y);
  const isInSight = !!top && (element.contains(top) || top.contains(element) || element.closest('label')?.contains(top));
  window.stops ??= [];
  const isSeen = window.stops.includes(element);
  window.stops.push(element);
  const text = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent;
  const follows = window.stops.length < 2 || !!(window.stops.at(-2).compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);
  return { name: text.trim().replace(/\s+/g, ' ').slice(0, 40), isInGrid: !!element.closest('[role=grid]'), hasRing, isInSight, isSeen, follows };
}

const STOPS_MAX = 120;

/** Where Tab leads, from the top of the page until it is over or begins again. */
async function walk(page) {
  await page.evaluate(() => {
    document.activeElement?.blur();
    window.stops = undefined;
  });
  const stops = [];
  while (stops.length < STOPS_MAX) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(focused);
    if (!stop || stop.isSeen) break;
    stops.push(stop);
  }
  return stops;
}

export const cases = {
  async with_forced_colours_states_keep_their_shape_and_word({ demo, open }) {
    for (const [colorScheme, theme] of palettes) {
      const page = await open('/settings', { colorScheme, forcedColors: 'active', reducedMotion: 'reduce' });
      await page.getByLabel(theme === 'dark' ? 'Dark' : 'Light', { exact: true }).check();
      await withEveryState(demo, page);
      await assertDrawn(page, '.mark', '.logo', '.cell .dot', '.thread', '.thread.fresh');
      const looks = await Promise.all(states.map(async (state, at) => {
        const cell = page.locator(`[data-row="${at}"][data-column="1"]`);
        assert.ok((await cell.textContent()).includes(words[state]), state);
        return cell.evaluate((element) => element.querySelector('svg, .dot').innerHTML);
      }));
      // "No data" and "Unreachable" look alike, and their words tell them apart.
      assert.equal(new Set(looks).size, states.length - 1);
      const heights = await page.evaluate(() => ['.thread.fresh', '.thread:not(.fresh)'].map((one) => document.querySelector(`.cell ${one}`).getBoundingClientRect().height));
      assert.ok(heights[0] > heights[1], `threads of the newest version have ${heights[0]} px, of others ${heights[1]}`);
    }
  },

  async with_forced_colours_what_is_chosen_and_focused_is_seen({ demo, open }) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open('/board', { colorScheme, forcedColors: 'active', reducedMotion: 'reduce' });
      await page.locator('[role=grid]').focus();
      await page.keyboard.press('ArrowRight');
      assert.ok(await ringOf(page), 'the cell');
      await page.keyboard.press('x');
      await page.locator('.row[aria-selected=true]').waitFor();
      assert.notEqual(await page.locator('.body .row[aria-selected=true]').evaluate((row) => getComputedStyle(row).outlineStyle), 'none');
      await assertDrawn(page, '.button.primary');
      await page.keyboard.press('Control+k');
      const chosen = page.locator('.commands li[aria-selected=true]');
      await chosen.waitFor();
      await assertDrawn(page, '.commands li[aria-selected=true]');
      await page.keyboard.press('Escape');
      await page.goto(`${demo.url}/clusters/prod-eu/capacity`);
      await page.locator('.levels').waitFor();
      await assertDrawn(page, '.level > i');
      const lines = await page.locator('.tabs > *').evaluateAll((tabs) => tabs.map((tab) => `${tab.matches('[aria-selected=true], [aria-current=page]')} ${getComputedStyle(tab).borderBottomColor}`));
      assert.equal(new Set(lines).size, 2, lines.join());
      const { items } = await demo.api('GET', '/api/v1/releases');
      if (!items.length) await demo.push('cart:1.1.0');
      let id;
      await until('a release is done', async () => (id = (await demo.api('GET', '/api/v1/releases')).items.find(({ phase }) => phase === 'done')?.id), 90_000);
      await page.goto(`${demo.url}/releases/${id}`);
      await page.locator('.timeline-row').first().waitFor();
      await assertDrawn(page, '.timeline-bars > .pods', '.pips .on', '.rail .mark, h1 .mark');
    }
  },

  async tab_walks_every_page_as_it_is_read_and_shows_where_it_is({ demo, open }) {
    const page = await open('/board');
    await page.waitForSelector('[role=rowheader]');
    await page.getByText('Live', { exact: true }).waitFor();
    const board = await walk(page);
    const places = ['Skip to the page', 'heddle', 'Board', 'Settings', 'Filter'].map((name) => board.findIndex((stop) => stop.name.includes(name)));
    assert.deepEqual(places.filter((at) => at >= 0), places.filter((at) => at >= 0).sort((a, b) => a - b), JSON.stringify(board));
    assert.equal(board[0].name, 'Skip to the page');
    assert.equal(board.filter((stop) => stop.isInGrid).length, 1, 'the grid is one stop');
    for (const path of ['/board', '/pipeline', '/releases', '/inbox', '/clusters', '/clusters/prod-eu', '/clusters/prod-eu/sync', '/settings']) {
      await page.goto(`${demo.url}${path}`);
      await page.getByText('Live', { exact: true }).waitFor();
      await page.locator('#content').locator('h1, h2, [role=grid]').first().waitFor();
      const stops = await walk(page);
      assert.ok(stops.length > 8, `${path} has ${stops.length} stops`);
      for (const what of ['hasRing', 'isInSight', 'follows']) {
        assert.deepEqual(stops.filter((stop) => !stop[what]).map(({ name }) => name), [], `${path}: ${what}`);
      }
    }
  },

  async the_cursor_of_the_board_is_never_below_what_stays_in_place({ demo, open }) {
    const page = await open('/board', { viewport: { width: 700, height: 420 } });
    await page.waitForSelector('[role=rowheader]');
    await page.locator('[role=grid]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('x'); // the bar of the selection takes its room, too
    for (const key of ['Control+End', 'ArrowUp', 'Home', 'ArrowUp', 'ArrowLeft', 'Control+Home', 'PageDown', 'End', 'ArrowUp', 'ArrowUp', 'ArrowUp']) {
      await page.keyboard.press(key);
      const seen = await page.evaluate(() => {
        const cell = document.activeElement;
        const box = cell.getBoundingClientRect();
        const inset = (value, by) => value + by;
        const corners = [[inset(box.left, 3), inset(box.top, 3)], [inset(box.right, -3), inset(box.bottom, -3)]];
        return corners.map(([x, y]) => cell.contains(document.elementFromPoint(x, y)));
      });
      assert.deepEqual(seen, [true, true], key);
    }
    assert.equal(await page.locator('[role=grid]').getAttribute('aria-rowcount'), String((await demo.api('GET', '/api/v1/board')).workloads.length + 1));
  },

  async what_is_stuck_of_ones_own_interrupts_and_all_else_waits_for_its_turn({ demo, open }) {
    const { token } = await demo.api('POST', '/api/v1/tokens', { name: 'mia', role: 'approve' });
    const ours = await open('/settings');
    const others = await open('/board', { token });
    for (const page of [ours, others]) {
      await page.getByText('Live', { exact: true }).waitFor();
      assert.equal(await page.locator('[aria-live=polite]').count(), 1);
      assert.equal(await page.locator('[aria-live=assertive]').count(), 1);
    }
    await demo.push('mailer:bad-1');
    const wish = { to: 'dev', from: 'registry', workloads: ['mailer'], version: 'bad-1' };
    let release;
    await until('it can be promoted', async () => (release = await demo.api('POST', '/api/v1/releases', wish).catch(() => null)));
    await until('its owner hears it', async () => (await ours.locator('[aria-live=assertive]').textContent()) === `Your release ${release.name} to dev is stuck.`, 60_000);
    await until('others hear of it in their turn', async () => /mailer in dev: Stuck\./.test(await others.locator('[aria-live=polite]').textContent()));
    assert.equal(await others.locator('[aria-live=assertive]').textContent(), '');
  },

  async a_release_on_paper_is_whole_and_dark_on_white({ demo, open }) {
    await demo.push('web:1.1.0');
    let id;
    await until('there is a release', async () => (id = (await demo.api('GET', '/api/v1/releases')).items.find(({ commits }) => commits.length)?.id));
    const page = await open('/settings', { viewport: { width: 800, height: 400 } });
    await page.getByLabel('Dark', { exact: true }).check();
    await page.goto(`${demo.url}/releases/${id}`);
    await page.locator('.truth').waitFor();
    await page.locator('.timeline-row').first().waitFor();
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('main').evaluate((main) => main.scrollHeight - main.clientHeight), 0);
    assert.equal(await page.locator('.top').isVisible(), false);
    assert.equal(await page.locator('.release .button:visible').count(), 0);
    assert.equal(await page.locator('.truth').evaluate((truth) => getComputedStyle(truth).color), 'rgb(23, 28, 38)');
  },
};
