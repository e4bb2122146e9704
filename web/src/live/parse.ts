/** An event stream's text, in any pieces, as events. */
export interface StreamEvent {
  id: string;
  type: string;
  data: string;
}

export function streamParser(onEvent: (event: StreamEvent) => void): (text: string) => void {
  let rest = '';
  let id = '';
  let type = '';
  let data: string[] = [];
  const take = (line: string) => {
    if (line === '') {
      if (data.length) onEvent({ id, type: type || 'message', data: data.join('\n') });
      type = '';
      data = [];
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment: a heartbeat
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
  };
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  };
}
