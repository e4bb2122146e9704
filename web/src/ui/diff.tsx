/** A unified diff, file by file, with the numbers of its lines. */

export interface DiffLine {
  kind: 'same' | 'gone' | 'new' | 'place';
  /** Its number before and after; a place ("@@ … @@") has none. */
  before?: number;
  after?: number;
  text: string;
}

export interface DiffFile {
  name: string;
  lines: DiffLine[];
  added: number;
  removed: number;
}

const place = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/;
const bare = (name: string) => name.replace(/^[ab]\//, '');

/** What `git diff` and `diff -u` write; heads that say nothing to people are left out. */
export function parseDiff(text: string): DiffFile[] {
  const files: DiffFile[] = [];
  let file: DiffFile | undefined;
  let isInHead = true;
  let before = 0;
  let after = 0;
  const begin = (name: string) => files.push((file = { name, lines: [], added: 0, removed: 0 }));
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  lines.forEach((line, at) => {
    const hunk = place.exec(line);
    if (line.startsWith('diff --git ')) {
      begin(bare(line.split(' ').at(-1)!));
      isInHead = true;
    } else if (line.startsWith('--- ') && (isInHead || lines[at + 1]?.startsWith('+++ '))) {
      if (!isInHead || !file || file.lines.length) begin(bare(line.slice(4)));
      isInHead = true;
    } else if (hunk && file) {
      isInHead = false;
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      file.lines.push({ kind: 'place', text: hunk[3] || `Line ${after}` });
    } else if (isInHead || !file) {
      if (file && line.startsWith('+++ ') && line !== '+++ /dev/null') file.name = bare(line.slice(4));
    } else if (line[0] === '+') {
      file.added++;
      file.lines.push({ kind: 'new', after: after++, text: line.slice(1) });
    } else if (line[0] === '-') {
      file.removed++;
      file.lines.push({ kind: 'gone', before: before++, text: line.slice(1) });
    } else if (line[0] !== '\\') {
      file.lines.push({ kind: 'same', before: before++, after: after++, text: line.slice(1) });
    }
  });
  return files;
}

const sign = { same: ' ', gone: '−', new: '+', place: '' } as const;
const word = { same: '', gone: 'removed: ', new: 'added: ', place: '' } as const;

function FileView({ file, isOpen }: { file: DiffFile; isOpen: boolean }) {
  return (
    <details class="diff-file" open={isOpen}>
      <summary>
        <span class="mono foreign">{file.name}</span>
        <span class="muted">
          +{file.added} −{file.removed}
        </span>
      </summary>
      <div class="diff-lines mono" tabIndex={0} role="group" aria-label={`Changes in ${file.name}`}>
        {file.lines.map((line, at) => (
          <div key={at} class={`diff-line ${line.kind}`}>
            <i aria-hidden="true">{line.before}</i>
            <i aria-hidden="true">{line.after}</i>
            <i aria-hidden="true">{sign[line.kind]}</i>
            <span class="foreign">
              {word[line.kind] && <span class="unseen">{word[line.kind]}</span>}
              {line.text}
            </span>
          </div>
        ))}
      </div>
    </details>
  );
}

/** More files than these begin closed: a page of them is read by name first. */
const OPEN_FILES = 8;

export function Diff({ text }: { text: string }) {
  const files = parseDiff(text);
  return (
    <div class="diff">
      {files.map((file, at) => (
        <FileView key={file.name} file={file} isOpen={at < OPEN_FILES} />
      ))}
    </div>
  );
}
