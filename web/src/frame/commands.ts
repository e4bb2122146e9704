/** What the command menu offers.  A page adds its own while it is shown. */
import { useEffect } from 'preact/hooks';

export interface Command {
  /** What is searched and shown: "Go to Board". */
  title: string;
  /** "Page", "Workload", "Do". */
  kind: string;
  hint?: string;
  run(): void;
}

type Source = () => Command[];
const sources: Source[] = [];

/** `source` is asked each time the menu opens. */
export function useCommands(source: Source): void {
  useEffect(() => {
    sources.push(source);
    return () => void sources.splice(sources.indexOf(source), 1);
  }, []);
}

export function allCommands(): Command[] {
  return sources.flatMap((source) => source());
}

/** All words must be there, in any order; what begins with the first comes first. */
export function search(commands: readonly Command[], text: string, limit: number): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = commands.filter((command) => {
    const title = `${command.title} ${command.kind}`.toLowerCase();
    return words.every((word) => title.includes(word));
  });
  const begins = (command: Command) => (words[0] && command.title.toLowerCase().startsWith(words[0]) ? 0 : 1);
  return found.sort((a, b) => begins(a) - begins(b)).slice(0, limit);
}
