/** CPU and memory as people say them; the same words as the server's sentences. */

const MIB = 1 << 20;
const GIB = 1 << 30;

const short = (value: number, places: number) => String(Number(value.toFixed(places)));

/** "1.15 CPU": of thousandths. */
export function cpu(milli: number): string {
  return `${short(milli / 1000, 2)} CPU`;
}

/** "512 MiB", "31.6 GiB". */
export function memory(bytes: number): string {
  return Math.abs(bytes) < GIB ? `${short(bytes / MIB, 0)} MiB` : `${short(bytes / GIB, 1)} GiB`;
}

/** "+0.1 CPU", "−64 MiB", "no change". */
export function difference(value: number, words: (value: number) => string): string {
  return value === 0 ? 'no change' : `${value > 0 ? '+' : '−'}${words(Math.abs(value))}`;
}

export function percent(part: number, whole: number): string {
  return whole ? `${Math.round((part / whole) * 100)} %` : '–';
}
