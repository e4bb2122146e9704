/** What is filtered, all of it, as a file: for spreadsheets, and for programs. */
import { call } from '../../api/client';
import type { ReleaseRow } from '../../api/types.gen';
import { askFor, type Query } from './query';

const PAGE = 500;

/** Every release that matches, read page by page; `onProgress` hears how many there are so far. */
export async function readAll(query: Query, now: number, onProgress: (count: number) => void, signal: AbortSignal): Promise<ReleaseRow[]> {
  const asked = askFor(query, now);
  const rows: ReleaseRow[] = [];
  let before: number | undefined;
  do {
    const page = await call('GET /api/v1/releases', { query: { ...asked, before, limit: PAGE }, signal });
    rows.push(...page.items);
    before = page.next;
    onProgress(rows.length);
  } while (before !== undefined);
  return rows;
}

/** Seconds between two times; '' where one is missing. */
function seconds(from: string | undefined, to: string | undefined): string {
  const ms = Date.parse(to ?? '') - Date.parse(from ?? '');
  return Number.isNaN(ms) ? '' : (ms / 1000).toFixed(0);
}

const columns: readonly (readonly [string, (row: ReleaseRow) => string])[] = [
  ['release', (row) => row.name],
  ['kind', (row) => row.kind],
  ['from', (row) => row.from],
  ['stage', (row) => row.stage],
  ['workloads', (row) => row.workloads.join(' ')],
  ['versions', (row) => row.versions.map(({ workload, from, to }) => `${workload} ${from ?? '-'} > ${to ?? '-'}`).join('; ')],
  ['by', (row) => row.actor],
  ['approved_by', (row) => row.approvedBy.join(' ')],
  ['reason', (row) => row.reason],
  ['phase', (row) => row.phase],
  ['why', (row) => row.why],
  ['created_at', (row) => row.createdAt ?? ''],
  ['finished_at', (row) => row.finishedAt ?? ''],
  ['took_s', (row) => seconds(row.createdAt, row.finishedAt)],
  ['live_until', (row) => row.liveUntil ?? ''],
  ['live_s', (row) => seconds(row.finishedAt, row.liveUntil)],
  ['rollback_of', (row) => (row.rollbackOf ? `R-${row.rollbackOf}` : '')],
  ['commits', (row) => row.commits.join(' ')],
];

/** Spreadsheets run what begins like a formula; these texts are other people's. */
function cellOf(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvOf(rows: readonly ReleaseRow[]): string {
  const lines = [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, value]) => cellOf(value(row))))];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

export const jsonOf = (rows: readonly ReleaseRow[]) => `${JSON.stringify(rows, null, 2)}\n`;

export type Format = 'csv' | 'json';

export function save(rows: readonly ReleaseRow[], format: Format, now: number): void {
  const text = format === 'csv' ? csvOf(rows) : jsonOf(rows);
  const url = URL.createObjectURL(new Blob([text], { type: format === 'csv' ? 'text/csv;charset=utf-8' : 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `releases-${new Date(now).toISOString().slice(0, 10)}.${format}`;
  link.click();
  URL.revokeObjectURL(url);
}
