/** What screen readers hear: little, and what matters. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { VNode } from 'preact';
import { alarm, announce, Announcer, inOneBreath } from '../src/ui/announce';

const say = (as: string) => ({ sentence: `cart in dev: ${as}.`, sum: { of: 'workloads', as } });

/** What stands in the polite and in the assertive region. */
function heard(): string[] {
  const regions = (Announcer() as VNode<{ children: VNode<{ children: string }>[] }>).props.children;
  return regions.map(({ props }) => props.children);
}

describe('the voice', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('says a few things one after the other', () => {
    expect(inOneBreath([say('stuck'), { sentence: 'R-7: Done.' }])).toBe('cart in dev: stuck. R-7: Done.');
  });

  it('sums up many, what is rare first', () => {
    expect(inOneBreath([...'1234'].map(() => say('healthy')).concat(say('stuck')))).toBe('5 workloads changed: 1 stuck, 4 healthy.');
  });

  it('keeps what cannot be summed up, and counts what is too much', () => {
    const single = ['a', 'b', 'c', 'd'].map((sentence) => ({ sentence: `${sentence}.` }));
    expect(inOneBreath([...single, say('healthy')])).toBe('a. b. c. cart in dev: healthy. And 1 more.');
  });

  it('speaks once in five seconds, and of each matter the newest', () => {
    vi.advanceTimersByTime(60_000);
    announce('cart', 'cart: Rolling out.');
    vi.advanceTimersByTime(200);
    expect(heard()).toEqual(['cart: Rolling out.', '']);
    announce('cart', 'cart: Stuck.');
    vi.advanceTimersByTime(4000);
    expect(heard()[0]).toBe('cart: Rolling out.');
    announce('cart', 'cart: Healthy.');
    vi.advanceTimersByTime(1000);
    expect(heard()[0]).toBe('cart: Healthy.');
  });

  it('does not let an alarm wait', () => {
    alarm('Your release R-7 to prod failed.');
    expect(heard()[1]).toBe('Your release R-7 to prod failed.');
  });
});
