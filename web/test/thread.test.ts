import { describe, expect, it } from 'vitest';
import { identityBeside, stitch } from '../src/model/thread';
import { cell, digestOf } from './make';

const newest = { repository: 'r/redis', tag: '1.1.0', digest: digestOf('1.1.0') };

describe('the thread of a chart', () => {
  it('is of the newest version though only the registry says the digest', () => {
    const chart = cell({ version: '1.1.0', isChart: true, digest: '' });
    expect(stitch(chart, newest, identityBeside(chart, newest), null)).toMatchObject({ left: true, isNewest: true });
    expect(stitch({ ...chart, version: '1.0.0' }, newest, null, null).isNewest).toBe(false);
  });

  it('goes by the digest where Git has it, as that of an image does', () => {
    const chart = cell({ version: '1.1.0', isChart: true, digest: digestOf('moved') });
    expect(stitch(chart, newest, null, null).isNewest).toBe(false);
    expect(stitch(cell({ version: '1.1.0' }), newest, null, null).isNewest).toBe(true);
  });
});
