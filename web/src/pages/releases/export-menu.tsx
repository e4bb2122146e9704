/** The way out: all releases of this filter, as a file. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from '../../api/client';
import { DownIcon } from '../../ui/icons';
import { Menu, MenuItem } from '../../ui/menu';
import { toast } from '../../ui/toast';
import { readAll, save, type Format } from './export';
import { query } from './view';

export function ExportMenu() {
  const [progress, setProgress] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const run = async (format: Format) => {
    abort.current?.abort();
    const mine = (abort.current = new AbortController());
    const now = Date.now();
    setProblem(null);
    setProgress(0);
    try {
      const rows = await readAll(query.peek(), now, setProgress, mine.signal);
      save(rows, format, now);
      toast(`${rows.length} ${rows.length === 1 ? 'release' : 'releases'} exported`);
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
    setProgress(null);
  };

  const isBusy = progress !== null;
  return (
    <>
      {problem && (
        <span class="export-problem foreign" role="alert">
          Nothing was exported: {problem.message}
        </span>
      )}
      <Menu
        label={isBusy ? `Exporting: ${progress} releases so far` : 'Export'}
        class="button"
        button={
          <>
            {isBusy ? `Exporting… ${progress || ''}` : 'Export'} <DownIcon />
          </>
        }
      >
        <MenuItem onChoose={() => void run('csv')}>CSV, for a spreadsheet</MenuItem>
        <MenuItem onChoose={() => void run('json')}>JSON, as the API gives it</MenuItem>
      </Menu>
    </>
  );
}
