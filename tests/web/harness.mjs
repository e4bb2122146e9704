// The parts that the tests of the web UI share: heddle's demo, a browser, and cases that are counted.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(`${root}web/package.json`);
const { chromium } = require('playwright-core');
export const axeSource = require.resolve('axe-core/axe.min.js');

const START_MS = 30_000;
const STOP_MS = 10_000;
/** For whatever a page must come to; the demo polls every 2 s. */
export const DEADLINE_MS = 30_000;
/** Through stages that must first be healthy for 10 s. */
const TRAVEL_MS = 90_000;

/** What the API answers; it throws when that is an error. */
export async function ask(url, token, method, path, body) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** `heddle demo` on a port of its own, ended with the test. */
export class Demo {
  static async start(program, args = []) {
    const demo = new Demo();
    demo.child = spawn(program, ['demo', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    demo.says = '';
    const greeting = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the demo did not greet: ${demo.says}`)), START_MS);
      demo.child.stdout.on('data', (text) => {
        demo.says += text;
        if (demo.says.includes('Ctrl-C ends it')) {
          clearTimeout(timer);
          resolve();
        }
      });
      demo.child.on('exit', (code) => reject(new Error(`the demo ended with ${code}: ${demo.says}`)));
    });
    await greeting;
    demo.url = /server +(http:\S+)/.exec(demo.says)[1];
    demo.token = /hdl_\w+/.exec(demo.says)[0];
    demo.registry = /registry +(\S+)/.exec(demo.says)[1];
    demo.repository = /repository +(\S+)/.exec(demo.says)[1];
    return demo;
  }

  /** CI pushes an image of the shop, push('cart:1.1.0'), or a chart, push('charts/search:1.1.0'). */
  async push(image) {
    const path = image.includes('/') ? image : `shop/${image}`;
    const response = await fetch(`http://${this.registry}/sandbox/push/${path}`, { method: 'POST' });
    if (!response.ok) throw new Error(`push ${image}: ${response.status}`);
  }

  /** CI pushes images, which travel by themselves as far as a stage. */
  async travel(stage, ...images) {
    for (const image of images) await this.push(image);
    await until(`${stage} has ${images}`, async () => {
      const { workloads } = await this.api('GET', '/api/v1/board');
      return images.every((image) => {
        const [name, tag] = image.split(':');
        const cell = workloads.find((row) => row.name === name)?.cells.find((one) => one.stage === stage);
        return cell?.running === tag && cell.state === 'healthy';
      });
    }, TRAVEL_MS);
  }

  api(method, path, body, token = this.token) {
    return ask(this.url, token, method, path, body);
  }

  async stop() {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }
}

export async function startBrowser() {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (!executablePath) throw new Error('there is no Chromium: run tools/setup test');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A browser profile that is signed in, with a page at `path`; with a `token`, as its person.  What its pages log as errors fails the test. */
export async function signedIn(browser, demo, path = '/board', { token = demo.token, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) page.complaints.push(message.text());
  });
  await page.goto(`${demo.url}${path}#token=${token}`);
  return page;
}

/** Ask again and again until it holds; `what` is the claim of the failure. */
export async function until(what, holds, within = DEADLINE_MS) {
  const end = Date.now() + within;
  for (;;) {
    if (await holds()) return;
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
