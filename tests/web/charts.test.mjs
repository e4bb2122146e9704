// A chart's version on the board, in its drawer, and in the sheet that promotes it.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { signedIn, until } from './harness.mjs';
import { OwnServer, pipeline } from './server.mjs';

const release = (url, version) =>
  `apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: acme, namespace: shop}
spec: {url: "${url}"}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: metrics, namespace: shop}
spec:
  chart:
    spec:
      chart: metrics
      version: ${version}
      sourceRef: {kind: HelmRepository, name: acme}
`;

const index = 'entries:\n  metrics:\n  - version: 6.5.4\n  - version: 6.5.3\n';

async function withCharts(run) {
  const charts = createServer((_, answer) => answer.end(index));
  await new Promise((resolve) => charts.listen(0, '127.0.0.1', resolve));
  try {
    await run(`http://127.0.0.1:${charts.address().port}/stable`);
  } finally {
    charts.close();
  }
}

export const cases = {
  async a_chart_is_called_one_wherever_its_version_stands({ browser, heddle }) {
    await withCharts(async (url) => {
      const files = {
        'heddle.yaml': pipeline('dev', 'prod'),
        'clusters/dev/metrics.yaml': release(url, '6.5.3'),
        'clusters/prod/metrics.yaml': release(url, '6.5.3'),
      };
      const server = await OwnServer.start(heddle, { files });
      const page = await signedIn(browser, server);
      try {
        const cell = page.locator('[data-row="0"][data-column="1"]');
        await until('the cell says it', async () => (await cell.locator('.version').textContent()) === 'chart 6.5.3');
        await until('the newest is known', async () => (await page.locator('[data-row="0"][data-column="0"] .version').textContent()) === '6.5.4');
        if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/chart-board.png` });
        await cell.click();
        await page.getByText(`${url}/metrics`).waitFor();
        await page.getByText('Git says chart 6.5.3').waitFor();
        if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/chart-cell.png` });
        await page.getByRole('button', { name: 'Promote chart 6.5.4 here' }).click();
        const sheet = page.getByRole('dialog', { name: /Promote/ });
        await sheet.getByText('chart', { exact: true }).waitFor();
        assert.match(await sheet.textContent(), /6\.5\.3 *→becomes 6\.5\.4/);
        if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/chart-promote.png` });
      } finally {
        await page.context().close();
        await server.stop();
      }
    });
  },
};
