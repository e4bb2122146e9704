// node embed.mjs DIST OUTPUT.c: the built files as the table that src/api/page.h declares.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const types = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};
const packed = new Set(['.js', '.css', '.svg', '.webmanifest']);

const [dist, output] = process.argv.slice(2);
const names = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(dist.length))
  .sort();

const bytesOf = (buffer) => [...buffer].join(',');
const blobs = [];
const rows = [];
for (const name of names) {
  const extension = extname(name);
  if (name === '/index.html') continue;
  if (!types[extension]) throw new Error(`${name}: what type is ${extension}? Add it to embed.mjs.`);
  const plain = readFileSync(join(dist, name));
  const bytes = packed.has(extension) ? gzipSync(plain, { level: 9 }) : plain;
  const etag = createHash('sha256').update(plain).digest('hex').slice(0, 32);
  const at = blobs.length;
  blobs.push(`static const unsigned char file_${at}[] = {${bytesOf(bytes)}};`);
  rows.push(
    `    {"${name}", "${types[extension]}", "\\"${etag}\\"", file_${at}, sizeof(file_${at}), ` +
      `${packed.has(extension)}, ${name.startsWith('/assets/')}},`,
  );
}
const index = readFileSync(join(dist, 'index.html'));
writeFileSync(
  output,
  `#include "api/page.h"

${blobs.join('\n')}

const struct page_file page_files[] = {
${rows.join('\n')}
};
const size_t page_file_count = sizeof(page_files) / sizeof(page_files[0]);
const char page_index[] = {${bytesOf(index)},0};
`,
);
