// A heddle server with a config repository of its own, for what the demo cannot be: killed, started again, below a base path, hostile.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ask, until } from './harness.mjs';

let nextPort = 20_000 + (process.pid % 20_000);

export const deployment = (name, version = '1.0.0') =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers: [{name: main, image: "127.0.0.1:1/shop/${name}:${version}"}]
`;

export const pipeline = (...stages) =>
  `apiVersion: heddle.dev/v1
kind: Pipeline
metadata: {name: shop}
spec:
  stages:
${stages.map((name, at) => `    - {name: ${name}, targets: [{cluster: ${name}, path: clusters/${name}}]${at ? `, from: [${stages[at - 1]}]` : ''}}\n`).join('')}`;

export class OwnServer {
  static async start(heddle, { files = {}, basePath = '' } = {}) {
    const server = new OwnServer();
    server.heddle = heddle;
    server.folder = mkdtempSync(join(tmpdir(), 'heddle-server-'));
    server.listen = `127.0.0.1:${nextPort++}`;
    server.url = `http://${server.listen}${basePath}`;
    server.basePath = basePath;
    server.git('init', '--bare', '-b', 'main', 'config.git');
    server.git('clone', 'config.git', 'work');
    server.commit(files);
    await server.run();
    server.token = readFileSync(join(server.folder, 'token'), 'utf8').trim();
    return server;
  }

  git(...words) {
    execFileSync('git', ['-C', this.folder, ...words], { stdio: 'ignore' });
  }

  /** Somebody pushes these files: {path: text}. */
  commit(files) {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.folder, 'work', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    this.git('-C', 'work', 'add', '--all');
    this.git('-C', 'work', '-c', 'user.name=ada', '-c', 'user.email=ada@example.org', 'commit', '--allow-empty', '-m', 'Change');
    this.git('-C', 'work', 'push', 'origin', 'HEAD:main');
  }

  /** The Git host is away, and back. */
  hideRepository() {
    renameSync(join(this.folder, 'config.git'), join(this.folder, 'hidden.git'));
  }

  showRepository() {
    renameSync(join(this.folder, 'hidden.git'), join(this.folder, 'config.git'));
  }

  /** At the address and with the data of before. */
  async run() {
    const words = ['server', '--repository', join(this.folder, 'config.git'), '--data', join(this.folder, 'data'), '--listen', this.listen];
    words.push('--admin-token-file', join(this.folder, 'token'), '--poll-git', '1s', '--registry-insecure', '127.0.0.1:1');
    if (this.basePath) words.push('--base-path', this.basePath);
    this.child = spawn(this.heddle, words, { stdio: 'ignore' });
    await until('the server serves', async () => (await fetch(`${this.url}/healthz`).catch(() => null))?.ok);
  }

  api(method, path, body, token = this.token) {
    return ask(this.url, token, method, path, body);
  }

  async end(signal) {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    await ended;
  }

  async stop() {
    await this.end('SIGTERM');
    rmSync(this.folder, { recursive: true });
  }
}
